#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>

#include "model/onednn.hpp"
#include "spec/shape.hpp"

namespace surf::model
{

/// Does an epilogue in place.
void apply(Epilogue epilogue, at::Tensor& value);

/// y = xWᵀ + b for many x.
///
/// On a CPU in float32 or bfloat16 it is oneDNN's product, elsewhere a plain ATen call.
class LinearMap
{
  public:
    /// `weight` is [out × in] with any strides, on the device and in the precision that the product
    /// is computed in.
    explicit LinearMap(at::Tensor weight);

    /// [batch × in] → [batch × out]; `bias` is [out], undefined for none.
    at::Tensor operator()(at::Tensor const& input, at::Tensor const& bias = {},
                          Epilogue epilogue = Epilogue::none) const;
    /// Lays W out for this machine's matrix units, in memory of its own. Does nothing where the
    /// product is not oneDNN's.
    void pack();
    bool packed() const { return weight_.is_mkldnn(); }

  private:
    bool onednn_;
    at::ScalarType type_;
    at::Tensor weight_;
};

/// A convolution of many images with a kernel laid out once for this machine's matrix units where
/// oneDNN computes it.
class PackedConvolution
{
  public:
    /// `weight` is [out, in, height, width], on the device and in the precision that the product is
    /// computed in.
    PackedConvolution(at::Tensor const& weight, std::int64_t stride, std::int64_t padding);

    /// [batch, height, width, in] → [batch, height, width, out], contiguous: channels last. `bias`
    /// is [out], undefined for none.
    at::Tensor operator()(at::Tensor const& input, at::Tensor const& bias = {},
                          Epilogue epilogue = Epilogue::none) const;

  private:
    at::Tensor weight_;
    std::int64_t stride_;
    std::int64_t padding_;
};

/// The transpose of a convolution, which is what a transposed convolution computes, and what pulls
/// gradients back through a plain one.
class TransposedConvolution
{
  public:
    /// `weight` is the convolution's: [out, in, height, width]. `input` is the shape of an image
    /// that it convolves, and so of one that its transpose gives.
    TransposedConvolution(at::Tensor const& weight, std::int64_t stride, std::int64_t padding,
                          Shape const& input);

    /// [batch, height, width, out] → [batch, height, width, in], contiguous: channels last.
    at::Tensor operator()(at::Tensor const& gradient) const;

  private:
    at::Tensor weight_;
    std::int64_t stride_;
    std::int64_t padding_;
    Shape input_;
    /// With stride 1 it is itself a convolution, by the kernel turned around.
    std::optional<PackedConvolution> turned_;
};

}  // namespace surf::model
