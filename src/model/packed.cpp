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

PackedLinear::PackedLinear(at::Tensor weight, at::Tensor bias, Epilogue epilogue)
    : weight_(onednn::handles(weight) ? onednn::pack_linear(std::move(weight)) : std::move(weight)),
      bias_(std::move(bias)),
      epilogue_(epilogue)
{}

at::Tensor PackedLinear::operator()(at::Tensor const& input) const
{
    if (weight_.is_mkldnn())
    {
        return onednn::linear(input, weight_, bias_, epilogue_);
    }
    at::Tensor value = at::linear(input, weight_, onednn::optional(bias_));
    apply(epilogue_, value);
    return value;
}

PackedLinear PackedLinear::linear_part() const
{
    PackedLinear part(*this);
    part.bias_ = at::Tensor();
    part.epilogue_ = Epilogue::none;
    return part;
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
    at::Tensor const channels_first = input.permute({0, 3, 1, 2});
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
