#include "model/packed.hpp"

#include <array>
#include <tuple>
#include <utility>

namespace surf::model
{

void apply(Epilogue epilogue, at::Tensor& value)
{
    if (epilogue == Epilogue::relu)
    {
        at::relu_(value);
    }
}

LinearMap::LinearMap(at::Tensor weight)
    : onednn_(onednn::handles(weight)), type_(weight.scalar_type()), weight_(std::move(weight))
{}

at::Tensor LinearMap::operator()(at::Tensor const& input, at::Tensor const& bias,
                                 Epilogue epilogue) const
{
    if (onednn_)
    {
        return onednn::linear(input.to(type_), weight_, bias, epilogue);
    }
    at::Tensor value = at::linear(input.to(type_), weight_, onednn::optional(bias));
    apply(epilogue, value);
    return value;
}

void LinearMap::pack()
{
    if (onednn_)
    {
        weight_ = onednn::pack_linear(std::move(weight_));
    }
}

PackedConvolution::PackedConvolution(at::Tensor const& weight, std::int64_t stride,
                                     std::int64_t padding)
    : weight_(onednn::handles(weight) ? onednn::pack_convolution(weight, stride, padding)
                                      : weight.contiguous(at::MemoryFormat::ChannelsLast)),
      stride_(stride),
      padding_(padding)
{}

at::Tensor PackedConvolution::operator()(at::Tensor const& input, at::Tensor const& bias,
                                         Epilogue epilogue) const
{
    at::Tensor const channels_first = input.to(weight_.scalar_type()).permute({0, 3, 1, 2});
    at::Tensor value;
    if (weight_.is_mkldnn())
    {
        value = onednn::convolution(channels_first, weight_, bias, stride_, padding_, epilogue);
    }
    else
    {
        std::array const stride = {stride_, stride_};
        std::array const padding = {padding_, padding_};
        value = at::conv2d(channels_first, weight_, onednn::optional(bias), stride, padding);
        apply(epilogue, value);
    }
    return value.permute({0, 2, 3, 1}).contiguous();
}

TransposedConvolution::TransposedConvolution(at::Tensor const& weight, std::int64_t stride,
                                             std::int64_t padding, Shape const& input)
    : stride_(stride), padding_(padding), input_(input)
{
    std::int64_t const rest = weight.size(2) - 1 - padding;
    if (stride == 1 && rest >= 0)
    {
        turned_.emplace(weight.flip({2, 3}).transpose(0, 1).contiguous(), 1, rest);
    }
    else
    {
        weight_ = weight.contiguous(at::MemoryFormat::ChannelsLast);
    }
}

at::Tensor TransposedConvolution::operator()(at::Tensor const& gradient) const
{
    if (turned_)
    {
        return (*turned_)(gradient);
    }
    // oneDNN runs this half as fast again as its own transposed convolution.
    at::Tensor const images = gradient.to(weight_.scalar_type()).permute({0, 3, 1, 2});
    // Only its shape matters: the input of the convolution that this is the backward pass of.
    at::Tensor const input =
        at::empty({images.size(0), input_.channels, input_.height, input_.width},
                  images.options().memory_format(at::MemoryFormat::ChannelsLast));
    return std::get<0>(at::convolution_backward(
                           images, input, weight_, /*bias_sizes=*/std::nullopt, {stride_, stride_},
                           {padding_, padding_}, /*dilation=*/{1, 1},
                           /*transposed=*/false, /*output_padding=*/{0, 0}, /*groups=*/1,
                           /*output_mask=*/{true, false, false}))
        .permute({0, 2, 3, 1})
        .contiguous();
}

}  // namespace surf::model
