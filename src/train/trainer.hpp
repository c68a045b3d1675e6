#pragma once

#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <string>

#include "base/named_array.hpp"
#include "data/images.hpp"
#include "model/network.hpp"
#include "train/batches.hpp"
#include "train/optimiser.hpp"
#include "train/spec.hpp"

namespace surf::train
{

/// Losses by name, summed on the device so that no step waits for them.
class LossMeter
{
  public:
    void add(std::string const& name, at::Tensor const& loss);
    /// Means since the last call.
    std::map<std::string, double> take();

  private:
    struct Sum
    {
        at::Tensor total;
        std::int64_t count = 0;
    };
    std::map<std::string, Sum> sums_;
};

/// A network with the optimiser that trains it.
class Learner
{
  public:
    Learner(std::string name, model::NetworkSpec spec, TrainSpec const& train, double rate,
            std::uint64_t weight_stream, at::Device device);

    model::Network const& network() const { return network_; }
    /// Back-propagates the loss into this network and moves its weights.
    void minimise(at::Tensor const& loss);
    void zero_gradients() { optimiser_.zero_gradients(); }
    void step() { optimiser_.step(); }

    void append_state(Parameters& arrays) const;
    void restore(Parameters const& arrays);

  private:
    std::string name_;
    at::Device device_;
    Hyperparameters hyper_;
    double rate_;
    model::Network network_;
    FusedAdam optimiser_;
};

/// Trains one model, a step at a time. What a step does depends on its number and on the networks
/// and optimisers alone.
class Trainer
{
  public:
    virtual ~Trainer() = default;

    /// Training step number `step`, 0 ≤ step: one update of the generator.
    virtual void step(std::int64_t step) = 0;
    virtual Parameters generator() const = 0;
    /// Every network and optimiser.
    virtual Parameters state() const = 0;
    /// Throws FileError if the arrays are not those of this model.
    virtual void restore(Parameters const& arrays) = 0;

    LossMeter& losses() { return losses_; }

  private:
    LossMeter losses_;
};

/// The trainer of spec.model with initial weights from the chain's own stream.
std::unique_ptr<Trainer> make_trainer(TrainSpec const& spec, data::TrainingImages const& images,
                                      at::Device device);

}  // namespace surf::train
