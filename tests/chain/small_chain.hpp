#pragma once

#include <algorithm>
#include <utility>

#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"

namespace surf::test
{

/// A generator of images of 1 × 1 × 2 numbers with k = 3; chains of it may hold other arrays.
inline GeneratorSpec small_generator()
{
    NetworkSpec network = {
        {.name = "fc1",
         .kind = LayerKind::linear,
         .input = {3},
         .output = {2},
         .bias = Bias::trained},
        {.name = "", .kind = LayerKind::reshape, .input = {2}, .output = {1, 1, 2}}};
    return {.label = "small",
            .latent_dim = 3,
            .prior = Prior::uniform,
            .image = {1, 1, 2},
            .range = {0, 1},
            .network = std::move(network)};
}

/// A chain of T + 1 = 4 snapshots of such a network with a number beside its two arrays, and 2
/// samples of 1 × 1 × 2 numbers.
inline chain::ChainHeader small_header(double rate = 0.001)
{
    chain::ChainHeader header{{}, 4, small_generator(), "a test"};
    header.configuration.add("seed", std::uint64_t{1})
        .add("rate", rate)
        .add("model", "vae")
        .add("intervals", std::int64_t{3});
    return header;
}

inline chain::Snapshot small_snapshot(std::int64_t t)
{
    auto const value = static_cast<float>(t);
    chain::Snapshot snapshot{
        t, 40 * t, {}, {{"diversity", value / 4}}, {"samples", {2, 1, 1, 2}, {}}};
    snapshot.generator.push_back(
        {"fc1.weight", {2, 3}, {value, value + 0.5F, -value, 1, 2, 3e-30F}});
    snapshot.generator.push_back({"fc1.bias", {2}, {value / 3, 7}});
    snapshot.generator.push_back({"bn.count", {}, {value}});
    if (t > 0)  // before the first step there is no loss
    {
        snapshot.log["generator"] = 1.0 / static_cast<double>(t);
        snapshot.log["discriminator"] = 0.25;
    }
    for (int i = 0; i < 4; ++i)
    {
        snapshot.samples.values.push_back(value + static_cast<float>(i) / 16);
    }
    return snapshot;
}

inline chain::TrainerState small_state(std::int64_t next)
{
    return {40 * next,
            next,
            {{"optimiser.fc1.weight.m", {2, 2}, {0.1F, 0.2F, 0.3F, 0.4F}}, {"empty", {0}, {}}}};
}

/// Writes and finishes the small chain; returns its path.
inline std::filesystem::path write_small_chain(std::filesystem::path const& chains,
                                               chain::ChainHeader const& header = small_header())
{
    std::filesystem::create_directory(chains);
    chain::PartialChain partial(chains, header);
    for (std::int64_t t = 0; t < header.snapshots; ++t)
    {
        partial.write_snapshot(small_snapshot(t));
    }
    partial.finish();
    return chain::chain_path(chains, header.id());
}

inline bool same(NamedArray const& left, NamedArray const& right)
{
    return left.name == right.name && left.shape == right.shape && left.values == right.values;
}

inline bool same(chain::Snapshot const& left, chain::Snapshot const& right)
{
    return left.index == right.index && left.step == right.step && left.log == right.log &&
           same(left.samples, right.samples) &&
           std::ranges::equal(left.generator, right.generator,
                              [](NamedArray const& a, NamedArray const& b) { return same(a, b); });
}

}  // namespace surf::test
