#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "model/network.hpp"

namespace surf::model
{

/// How often a linear layer is used before it packs its weight, which takes about as long as so
/// many evaluations save with InfoGAN's largest, in batches of 100 as in those of 25.
constexpr std::int64_t uses_before_packing = 16;

/// What goes through a layer forward, with tangents of some of its rows.
struct ValueAndTangents
{
    at::Tensor value;     ///< [batch × units]
    at::Tensor tangents;  ///< [rows × k × units], or [1 × k × units] if the same for all rows
};

/// A layer of a frozen generator: batch norm folded into the weights, images channels last.
class FrozenLayer
{
  public:
    virtual ~FrozenLayer() = default;

    /// [batch × in] → [batch × out], behind the activation.
    virtual at::Tensor forward(at::Tensor const& input) = 0;
    /// From the gradient behind the layer at the last forward() to the one before it:
    /// [batch × out] → [batch × in]. May overwrite the gradient.
    virtual at::Tensor backward(at::Tensor gradient) = 0;
    /// From tangents before the layer to those behind it, at these rows (int64) of the last
    /// forward(), all if none are named: [1 or rows × tangents × in] → [rows × tangents × out].
    virtual at::Tensor tangents(at::Tensor const& input, std::optional<at::Tensor> const& rows) = 0;
    /// forward() of all rows and tangents() of these (int64) by one product.
    virtual ValueAndTangents forward_with_tangents(ValueAndTangents const& input,
                                                   at::Tensor const& rows) = 0;
    /// From affine maps Jx + c before the layer to those before its activation. The rows of a map
    /// are J's columns and, last, c: [maps × (k + 1) × in] → [maps × (k + 1) × out].
    virtual at::Tensor affine(at::Tensor const& maps) = 0;

    /// How often it was used, where that matters, as Evaluator has it.
    virtual std::int64_t uses() const { return 0; }
    virtual void set_uses(std::int64_t) {}
};

/// Precisions of a network's matrix work in each direction.
struct MatrixTypes
{
    constexpr MatrixTypes(at::ScalarType both) : MatrixTypes(both, both) {}
    constexpr MatrixTypes(at::ScalarType forward_type, at::ScalarType backward_type)
        : forward(forward_type), backward(backward_type)
    {}

    at::ScalarType forward;
    at::ScalarType backward;
};

/// The layer that a network's spec and parameters describe, its matrix work in these precisions. A
/// linear one may go from and to images as well: batch norm takes each of its units by itself.
/// Throws FileError if the parameters do not fit the spec.
std::unique_ptr<FrozenLayer> freeze(LayerSpec const& spec, Parameters const& parameters,
                                    at::Device device, MatrixTypes types);

}  // namespace surf::model
