#include "model/packed.hpp"

#include <array>
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

PackedConvolution::PackedConvolution(at::Tensor const& weight, at::Tensor bias, std::int64_t stride,
                                     std::int64_t padding, Epilogue epilogue)
    : weight_(onednn::handles(weight) ? onednn::pack_convolution(weight, stride, padding)
                                      : weight.contiguous(at::MemoryFormat::ChannelsLast)),
      bias_(std::move(bias)),
      stride_(stride),
      padding_(padding),
      epilogue_(epilogue)
{}

at::Tensor PackedConvolution::operator()(at::Tensor const& input) const
{
    at::Tensor const channels_first = input.to(weight_.scalar_type()).permute({0, 3, 1, 2});
    at::Tensor value;
    if (weight_.is_mkldnn())
    {
        value = onednn::convolution(channels_first, weight_, bias_, stride_, padding_, epilogue_);
    }
    else
    {
        std::array const stride = {stride_, stride_};
        std::array const padding = {padding_, padding_};
        value = at::conv2d(channels_first, weight_, onednn::optional(bias_), stride, padding);
        apply(epilogue_, value);
    }
    return value.permute({0, 2, 3, 1}).contiguous();
}

}  // namespace surf::model
