#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/named_array.hpp"
#include "data/images.hpp"
#include "model/network.hpp"
#include "spec/training.hpp"
#include "train/batches.hpp"
#include "train/optimiser.hpp"

namespace surf::train
{

/// What the training log says of a stretch of steps: means by name, summed on the device so that no
/// step waits for them.
class LogMeans
{
  public:
    /// Takes note of a scalar, under any autograd.
    void add(std::string const& name, at::Tensor const& value);
    /// Means since the last call.
    std::map<std::string, double> take();

    /// The sums of a stretch that is not at its end, named "log.…".
    void append_state(Parameters& arrays) const;
    /// Goes on from sums that are among the arrays, and from no others.
    void restore(Parameters const& arrays);

  private:
    struct Sum
    {
        at::Tensor total;
        std::int64_t count = 0;
    };
    std::map<std::string, Sum> sums_;
};

/// What a Learner starts from.
struct LearnerSpec
{
    std::string name;  ///< first part of its stored arrays' names
    NetworkSpec network;
    model::Initialisation initialisation;
    double rate = 0;                  ///< learning rate
    std::uint64_t weight_stream = 0;  ///< number of the random stream for its initial weights
};

/// How the generator's initial weights are drawn.
model::Initialisation initial_weights(TrainSpec const& spec);
/// The layers of the generator that is trained.
NetworkSpec layers_of(TrainSpec const& spec);

/// A network with the optimiser that trains it.
class Learner
{
  public:
    Learner(LearnerSpec spec, TrainSpec const& train, at::Device device);

    model::Network const& network() const { return network_; }
    /// Back-propagates the loss into this network and moves its weights.
    void minimise(at::Tensor const& loss);
    void zero_gradients() { optimiser_->zero_gradients(); }
    void step() { optimiser_->step(); }
    /// Brings every trained value into [−bound, bound].
    void clip(double bound);

    /// The network's and the optimiser's arrays, named "<name>.…".
    void append_state(Parameters& arrays) const;
    /// Throws FileError naming the array that is missing or has another shape.
    void restore(Parameters const& arrays);

  private:
    LearnerSpec spec_;
    Hyperparameters hyper_;
    at::Device device_;
    model::Network network_;
    std::unique_ptr<WeightOptimiser> optimiser_;
};

/// Trains one model, a step at a time. What a step does depends on its number and on the networks
/// and optimisers alone.
class Trainer
{
  public:
    virtual ~Trainer() = default;

    /// Training step number `step`, 0 ≤ step: one update of the generator.
    virtual void step(std::int64_t step) = 0;
    /// The same network for as long as the trainer lives, changed by step() and restore().
    virtual model::Network const& generator() const = 0;
    /// Every network and optimiser.
    virtual Parameters state() const = 0;
    /// Throws FileError naming the array that is missing or of another shape.
    virtual void restore(Parameters const& arrays) = 0;

    /// What the steps said about themselves; see the trainers for the names.
    LogMeans& log() { return log_; }

  private:
    LogMeans log_;
};

/// The trainer of spec.model.training with initial weights from the chain's own stream.
std::unique_ptr<Trainer> make_trainer(TrainSpec const& spec, data::TrainingImages const& images,
                                      at::Device device);

}  // namespace surf::train
