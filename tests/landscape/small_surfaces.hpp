#pragma once

#include <string>
#include <vector>

#include "base/random.hpp"
#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"
#include "data/images.hpp"
#include "model/random_network.hpp"

namespace surf::test
{

/// `count` random images of 28 × 28.
inline data::TestImages random_images(std::int64_t count)
{
    data::Images images{count, mnist_image, {}, "0123456789abcdef0123456789abcdef"};
    RandomStream stream(1, "test/images", Purpose::prior, 0);
    for (std::int64_t pixel = 0; pixel < count * images.shape.size(); ++pixel)
    {
        images.pixels.push_back(static_cast<std::uint8_t>(stream.below(256)));
    }
    return data::TestImages(std::move(images));
}

/// A chain of T + 1 = 5 snapshots of the small `relu` network, 40 training steps apart.
inline chain::ChainHeader relu_header(std::int64_t latent_dim = 2)
{
    chain::ChainHeader header{{}, 5, generator_of(relu_network(latent_dim, 1), "relu"), "a test"};
    header.configuration.add("model", "relu").add("latent_dim", latent_dim);
    return header;
}

inline Parameters relu_parameters(std::int64_t latent_dim, std::int64_t t)
{
    return random_parameters(relu_network(latent_dim, 1), static_cast<std::uint64_t>(20 + t));
}

inline chain::Reader relu_chain(std::filesystem::path const& output,
                                chain::ChainHeader const& header = relu_header(),
                                std::int64_t latent_dim = 2)
{
    chain::PartialChain partial(output, header);
    for (std::int64_t t = 0; t < header.snapshots; ++t)
    {
        partial.write_snapshot({t, 40 * t, relu_parameters(latent_dim, t)});
    }
    partial.finish();
    return chain::Reader(chain::chain_path(output, header.id()));
}

}  // namespace surf::test
