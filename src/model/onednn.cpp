#include "model/onednn.hpp"

#include <ATen/core/dispatch/Dispatcher.h>

#include <array>
#include <optional>

#include "model/device.hpp"

namespace surf::model::onednn
{
namespace
{

using Sizes = at::IntArrayRef;
using OptionalTensor = std::optional<at::Tensor>;
using Scalars = c10::List<std::optional<at::Scalar>>;
using OptionalText = std::optional<c10::string_view>;

template <class Signature>
auto find_operator(char const* name)
{
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

c10::string_view name_of(Epilogue epilogue)
{
    return epilogue == Epilogue::relu ? "relu" : "none";
}

}  // namespace

std::optional<at::Tensor> optional(at::Tensor const& tensor)
{
    return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

bool handles(at::Tensor const& weight)
{
    auto const type = weight.scalar_type();
    return weight.is_cpu() && at::globalContext().hasMKLDNN() &&
           (type == at::kFloat || (type == at::kBFloat16 && has_bfloat16_units(weight.device())));
}

at::Tensor pack_linear(at::Tensor weight)
{
    weight = weight.contiguous();  // done inside, it would keep the weight as it was beside it
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

at::Tensor linear(at::Tensor const& input, at::Tensor const& weight, at::Tensor const& bias,
                  Epilogue epilogue)
{
    static auto const product =
        find_operator<at::Tensor(at::Tensor const&, at::Tensor const&, OptionalTensor const&,
                                 c10::string_view, Scalars, OptionalText)>(
            "mkldnn::_linear_pointwise");
    return product.call(input, weight, optional(bias), name_of(epilogue), Scalars(), "");
}

at::Tensor convolution(at::Tensor const& input, at::Tensor const& weight, at::Tensor const& bias,
                       std::int64_t stride, std::int64_t padding, Epilogue epilogue)
{
    static auto const product = find_operator<at::Tensor(
        at::Tensor const&, at::Tensor const&, OptionalTensor const&, Sizes, Sizes, Sizes,
        std::int64_t, c10::string_view, Scalars, OptionalText)>("mkldnn::_convolution_pointwise");
    std::array const strides = {stride, stride};
    std::array const paddings = {padding, padding};
    return product.call(input, weight, optional(bias), paddings, strides, {1, 1}, 1,
                        name_of(epilogue), Scalars(), "");
}

}  // namespace surf::model::onednn
