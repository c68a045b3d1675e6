#pragma once

#include <ATen/ATen.h>

namespace surf::model
{

/// abᵀ: [m × k], [n × k] → [m × n], with autograd, any number of times over.
///
/// For matrices that change with every use, as weights in training do. On a CPU in float32, it and
/// its gradients are oneDNN's products without packing. On an AMD EPYC at a batch of 64, those take
/// half to two thirds of at::mm's time.
at::Tensor product_transposed(at::Tensor const& a, at::Tensor const& b);

}  // namespace surf::model
