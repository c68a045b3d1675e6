#include "polytope/polytope.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/contract.hpp"

namespace surf::polytope
{

Polytope::Polytope(Eigen::MatrixXd normals, Eigen::VectorXd offsets)
    : normals_(std::move(normals)), offsets_(std::move(offsets))
{
    EXPECT(normals_.cols() >= 1 && normals_.rows() == offsets_.size());
    EXPECT(normals_.allFinite() && offsets_.allFinite());
    if (rows() == 0)
    {
        return;
    }
    Eigen::ArrayXd const lengths = normals_.rowwise().norm();
    double const longest = lengths.maxCoeff();
    double const shortest = 1e-14 * longest;
    double const least_offset = -relative_tolerance * std::max(1.0, longest);
    Eigen::ArrayXd scales(rows());
    for (Eigen::Index row = 0; row < rows(); ++row)
    {
        bool const zero = lengths[row] <= shortest;
        impossible_ = impossible_ || (zero && offsets_[row] < least_offset);
        scales[row] = zero ? 0 : 1 / lengths[row];
        offsets_[row] =
            zero ? std::numeric_limits<double>::infinity() : offsets_[row] / lengths[row];
    }
    normals_.array().colwise() *= scales;
}

}  // namespace surf::polytope
