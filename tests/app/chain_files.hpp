#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"

namespace surf::test
{

/// What a chain file says of a generator of one hidden layer: k numbers, 6 units, an image.
inline GeneratorSpec two_layers(Shape const& image, Activation hidden = Activation::relu,
                                Activation output = Activation::sigmoid,
                                std::int64_t latent_dim = 2)
{
    constexpr std::int64_t units = 6;
    GeneratorSpec generator;
    generator.label = "mine";
    generator.latent_dim = latent_dim;
    generator.image = image;
    generator.network = NetworkSpec{
        {.name = "hidden", .input = {latent_dim}, .output = {units}, .activation = hidden},
        {.name = "output", .input = {units}, .output = {image.size()}},
        {.name = "",
         .kind = LayerKind::reshape,
         .input = {image.size()},
         .output = image,
         .activation = output}};
    return generator;
}

/// Writes the chain of such a generator, trained elsewhere, and returns the file's path. Each
/// number of snapshot t is `first` + t.
inline std::filesystem::path write_chain(std::filesystem::path const& folder,
                                         GeneratorSpec const& generator, std::int64_t snapshots = 3,
                                         float first = 0)
{
    chain::ChainHeader header{{}, snapshots, generator, "a test"};
    header.configuration.add("generator", network_text(*generator.layers()))
        .add("label", generator.label)
        .add("first", static_cast<double>(first))
        .add("snapshots", snapshots);
    chain::PartialChain partial(folder, header);
    for (std::int64_t t = 0; t < snapshots; ++t)
    {
        chain::Snapshot snapshot{.index = t, .step = 10 * t, .generator = {}};
        for (ArraySpec const& array : arrays_of(*generator.layers()))
        {
            std::size_t size = 1;
            for (std::int64_t const extent : array.shape)
            {
                size *= static_cast<std::size_t>(extent);
            }
            float const value = first + static_cast<float>(t);
            snapshot.generator.push_back({array.name, array.shape, std::vector(size, value)});
        }
        partial.write_snapshot(snapshot);
    }
    partial.finish();
    return chain::chain_path(folder, header.id());
}

}  // namespace surf::test
