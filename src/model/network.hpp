#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/named_array.hpp"
#include "base/random.hpp"

namespace surf::model
{

enum class LayerKind
{
    linear,          ///< y = Wx + b
    conv,            ///< 4 × 4, stride 2, padding 1: halves height and width
    conv_transpose,  ///< 4 × 4, stride 2, padding 1: doubles height and width
};

enum class Activation
{
    none,
    relu,
    leaky_relu,  ///< slope 0.2
    sigmoid,
};

enum class Normalisation
{
    none,
    batch,  ///< Ioffe & Szegedy 2015, before the activation
};

/// What leaves a layer for one sample; a plain vector has height = width = 1.
struct Shape
{
    std::int64_t channels = 0;
    std::int64_t height = 1;
    std::int64_t width = 1;

    std::int64_t size() const { return channels * height * width; }
};

struct LayerSpec
{
    std::string name;  ///< first part of its tensors' names
    LayerKind kind;
    Shape input;
    Shape output;
    Normalisation normalisation;
    Activation activation;
};

using NetworkSpec = std::vector<LayerSpec>;

/// Added to a batch's variance before the square root, as in the batch-norm paper.
inline constexpr double batch_norm_epsilon = 1e-5;

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
    /// Weights N(0, deviation²), biases and batch-norm β 0, γ 1, running mean 0 and variance 1.
    Network(NetworkSpec spec, RandomStream& stream, double deviation, at::Device device);
    /// From stored arrays. Throws FileError naming the array that is missing or has another shape.
    Network(NetworkSpec spec, Parameters const& parameters, at::Device device,
            at::ScalarType type = at::kFloat);

    /// [batch × input] (or [batch, channels, height, width]) → [batch × output size].
    at::Tensor forward(at::Tensor const& input, Mode mode) const;
    /// forward() without the last layer's activation.
    at::Tensor logits(at::Tensor const& input, Mode mode) const;

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
        at::Tensor weight, bias;                 ///< as in torch.nn.Linear, Conv2d, ConvTranspose2d
        at::Tensor gamma, beta, mean, variance;  ///< undefined without batch norm
    };

    at::Tensor apply(std::size_t index, at::Tensor const& input, Mode mode) const;

    NetworkSpec spec_;
    std::vector<Layer> layers_;
};

/// InfoGAN's MNIST generator (Chen et al. 2016): FC k→1024, BN, ReLU; FC 1024→128·7·7, BN, ReLU;
/// transposed conv 128→64, BN, ReLU; transposed conv 64→1, sigmoid.
NetworkSpec generator_spec(std::int64_t latent_dim);

/// The mirror image that discriminators and encoders share, ending in `outputs` plain numbers.
NetworkSpec trunk_spec(std::int64_t outputs);

/// Shape of a layer's weight, in the layout of torch.nn.
std::vector<std::int64_t> weight_shape(LayerSpec const& layer);

/// An array as a tensor of its own memory.
at::Tensor to_tensor(NamedArray const& array, at::Device device, at::ScalarType type);
NamedArray to_array(std::string name, at::Tensor const& tensor);
/// The array of that name and shape. Throws FileError otherwise.
NamedArray const& find_array(Parameters const& parameters, std::string const& name,
                             std::vector<std::int64_t> const& shape);

}  // namespace surf::model
