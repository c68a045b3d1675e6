#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>

namespace surf::model
{

/// What is done to a product on its way out.
enum class Epilogue
{
    none,
    relu,
};

/// oneDNN's products, by operators of LibTorch that have no C++ functions. None of them records for
/// autograd. A weight may be packed: laid out once for this machine's matrix units.
namespace onednn
{

/// A tensor as an operator takes it that may be none: undefined is none.
std::optional<at::Tensor> optional(at::Tensor const& tensor);

/// Whether oneDNN multiplies such tensors: on a CPU in float32, or bfloat16 with units for it.
bool handles(at::Tensor const& weight);

/// For linear(): [out × in] → packed.
at::Tensor pack_linear(at::Tensor weight);
/// For convolution(): [out, in, height, width] → packed.
at::Tensor pack_convolution(at::Tensor const& weight, std::int64_t stride, std::int64_t padding);

/// xWᵀ + b: [batch × in] → [batch × out]. W is packed, or [out × in] with any strides; b is
/// undefined for none.
at::Tensor linear(at::Tensor const& input, at::Tensor const& weight, at::Tensor const& bias,
                  Epilogue epilogue);
/// [batch, in, height, width] → [batch, out, height, width]; W is packed.
at::Tensor convolution(at::Tensor const& input, at::Tensor const& weight, at::Tensor const& bias,
                       std::int64_t stride, std::int64_t padding, Epilogue epilogue);

}  // namespace onednn
}  // namespace surf::model
