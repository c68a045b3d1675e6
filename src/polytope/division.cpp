#include "polytope/division.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "base/contract.hpp"
#include "polytope/projection.hpp"

namespace surf::polytope
{
namespace
{

/// Rows of a polytope that are tried first: enough to decide nearly every part near the start.
constexpr Eigen::Index few = 128;

/// The polytope, and the few of its rows that are nearest to a centre.
class NearPart
{
  public:
    NearPart(Rows const& rows, Eigen::VectorXd const& centre) : rows_(rows), centre_(centre)
    {
        Polytope const polytope(rows.normals, rows.offsets);
        Eigen::VectorXd const slacks =
            polytope.offsets() - polytope.normals() * centre;  // distances to the faces
        std::vector<Eigen::Index> order(static_cast<std::size_t>(slacks.size()));
        std::iota(order.begin(), order.end(), Eigen::Index{0});
        if (slacks.size() > few)
        {
            std::nth_element(order.begin(), order.begin() + few, order.end(),
                             [&](auto a, auto b) { return slacks[a] < slacks[b]; });
            reach_ = slacks[order[few]];
            order.resize(few);
        }
        near_ = {rows.normals(order, Eigen::all), rows.offsets(order)};
    }

    /// The point nearest to `from` around which a ball lies in the polytope and between these rows.
    std::optional<Eigen::VectorXd> point_in(Rows const& more, Eigen::VectorXd const& from,
                                            double radius) const
    {
        auto const nearest = [&](Rows const& rows) -> std::optional<Eigen::VectorXd> {
            Rows const all = rows.stacked(more);
            Projection const projection = project(Polytope(all.normals, all.offsets), from, radius);
            return projection.status == ProjectionStatus::found ? std::optional(projection.point)
                                                                : std::nullopt;
        };
        auto const point = nearest(near_);
        // Rows that are left out cannot be violated within their distance from the centre.
        bool const sure = !point || (*point - centre_).norm() + radius <= reach_;
        return sure ? point : nearest(rows_);
    }

  private:
    Rows const& rows_;
    Eigen::VectorXd centre_;
    Rows near_;
    double reach_ = std::numeric_limits<double>::infinity();  ///< slack of the nearest row left out
};

/// Depth first through the hyperplanes: a part that one divides is searched on both sides of it.
class Search
{
  public:
    Search(NearPart const& polytope, Rows const& hyperplanes, double radius, std::size_t limit)
        : polytope_(polytope), hyperplanes_(hyperplanes), radius_(radius), limit_(limit)
    {}

    void explore(std::vector<bool> above, Eigen::VectorXd const& inside)
    {
        if (parts_.size() > limit_)
        {
            return;
        }
        auto const next = static_cast<Eigen::Index>(above.size());
        if (next == hyperplanes_.normals.rows())
        {
            parts_.push_back({std::move(above), inside});
            return;
        }
        double const height =
            hyperplanes_.normals.row(next).dot(inside) - hyperplanes_.offsets[next];
        double const room = radius_ * hyperplanes_.normals.row(next).norm();
        for (bool const side : {height >= 0, height < 0})
        {
            above.push_back(side);
            bool const holds_ball = side ? height >= room : -height >= room;
            auto const point = holds_ball ? std::optional(inside)
                                          : polytope_.point_in(rows_of(above), inside, radius_);
            if (point)
            {
                explore(above, *point);
            }
            above.pop_back();
        }
    }

    std::vector<Part> take() { return std::move(parts_); }

  private:
    /// The sides of the first hyperplanes as inequalities.
    Rows rows_of(std::vector<bool> const& above) const
    {
        auto const count = static_cast<Eigen::Index>(above.size());
        Rows rows{hyperplanes_.normals.topRows(count), hyperplanes_.offsets.head(count)};
        for (Eigen::Index i = 0; i < count; ++i)
        {
            if (above[static_cast<std::size_t>(i)])
            {
                rows.flip(i);
            }
        }
        return rows;
    }

    NearPart const& polytope_;
    Rows const& hyperplanes_;
    double radius_;
    std::size_t limit_;
    std::vector<Part> parts_;
};

}  // namespace

Rows Rows::stacked(Rows const& below) const
{
    if (normals.rows() == 0)
    {
        return below;
    }
    Rows all{Eigen::MatrixXd(normals.rows() + below.normals.rows(), normals.cols()),
             Eigen::VectorXd(offsets.size() + below.offsets.size())};
    all.normals.topRows(normals.rows()) = normals;
    all.normals.bottomRows(below.normals.rows()) = below.normals;
    all.offsets.head(offsets.size()) = offsets;
    all.offsets.tail(below.offsets.size()) = below.offsets;
    return all;
}

void Rows::flip(Eigen::Index row)
{
    normals.row(row) *= -1;
    offsets[row] *= -1;
}

std::vector<Part> divide(Rows const& polytope, Rows const& hyperplanes,
                         Eigen::VectorXd const& start, double radius, std::size_t limit)
{
    EXPECT(radius > 0);
    NearPart const part(polytope, start);
    Search search(part, hyperplanes, radius, limit);
    Rows const nothing{Eigen::MatrixXd(0, start.size()), Eigen::VectorXd(0)};
    if (auto const inside = part.point_in(nothing, start, radius))
    {
        search.explore({}, *inside);
    }
    return search.take();
}

}  // namespace surf::polytope
