#include "model/product.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include "model/onednn.hpp"

namespace surf::model
{
namespace
{

namespace autograd = torch::autograd;

/// Its gradients are such products again: of abᵀ with gradient g they are gb and gᵀa.
class TransposedProduct final : public autograd::Function<TransposedProduct>
{
  public:
    static at::Tensor forward(autograd::AutogradContext* context, at::Tensor const& a,
                              at::Tensor const& b)
    {
        context->save_for_backward({a, b});
        return onednn::linear(a.contiguous(), b, {}, Epilogue::none);
    }

    static autograd::variable_list backward(autograd::AutogradContext* context,
                                            autograd::variable_list const& gradients)
    {
        auto const saved = context->get_saved_variables();
        at::Tensor const& a = saved[0];
        at::Tensor const& b = saved[1];
        at::Tensor const& gradient = gradients[0];
        auto const if_needed = [&](std::size_t input, auto const& product) {
            return context->needs_input_grad(input) ? product() : at::Tensor();
        };
        return {if_needed(0, [&] { return product_transposed(gradient, b.t()); }),
                if_needed(1, [&] { return product_transposed(gradient.t(), a.t()); })};
    }
};

}  // namespace

at::Tensor product_transposed(at::Tensor const& a, at::Tensor const& b)
{
    return onednn::handles(b) ? TransposedProduct::apply(a, b) : at::mm(a, b.t());
}

}  // namespace surf::model
