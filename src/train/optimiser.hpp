#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <vector>

#include "base/named_array.hpp"
#include "spec/training.hpp"

namespace surf::train
{

/// Moves the weights of a network by their gradients.
class WeightOptimiser
{
  public:
    explicit WeightOptimiser(std::vector<at::Tensor> tensors);
    virtual ~WeightOptimiser() = default;

    void zero_gradients();
    /// Moves the tensors by the gradients that backward() left in them.
    void step();

    /// All that the next steps depend on, named "<prefix>.<algorithm>.<index>.<part>".
    void append_state(std::string const& prefix, Parameters& arrays) const;
    /// Throws FileError naming the array that is missing or has another shape.
    void restore(std::string const& prefix, Parameters const& arrays);

  protected:
    /// One tensor of state for each of tensors(), on the device.
    struct StatePart
    {
        std::string name;
        std::vector<at::Tensor> const& tensors;
    };

    std::vector<at::Tensor> const& tensors() const { return tensors_; }

  private:
    /// One gradient for each of tensors().
    virtual void move(std::vector<at::Tensor> const& gradients) = 0;
    virtual Optimiser kind() const = 0;
    virtual std::vector<StatePart> state() const = 0;

    std::vector<at::Tensor> tensors_;
};

/// Adam (Kingma & Ba 2015), through LibTorch's fused kernel.
class FusedAdam final : public WeightOptimiser
{
  public:
    /// For these tensors, at step 0.
    FusedAdam(std::vector<at::Tensor> tensors, Hyperparameters const& hyper, double rate);

  private:
    void move(std::vector<at::Tensor> const& gradients) override;
    Optimiser kind() const override { return Optimiser::adam; }
    std::vector<StatePart> state() const override;

    std::vector<at::Tensor> first_moments_;
    std::vector<at::Tensor> second_moments_;
    std::vector<at::Tensor> steps_;  ///< one-element tensors: what the fused kernel takes
    double beta1_;
    double beta2_;
    double epsilon_;
    double rate_;
};

/// RMSProp (Tieleman & Hinton 2012) without momentum, as torch.optim.RMSprop has it:
/// v ← decay v + (1 − decay) g², w ← w − rate g / (√v + ε).
class RmsProp final : public WeightOptimiser
{
  public:
    /// For these tensors, with v = 0.
    RmsProp(std::vector<at::Tensor> tensors, Hyperparameters const& hyper, double rate);

  private:
    void move(std::vector<at::Tensor> const& gradients) override;
    Optimiser kind() const override { return Optimiser::rmsprop; }
    std::vector<StatePart> state() const override;

    std::vector<at::Tensor> square_averages_;
    double decay_;
    double epsilon_;
    double rate_;
};

/// The optimiser that the hyperparameters name.
std::unique_ptr<WeightOptimiser> make_optimiser(std::vector<at::Tensor> tensors,
                                                Hyperparameters const& hyper, double rate);

}  // namespace surf::train
