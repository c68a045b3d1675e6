#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/named_array.hpp"
#include "base/random.hpp"
#include "spec/model.hpp"

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

enum class Bias
{
    trained,
    zero,  ///< stored with the others, but stays 0
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
    Bias bias = Bias::trained;
};

using NetworkSpec = std::vector<LayerSpec>;

/// Added to a batch's variance before the square root, as in the batch-norm paper.
inline constexpr double batch_norm_epsilon = 1e-5;

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
    /// Batch norm starts with β 0, γ 1, running mean 0 and variance 1.
    Network(NetworkSpec spec, RandomStream& stream, Initialisation const& initialisation,
            at::Device device);
    /// From stored arrays. Throws FileError naming the array that is missing or has another shape.
    Network(NetworkSpec spec, Parameters const& parameters, at::Device device,
            at::ScalarType type = at::kFloat);

    /// [batch × input] (or [batch, channels, height, width]) → [batch × output size].
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
        at::Tensor weight, bias;                 ///< as in torch.nn.Linear, Conv2d, ConvTranspose2d
        at::Tensor gamma, beta, mean, variance;  ///< undefined without batch norm
    };

    at::Tensor apply(std::size_t index, at::Tensor const& input, Mode mode,
                     std::int64_t groups) const;
    at::Tensor normalise(Layer const& layer, at::Tensor const& input, Mode mode,
                         std::int64_t groups) const;

    NetworkSpec spec_;
    std::vector<Layer> layers_;
};

/// The generator of a model, [batch × k] → [batch × 784].
///
/// All but `relu`: InfoGAN's MNIST generator (Chen et al. 2016): FC k→1024, BN, ReLU; FC
/// 1024→128·7·7, BN, ReLU; transposed conv 128→64, BN, ReLU; transposed conv 64→1, sigmoid.
///
/// `relu`: the network of the paper's section 3, G(x) = V σ(W_d … σ(W_1 x + b_1) … + b_d), with
/// d = hidden_layers ≥ 1 layers of min(784, 5^i k) units. Only it has a use for hidden_layers.
NetworkSpec generator_spec(ModelKind model, std::int64_t latent_dim, std::int64_t hidden_layers);

/// The generator that these stored arrays belong to: they tell how many hidden layers `relu` has.
/// Throws FileError naming an array that is missing or has another shape.
NetworkSpec stored_generator_spec(ModelKind model, std::int64_t latent_dim,
                                  Parameters const& parameters);

/// InfoGAN's mirror image, which discriminators, critics and encoders share, ending in `outputs`
/// plain numbers. `normalisation` is that of its two inner layers.
NetworkSpec trunk_spec(std::int64_t outputs, Normalisation normalisation);

/// Shape of a layer's weight, in the layout of torch.nn.
std::vector<std::int64_t> weight_shape(LayerSpec const& layer);

/// An array as a tensor on its memory, to be read while the array lives: float32 on the CPU.
at::Tensor view_of(NamedArray const& array);
/// An array as a tensor of its own memory.
at::Tensor to_tensor(NamedArray const& array, at::Device device, at::ScalarType type);
NamedArray to_array(std::string name, at::Tensor const& tensor);
/// The array of that name and shape. Throws FileError otherwise.
NamedArray const& find_array(Parameters const& parameters, std::string const& name,
                             std::vector<std::int64_t> const& shape);

}  // namespace surf::model
