#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>

#include "base/named_array.hpp"
#include "model/network.hpp"

namespace surf::model
{

/// A trained generator as a trial sees it: G and the pull-back of a gradient to the latents.
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
