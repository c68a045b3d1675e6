#include "model/activated_layer.hpp"

#include "base/contract.hpp"

namespace surf::model
{

at::Tensor ActivatedLayer::forward(at::Tensor const& input)
{
    output_.reset();  // its memory serves again
    output_ = product(input);
    switch (activation_)
    {
        case Activation::none:
        case Activation::relu:  // the product's epilogue
            break;
        case Activation::leaky_relu:
            at::leaky_relu_(output_, slope_);
            break;
        case Activation::tanh:
            at::tanh_(output_);
            break;
        case Activation::sigmoid:
            at::sigmoid_(output_);
            break;
    }
    return output_;
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

at::Tensor ActivatedLayer::tangents(at::Tensor const& input)
{
    EXPECT(output_.defined());
    at::Tensor value = linear_rows(input);
    if (activation_ == Activation::none)
    {
        return value.expand({output_.size(0), -1, -1});
    }
    at::Tensor const slope = slopes(value.scalar_type()).unsqueeze(1);
    return value.size(0) == output_.size(0) ? value.mul_(slope) : value * slope;
}

at::Tensor ActivatedLayer::affine(at::Tensor const& maps)
{
    at::Tensor value = linear_rows(maps);
    value.select(1, -1).add_(bias_row());
    return value;
}

at::Tensor ActivatedLayer::slopes(at::ScalarType type) const
{
    switch (activation_)
    {
        case Activation::none:
            break;
        case Activation::relu:
            return output_.gt(0).to(type);
        case Activation::leaky_relu:
            return output_.gt(0).to(type).mul_(1 - slope_).add_(slope_);
        case Activation::tanh:
            return 1 - output_ * output_;
        case Activation::sigmoid:
            return output_ * (1 - output_);
    }
    return at::ones_like(output_);
}

}  // namespace surf::model
