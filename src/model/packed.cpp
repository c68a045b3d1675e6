#include "model/packed.hpp"

#include <ATen/core/dispatch/Dispatcher.h>

#include <array>
#include <optional>

#include "model/device.hpp"

namespace surf::model
{
namespace
{

using Sizes = at::IntArrayRef;
using OptionalTensor = std::optional<at::Tensor>;
using Scalars = c10::List<std::optional<at::Scalar>>;
using OptionalText = std::optional<c10::string_view>;

/// Whether oneDNN's packed products are there for such tensors.
bool is_packable(at::Tensor const& weight)
{
    auto const type = weight.scalar_type();
    return weight.is_cpu() && at::globalContext().hasMKLDNN() &&
           (type == at::kFloat || (type == at::kBFloat16 && has_bfloat16_units(weight.device())));
}

/// LibTorch has no C++ functions for these: they are looked up by name.
template <class Signature>
auto find_operator(char const* name)
{
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

at::Tensor pack_linear(at::Tensor const& weight)
{
    static auto const reorder =
        find_operator<at::Tensor(at::Tensor const&, std::optional<std::int64_t>)>(
            "mkldnn::_reorder_linear_weight");
    return reorder.call(weight, std::nullopt);
}

at::Tensor pack_convolution(at::Tensor const& weight, std::int64_t stride, std::int64_t padding)
{
    static auto const reorder =
        find_operator<at::Tensor(at::Tensor const&, Sizes, Sizes, Sizes, std::int64_t,
                                 at::OptionalIntArrayRef)>("mkldnn::_reorder_convolution_weight");
    return reorder.call(weight, {padding, padding}, {stride, stride}, {1, 1}, 1, std::nullopt);
}

OptionalTensor optional(at::Tensor const& tensor)
{
    return tensor.defined() ? OptionalTensor(tensor) : std::nullopt;
}

c10::string_view name_of(Epilogue epilogue)
{
    return epilogue == Epilogue::relu ? "relu" : "none";
}

void apply(Epilogue epilogue, at::Tensor& value)
{
    if (epilogue == Epilogue::relu)
    {
        at::relu_(value);
    }
}

}  // namespace

PackedLinear::PackedLinear(at::Tensor const& weight, at::Tensor bias, Epilogue epilogue)
    : weight_(is_packable(weight) ? pack_linear(weight) : weight),
      bias_(std::move(bias)),
      epilogue_(epilogue)
{}

at::Tensor PackedLinear::operator()(at::Tensor const& input) const
{
    if (weight_.is_mkldnn())
    {
        static auto const linear =
            find_operator<at::Tensor(at::Tensor const&, at::Tensor const&, OptionalTensor const&,
                                     c10::string_view, Scalars, OptionalText)>(
                "mkldnn::_linear_pointwise");
        return linear.call(input, weight_, optional(bias_), name_of(epilogue_), Scalars(), "");
    }
    at::Tensor value = at::linear(input, weight_, optional(bias_));
    apply(epilogue_, value);
    return value;
}

PackedConvolution::PackedConvolution(at::Tensor const& weight, at::Tensor bias, std::int64_t stride,
                                     std::int64_t padding, Epilogue epilogue)
    : weight_(is_packable(weight) ? pack_convolution(weight, stride, padding)
                                  : weight.contiguous(at::MemoryFormat::ChannelsLast)),
      bias_(std::move(bias)),
      stride_(stride),
      padding_(padding),
      epilogue_(epilogue)
{}

at::Tensor PackedConvolution::operator()(at::Tensor const& input) const
{
    std::array const stride = {stride_, stride_};
    std::array const padding = {padding_, padding_};
    at::Tensor const channels_first = input.permute({0, 3, 1, 2});
    at::Tensor value;
    if (weight_.is_mkldnn())
    {
        static auto const convolution =
            find_operator<at::Tensor(at::Tensor const&, at::Tensor const&, OptionalTensor const&,
                                     Sizes, Sizes, Sizes, std::int64_t, c10::string_view, Scalars,
                                     OptionalText)>("mkldnn::_convolution_pointwise");
        value = convolution.call(channels_first, weight_, optional(bias_), padding, stride, {1, 1},
                                 1, name_of(epilogue_), Scalars(), "");
    }
    else
    {
        value = at::conv2d(channels_first, weight_, optional(bias_), stride, padding);
        apply(epilogue_, value);
    }
    return value.permute({0, 2, 3, 1}).contiguous();
}

}  // namespace surf::model
