#pragma once

#include <string>
#include <vector>

#include "base/named_array.hpp"
#include "base/random.hpp"
#include "model/frozen_generator.hpp"
#include "trial/eigen.hpp"

namespace surf::test
{

/// The signs of all hidden units.
using Pattern = std::vector<bool>;

/// The network of the paper's section 3 at a size that can be searched exhaustively, in plain
/// Eigen: layers of these widths, the first being k and the last n, ReLU between them.
class SmallNetwork
{
  public:
    /// Weights and biases N(0, deviation²).
    SmallNetwork(std::vector<std::int64_t> const& widths, std::uint64_t seed, double deviation = 1)
        : spec_(spec_of(widths)), parameters_(draw(spec_, seed, deviation))
    {
        read_parameters();
    }

    /// The network at `share` of the way to another of the same widths.
    SmallNetwork towards(SmallNetwork const& other, double share) const
    {
        SmallNetwork between(*this);
        for (std::size_t i = 0; i < parameters_.size(); ++i)
        {
            for (std::size_t j = 0; j < parameters_[i].values.size(); ++j)
            {
                float const from = parameters_[i].values[j];
                float const to = other.parameters_[i].values[j];
                between.parameters_[i].values[j] = from + static_cast<float>(share) * (to - from);
            }
        }
        between.read_parameters();
        return between;
    }

    model::FrozenGenerator generator() const { return {spec_, parameters_, at::kCPU, at::kDouble}; }

    std::int64_t latent_dim() const { return weights_.front().cols(); }
    std::size_t depth() const { return weights_.size(); }
    Eigen::MatrixXd const& weight(std::size_t layer) const { return weights_[layer]; }
    Eigen::VectorXd const& bias(std::size_t layer) const { return biases_[layer]; }

    /// G of many latents [k × batch]: [n × batch].
    Eigen::MatrixXd output(Eigen::MatrixXd value) const
    {
        for (std::size_t layer = 0; layer < depth(); ++layer)
        {
            value = (weights_[layer] * value).colwise() + biases_[layer];
            if (layer + 1 < depth())
            {
                value = value.cwiseMax(0);
            }
        }
        return value;
    }

    /// Pre-activations of all hidden units.
    Eigen::VectorXd hidden(Eigen::VectorXd value) const
    {
        std::vector<double> all;
        for (std::size_t layer = 0; layer + 1 < depth(); ++layer)
        {
            value = weights_[layer] * value + biases_[layer];
            all.insert(all.end(), value.begin(), value.end());
            value = value.cwiseMax(0);
        }
        return Eigen::Map<Eigen::VectorXd>(all.data(), std::ssize(all));
    }

    Pattern pattern(Eigen::VectorXd const& latent) const
    {
        Pattern pattern;
        for (double const value : hidden(latent))
        {
            pattern.push_back(value > 0);
        }
        return pattern;
    }

  private:
    static NetworkSpec spec_of(std::vector<std::int64_t> const& widths)
    {
        NetworkSpec spec;
        for (std::size_t i = 0; i + 1 < widths.size(); ++i)
        {
            bool const last = i + 2 == widths.size();
            spec.push_back({.name = "fc" + std::to_string(i + 1),
                            .kind = LayerKind::linear,
                            .input = {widths[i]},
                            .output = {widths[i + 1]},
                            .bias = Bias::trained,
                            .activation = last ? Activation::none : Activation::relu});
        }
        return spec;
    }

    static Parameters draw(NetworkSpec const& spec, std::uint64_t seed, double deviation)
    {
        RandomStream stream(seed, "test/small_network", Purpose::weights, 0);
        Parameters parameters =
            model::Network(spec, stream, model::Initialisation::normal(deviation), at::kCPU)
                .parameters();
        for (NamedArray& array : parameters)
        {
            stream.fill_normal(array.values, 0, deviation);
        }
        return parameters;
    }

    void read_parameters()
    {
        weights_.clear();
        biases_.clear();
        for (LayerSpec const& layer : spec_)
        {
            auto const array = [&](char const* part, std::vector<std::int64_t> const& shape) {
                return model::to_tensor(model::find_array(parameters_, layer.name + part, shape),
                                        at::kCPU, at::kDouble);
            };
            std::int64_t const out = layer.output.size();
            weights_.push_back(trial::to_matrix(array(".weight", {out, layer.input.size()})));
            biases_.push_back(trial::to_vector(array(".bias", {out})));
        }
    }

    NetworkSpec spec_;
    Parameters parameters_;
    std::vector<Eigen::MatrixXd> weights_;
    std::vector<Eigen::VectorXd> biases_;
};

}  // namespace surf::test
