#include "bench/plain_dcgan.hpp"

#include <ATen/core/grad_mode.h>

#include <cmath>

#include "model/network.hpp"

namespace surf::bench
{

using Tensors = std::map<std::string, at::Tensor>;

namespace
{

constexpr std::int64_t stride = 2;
constexpr std::int64_t padding = 1;
constexpr double slope = 0.2;
constexpr double momentum = 0.1;
constexpr double epsilon = 1e-5;

bool is_statistic(std::string const& name)
{
    return name.ends_with(".running_mean") || name.ends_with(".running_var");
}

/// The state's arrays that belong to a network, named without it; optimiser's are left out.
Tensors tensors_of(std::string const& network, Parameters const& state, at::Device device)
{
    std::string const prefix = network + ".";
    Tensors tensors;
    for (NamedArray const& array : state)
    {
        if (array.name.starts_with(prefix) && !array.name.starts_with(prefix + "adam."))
        {
            std::string const name = array.name.substr(prefix.size());
            tensors[name] =
                model::to_tensor(array, device, at::kFloat).set_requires_grad(!is_statistic(name));
        }
    }
    return tensors;
}

std::vector<at::Tensor> trained(Tensors const& tensors)
{
    std::vector<at::Tensor> all;
    for (auto const& [name, tensor] : tensors)
    {
        if (!is_statistic(name))
        {
            all.push_back(tensor);
        }
    }
    return all;
}

std::vector<at::Tensor> zeros_like(std::vector<at::Tensor> const& tensors)
{
    std::vector<at::Tensor> zeros;
    for (at::Tensor const& tensor : tensors)
    {
        zeros.push_back(at::zeros_like(tensor));
    }
    return zeros;
}

at::Tensor normalise(at::Tensor const& input, Tensors const& of, std::string const& layer)
{
    std::string const name = layer + "_bn";
    return at::batch_norm(input, of.at(name + ".weight"), of.at(name + ".bias"),
                          of.at(name + ".running_mean"), of.at(name + ".running_var"),
                          /*training=*/true, momentum, epsilon, /*cudnn_enabled=*/true);
}

at::Tensor linear(at::Tensor const& input, Tensors const& of, std::string const& layer)
{
    return at::linear(input, of.at(layer + ".weight"), of.at(layer + ".bias"));
}

at::Tensor conv(at::Tensor const& input, Tensors const& of, std::string const& layer)
{
    return at::conv2d(input, of.at(layer + ".weight"), of.at(layer + ".bias"), stride, padding);
}

at::Tensor deconv(at::Tensor const& input, Tensors const& of, std::string const& layer)
{
    return at::conv_transpose2d(input, of.at(layer + ".weight"), of.at(layer + ".bias"), stride,
                                padding);
}

/// Binary cross-entropy of logits that should all mean `label`.
at::Tensor cross_entropy(at::Tensor const& logits, double label)
{
    return at::binary_cross_entropy_with_logits(logits, at::full_like(logits, label));
}

}  // namespace

PlainAdam::PlainAdam(std::vector<at::Tensor> tensors, Hyperparameters const& hyper, double rate)
    : tensors_(std::move(tensors)),
      first_moments_(zeros_like(tensors_)),
      second_moments_(zeros_like(tensors_)),
      beta1_(hyper.beta1),
      beta2_(hyper.beta2),
      epsilon_(hyper.epsilon),
      rate_(rate)
{}

void PlainAdam::zero_gradients()
{
    for (at::Tensor& tensor : tensors_)
    {
        tensor.mutable_grad() = at::Tensor();
    }
}

void PlainAdam::step()
{
    at::NoGradGuard const no_autograd;
    ++steps_;
    auto const steps = static_cast<double>(steps_);
    double const correction1 = 1 - std::pow(beta1_, steps);
    double const correction2 = 1 - std::pow(beta2_, steps);
    for (std::size_t i = 0; i < tensors_.size(); ++i)
    {
        at::Tensor const& gradient = tensors_[i].grad();
        first_moments_[i].mul_(beta1_).add_(gradient, 1 - beta1_);
        second_moments_[i].mul_(beta2_).addcmul_(gradient, gradient, 1 - beta2_);
        at::Tensor const divisor =
            (second_moments_[i].sqrt() / std::sqrt(correction2)).add_(epsilon_);
        tensors_[i].addcdiv_(first_moments_[i], divisor, -rate_ / correction1);
    }
}

PlainDcgan::PlainDcgan(TrainSpec const& spec, data::TrainingImages const& images, at::Device device,
                       Parameters const& state)
    : batches_(spec, images, device),
      generator_(tensors_of("generator", state, device)),
      discriminator_(tensors_of("discriminator", state, device)),
      generator_adam_(trained(generator_), spec.hyper, spec.hyper.generator_rate),
      discriminator_adam_(trained(discriminator_), spec.hyper, spec.hyper.discriminator_rate)
{}

at::Tensor PlainDcgan::generate(at::Tensor const& latents) const
{
    std::int64_t const batch = latents.size(0);
    at::Tensor value = at::relu(normalise(linear(latents, generator_, "fc1"), generator_, "fc1"));
    value = at::relu(normalise(linear(value, generator_, "fc2"), generator_, "fc2"));
    value = value.reshape({batch, 128, 7, 7});
    value = at::relu(normalise(deconv(value, generator_, "deconv1"), generator_, "deconv1"));
    return at::sigmoid(deconv(value, generator_, "deconv2"));
}

at::Tensor PlainDcgan::discriminate(at::Tensor const& images) const
{
    std::int64_t const batch = images.size(0);
    at::Tensor value = images.reshape({batch, 1, 28, 28});
    value = at::leaky_relu(conv(value, discriminator_, "conv1"), slope);
    value = at::leaky_relu(normalise(conv(value, discriminator_, "conv2"), discriminator_, "conv2"),
                           slope);
    value = value.reshape({batch, 128 * 7 * 7});
    value = at::leaky_relu(normalise(linear(value, discriminator_, "fc1"), discriminator_, "fc1"),
                           slope);
    return linear(value, discriminator_, "fc2");
}

PlainDcgan::Losses PlainDcgan::step(std::int64_t step)
{
    at::AutoGradMode const record(true);
    at::Tensor const fake = generate(batches_.uniform_latents(step));

    discriminator_adam_.zero_gradients();
    at::Tensor const real_logits = discriminate(batches_.images(step));
    at::Tensor const fake_logits = discriminate(fake.detach());
    at::Tensor const discriminator_loss =
        cross_entropy(real_logits, 1) + cross_entropy(fake_logits, 0);
    discriminator_loss.backward();
    discriminator_adam_.step();

    generator_adam_.zero_gradients();
    at::Tensor const generator_loss = cross_entropy(discriminate(fake), 1);
    generator_loss.backward();
    generator_adam_.step();
    return {discriminator_loss.detach(), generator_loss.detach()};
}

}  // namespace surf::bench
