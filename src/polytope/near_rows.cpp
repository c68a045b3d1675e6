#include "polytope/near_rows.hpp"

#include <algorithm>
#include <limits>

namespace surf::polytope
{
namespace
{

/// About so many rows are kept: fewer need new centres more often, more cost time in each step.
constexpr Eigen::Index few_rows = 256;

/// Of so many slacks at the least the few smallest are estimated.
constexpr Eigen::Index sample_size = 1024;

}  // namespace

NearRows::NearRows(Polytope const& polytope, double margin)
    : polytope_(polytope),
      margin_(margin),
      slacks_(polytope.rows()),
      normals_(0, polytope.dimension())
{}

std::optional<Eigen::Index> NearRows::violated(Eigen::VectorXd const& point, double tolerance,
                                               std::span<Eigen::Index const> active)
{
    if (centre_.size() > 0)
    {
        auto const row = worst_kept(point, tolerance, active);
        if (row || (point - centre_).norm() <= radius_)
        {
            return row;
        }
    }
    move_centre(point);
    return worst_kept(point, tolerance, active);
}

std::optional<Eigen::Index> NearRows::worst_kept(Eigen::VectorXd const& point, double tolerance,
                                                 std::span<Eigen::Index const> active)
{
    auto const count = static_cast<Eigen::Index>(kept_.size());
    violations_.head(count).noalias() = normals_.topRows(count) * point;
    violations_.head(count) -= offsets_.head(count);
    std::optional<Eigen::Index> worst;
    double most = tolerance;
    for (Eigen::Index i = 0; i < count; ++i)
    {
        if (violations_[i] > most)
        {
            Eigen::Index const row = kept_[static_cast<std::size_t>(i)];
            if (std::ranges::find(active, row) == active.end())
            {
                most = violations_[i];
                worst = row;
            }
        }
    }
    return worst;
}

void NearRows::move_centre(Eigen::VectorXd const& point)
{
    centre_ = point;
    slacks_ = polytope_.offsets().array() - margin_;
    slacks_.noalias() -= polytope_.normals() * point;
    radius_ = radius_of_few();
    keep();
}

/// A slack that about few_rows rows stay below; infinite if that many are all.
double NearRows::radius_of_few()
{
    if (polytope_.rows() <= few_rows)
    {
        return std::numeric_limits<double>::infinity();
    }
    // The order of a sample is enough, and quicker to find than that of all.
    Eigen::Index const stride = std::max<Eigen::Index>(polytope_.rows() / sample_size, 1);
    samples_.clear();
    for (Eigen::Index row = 0; row < polytope_.rows(); row += stride)
    {
        samples_.push_back(slacks_[row]);
    }
    auto const limit = samples_.begin() + few_rows / stride;
    std::nth_element(samples_.begin(), limit, samples_.end());
    return *limit;
}

void NearRows::keep()
{
    kept_.clear();
    for (Eigen::Index row = 0; row < polytope_.rows(); ++row)
    {
        if (slacks_[row] <= radius_)
        {
            kept_.push_back(row);
        }
    }
    auto const count = static_cast<Eigen::Index>(kept_.size());
    if (offsets_.size() < count)
    {
        normals_.resize(count, polytope_.dimension());
        offsets_.resize(count);
        violations_.resize(count);
    }
    normals_.topRows(count) = polytope_.normals()(kept_, Eigen::all);
    offsets_.head(count) = polytope_.offsets()(kept_).array() - margin_;
}

}  // namespace surf::polytope
