#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/named_array.hpp"
#include "data/images.hpp"
#include "spec/training.hpp"
#include "train/batches.hpp"
#include "train/plain_network.hpp"

namespace surf::test
{

/// Adam (Kingma & Ba 2015, algorithm 1) or RMSProp, number by number.
class PlainOptimiser
{
  public:
    PlainOptimiser(std::vector<at::Tensor> tensors, Hyperparameters const& hyper, double rate);

    std::vector<at::Tensor> gradients(at::Tensor const& loss) const;
    void move(std::vector<at::Tensor> const& gradients);
    void minimise(at::Tensor const& loss) { move(gradients(loss)); }
    /// Brings every value into [−bound, bound].
    void clip(double bound);

  private:
    /// What a number moves along, given its gradient; updates the averages.
    double direction(double gradient, double& mean, double& square) const;

    std::vector<at::Tensor> tensors_;
    Hyperparameters hyper_;
    double rate_;
    double steps_ = 0;
    double mean_share_ = 0;  ///< of the gradients so far in an average that began as 0
    double square_share_ = 0;
    std::vector<at::Tensor> means_;    ///< moving averages of the gradients
    std::vector<at::Tensor> squares_;  ///< and of their squares
};

/// The training of every model once more, from the papers, to compare a Trainer with: in double
/// precision, and with nothing of src/train and src/model but the batches.
class PlainTraining
{
  public:
    /// Starts from a trainer's networks, with new optimisers; `kink` is PlainNetwork's.
    PlainTraining(TrainSpec const& spec, data::TrainingImages const& images,
                  Parameters const& state, double kink);

    /// Takes over a trainer's networks, but not its optimisers.
    void follow(Parameters const& state);
    /// Makes one training step. Returns what a trainer logs of it.
    std::map<std::string, double> step(std::int64_t number);
    /// The networks' arrays, under their names in a trainer's state.
    Tensors const& tensors() const { return tensors_; }

  private:
    void autoencoder_step(std::int64_t number);
    void adversarial_step(std::int64_t number);
    /// The generator's output before the sigmoid, if it has one.
    at::Tensor decode(at::Tensor const& latents) const;
    /// Scores of a discriminator or critic, or an encoder's codes.
    at::Tensor judge(at::Tensor const& images) const;
    at::Tensor critic_loss(std::int64_t draw, at::Tensor const& real, at::Tensor const& fake);
    std::vector<at::Tensor> trained(std::string const& network) const;
    void note(std::string const& name, at::Tensor const& value);

    TrainSpec spec_;
    train::Batches batches_;
    double kink_;
    std::string generator_;  ///< the networks' names
    std::string judge_;
    Tensors tensors_;
    PlainOptimiser generator_optimiser_;
    PlainOptimiser judge_optimiser_;
    std::map<std::string, std::vector<double>> notes_;  ///< of the current step
};

}  // namespace surf::test
