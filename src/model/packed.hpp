#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "model/onednn.hpp"

namespace surf::model
{

/// Does an epilogue in place.
void apply(Epilogue epilogue, at::Tensor& value);

/// y = xWᵀ + b for many x, with W laid out once for this machine's matrix units.
///
/// On a CPU in float32 or bfloat16 the layout is oneDNN's own; elsewhere these are plain ATen
/// calls.
class PackedLinear
{
  public:
    /// `weight` is [out × in]; `bias` is [out], undefined for none. Both on the device and in the
    /// precision that the product is computed in.
    PackedLinear(at::Tensor weight, at::Tensor bias, Epilogue epilogue);

    /// [batch × in] → [batch × out].
    at::Tensor operator()(at::Tensor const& input) const;
    /// The same without bias and epilogue: it shares the weight.
    PackedLinear linear_part() const;

  private:
    at::Tensor weight_;
    at::Tensor bias_;
    Epilogue epilogue_;
};

/// A convolution of many images with a kernel laid out as for PackedLinear.
class PackedConvolution
{
  public:
    /// `weight` is [out, in, height, width]; `bias` is [out], undefined for none.
    PackedConvolution(at::Tensor const& weight, at::Tensor bias, std::int64_t stride,
                      std::int64_t padding, Epilogue epilogue);

    /// [batch, height, width, in] → [batch, height, width, out], contiguous: channels last.
    at::Tensor operator()(at::Tensor const& input) const;

  private:
    at::Tensor weight_;
    at::Tensor bias_;
    std::int64_t stride_;
    std::int64_t padding_;
    Epilogue epilogue_;
};

}  // namespace surf::model
