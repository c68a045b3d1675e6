#include "trial/measurement_operator.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "base/contract.hpp"
#include "trial/tensor_rows.hpp"

namespace surf::trial
{
namespace
{

using Kind = MeasurementOperator::Kind;

/// Matrices that are used twice while they are in a CPU's cache: a small share of its last level.
constexpr std::int64_t bytes_in_cache = 4 << 20;

class Identity final : public Kind, public std::enable_shared_from_this<Identity>
{
  public:
    at::Tensor apply(at::Tensor const& images) const override { return images; }
    at::Tensor adjoint(at::Tensor const& measured) const override { return measured; }
    at::Tensor matrix(std::int64_t) const override { return {}; }
    std::shared_ptr<Kind const> select(at::Tensor const&) const override
    {
        return shared_from_this();
    }
    std::shared_ptr<Kind const> to(at::Device, at::ScalarType) const override
    {
        return shared_from_this();
    }
};

class Dense final : public Kind, public std::enable_shared_from_this<Dense>
{
  public:
    explicit Dense(at::Tensor matrix) : matrix_(std::move(matrix)) {}

    at::Tensor apply(at::Tensor const& images) const override
    {
        if (is_shared())
        {
            return at::matmul(images, matrix_.t());
        }
        // (vᵀAᵀ)ᵀ and not Av: for a vector in front MKL's bmm runs at memory speed, 3 times as
        // fast.
        return images.dim() == 3 ? at::bmm(images, matrix_.transpose(1, 2))
                                 : at::bmm(images.unsqueeze(1), matrix_.transpose(1, 2)).squeeze(1);
    }
    at::Tensor adjoint(at::Tensor const& measured) const override
    {
        return is_shared() ? at::mm(measured, matrix_)
                           : at::bmm(measured.unsqueeze(1), matrix_).squeeze(1);
    }
    Misfit misfit(at::Tensor const& images, at::Tensor const& target) const override
    {
        if (is_shared() || !matrix_.is_cpu())
        {
            return Kind::misfit(images, target);
        }
        Misfit whole = {at::empty_like(target), at::empty_like(images)};
        auto const bytes = static_cast<std::int64_t>(matrix_[0].nbytes());
        std::int64_t const at_a_time = std::max<std::int64_t>(1, bytes_in_cache / bytes);
        for (std::int64_t first = 0; first < images.size(0); first += at_a_time)
        {
            std::int64_t const count = std::min(at_a_time, images.size(0) - first);
            auto const some = [&](at::Tensor const& rows) { return rows.narrow(0, first, count); };
            auto const [residual, pulled] =
                Dense(some(matrix_)).Kind::misfit(some(images), some(target));
            some(whole.residual).copy_(residual);
            some(whole.pulled).copy_(pulled);
        }
        return whole;
    }
    at::Tensor matrix(std::int64_t row) const override
    {
        return is_shared() ? matrix_ : matrix_[row];
    }
    std::shared_ptr<Kind const> select(at::Tensor const& rows) const override
    {
        return is_shared() ? shared_from_this()
                           : std::make_shared<Dense const>(matrix_.index_select(0, rows));
    }
    std::shared_ptr<Kind const> to(at::Device device, at::ScalarType type) const override
    {
        return std::make_shared<Dense const>(matrix_.to(device, type));
    }

  private:
    bool is_shared() const { return matrix_.dim() == 2; }

    at::Tensor matrix_;
};

class Mask final : public Kind, public std::enable_shared_from_this<Mask>
{
  public:
    Mask(at::Tensor chosen, std::int64_t pixels) : chosen_(std::move(chosen)), pixels_(pixels) {}

    at::Tensor apply(at::Tensor const& images) const override
    {
        return images.gather(-1, of_each(images.sizes()));
    }
    at::Tensor adjoint(at::Tensor const& measured) const override
    {
        // Nothing is written twice, so there is nothing to add up.
        at::Tensor image = at::zeros({measured.size(0), pixels_}, measured.options());
        return image.scatter_(1, of_each(image.sizes()), measured);
    }
    at::Tensor matrix(std::int64_t row) const override
    {
        return at::eye(pixels_, chosen_.device())
            .index_select(0, is_shared() ? chosen_ : chosen_[row]);
    }
    std::shared_ptr<Kind const> select(at::Tensor const& rows) const override
    {
        return is_shared() ? shared_from_this()
                           : std::make_shared<Mask const>(chosen_.index_select(0, rows), pixels_);
    }
    std::shared_ptr<Kind const> to(at::Device device, at::ScalarType) const override
    {
        return std::make_shared<Mask const>(chosen_.to(device), pixels_);
    }

  private:
    bool is_shared() const { return chosen_.dim() == 1; }

    /// The choice as [… × m] for images of these sizes, [trials × … × n], without a copy.
    at::Tensor of_each(at::IntArrayRef images) const
    {
        std::vector<std::int64_t> sizes = images.vec();
        sizes.back() = chosen_.size(-1);
        bool const several = sizes.size() == 3 && !is_shared();
        return (several ? chosen_.unsqueeze(1) : chosen_).expand(sizes);
    }

