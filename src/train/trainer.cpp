#include "train/trainer.hpp"

#include <ATen/core/grad_mode.h>

#include <array>
#include <string_view>

#include "base/contract.hpp"
#include "train/gan.hpp"
#include "train/vae.hpp"
#include "train/wgan.hpp"

namespace surf::train
{

void LogMeans::add(std::string const& name, at::Tensor const& value)
{
    Sum& sum = sums_[name];
    at::Tensor const detached = value.detach().to(at::kDouble);
    sum.total = sum.total.defined() ? sum.total + detached : detached;
    ++sum.count;
}

std::map<std::string, double> LogMeans::take()
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

constexpr std::string_view log_prefix = "log.";

/// A double as the sum of float32 values, which stored arrays consist of.
std::array<float, 3> parts_of(double value)
{
    std::array<float, 3> parts{};
    for (float& part : parts)
    {
        part = static_cast<float>(value);
        value -= part;
    }
    return parts;
}

}  // namespace

void LogMeans::append_state(Parameters& arrays) const
{
    for (auto const& [name, sum] : sums_)
    {
        auto const [high, middle, low] = parts_of(sum.total.item<double>());
        arrays.push_back({std::string(log_prefix) + name,
                          {4},
                          std::vector{high, middle, low, static_cast<float>(sum.count)}});
    }
}

void LogMeans::restore(Parameters const& arrays)
{
    sums_.clear();
    for (NamedArray const& array : arrays)
    {
        if (array.name.starts_with(log_prefix) && array.size() == 4)
        {
            double const total = double{array.values[0]} + array.values[1] + array.values[2];
            sums_[array.name.substr(log_prefix.size())] = {
                at::scalar_tensor(total, at::kDouble), static_cast<std::int64_t>(array.values[3])};
        }
    }
}

model::Initialisation initial_weights(TrainSpec const& spec)
{
    switch (entry_of(spec.model.architecture).initial_weights)
    {
        case InitialWeights::normal:
            break;
        case InitialWeights::by_outputs:
            return model::Initialisation::by_outputs();
    }
    return model::Initialisation::normal(spec.hyper.weight_deviation);
}

NetworkSpec layers_of(TrainSpec const& spec)
{
    return *spec.generator().layers();
}

namespace
{

model::Network initial_network(LearnerSpec const& spec, TrainSpec const& train, at::Device device)
{
    RandomStream stream(train.seed, train.stream_domain(), Purpose::weights, spec.weight_stream);
    model::Network network(spec.network, stream, spec.initialisation, device);
    network.set_requires_grad(true);
    return network;
}

}  // namespace

Learner::Learner(LearnerSpec spec, TrainSpec const& train, at::Device device)
    : spec_(std::move(spec)),
      hyper_(train.hyper),
      device_(device),
      network_(initial_network(spec_, train, device)),
      optimiser_(make_optimiser(network_.trainable(), hyper_, spec_.rate))
{}

void Learner::minimise(at::Tensor const& loss)
{
    zero_gradients();
    loss.backward();
    step();
}

void Learner::clip(double bound)
{
    at::NoGradGuard const no_autograd;
    for (at::Tensor& tensor : network_.trainable())
    {
        tensor.clamp_(-bound, bound);
    }
}

void Learner::append_state(Parameters& arrays) const
{
    for (NamedArray& array : network_.parameters())
    {
        array.name = spec_.name + "." + array.name;
        arrays.push_back(std::move(array));
    }
    optimiser_->append_state(spec_.name, arrays);
}

void Learner::restore(Parameters const& arrays)
{
    Parameters own;
    std::string const prefix = spec_.name + ".";
    for (NamedArray const& array : arrays)
    {
        if (array.name.starts_with(prefix))
        {
            own.push_back({array.name.substr(prefix.size()), array.shape, array.values});
        }
    }
    network_ = model::Network(spec_.network, own, device_);
    network_.set_requires_grad(true);
    optimiser_ = make_optimiser(network_.trainable(), hyper_, spec_.rate);
    optimiser_->restore(spec_.name, arrays);
}

std::unique_ptr<Trainer> make_trainer(TrainSpec const& spec, data::TrainingImages const& images,
                                      at::Device device)
{
    switch (spec.model.training)
    {
        case Training::vae:
            return std::make_unique<VaeTrainer>(spec, images, device);
        case Training::dcgan:
            return std::make_unique<GanTrainer>(spec, images, device);
        case Training::wgan:
            return std::make_unique<WganTrainer>(spec, images, device);
        case Training::wgan_gp:
            return std::make_unique<WganGpTrainer>(spec, images, device);
    }
    EXPECT(!"every training has a trainer");
    return nullptr;
}

}  // namespace surf::train
