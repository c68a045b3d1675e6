#include "train/optimiser.hpp"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "base/contract.hpp"
#include "base/name_table.hpp"
#include "model/network.hpp"

namespace surf::train
{
namespace
{

std::vector<at::Tensor> zeros_like(std::vector<at::Tensor> const& tensors)
{
    std::vector<at::Tensor> zeros;
    for (at::Tensor const& tensor : tensors)
    {
        zeros.push_back(at::zeros_like(tensor));
    }
    return zeros;
}

std::string state_name(std::string const& prefix, Optimiser kind, std::size_t index,
                       std::string const& part)
{
    return fmt::format("{}.{}.{}.{}", prefix, name_of(optimiser_table, kind), index, part);
}

}  // namespace

WeightOptimiser::WeightOptimiser(std::vector<at::Tensor> tensors) : tensors_(std::move(tensors)) {}

void WeightOptimiser::zero_gradients()
{
    for (at::Tensor& tensor : tensors_)
    {
        tensor.mutable_grad() = at::Tensor();
    }
}

void WeightOptimiser::step()
{
    at::NoGradGuard const no_autograd;
    std::vector<at::Tensor> gradients;
    for (at::Tensor const& tensor : tensors_)
    {
        EXPECT(tensor.grad().defined());
        gradients.push_back(tensor.grad());
    }
    move(gradients);
}

void WeightOptimiser::append_state(std::string const& prefix, Parameters& arrays) const
{
    auto const parts = state();
    for (std::size_t i = 0; i < tensors_.size(); ++i)
    {
        for (StatePart const& part : parts)
        {
            arrays.push_back(
                model::to_array(state_name(prefix, kind(), i, part.name), part.tensors[i]));
        }
    }
}

void WeightOptimiser::restore(std::string const& prefix, Parameters const& arrays)
{
    at::NoGradGuard const no_autograd;
    for (StatePart const& part : state())
    {
        for (std::size_t i = 0; i < tensors_.size(); ++i)
        {
            at::Tensor const& tensor = part.tensors[i];
            NamedArray const& array = model::find_array(
                arrays, state_name(prefix, kind(), i, part.name), tensor.sizes().vec());
            tensor.copy_(model::to_tensor(array, tensor.device(), tensor.scalar_type()));
        }
    }
}

FusedAdam::FusedAdam(std::vector<at::Tensor> tensors, Hyperparameters const& hyper, double rate)
    : WeightOptimiser(std::move(tensors)),
      first_moments_(zeros_like(this->tensors())),
      second_moments_(zeros_like(this->tensors())),
      beta1_(hyper.beta1),
      beta2_(hyper.beta2),
      epsilon_(hyper.epsilon),
      rate_(rate)
{
    for (at::Tensor const& tensor : this->tensors())
    {
        steps_.push_back(at::zeros({}, at::TensorOptions(at::kFloat).device(tensor.device())));
    }
}

void FusedAdam::move(std::vector<at::Tensor> const& gradients)
{
    for (at::Tensor& step : steps_)
    {
        step.add_(1);
    }
    at::_fused_adam_(tensors(), gradients, first_moments_, second_moments_, {}, steps_, rate_,
                     beta1_, beta2_, /*weight_decay=*/0, epsilon_, /*amsgrad=*/false,
                     /*maximize=*/false);
}

std::vector<WeightOptimiser::StatePart> FusedAdam::state() const
{
    return {{"first_moment", first_moments_}, {"second_moment", second_moments_}, {"step", steps_}};
}

RmsProp::RmsProp(std::vector<at::Tensor> tensors, Hyperparameters const& hyper, double rate)
    : WeightOptimiser(std::move(tensors)),
      square_averages_(zeros_like(this->tensors())),
      decay_(hyper.decay),
      epsilon_(hyper.epsilon),
      rate_(rate)
{}

void RmsProp::move(std::vector<at::Tensor> const& gradients)
{
    at::_foreach_mul_(square_averages_, decay_);
    at::_foreach_addcmul_(square_averages_, gradients, gradients, 1 - decay_);
    auto const divisors = at::_foreach_sqrt(square_averages_);
    at::_foreach_add_(divisors, epsilon_);
    at::_foreach_addcdiv_(tensors(), gradients, divisors, -rate_);
}

std::vector<WeightOptimiser::StatePart> RmsProp::state() const
{
    return {{"square_average", square_averages_}};
}

std::unique_ptr<WeightOptimiser> make_optimiser(std::vector<at::Tensor> tensors,
                                                Hyperparameters const& hyper, double rate)
{
    switch (hyper.optimiser)
    {
        case Optimiser::adam:
            return std::make_unique<FusedAdam>(std::move(tensors), hyper, rate);
        case Optimiser::rmsprop:
            return std::make_unique<RmsProp>(std::move(tensors), hyper, rate);
    }
    EXPECT(!"every optimiser of the table has a class");
    return nullptr;
}

}  // namespace surf::train
