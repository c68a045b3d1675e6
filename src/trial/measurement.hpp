#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <variant>

namespace surf::trial
{

/// A, which says what is seen of each image of a batch: the same for all rows, or one for each.
///
/// Linear in the image. All kinds but the dense matrix do without one.
class Measurement
{
  public:
    /// A = I.
    static Measurement identity();
    /// A as it stands: [trials × m × n], or [m × n] for all trials.
    static Measurement dense(at::Tensor matrix);
    /// These pixels, none of them twice in a row (int64): [trials × m], or [m] for all trials.
    static Measurement mask(at::Tensor pixels);
    /// The means of the image's b × b blocks, row by row: m = n / b².
    static Measurement block_average(std::int64_t measurements);

    /// Av: [trials × n] → [trials × m], or of several images a trial: [trials × images × n] →
    /// [trials × images × m].
    at::Tensor apply(at::Tensor const& images) const;
    /// Aᵀu: [trials × m] → [trials × n].
    at::Tensor adjoint(at::Tensor const& measured) const;
    /// A of the trial in this row: [m × n]; undefined for A = I.
    at::Tensor matrix(std::int64_t row) const;
    /// The operator of the trials in these rows (int64).
    Measurement select(at::Tensor const& rows) const;
    /// The operator on a device and, if it has a matrix, in a precision.
    Measurement to(at::Device device, at::ScalarType type) const;

  private:
    struct Identity
    {
        at::Tensor apply(at::Tensor const& images) const { return images; }
        at::Tensor adjoint(at::Tensor const& measured) const { return measured; }
        at::Tensor matrix_of(std::int64_t) const { return {}; }
        Identity select(at::Tensor const&) const { return *this; }
        Identity to(at::Device, at::ScalarType) const { return *this; }
    };

    struct Dense
    {
        at::Tensor matrix;

        at::Tensor apply(at::Tensor const& images) const;
        at::Tensor adjoint(at::Tensor const& measured) const;
        at::Tensor matrix_of(std::int64_t row) const;
        Dense select(at::Tensor const& rows) const;
        Dense to(at::Device device, at::ScalarType type) const;
    };

    struct Mask
    {
        at::Tensor pixels;

        at::Tensor apply(at::Tensor const& images) const;
        at::Tensor adjoint(at::Tensor const& measured) const;
        at::Tensor matrix_of(std::int64_t row) const;
        Mask select(at::Tensor const& rows) const;
        Mask to(at::Device device, at::ScalarType type) const;
        /// The pixels as [… × m] for images of these sizes, [trials × … × n], without a copy.
        at::Tensor of_each(at::IntArrayRef images) const;
    };

    struct BlockAverage
    {
        std::int64_t across;  ///< blocks along a side of the image
        std::int64_t side;    ///< pixels along a side of a block

        at::Tensor apply(at::Tensor const& images) const;
        at::Tensor adjoint(at::Tensor const& measured) const;
        at::Tensor matrix_of(std::int64_t row) const;
        BlockAverage select(at::Tensor const&) const { return *this; }
        BlockAverage to(at::Device, at::ScalarType) const { return *this; }
    };

    using Kind = std::variant<Identity, Dense, Mask, BlockAverage>;

    explicit Measurement(Kind kind) : kind_(std::move(kind)) {}

    Kind kind_;
};

}  // namespace surf::trial
