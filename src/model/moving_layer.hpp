#pragma once

#include <ATen/ATen.h>

#include <memory>

#include "model/frozen_layer.hpp"

/// For the sources of this folder only.
namespace surf::model
{

/// What batch norm and bias make of a product p: scale · p + shift, both [features].
struct Affine
{
    at::Tensor scale;
    at::Tensor shift;
};

/// A layer without weights: upsampling, or a reshape that no linear layer beside it could take in.
/// `affine` is what its batch norm makes of numbers, if it has one.
std::unique_ptr<FrozenLayer> freeze_moving(LayerSpec const& spec, Affine const& affine,
                                           at::TensorOptions const& options);

}  // namespace surf::model
