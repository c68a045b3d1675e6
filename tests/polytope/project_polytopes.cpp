/// Projects points onto polytopes that it reads from standard input, for test_against_scipy.py.
///
/// All numbers are native doubles. In, for each polytope: k, rows, targets, margin, normals [rows ×
/// k] row by row, offsets [rows], targets [targets × k]. Out, for each target, which one projector
/// takes in turn: 1 if found, 0 if empty, -1 if undecided; iterations; the point [k], 0 without
/// one.
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "polytope/projection.hpp"

namespace
{

using namespace surf::polytope;

Eigen::MatrixXd read_rows(Eigen::Index rows, Eigen::Index columns)
{
    Eigen::MatrixXd transposed(columns, rows);
    auto const count = static_cast<std::size_t>(transposed.size());
    if (std::fread(transposed.data(), sizeof(double), count, stdin) != count)
    {
        throw std::runtime_error("project_polytopes: the input ends within a polytope");
    }
    return transposed.transpose();
}

struct Header
{
    double dimension;
    double rows;
    double targets;
    double margin;
};

/// None at the end of the input.
std::optional<Header> read_header()
{
    Header header;
    return std::fread(&header, sizeof header, 1, stdin) == 1 ? std::optional(header) : std::nullopt;
}

double code_of(ProjectionStatus status)
{
    switch (status)
    {
        case ProjectionStatus::found:
            return 1;
        case ProjectionStatus::empty:
            return 0;
        case ProjectionStatus::undecided:
            break;
    }
    return -1;
}

void write(Projection const& projection, Eigen::Index dimension)
{
    Eigen::VectorXd numbers = Eigen::VectorXd::Zero(2 + dimension);
    numbers[0] = code_of(projection.status);
    numbers[1] = static_cast<double>(projection.iterations);
    numbers.tail(projection.point.size()) = projection.point;
    std::fwrite(numbers.data(), sizeof(double), static_cast<std::size_t>(numbers.size()), stdout);
}

void answer(Header const& header)
{
    auto const k = static_cast<Eigen::Index>(header.dimension);
    auto const rows = static_cast<Eigen::Index>(header.rows);
    Eigen::MatrixXd const normals = read_rows(rows, k);
    Polytope const polytope(normals, read_rows(rows, 1));
    Eigen::MatrixXd const targets = read_rows(static_cast<Eigen::Index>(header.targets), k);
    Projector projector(polytope, header.margin);
    for (Eigen::Index i = 0; i < targets.rows(); ++i)
    {
        write(projector.project(targets.row(i)), k);
    }
}

}  // namespace

int main()
{
    while (auto const header = read_header())
    {
        answer(*header);
    }
}
