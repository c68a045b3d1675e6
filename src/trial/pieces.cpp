#include "trial/pieces.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/contract.hpp"
#include "polytope/division.hpp"
#include "trial/eigen.hpp"

namespace surf::trial
{
namespace
{

using polytope::Rows;

/// A piece is as good as empty if no ball of this radius fits into it.
constexpr double smallest_ball = 1e-7;

/// Near-zero units of each hidden layer, ascending.
using Units = std::vector<std::vector<Eigen::Index>>;

struct NearUnit
{
    double distance;  ///< |pre-activation|
    std::size_t layer;
    Eigen::Index unit;
};

/// A layer's pre-activations as affine maps: −(Jx + c) ≤ 0 for each unit.
Rows active_rows(at::Tensor const& map)
{
    Eigen::MatrixXd const values = to_matrix(map);
    Eigen::Index const k = values.rows() - 1;
    return {-values.topRows(k).transpose(), values.row(k).transpose()};
}

/// x ↦ x as an affine map: [1 × (k + 1) × k].
at::Tensor identity_map(at::Tensor const& latent)
{
    std::int64_t const k = latent.size(0);
    return at::cat({at::eye(k, latent.options()), at::zeros({1, k}, latent.options())})
        .unsqueeze(0);
}

/// What the layers so far have left of the network's patterns: one that some x has.
struct Partial
{
    Rows region;
    Eigen::VectorXd inside;
};

class Finder
{
  public:
    Finder(model::FrozenGenerator& generator, Eigen::VectorXd const& latent,
           PieceSearch const& search)
        : generator_(generator),
          latent_(latent),
          point_(to_tensor(latent).to(generator.options())),
          search_(search)
    {
        EXPECT(search.max_pieces >= 1 && generator.depth() >= 2);
    }

    Neighbourhood find()
    {
        look_at_own_pattern();
        found_.near_units = std::ssize(near_);
        if (!enumerate(found_.near_units))
        {
            enumerate_most();
        }
        return std::move(found_);
    }

  private:
    std::size_t hidden_layers() const { return generator_.depth() - 1; }

    /// Follows x itself through the network.
    void look_at_own_pattern()
    {
        at::Tensor maps = identity_map(point_);
        at::Tensor const point = at::cat({point_, at::ones({1}, point_.options())});  // (x, 1)
        for (std::size_t layer = 0; layer < hidden_layers(); ++layer)
        {
            maps = generator_.affine(layer, maps);
            at::Tensor const value = at::matmul(point, maps.squeeze(0));
            active_.push_back(value.gt(0));
            if (has_kinks(layer))
            {
                note_near_units(layer, to_vector(value));
            }
            maps = maps * slopes(layer, active_.back());
        }
        ++found_.passes;
        std::ranges::stable_sort(near_, {}, &NearUnit::distance);
    }

    void note_near_units(std::size_t layer, Eigen::VectorXd const& values)
    {
        for (Eigen::Index unit = 0; unit < values.size(); ++unit)
        {
            if (double const distance = std::abs(values[unit]); distance <= search_.slack)
            {
                near_.push_back({distance, layer, unit});
            }
        }
    }

    /// Whether the signs of a layer's units make a difference.
    bool has_kinks(std::size_t layer) const { return generator_.inactive_slope(layer) != 1; }

    /// What the activation multiplies units of this pattern by.
    at::Tensor slopes(std::size_t layer, at::Tensor const& active) const
    {
        double const inactive = generator_.inactive_slope(layer);
        at::Tensor const ones = active.to(point_.scalar_type());
        return inactive == 0 ? ones : ones * (1 - inactive) + inactive;
    }

    /// The pieces of as many of the nearest units as keep to max_pieces: more never make fewer.
    void enumerate_most()
    {
        std::ptrdiff_t fitting = 0;
        std::ptrdiff_t too_many = found_.near_units;
        while (too_many - fitting > 1)
        {
            std::ptrdiff_t const middle = (fitting + too_many) / 2;
            (enumerate(middle) ? fitting : too_many) = middle;
        }
        if (fitting == 0)
        {
            enumerate(fitting);
        }
        found_.units_cut = found_.near_units - fitting;
    }

    Units nearest(std::ptrdiff_t count) const
    {
        Units units(hidden_layers());
        for (NearUnit const& near : std::span(near_).first(static_cast<std::size_t>(count)))
        {
            units[near.layer].push_back(near.unit);
        }
        std::ranges::for_each(units, [](auto& of_layer) { std::ranges::sort(of_layer); });
        return units;
    }

