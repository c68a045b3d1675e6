#include "train/plain_training.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace surf::test
{

namespace
{

bool is_statistic(std::string const& name)
{
    return name.ends_with(".running_mean") || name.ends_with(".running_var");
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

/// The networks' arrays, autograd on for those that are trained.
Tensors networks_in(Parameters const& state)
{
    Tensors tensors;
    for (NamedArray const& array : state)
    {
        if (is_network_array(array.name))
        {
            tensors[array.name] = at::tensor(at::ArrayRef<float>(array.values))
                                      .to(at::kDouble)
                                      .reshape(array.shape)
                                      .set_requires_grad(!is_statistic(array.name));
        }
    }
    return tensors;
}

std::string judge_name(Training training)
{
    switch (training)
    {
        case Training::vae:
            return "encoder";
        case Training::dcgan:
            return "discriminator";
        case Training::wgan:
        case Training::wgan_gp:
            return "critic";
    }
    return {};
}

}  // namespace

PlainOptimiser::PlainOptimiser(std::vector<at::Tensor> tensors, Hyperparameters const& hyper,
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
    if (hyper_.optimiser == Optimiser::adam)
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

PlainTraining::PlainTraining(TrainSpec const& spec, data::TrainingImages const& images,
                             Parameters const& state, double kink)
    : spec_(spec),
      batches_(spec, images, at::kCPU),
      kink_(kink),
      generator_(judge_name(spec.model.training) == "encoder" ? "decoder" : "generator"),
      judge_(judge_name(spec.model.training)),
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
    at::Tensor const spread = code.narrow(1, spec_.latent_dim, spec_.latent_dim);
    at::Tensor const variance = spec_.hyper.encoder_spread == EncoderSpread::softplus
                                    ? (1e-6 + (1 + spread.exp()).log()).square()
                                    : spread.exp();
    at::Tensor const output = decode(mean + variance.sqrt() * noise);

    at::Tensor density;  // its logarithm, of every pixel
    if (spec_.model.architecture == Architecture::relu)
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
        if (spec_.model.training == Training::wgan)
        {
            judge_optimiser_.clip(spec_.hyper.clip);
        }
        note(judge_, loss);
    }
    at::Tensor const scores = judge(fake);
    at::Tensor const loss = spec_.model.training == Training::dcgan
                                ? -at::sigmoid(scores).log().mean()
                                : -scores.mean();
    generator_optimiser_.minimise(loss);
    note("generator", loss);
}

/// Goodfellow et al. 2014, Arjovsky et al. 2017 or Gulrajani et al. 2017, all to be minimised.
at::Tensor PlainTraining::critic_loss(std::int64_t draw, at::Tensor const& real,
                                      at::Tensor const& fake)
{
    at::Tensor const of_real = judge(real);
    at::Tensor const of_fake = judge(fake);
    if (spec_.model.training == Training::dcgan)
    {
        at::Tensor const trust_in_real = at::sigmoid(of_real);
        at::Tensor const trust_in_fake = at::sigmoid(of_fake);
        note("critic_gap", trust_in_real.mean() - trust_in_fake.mean());
        return -(trust_in_real.log() + (1 - trust_in_fake).log()).mean();
    }
    at::Tensor const gap = of_real.mean() - of_fake.mean();
    note("critic_gap", gap);
    if (spec_.model.training == Training::wgan)
    {
        return -gap;
    }
    Shape const& image = spec_.data.image;
    bool const per_pixel = spec_.hyper.penalty_mixing == PenaltyMixing::pixel;
    at::Tensor const share =
        batches_.mixing_weights(draw, per_pixel ? image.size() : 1).to(at::kDouble);
    at::Tensor const mixed = (share * real + (1 - share) * fake).set_requires_grad(true);
    at::Tensor const slopes =
        gradients_of(judge(mixed).sum(), {mixed}, /*differentiable=*/true).front();
    at::Tensor const norms = spec_.hyper.penalty_norm == PenaltyNorm::image
                                 ? slopes.square().sum(1).sqrt()
                                 : slopes.square()
                                       .reshape({-1, image.channels, image.height, image.width})
                                       .sum(2)
                                       .sqrt();
    at::Tensor const penalty = spec_.hyper.gradient_penalty * (norms - 1).square().mean();
    note("gradient_norm", norms.mean());
    note("gradient_penalty", penalty);
    return penalty - gap;
}

at::Tensor PlainTraining::decode(at::Tensor const& latents) const
{
    PlainNetwork const network{tensors_, generator_, spec_.data.image, kink_};
    return spec_.model.architecture == Architecture::relu ? expansive(network, latents)
                                                          : infogan(network, latents);
}

at::Tensor PlainTraining::judge(at::Tensor const& images) const
{
    bool const has_norm =
        spec_.model.training != Training::wgan_gp || spec_.hyper.critic_norm == TrunkNorm::batch;
    return trunk({tensors_, judge_, spec_.data.image, kink_}, images,
                 has_norm ? TrunkNorm::batch : TrunkNorm::none);
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
