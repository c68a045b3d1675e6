#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/named_array.hpp"
#include "base/random.hpp"
#include "spec/network.hpp"

namespace surf::model
{

/// How the weights and biases of a fresh network are drawn.
class Initialisation
{
  public:
    /// Weights N(0, deviation²), biases 0.
    static Initialisation normal(double deviation) { return Initialisation(deviation); }
    /// Weights and biases of a layer with n outputs N(0, 1/n), as theorem 3.1 of the paper has it.
    static Initialisation by_outputs() { return Initialisation(std::nullopt); }

    double weight_deviation(LayerSpec const& layer) const;
    double bias_deviation(LayerSpec const& layer) const;

  private:
    explicit Initialisation(std::optional<double> deviation) : deviation_(deviation) {}

    std::optional<double> deviation_;
};

enum class Mode
{
    training,    ///< batch norm on batch statistics, which also move the running ones
    evaluation,  ///< batch norm on running statistics
};

/// A feed-forward network over plain ATen with autograd: trained by src/train and, in evaluation
/// mode, the reference for the frozen generator.
class Network
{
  public:
    /// Batch norm starts with shift 0, scale 1, running mean 0 and variance 1.
    Network(NetworkSpec spec, RandomStream& stream, Initialisation const& initialisation,
            at::Device device);
    /// From stored arrays. Throws FileError naming the array that is missing or has another shape.
    Network(NetworkSpec spec, Parameters const& parameters, at::Device device,
            at::ScalarType type = at::kFloat);

    /// [batch × input size] (or [batch, channels, height, width]) → [batch × output size].
    ///
    /// In training, batch norm takes each of the batch's `groups` equal parts by itself, as if they
    /// came one after the other.
    at::Tensor forward(at::Tensor const& input, Mode mode, std::int64_t groups = 1) const;
    /// forward() without the last layer's activation.
    at::Tensor logits(at::Tensor const& input, Mode mode, std::int64_t groups = 1) const;

    /// Tensors that the optimiser moves, in a fixed order.
    std::vector<at::Tensor> trainable() const;
    /// Switches autograd for trainable() on or off: off where only the input's gradient is wanted.
    void set_requires_grad(bool requires_grad) const;

    /// Copies of all tensors, running statistics included.
    Parameters parameters() const;
    NetworkSpec const& spec() const { return spec_; }

  private:
    struct Layer
    {
        at::Tensor weight, bias;                  ///< as in torch.nn; undefined where there is none
        at::Tensor scale, shift, mean, variance;  ///< of batch norm; undefined without it
    };

    at::Tensor apply(std::size_t index, at::Tensor const& input, Mode mode,
                     std::int64_t groups) const;
    at::Tensor normalise(std::size_t index, at::Tensor const& input, Mode mode,
                         std::int64_t groups) const;
    /// What such a layer has, in the order of arrays_of().
    static std::vector<at::Tensor Layer::*> parts_of(LayerSpec const& spec);

    NetworkSpec spec_;
    std::vector<Layer> layers_;
};

/// An array as a tensor on its memory, to be read while the array lives: float32 on the CPU.
at::Tensor view_of(NamedArray const& array);
/// An array as a tensor of its own memory.
at::Tensor to_tensor(NamedArray const& array, at::Device device, at::ScalarType type);
NamedArray to_array(std::string name, at::Tensor const& tensor);
/// The array of that name and shape. Throws FileError otherwise.
NamedArray const& find_array(Parameters const& parameters, std::string const& name,
                             std::vector<std::int64_t> const& shape);

}  // namespace surf::model
