#include "train/plain_training.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace surf::test
{
using model::ModelKind;

namespace
{

constexpr double leaky = 0.2;

bool is_statistic(std::string const& name)
{
    return name.ends_with(".mean") || name.ends_with(".variance");
}

bool is_network_array(std::string const& name)
{
    return name.find(".adam.") == std::string::npos && name.find(".rmsprop.") == std::string::npos;
}

std::vector<at::Tensor> gradients_of(at::Tensor const& loss, std::vector<at::Tensor> const& tensors,
                                     bool differentiable)
{
    return torch::autograd::grad({loss}, tensors, /*grad_outputs=*/{}, /*retain_graph=*/true,
                                 differentiable);
}

/// The layers of one network.
struct Layers
{
    Tensors const& tensors;
    std::string network;
    double kink;

    at::Tensor const& get(std::string const& layer, std::string const& part) const
    {
        return tensors.at(network + "." + layer + "." + part);
    }

    bool has(std::string const& layer) const
    {
        return tensors.contains(network + "." + layer + ".weight");
    }

    /// y = Wx + b
    at::Tensor dense(std::string const& layer, at::Tensor const& input) const
    {
        return at::matmul(input.flatten(1), get(layer, "weight").t()) + get(layer, "bias");
    }

    /// 4 × 4, stride 2, padding 1: products of the weights with all patches.
    at::Tensor convolution(std::string const& layer, at::Tensor const& input) const
    {
        at::Tensor const& weight = get(layer, "weight");  // [out × in × 4 × 4]
        at::Tensor const patches = at::im2col(input, {4, 4}, {1, 1}, {1, 1}, {2, 2});
        return at::matmul(weight.flatten(1), patches)
                   .reshape({input.size(0), weight.size(0), input.size(2) / 2, input.size(3) / 2}) +
               get(layer, "bias").reshape({-1, 1, 1});
    }

    /// Its transpose: adds up the patches that the weights make of every pixel.
    at::Tensor transposed_convolution(std::string const& layer, at::Tensor const& input) const
    {
        at::Tensor const& weight = get(layer, "weight");  // [in × out × 4 × 4]
        at::Tensor const patches = at::matmul(weight.flatten(1).t(), input.flatten(2));
        return at::col2im(patches, {2 * input.size(2), 2 * input.size(3)}, {4, 4}, {1, 1}, {1, 1},
                          {2, 2}) +
               get(layer, "bias").reshape({-1, 1, 1});
    }

    /// Batch norm (Ioffe & Szegedy 2015, algorithm 1) of every unit, or of every channel over all
    /// its pixels; a tenth of each batch's mean and unbiased variance goes into the running ones.
    at::Tensor normalise(std::string const& layer, at::Tensor const& input) const
    {
        at::Tensor const values =  // [features × all that one mean is over]
            input.dim() == 2 ? input.t() : input.transpose(0, 1).flatten(1);
        auto const count = static_cast<double>(values.size(1));
        at::Tensor const mean = values.mean(1);
        at::Tensor const variance = (values - mean.unsqueeze(1)).square().mean(1);
        {
            at::NoGradGuard const no_autograd;
            at::Tensor const& running_mean = get(layer, "bn.mean");
            at::Tensor const& running_variance = get(layer, "bn.variance");
            running_mean.copy_(0.9 * running_mean + 0.1 * mean);
            running_variance.copy_(0.9 * running_variance + 0.1 * variance * count / (count - 1));
        }
        std::vector<std::int64_t> shape(static_cast<std::size_t>(input.dim()), 1);
        shape[1] = -1;
        return get(layer, "bn.gamma").reshape(shape) * (input - mean.reshape(shape)) /
                   (variance.reshape(shape) + 1e-5).sqrt() +
               get(layer, "bn.beta").reshape(shape);
    }

    /// ReLU, with this slope on its other side.
    at::Tensor rectify(at::Tensor const& input, double slope) const
    {
        at::Tensor const bend = kink * input.detach().square().mean().sqrt();
        return at::where(input > bend, input, slope * input);
    }
};

/// InfoGAN's MNIST generator (Chen et al. 2016) without its sigmoid.
at::Tensor infogan(Layers const& layers, at::Tensor const& latents)
{
    at::Tensor value = layers.normalise("fc1", layers.dense("fc1", latents));
    value = layers.rectify(value, 0);
    value = layers.normalise("fc2", layers.dense("fc2", value));
    value = layers.rectify(value, 0).reshape({-1, 128, 7, 7});
    value = layers.normalise("deconv1", layers.transposed_convolution("deconv1", value));
    value = layers.rectify(value, 0);
    return layers.transposed_convolution("deconv2", value).flatten(1);
}

/// V σ(W_d … σ(W_1 x + b_1) … + b_d)
at::Tensor expansive(Layers const& layers, at::Tensor const& latents)
{
    at::Tensor value = latents;
    for (int i = 1; layers.has("hidden" + std::to_string(i)); ++i)
    {
        value = layers.rectify(layers.dense("hidden" + std::to_string(i), value), 0);
    }
    return at::matmul(value, layers.get("output", "weight").t());
}

enum class BatchNorm
{
    on,
    off,
};

/// InfoGAN's discriminator up to its last plain layer.
at::Tensor trunk(Layers const& layers, at::Tensor const& images, BatchNorm batch_norm)
{
    auto const normalise = [&](std::string const& layer, at::Tensor const& input) {
        return batch_norm == BatchNorm::on ? layers.normalise(layer, input) : input;
    };
    at::Tensor value = layers.convolution("conv1", images.reshape({-1, 1, 28, 28}));
    value = layers.rectify(value, leaky);
    value = normalise("conv2", layers.convolution("conv2", value));
    value = layers.rectify(value, leaky);
    value = normalise("fc1", layers.dense("fc1", value));
    value = layers.rectify(value, leaky);
    return layers.dense("fc2", value);
}

/// The networks' arrays, autograd on for those that are trained.
Tensors networks_in(Parameters const& state)
{
    Tensors tensors;
    for (NamedArray const& array : state)
    {
        if (is_network_array(array.name))
        {
            tensors[array.name] =
                at::tensor(at::ArrayRef<float>(array.values))
                    .to(at::kDouble)
                    .reshape(array.shape)
                    .set_requires_grad(!is_statistic(array.name) &&
                                       array.name != "decoder.output.bias");  // V has none
        }
    }
    return tensors;
}

std::string judge_name(ModelKind model)
{
    switch (model)
    {
        case ModelKind::vae:
        case ModelKind::relu:
            return "encoder";
        case ModelKind::dcgan:
            return "discriminator";
        case ModelKind::wgan:
        case ModelKind::wgan_gp:
            return "critic";
    }
    return {};
}

}  // namespace

PlainOptimiser::PlainOptimiser(std::vector<at::Tensor> tensors, train::Hyperparameters const& hyper,
                               double rate)
    : tensors_(std::move(tensors)), hyper_(hyper), rate_(rate)
{
    for (at::Tensor const& tensor : tensors_)
    {
        means_.push_back(at::zeros_like(tensor));
        squares_.push_back(at::zeros_like(tensor));
    }
}

std::vector<at::Tensor> PlainOptimiser::gradients(at::Tensor const& loss) const
{
    return gradients_of(loss, tensors_, /*differentiable=*/false);
}

void PlainOptimiser::move(std::vector<at::Tensor> const& gradients)
{
    ++steps_;
    mean_share_ = 1 - std::pow(hyper_.beta1, steps_);
    square_share_ = 1 - std::pow(hyper_.beta2, steps_);
    for (std::size_t i = 0; i < tensors_.size(); ++i)
    {
        at::Tensor const values = gradients[i].contiguous();
        double const* const gradient = values.const_data_ptr<double>();
        auto* const weight = tensors_[i].mutable_data_ptr<double>();
        auto* const mean = means_[i].mutable_data_ptr<double>();
        auto* const square = squares_[i].mutable_data_ptr<double>();
        std::int64_t const count = tensors_[i].numel();
        for (std::int64_t j = 0; j < count; ++j)
        {
            weight[j] -= rate_ * direction(gradient[j], mean[j], square[j]);
        }
    }
}

double PlainOptimiser::direction(double gradient, double& mean, double& square) const
{
    if (hyper_.optimiser == train::Optimiser::adam)
    {
        mean = hyper_.beta1 * mean + (1 - hyper_.beta1) * gradient;
        square = hyper_.beta2 * square + (1 - hyper_.beta2) * gradient * gradient;
        return mean / mean_share_ / (std::sqrt(square / square_share_) + hyper_.epsilon);
    }
    square = hyper_.decay * square + (1 - hyper_.decay) * gradient * gradient;
    return gradient / (std::sqrt(square) + hyper_.epsilon);
}

void PlainOptimiser::clip(double bound)
{
    at::NoGradGuard const no_autograd;
    for (at::Tensor const& tensor : tensors_)
    {
        tensor.copy_(at::where(tensor.abs() > bound, bound * tensor.sign(), tensor));
    }
}

PlainTraining::PlainTraining(train::TrainSpec const& spec, data::TrainingImages const& images,
                             Parameters const& state, double kink)
    : spec_(spec),
      batches_(spec, images, at::kCPU),
      kink_(kink),
      generator_(judge_name(spec.model) == "encoder" ? "decoder" : "generator"),
      judge_(judge_name(spec.model)),
      tensors_(networks_in(state)),
      generator_optimiser_(trained(generator_), spec.hyper, spec.hyper.generator_rate),
      judge_optimiser_(
          trained(judge_), spec.hyper,
          judge_ == "encoder" ? spec.hyper.generator_rate : spec.hyper.discriminator_rate)
{}

void PlainTraining::follow(Parameters const& state)
{
    at::NoGradGuard const no_autograd;
    for (auto const& [name, tensor] : networks_in(state))
    {
        tensors_.at(name).copy_(tensor);
    }
}

std::map<std::string, double> PlainTraining::step(std::int64_t number)
{
    notes_.clear();
    judge_ == "encoder" ? autoencoder_step(number) : adversarial_step(number);
    std::map<std::string, double> means;
    for (auto const& [name, values] : notes_)
    {
        means[name] =
            std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    }
    return means;
}

/// Kingma & Welling 2014: −E log p(image | x) + KL(q(x | image) ‖ N(0, I)), a mean over the batch,
/// with one x = mean + deviation · noise a image.
void PlainTraining::autoencoder_step(std::int64_t number)
{
    at::Tensor const images = batches_.images(number).to(at::kDouble);
    at::Tensor const noise = batches_.normal_noise(number).to(at::kDouble);
    auto const count = static_cast<double>(images.size(0));
    at::Tensor const code = judge(images);
    at::Tensor const mean = code.narrow(1, 0, spec_.latent_dim);
    at::Tensor const variance = code.narrow(1, spec_.latent_dim, spec_.latent_dim).exp();
    at::Tensor const output = decode(mean + variance.sqrt() * noise);

    at::Tensor density;  // its logarithm, of every pixel
    if (spec_.model == ModelKind::relu)
    {
        double const deviation = spec_.hyper.observation_deviation;
        density = -0.5 * ((images - output) / deviation).square() -
                  std::log(deviation * std::sqrt(2 * std::numbers::pi));
    }
    else
    {
        at::Tensor const white = at::sigmoid(output);
        density = images * white.log() + (1 - images) * (1 - white).log();
    }
    at::Tensor const reconstruction = -density.sum() / count;
    at::Tensor const divergence =
        (mean.square() + variance - 1 - variance.log()).sum() / (2 * count);
    at::Tensor const loss = reconstruction + divergence;
    auto const encoder_gradients = judge_optimiser_.gradients(loss);
    auto const decoder_gradients = generator_optimiser_.gradients(loss);
    judge_optimiser_.move(encoder_gradients);
    generator_optimiser_.move(decoder_gradients);
    note("reconstruction", reconstruction);
    note("divergence", divergence);
}

/// Updates of the critic, each on real images and noise of its own, and one of the generator on the
/// last fake images.
void PlainTraining::adversarial_step(std::int64_t number)
{
    at::Tensor fake;
    for (std::int64_t i = 0; i < spec_.hyper.critic_steps; ++i)
    {
        std::int64_t const draw = number * spec_.hyper.critic_steps + i;
        fake = at::sigmoid(decode(batches_.uniform_latents(draw).to(at::kDouble)));
        at::Tensor const real = batches_.images(draw).to(at::kDouble);
        at::Tensor const loss = critic_loss(draw, real, fake.detach());
        judge_optimiser_.minimise(loss);
        if (spec_.model == ModelKind::wgan)
        {
            judge_optimiser_.clip(spec_.hyper.clip);
        }
        note(judge_, loss);
    }
    at::Tensor const scores = judge(fake);
    at::Tensor const loss =
        spec_.model == ModelKind::dcgan ? -at::sigmoid(scores).log().mean() : -scores.mean();
    generator_optimiser_.minimise(loss);
    note("generator", loss);
}

/// Goodfellow et al. 2014, Arjovsky et al. 2017 or Gulrajani et al. 2017, all to be minimised.
at::Tensor PlainTraining::critic_loss(std::int64_t draw, at::Tensor const& real,
                                      at::Tensor const& fake)
{
    at::Tensor const of_real = judge(real);
    at::Tensor const of_fake = judge(fake);
    if (spec_.model == ModelKind::dcgan)
    {
        at::Tensor const trust_in_real = at::sigmoid(of_real);
        at::Tensor const trust_in_fake = at::sigmoid(of_fake);
        note("critic_gap", trust_in_real.mean() - trust_in_fake.mean());
        return -(trust_in_real.log() + (1 - trust_in_fake).log()).mean();
    }
    at::Tensor const gap = of_real.mean() - of_fake.mean();
    note("critic_gap", gap);
    if (spec_.model == ModelKind::wgan)
    {
        return -gap;
    }
    at::Tensor const share = batches_.mixing_weights(draw).to(at::kDouble);
    at::Tensor const mixed = (share * real + (1 - share) * fake).set_requires_grad(true);
    at::Tensor const slopes =
        gradients_of(judge(mixed).sum(), {mixed}, /*differentiable=*/true).front();
    at::Tensor const norms = slopes.square().sum(1).sqrt();
    at::Tensor const penalty = spec_.hyper.gradient_penalty * (norms - 1).square().mean();
    note("gradient_norm", norms.mean());
    note("gradient_penalty", penalty);
    return penalty - gap;
}

at::Tensor PlainTraining::decode(at::Tensor const& latents) const
{
    Layers const layers{tensors_, generator_, kink_};
    return spec_.model == ModelKind::relu ? expansive(layers, latents) : infogan(layers, latents);
}

at::Tensor PlainTraining::judge(at::Tensor const& images) const
{
    return trunk({tensors_, judge_, kink_}, images,
                 spec_.model == ModelKind::wgan_gp ? BatchNorm::off : BatchNorm::on);
}

std::vector<at::Tensor> PlainTraining::trained(std::string const& network) const
{
    std::vector<at::Tensor> all;
    for (auto const& [name, tensor] : tensors_)
    {
        if (name.starts_with(network + ".") && tensor.requires_grad())
        {
            all.push_back(tensor);
        }
    }
    return all;
}

void PlainTraining::note(std::string const& name, at::Tensor const& value)
{
    notes_[name].push_back(value.item<double>());
}

}  // namespace surf::test
