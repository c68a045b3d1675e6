#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/named_array.hpp"
#include "model/network.hpp"

namespace surf::model
{

/// G at some latents, and its derivatives at some of them.
struct Linearised
{
    at::Tensor images;     ///< G(x): [batch × n]
    at::Tensor jacobians;  ///< (∂G/∂x)ᵀ, a row for each component of x: [rows × k × n]
};

/// A trained generator as a trial sees it: G and its derivatives in the latents.
class Evaluator
{
  public:
    virtual ~Evaluator() = default;

    /// G(x): [batch × k] → [batch × n]. The result stays valid until the next call.
    virtual at::Tensor forward(at::Tensor const& latents) = 0;
    /// Jᵀg at the latents of the last forward(): [batch × n] → [batch × k].
    virtual at::Tensor backward(at::Tensor const& gradient) = 0;
    /// Jᵀ = (∂G/∂x)ᵀ at the latents of the last forward(), a row for each component of x:
    /// [batch × k × n].
    virtual at::Tensor jacobian() = 0;
    /// The same for these rows (int64) of the last forward().
    virtual at::Tensor jacobian_of(at::Tensor const& rows)
    {
        return jacobian().index_select(0, rows);
    }
    /// G(x) and, for these rows (int64), Jᵀ: forward() and jacobian_of(), if may be in one pass.
    virtual Linearised linearise(at::Tensor const& latents, at::Tensor const& rows)
    {
        at::Tensor const images = forward(latents).clone();
        return {images, jacobian_of(rows)};
    }

    /// How often each layer was used: from some use on weights are packed, and packed ones may
    /// round otherwise. One of equal uses gives equal bits. Empty where it does not matter.
    virtual std::vector<std::int64_t> uses() const { return {}; }
    /// As if the layers had been used so often.
    virtual void set_uses(std::vector<std::int64_t> const&) {}
};

/// Network in evaluation mode through autograd: slow and simple, the oracle of the tests.
class ReferenceEvaluator final : public Evaluator
{
  public:
    explicit ReferenceEvaluator(Network network) : network_(std::move(network)) {}

    at::Tensor forward(at::Tensor const& latents) override;
    at::Tensor backward(at::Tensor const& gradient) override;
    at::Tensor jacobian() override;

  private:
    Network network_;
    at::Tensor latents_;
    at::Tensor output_;
};

}  // namespace surf::model
