#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "base/name_table.hpp"
#include "base/named_array.hpp"
#include "base/random.hpp"
#include "train/plain_training.hpp"
#include "train/small_training.hpp"
#include "train/trainer.hpp"

using namespace surf;
using namespace surf::train;

namespace
{

/// "critic.conv2_bn.weight" is part "weight" of the batch norm of layer "critic.conv2".
struct ArrayName
{
    std::string layer;
    std::string part;
    bool is_norm;

    explicit ArrayName(std::string const& name)
    {
        std::size_t const dot = name.find('.', name.find('.') + 1);
        layer = name.substr(0, dot);
        part = name.substr(dot + 1);
        is_norm = layer.ends_with("_bn");
        if (is_norm)
        {
            layer.resize(layer.size() - 3);
        }
    }

    bool is_statistic() const { return part == "running_mean" || part == "running_var"; }
    bool is_trained() const { return part == "weight" || part == "bias"; }
};

/// Adam's ε is about as large as the gradients: a step shows their sizes, not only their signs.
double epsilon(Training training)
{
    switch (training)
    {
        case Training::vae:
            return 1;
        case Training::dcgan:
            return 0.02;
        case Training::wgan:
            return 0.002;
        case Training::wgan_gp:
            return 0.005;
    }
    return 0;
}

TrainSpec training(Model const& model, Preset preset)
{
    TrainSpec spec = test::small_training(model, preset);
    spec.hyper.generator_rate = 2e-3;
    // So small that the generator's update does not depend on the rounding of the critic's.
    spec.hyper.discriminator_rate = model == test::models::wgan ? 2e-6 : 1e-5;
    // Batch norm multiplies rounding: one update is enough of it in a critic that has some.
    spec.hyper.critic_steps =
        model == test::models::wgan_gp && spec.hyper.critic_norm == TrunkNorm::none ? 2 : 1;
    spec.hyper.clip = 0.05;
    spec.hyper.epsilon = epsilon(model.training);
    return spec;
}

/// Networks in which no array is all 0 or 1, as after some training. Running variances are 0: the
/// first batch's are all there is.
Parameters used(Parameters state, TrainSpec const& spec)
{
    RandomStream stream(7, "test/step", Purpose::weights, 0);
    for (NamedArray& array : state)
    {
        ArrayName const name(array.name);
        double deviation = 0;
        if (name.is_norm && name.is_trained())
        {
            deviation = 0.1;
        }
        else if (name.part == "bias")
        {
            deviation = name.layer == "encoder.fc2" ? 0.5 : 0.02;
        }
        else if (name.part == "running_var")
        {
            std::ranges::fill(array.values, 0.0F);
        }
        bool const clipped = spec.model == test::models::wgan && name.layer.starts_with("critic") &&
                             name.is_trained();
        double const bound = clipped ? spec.hyper.clip : std::numeric_limits<double>::infinity();
        if (deviation > 0 || clipped)
        {
            std::ranges::transform(array.values, array.values.begin(), [&](double value) {
                double const noise = deviation > 0 ? deviation * stream.normal() : 0;
                return static_cast<float>(std::clamp(value + noise, -bound, bound));
            });
        }
    }
    return state;
}

at::Tensor tensor_of(Parameters const& arrays, std::string const& name)
{
    auto const found = std::ranges::find(arrays, name, &NamedArray::name);
    REQUIRE(found != arrays.end());
    return model::to_tensor(*found, at::kCPU, at::kDouble);
}

double size_of(at::Tensor const& tensor)
{
    return tensor.norm().item<double>();
}

/// Float32 may put a unit on either side of its kink that is this close to it, in root mean squares
/// of its layer: rounding comes to 1e-5 where a batch's variance is small.
constexpr double rounding = 2e-5;

/// A step by hand, with all units that rounding decides about on one side of their kinks or on the
/// other: one unit of a layer changes the gradients of what is before it by a hundredth or so.
struct ByHand
{
    test::PlainTraining left;
    test::PlainTraining right;

    ByHand(TrainSpec const& spec, data::TrainingImages const& images, Parameters const& state)
        : left(spec, images, state, -rounding), right(spec, images, state, rounding)
    {}

