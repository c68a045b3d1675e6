#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>

#include "spec/cell.hpp"

namespace surf::trial
{

/// How far measurements are off, and what that says of the image.
struct Misfit
{
    at::Tensor residual;  ///< r = Av − b: [trials × m]
    at::Tensor pulled;    ///< Aᵀr: [trials × n]
};

/// A, which says what is seen of each image of a batch: the same for all rows, or one for each.
///
/// Linear in the image. All kinds but the dense matrix do without one. A value that never changes:
/// copies share it.
class MeasurementOperator
{
  public:
    /// What a kind of operator does; see the members of the same names below.
    class Kind
    {
      public:
        virtual ~Kind() = default;
        virtual at::Tensor apply(at::Tensor const& images) const = 0;
        virtual at::Tensor adjoint(at::Tensor const& measured) const = 0;
        virtual Misfit misfit(at::Tensor const& images, at::Tensor const& target) const
        {
            at::Tensor const residual = apply(images) - target;
            return {residual, adjoint(residual)};
        }
        virtual at::Tensor matrix(std::int64_t row) const = 0;
        virtual std::shared_ptr<Kind const> select(at::Tensor const& rows) const = 0;
        virtual std::shared_ptr<Kind const> to(at::Device device, at::ScalarType type) const = 0;
    };

    /// A = I.
    static MeasurementOperator identity();
    /// A as it stands: [trials × m × n], or [m × n] for all trials.
    static MeasurementOperator dense(at::Tensor matrix);
    /// These of an image's n numbers, none of them twice in a row (int64): [trials × m], or [m] for
    /// all trials.
    static MeasurementOperator mask(at::Tensor chosen, std::int64_t pixels);
    /// The means of an image's b × b blocks, channel by channel, row by row.
    static MeasurementOperator block_average(Shape const& image, std::int64_t side);

    /// Av: [trials × n] → [trials × m], or of several images a trial: [trials × images × n] →
    /// [trials × images × m].
    at::Tensor apply(at::Tensor const& images) const { return kind_->apply(images); }
    /// Aᵀu: [trials × m] → [trials × n].
    at::Tensor adjoint(at::Tensor const& measured) const { return kind_->adjoint(measured); }
    /// r = Av − b and Aᵀr for v, [trials × n], and b, [trials × m]. On a CPU each trial's own A is
    /// read from memory once, if it is not larger than a share of the cache.
    Misfit misfit(at::Tensor const& images, at::Tensor const& target) const
    {
        return kind_->misfit(images, target);
    }
    /// A of the trial in this row: [m × n]; undefined for A = I.
    at::Tensor matrix(std::int64_t row) const { return kind_->matrix(row); }
    /// The operator of the trials in these rows (int64).
    MeasurementOperator select(at::Tensor const& rows) const
    {
        return MeasurementOperator(kind_->select(rows));
    }
    /// The operator on a device and, if it has a matrix, in a precision.
    MeasurementOperator to(at::Device device, at::ScalarType type) const
    {
        return MeasurementOperator(kind_->to(device, type));
    }

  private:
    explicit MeasurementOperator(std::shared_ptr<Kind const> kind) : kind_(std::move(kind)) {}

    std::shared_ptr<Kind const> kind_;
};

/// The operator of trials first … first + count − 1 of a cell, drawn from their own streams (CPU,
/// float32).
MeasurementOperator draw_operator(CellSpec const& cell, std::int64_t first, std::int64_t count);

}  // namespace surf::trial