    at::Tensor chosen_;
    std::int64_t pixels_;  ///< n
};

class BlockAverage final : public Kind, public std::enable_shared_from_this<BlockAverage>
{
  public:
    BlockAverage(Shape const& image, std::int64_t side)
        : image_(image), side_(side), down_(image.height / side), across_(image.width / side)
    {}

    at::Tensor apply(at::Tensor const& images) const override
    {
        std::vector<std::int64_t> sizes = images.sizes().vec();
        sizes.back() = image_.channels * down_ * across_;
        return images.reshape({-1, image_.channels, down_, side_, across_, side_})
            .mean({3, 5})
            .reshape(sizes);
    }
    at::Tensor adjoint(at::Tensor const& measured) const override
    {
        std::int64_t const trials = measured.size(0);
        at::Tensor const share = measured / static_cast<double>(side_ * side_);
        return share.reshape({trials, image_.channels, down_, 1, across_, 1})
            .expand({trials, image_.channels, down_, side_, across_, side_})
            .reshape({trials, image_.size()});
    }
    at::Tensor matrix(std::int64_t) const override { return apply(at::eye(image_.size())).t(); }
    std::shared_ptr<Kind const> select(at::Tensor const&) const override
    {
        return shared_from_this();
    }
    std::shared_ptr<Kind const> to(at::Device, at::ScalarType) const override
    {
        return shared_from_this();
    }

  private:
    Shape image_;
    std::int64_t side_;
    std::int64_t down_;    ///< blocks along a column of the image
    std::int64_t across_;  ///< blocks along a row
};

/// The first of a random order of all numbers of an image (Fisher & Yates), sorted.
void draw_numbers(RandomStream stream, std::int64_t pixels, std::span<std::int64_t> chosen)
{
    std::vector<std::int64_t> all(static_cast<std::size_t>(pixels));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    for (std::size_t i = 0; i < chosen.size(); ++i)
    {
        std::swap(all[i], all[i + stream.below(all.size() - i)]);
        chosen[i] = all[i];
    }
    std::sort(chosen.begin(), chosen.end());
}

at::Tensor draw_matrices(CellSpec const& cell, std::int64_t first, std::int64_t count)
{
    double const deviation = 1.0 / std::sqrt(static_cast<double>(cell.measurements()));
    at::Tensor matrices = at::empty({count, cell.measurements(), cell.generator.pixels()});
    for (std::int64_t i = 0; i < count; ++i)
    {
        cell.stream(Purpose::measurement_matrix, first + i)
            .fill_normal(row_of<float>(matrices, i), 0.0, deviation);
    }
    return matrices;
}

at::Tensor draw_masks(CellSpec const& cell, std::int64_t first, std::int64_t count)
{
    at::Tensor chosen = at::empty({count, cell.measurements()}, at::kLong);
    for (std::int64_t i = 0; i < count; ++i)
    {
        draw_numbers(cell.stream(Purpose::measurement_matrix, first + i), cell.generator.pixels(),
                     row_of<std::int64_t>(chosen, i));
    }
    return chosen;
}

}  // namespace

MeasurementOperator MeasurementOperator::identity()
{
    return MeasurementOperator(std::make_shared<Identity const>());
}

MeasurementOperator MeasurementOperator::dense(at::Tensor matrix)
{
    EXPECT(matrix.dim() == 2 || matrix.dim() == 3);
    return MeasurementOperator(std::make_shared<Dense const>(std::move(matrix)));
}

MeasurementOperator MeasurementOperator::mask(at::Tensor chosen, std::int64_t pixels)
{
    EXPECT(chosen.dim() == 1 || chosen.dim() == 2);
    EXPECT(chosen.scalar_type() == at::kLong);
    return MeasurementOperator(std::make_shared<Mask const>(std::move(chosen), pixels));
}

MeasurementOperator MeasurementOperator::block_average(Shape const& image, std::int64_t side)
{
    EXPECT(side > 0 && image.height % side == 0 && image.width % side == 0);
    return MeasurementOperator(std::make_shared<BlockAverage const>(image, side));
}

MeasurementOperator draw_operator(CellSpec const& cell, std::int64_t first, std::int64_t count)
{
    Problem const& problem = cell.problem;
    Shape const& image = cell.generator.image;
    EXPECT(entry_of(problem.measured_by).gives(image, cell.measurements()));
    bool const shared = problem.draw == Draw::shared;
    auto const draw = [&](auto draw_rows) {
        return shared ? draw_rows(cell, 0, 1).squeeze(0) : draw_rows(cell, first, count);
    };
    switch (problem.measured_by)
    {
        case Operator::identity:
            return MeasurementOperator::identity();
        case Operator::gaussian:
            return MeasurementOperator::dense(draw(draw_matrices));
        case Operator::mask:
            return MeasurementOperator::mask(draw(draw_masks), image.size());
        case Operator::block_average:
            return MeasurementOperator::block_average(image,
                                                      block_side(image, cell.measurements()));
    }
    EXPECT(!"every operator of the table has its case");
    return MeasurementOperator::identity();
}

}  // namespace surf::trial
