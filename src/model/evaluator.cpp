#include "model/evaluator.hpp"

#include <ATen/core/grad_mode.h>

#include "base/contract.hpp"

namespace surf::model
{

at::Tensor ReferenceEvaluator::forward(at::Tensor const& latents)
{
    at::AutoGradMode const record(true);
    latents_ = latents.detach().clone().set_requires_grad(true);
    output_ = network_.forward(latents_, Mode::evaluation);
    return output_.detach();
}

at::Tensor ReferenceEvaluator::backward(at::Tensor const& gradient)
{
    EXPECT(output_.defined());
    at::AutoGradMode const record(true);
    output_.backward(gradient);
    output_ = at::Tensor();
    return latents_.grad();
}

}  // namespace surf::model
