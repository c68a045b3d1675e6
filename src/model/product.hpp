#pragma once

#include <ATen/ATen.h>

namespace surf::model
{

/// abᵀ: [m × k], [n × k] → [m × n], with autograd, any number of times over.
///
/// For matrices that change with every use, as weights in training do. On a CPU in float32 and its
/// backward passes too, they are oneDNN's products without packing: at a batch of 64 they take half
/// to two thirds of the time of at::mm.
at::Tensor product_transposed(at::Tensor const& a, at::Tensor const& b);

}  // namespace surf::model
