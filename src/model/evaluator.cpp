#include "model/evaluator.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

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
    return torch::autograd::grad({output_}, {latents_}, {gradient}, /*retain_graph=*/true).front();
}

at::Tensor ReferenceEvaluator::jacobian()
{
    EXPECT(output_.defined());
    at::AutoGradMode const record(true);
    // Jᵀv is linear in v, whatever v is: its gradient in v is J, column by column.
    at::Tensor const v = at::zeros_like(output_).set_requires_grad(true);
    at::Tensor const pulled =
        torch::autograd::grad({output_}, {latents_}, {v}, /*retain_graph=*/true,
                              /*create_graph=*/true)
            .front();
    std::vector<at::Tensor> rows;
    for (std::int64_t i = 0; i < latents_.size(1); ++i)
    {
        rows.push_back(torch::autograd::grad({pulled.select(1, i).sum()}, {v}, {},
                                             /*retain_graph=*/true)
                           .front());
    }
    return at::stack(rows, 1);
}

}  // namespace surf::model
