#include "model/activated_layer.hpp"

#include "base/contract.hpp"

namespace surf::model
{

at::Tensor ActivatedLayer::forward(at::Tensor const& input)
{
    output_.reset();  // its memory serves again
    output_ = product(input);
    activate(output_, /*relu_is_done=*/true);
    return output_;
}

void ActivatedLayer::activate(at::Tensor& value, bool relu_is_done) const
{
    switch (activation_)
    {
        case Activation::none:
            break;
        case Activation::relu:
            if (!relu_is_done)
            {
                at::relu_(value);
            }
            break;
        case Activation::leaky_relu:
            at::leaky_relu_(value, slope_);
            break;
        case Activation::tanh:
            at::tanh_(value);
            break;
        case Activation::sigmoid:
            at::sigmoid_(value);
            break;
    }
}

at::Tensor ActivatedLayer::backward(at::Tensor gradient)
{
    EXPECT(output_.defined());
    gradient = gradient.to(output_.scalar_type());
    switch (activation_)
    {
        case Activation::none:
            break;
        case Activation::relu:
            at::threshold_backward_out(gradient, gradient, output_, 0);
            break;
        case Activation::leaky_relu:
            gradient = at::leaky_relu_backward(gradient, output_, slope_,
                                               /*self_is_result=*/true);
            break;
        case Activation::tanh:
            gradient = at::tanh_backward(gradient, output_);
            break;
        case Activation::sigmoid:
            gradient = at::sigmoid_backward(gradient, output_);
            break;
    }
    return product_backward(gradient);
}

at::Tensor ActivatedLayer::tangents(at::Tensor const& input, std::optional<at::Tensor> const& rows)
{
    EXPECT(output_.defined());
    return bend(linear_rows(input), rows ? output_.index_select(0, *rows) : output_);
}

ValueAndTangents ActivatedLayer::forward_with_tangents(ValueAndTangents const& input,
                                                       at::Tensor const& rows)
{
    std::int64_t const batch = input.value.size(0);
    std::int64_t const tangents = input.tangents.size(0) * input.tangents.size(1);
    output_.reset();  // its memory serves again
    at::Tensor const both = linear(at::cat({input.value, input.tangents.flatten(0, 1)}));
    output_ = both.narrow(0, 0, batch).add_(bias_row());
    activate(output_, /*relu_is_done=*/false);
    at::Tensor const moved =
        both.narrow(0, batch, tangents).view({input.tangents.size(0), input.tangents.size(1), -1});
    return {output_, bend(moved, output_.index_select(0, rows))};
}

at::Tensor ActivatedLayer::bend(at::Tensor tangents, at::Tensor const& outputs) const
{
    if (activation_ == Activation::none)
    {
        return tangents.expand({outputs.size(0), -1, -1});
    }
    at::Tensor const slope = slopes(outputs, tangents.scalar_type()).unsqueeze(1);
    return tangents.size(0) == outputs.size(0) ? tangents.mul_(slope) : tangents * slope;
}

at::Tensor ActivatedLayer::affine(at::Tensor const& maps)
{
    at::Tensor value = linear_rows(maps);
    value.select(1, -1).add_(bias_row());
    return value;
}

at::Tensor ActivatedLayer::slopes(at::Tensor const& outputs, at::ScalarType type) const
{
    switch (activation_)
    {
        case Activation::none:
            break;
        case Activation::relu:
            return outputs.gt(0).to(type);
        case Activation::leaky_relu:
            return outputs.gt(0).to(type).mul_(1 - slope_).add_(slope_);
        case Activation::tanh:
            return 1 - outputs * outputs;
        case Activation::sigmoid:
            return outputs * (1 - outputs);
    }
    return at::ones_like(outputs);
}

}  // namespace surf::model
