#pragma once

#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"

namespace surf::test
{

/// A chain of T + 1 = 4 snapshots of a network with two arrays and a number.
inline chain::ChainHeader small_header(double rate = 0.001)
{
    chain::ChainHeader header{{}, 4};
    header.configuration.add("seed", std::uint64_t{1})
        .add("rate", rate)
        .add("model", "vae")
        .add("intervals", std::int64_t{3});
    return header;
}

inline chain::Snapshot small_snapshot(std::int64_t t)
{
    auto const value = static_cast<float>(t);
    chain::Snapshot snapshot{t, 40 * t, {}, {}};
    snapshot.generator.push_back(
        {"fc1.weight", {2, 3}, {value, value + 0.5F, -value, 1, 2, 3e-30F}});
    snapshot.generator.push_back({"fc1.bias", {2}, {value / 3, 7}});
    snapshot.generator.push_back({"bn.count", {}, {value}});
    if (t > 0)
    {
        snapshot.losses = {{"generator", 1.0 / static_cast<double>(t)}, {"discriminator", 0.25}};
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
inline std::filesystem::path write_small_chain(std::filesystem::path const& output,
                                               chain::ChainHeader const& header = small_header())
{
    chain::PartialChain partial(output, header);
    for (std::int64_t t = 0; t < header.snapshots; ++t)
    {
        partial.write_snapshot(small_snapshot(t));
    }
    partial.finish();
    return chain::chain_path(output, header.id());
}

inline bool same(chain::Snapshot const& left, chain::Snapshot const& right)
{
    bool equal = left.index == right.index && left.step == right.step &&
                 left.losses == right.losses && left.generator.size() == right.generator.size();
    for (std::size_t i = 0; equal && i < left.generator.size(); ++i)
    {
        equal = left.generator[i].name == right.generator[i].name &&
                left.generator[i].shape == right.generator[i].shape &&
                left.generator[i].values == right.generator[i].values;
    }
    return equal;
}

}  // namespace surf::test
