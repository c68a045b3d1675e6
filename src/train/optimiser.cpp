#include "train/optimiser.hpp"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "base/contract.hpp"
#include "model/network.hpp"

namespace surf::train
{

FusedAdam::FusedAdam(std::vector<at::Tensor> tensors, Hyperparameters const& hyper, double rate)
    : tensors_(std::move(tensors)), hyper_(hyper), rate_(rate)
{
    at::NoGradGuard const no_autograd;
    for (at::Tensor const& tensor : tensors_)
    {
        first_moments_.push_back(at::zeros_like(tensor));
        second_moments_.push_back(at::zeros_like(tensor));
        steps_.push_back(at::zeros({}, tensor.options()));
    }
}

void FusedAdam::zero_gradients()
{
    for (at::Tensor& tensor : tensors_)
    {
        tensor.mutable_grad() = at::Tensor();
    }
}

void FusedAdam::step()
{
    at::NoGradGuard const no_autograd;
    std::vector<at::Tensor> gradients;
    for (std::size_t i = 0; i < tensors_.size(); ++i)
    {
        EXPECT(tensors_[i].grad().defined());
        gradients.push_back(tensors_[i].grad());
        steps_[i].add_(1);
    }
    at::_fused_adam_(tensors_, gradients, first_moments_, second_moments_, {}, steps_, rate_,
                     hyper_.beta1, hyper_.beta2, /*weight_decay=*/0, hyper_.epsilon,
                     /*amsgrad=*/false, /*maximize=*/false);
}

void FusedAdam::append_state(std::string const& prefix, Parameters& arrays) const
{
    for (std::size_t i = 0; i < tensors_.size(); ++i)
    {
        std::string const name = fmt::format("{}.{}", prefix, i);
        arrays.push_back(model::to_array(name + ".first_moment", first_moments_[i]));
        arrays.push_back(model::to_array(name + ".second_moment", second_moments_[i]));
        arrays.push_back(model::to_array(name + ".step", steps_[i]));
    }
}

void FusedAdam::restore(std::string const& prefix, Parameters const& arrays)
{
    at::NoGradGuard const no_autograd;
    for (std::size_t i = 0; i < tensors_.size(); ++i)
    {
        auto const load = [&](char const* part, at::Tensor& tensor) {
            std::string const name = fmt::format("{}.{}.{}", prefix, i, part);
            NamedArray const& array = model::find_array(arrays, name, tensor.sizes().vec());
            tensor.copy_(model::to_tensor(array, tensor.device(), at::kFloat));
        };
        load("first_moment", first_moments_[i]);
        load("second_moment", second_moments_[i]);
        load("step", steps_[i]);
    }
}

}  // namespace surf::train
