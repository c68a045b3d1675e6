#include "spec/generator.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/error.hpp"

namespace surf
{

bool is_label(std::string_view label)
{
    return !label.empty() && std::ranges::all_of(label, [](unsigned char letter) {
        return std::isalnum(letter) != 0 || letter == '-' || letter == '_';
    });
}

void require_valid(GeneratorSpec const& generator, std::string const& origin)
{
    auto const require = [&](bool holds, std::string const& why) {
        if (!holds)
        {
            throw InputError(fmt::format("{}: {}", origin, why));
        }
    };
    require(is_label(generator.label),
            fmt::format("label = {}: must be a name of letters, digits, - and _", generator.label));
    require(generator.latent_dim >= 1,
            fmt::format("latent_dim = {}: must be at least 1", generator.latent_dim));
    Shape const& image = generator.image;
    require(image.channels >= 1 && image.height >= 1 && image.width >= 1,
            fmt::format("image = {}: every extent must be at least 1", image.text()));
    require(
        std::isfinite(generator.range.low) && std::isfinite(generator.range.high) &&
            generator.range.low < generator.range.high,
        fmt::format("range = {} to {}: must ascend", generator.range.low, generator.range.high));
    if (NetworkSpec const* const layers = generator.layers())
    {
        require_valid(*layers, origin);
        require(layers->front().input.size() == generator.latent_dim,
                fmt::format("the network takes {} numbers, but latent_dim = {}",
                            layers->front().input.size(), generator.latent_dim));
        require(layers->back().output == image,
                fmt::format("the network's output is {}, but the image is {}",
                            layers->back().output.text(), image.text()));
    }
    else
    {
        require(generator.program()->code != nullptr && !generator.program()->tensors.empty(),
                "a program needs its code and the names of the tensors that change");
    }
}

}  // namespace surf
