#include "train/trainer.hpp"

#include <ATen/core/grad_mode.h>

#include "base/contract.hpp"
#include "train/gan.hpp"
#include "train/vae.hpp"

namespace surf::train
{

void LossMeter::add(std::string const& name, at::Tensor const& loss)
{
    Sum& sum = sums_[name];
    at::Tensor const value = loss.detach().to(at::kDouble);
    sum.total = sum.total.defined() ? sum.total + value : value;
    ++sum.count;
}

std::map<std::string, double> LossMeter::take()
{
    std::map<std::string, double> means;
    for (auto const& [name, sum] : sums_)
    {
        means[name] = sum.total.item<double>() / static_cast<double>(sum.count);
    }
    sums_.clear();
    return means;
}

namespace
{

model::Network initial_network(model::NetworkSpec spec, TrainSpec const& train,
                               std::uint64_t weight_stream, at::Device device)
{
    RandomStream stream(train.seed, train.stream_domain(), Purpose::weights, weight_stream);
    model::Network network(std::move(spec), stream, train.hyper.weight_deviation, device);
    network.set_requires_grad(true);
    return network;
}

}  // namespace

Learner::Learner(std::string name, model::NetworkSpec spec, TrainSpec const& train, double rate,
                 std::uint64_t weight_stream, at::Device device)
    : name_(std::move(name)),
      device_(device),
      hyper_(train.hyper),
      rate_(rate),
      network_(initial_network(std::move(spec), train, weight_stream, device)),
      optimiser_(network_.trainable(), hyper_, rate_)
{}

void Learner::minimise(at::Tensor const& loss)
{
    zero_gradients();
    loss.backward();
    step();
}

void Learner::append_state(Parameters& arrays) const
{
    for (NamedArray& array : network_.parameters())
    {
        array.name = name_ + "." + array.name;
        arrays.push_back(std::move(array));
    }
    optimiser_.append_state(name_ + ".adam", arrays);
}

void Learner::restore(Parameters const& arrays)
{
    Parameters own;
    std::string const prefix = name_ + ".";
    for (NamedArray const& array : arrays)
    {
        if (array.name.starts_with(prefix))
        {
            own.push_back({array.name.substr(prefix.size()), array.shape, array.values});
        }
    }
    network_ = model::Network(network_.spec(), own, device_);
    network_.set_requires_grad(true);
    optimiser_ = FusedAdam(network_.trainable(), hyper_, rate_);
    optimiser_.restore("adam", own);
}

std::unique_ptr<Trainer> make_trainer(TrainSpec const& spec, data::TrainingImages const& images,
                                      at::Device device)
{
    switch (spec.model)
    {
        case model::ModelKind::vae:
            return std::make_unique<VaeTrainer>(spec, images, device);
        case model::ModelKind::dcgan:
            return std::make_unique<GanTrainer>(spec, images, device);
    }
    EXPECT(!"every model of the table has a trainer");
    return nullptr;
}

}  // namespace surf::train