    /// Finds the pieces that so many of the nearest units make. Returns whether they keep to
    /// max_pieces.
    bool enumerate(std::ptrdiff_t count)
    {
        Units const units = nearest(count);
        Eigen::Index const k = latent_.size();
        std::vector<Partial> partials = {{{Eigen::MatrixXd(0, k), Eigen::VectorXd(0)}, latent_}};
        at::Tensor maps = identity_map(point_);
        for (std::size_t layer = 0; layer < hidden_layers(); ++layer)
        {
            maps = generator_.affine(layer, maps);
            std::vector<Partial> divided;
            std::vector<std::int64_t> parents;
            std::vector<at::Tensor> active;
            for (std::size_t i = 0; i < partials.size(); ++i)
            {
                auto const parent = static_cast<std::int64_t>(i);
                for (auto& [partial, mask] :
                     divide(partials[i], layer, maps[parent], units[layer], i == 0))
                {
                    divided.push_back(std::move(partial));
                    active.push_back(std::move(mask));
                    parents.push_back(parent);
                }
                if (std::ssize(divided) > search_.max_pieces)
                {
                    found_.passes += std::ssize(partials);
                    return false;
                }
            }
            partials = std::move(divided);
            at::Tensor const chosen = at::tensor(parents, at::kLong).to(maps.device());
            maps = maps.index_select(0, chosen) * slopes(layer, at::stack(active)).unsqueeze(1);
        }
        found_.passes += std::ssize(partials);
        publish(std::move(partials), generator_.affine(hidden_layers(), maps));
        return true;
    }

    struct Divided
    {
        Partial partial;
        at::Tensor active;  ///< of the layer's units
    };

    /// What a layer leaves of a partial pattern; of that of x itself, its own first.
    std::vector<Divided> divide(Partial const& partial, std::size_t layer, at::Tensor const& map,
                                std::vector<Eigen::Index> const& units, bool own) const
    {
        at::Tensor const active = active_[layer].to(at::kCPU);
        if (!has_kinks(layer))
        {
            return {{partial, active}};
        }
        Rows rows = active_rows(map);
        bool const* const is_active = active.const_data_ptr<bool>();
        std::vector<Eigen::Index> others;
        for (Eigen::Index unit = 0; unit < rows.offsets.size(); ++unit)
        {
            if (!is_active[unit])
            {
                rows.flip(unit);
            }
            if (!std::ranges::binary_search(units, unit))
            {
                others.push_back(unit);
            }
        }
        // Signs that x has are `below` in these rows: what is above has the unit flipped.
        Rows const near{rows.normals(units, Eigen::all), rows.offsets(units)};
        Rows const fixed =
            partial.region.stacked({rows.normals(others, Eigen::all), rows.offsets(others)});
        auto parts = polytope::divide(fixed, near, partial.inside, smallest_ball,
                                      static_cast<std::size_t>(search_.max_pieces));
        if (own)
        {
            put_own_first(parts, units.size());
        }
        std::vector<Divided> divided;
        for (polytope::Part& part : parts)
        {
            Rows sides = near;
            at::Tensor mask = active.clone();
            for (std::size_t i = 0; i < units.size(); ++i)
            {
                if (part.above[i])
                {
                    sides.flip(static_cast<Eigen::Index>(i));
                    mask[units[i]].logical_not_();
                }
            }
            divided.push_back(
                {{fixed.stacked(sides), std::move(part.inside)}, mask.to(active_[layer].device())});
        }
        return divided;
    }

    /// The part of x itself counts even if there is no room in it: x is there.
    void put_own_first(std::vector<polytope::Part>& parts, std::size_t units) const
    {
        polytope::Part own{std::vector<bool>(units, false), latent_};
        std::erase_if(parts, [&](polytope::Part const& part) { return part.above == own.above; });
        parts.insert(parts.begin(), std::move(own));
    }

    void publish(std::vector<Partial> partials, at::Tensor const& maps)
    {
        found_.pieces.clear();
        Eigen::Index const k = latent_.size();
        for (std::size_t i = 0; i < partials.size(); ++i)
        {
            Eigen::MatrixXd const map = to_matrix(maps[static_cast<std::int64_t>(i)]);
            Rows& region = partials[i].region;
            found_.pieces.push_back(
                {polytope::Polytope(std::move(region.normals), std::move(region.offsets)),
                 map.topRows(k).transpose(), map.row(k).transpose()});
        }
    }

    model::FrozenGenerator& generator_;
    Eigen::VectorXd const& latent_;
    at::Tensor point_;  ///< x in the generator's precision and on its device: [k]
    PieceSearch const& search_;
    std::vector<at::Tensor> active_;  ///< x's own pattern, a mask for each hidden layer
    std::vector<NearUnit> near_;      ///< S, nearest first
    Neighbourhood found_;
};

}  // namespace

Neighbourhood find_pieces(model::FrozenGenerator& generator, Eigen::VectorXd const& latent,
                          PieceSearch const& search)
{
    return Finder(generator, latent, search).find();
}

}  // namespace surf::trial