    /// How far off an array may be: more than the two are apart, since some units together may
    /// weigh more than all, and even more where it is a single number, a sum that mostly cancels.
    double doubt(std::string const& array, double change) const
    {
        double const apart = size_of(right.tensors().at(array) - left.tensors().at(array));
        return std::max(3 * apart, array == "generator.deconv2.bias" ? 0.25 * change : 0);
    }
};

void compare_losses(std::map<std::string, double> const& log,
                    std::map<std::string, double> const& left,
                    std::map<std::string, double> const& right)
{
    REQUIRE(log.size() == left.size());
    for (auto const& [name, expected] : left)
    {
        CAPTURE(name);
        double const doubt = 3 * std::abs(right.at(name) - expected);
        CHECK(log.at(name) ==
              Approx(expected).epsilon(0).margin(1e-5 * std::max(1.0, std::abs(expected)) + doubt));
    }
}

/// Whether the array's gradient is 0, and its changes are rounding: of a constant that batch norm
/// takes off again, or that is in a Wasserstein critic's scores of real and of fake images.
bool has_no_effect(ArrayName const& name, test::Tensors const& tensors)
{
    return name.part == "bias" && !name.is_norm &&
           (tensors.contains(name.layer + "_bn.weight") || name.layer == "critic.fc2");
}

/// Changes are compared, not values: those of float32 are exact to 1e-4, or what a value can hold.
void compare_arrays(TrainSpec const& spec, Parameters const& before, Parameters const& after,
                    ByHand const& by_hand)
{
    auto const updates = static_cast<double>(spec.hyper.critic_steps);
    std::map<std::string, double> changes;  // squares, by network
    std::map<std::string, double> doubts;
    for (auto const& [array, expected] : by_hand.left.tensors())
    {
        CAPTURE(array);
        ArrayName const name(array);
        at::Tensor const start = tensor_of(before, array);
        at::Tensor const found = tensor_of(after, array);
        double const error = size_of(found - expected);
        double const change = size_of(expected - start);
        double const doubt = by_hand.doubt(array, change);
        if (name.is_statistic())
        {
            CHECK(error <= 1e-4 * size_of(expected) + doubt);
            continue;
        }
        double const values = std::sqrt(static_cast<double>(start.numel()));
        if (has_no_effect(name, by_hand.left.tensors()))
        {
            bool const slow = array.starts_with("discriminator") || array.starts_with("critic");
            double const rate = slow ? spec.hyper.discriminator_rate : spec.hyper.generator_rate;
            CHECK(size_of(found - start) <= 1e-2 * rate * values);
            continue;
        }
        double const storage = updates * std::pow(2, -24) * size_of(start);
        CHECK(error <= 1e-4 * change + storage + doubt);
        CHECK(change > 5 * storage);
        std::string const network = array.substr(0, array.find('.'));
        changes[network] += change * change;
        doubts[network] += doubt * doubt;
    }
    REQUIRE(changes.size() == 2);
    for (auto const& [network, change] : changes)
    {
        CAPTURE(network);
        CHECK(std::sqrt(doubts.at(network) / change) < 0.2);
    }
}

}  // namespace

TEST_CASE("A training step of every model is what its preset says, written out")
{
    auto const images = test::noise_images();
    Preset const preset = GENERATE(Preset::published, Preset::collection);
    for (ModelEntry const& entry : model_table)
    {
        CAPTURE(entry.name, name_of(preset_table, preset));
        TrainSpec const spec = training(entry.kind, preset);
        auto const trainer = make_trainer(spec, images, at::kCPU);
        Parameters before = used(trainer->state(), spec);
        trainer->restore(before);
        ByHand by_hand(spec, images, before);
        for (std::int64_t const step : {15, 16})
        {
            CAPTURE(step);
            trainer->step(step);
            auto const left = by_hand.left.step(step);
            auto const right = by_hand.right.step(step);
            Parameters const after = trainer->state();
            compare_losses(trainer->log().take(), left, right);
            compare_arrays(spec, before, after, by_hand);
            // Differences do not add up: what is compared is one step at a time.
            by_hand.left.follow(after);
            by_hand.right.follow(after);
            before = after;
        }
    }
}
