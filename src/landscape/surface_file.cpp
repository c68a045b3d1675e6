#include "landscape/surface_file.hpp"

#include <algorithm>

#include "base/contract.hpp"
#include "hdf5/variables.hpp"

namespace surf::landscape
{
namespace
{

constexpr h5::FileType surface_type{.name = "surf_sweep/surface", .major = 2};

CanonicalText configuration_of(std::span<Surfaces const> surfaces)
{
    Surfaces const& first = surfaces.front();
    CanonicalText text;
    text.add("seed", first.seed);
    text.add("test_checksum", first.test_checksum);
    text.add("surface", first.spec.canonical());
    for (Surfaces const& of_chain : surfaces)
    {
        text.add("chain." + of_chain.model, of_chain.chain.hex());
    }
    return text;
}

bool fit_together(std::span<Surfaces const> surfaces)
{
    Surfaces const& first = surfaces.front();
    return std::ranges::all_of(surfaces, [&](Surfaces const& other) {
        return other.seed == first.seed && other.test_checksum == first.test_checksum &&
               other.spec.canonical().text() == first.spec.canonical().text() &&
               other.snapshots == first.snapshots && other.shape == first.shape &&
               other.range == first.range &&
               std::ranges::count(surfaces, other.model, &Surfaces::model) == 1;
    });
}

/// What has one entry a surface, over (model, target, level).
struct Summits
{
    std::vector<double> value, x1, x2;
};

Summits summits_of(std::span<Surfaces const> surfaces, std::vector<double> const& axis)
{
    Summits summits;
    for (Surfaces const& of_chain : surfaces)
    {
        std::size_t const points = axis.size() * axis.size();
        for (std::size_t start = 0; start < of_chain.values.size(); start += points)
        {
            Summit const highest =
                summit(std::span(of_chain.values).subspan(start, points), std::ssize(axis));
            summits.value.push_back(highest.value);
            summits.x1.push_back(axis[highest.x1]);
            summits.x2.push_back(axis[highest.x2]);
        }
    }
    return summits;
}

/// One member of each chain's surfaces, one chain after the other.
template <class Member>
Member gather(std::span<Surfaces const> surfaces, Member Surfaces::*member)
{
    Member all;
    for (Surfaces const& of_chain : surfaces)
    {
        Member const& part = of_chain.*member;
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace

void write_surfaces(std::filesystem::path const& path, std::span<Surfaces const> surfaces,
                    std::map<std::string, std::string> const& provenance)
{
    EXPECT(!surfaces.empty() && fit_together(surfaces));
    Surfaces const& first = surfaces.front();
    std::vector<std::string> models;
    std::vector<std::string> chain_ids;
    for (Surfaces const& of_chain : surfaces)
    {
        models.push_back(of_chain.model);
        chain_ids.push_back(of_chain.chain.hex());
    }
    std::vector<double> const axis = grid_axis(first.spec);
    Summits const summits = summits_of(surfaces, axis);

    h5::FileWriter file(path, surface_type);
    h5::Group& root = file.root();
    root.set_attribute("seed", first.seed);
    root.set_attribute("low", first.range.low);
    root.set_attribute("high", first.range.high);
    auto const model = h5::add_coordinate<std::string>(root, "model", "generative model", models);
    auto const target =
        h5::add_numbers(root, "target", "number of the test image", first.spec.targets);
    auto const level =
        h5::add_numbers(root, "level", "place along the training", first.spec.levels);
    auto const x2 = h5::add_coordinate<double>(root, "x2", "second latent", axis);
    auto const x1 = h5::add_coordinate<double>(root, "x1", "first latent", axis);
    auto const channel =
        h5::add_numbers(root, "channel", "channel of the image", first.shape.channels);
    auto const row =
        h5::add_numbers(root, "row", "pixels from the image's top", first.shape.height);
    auto const column =
        h5::add_numbers(root, "column", "pixels from its left edge", first.shape.width);

    h5::add_variable<std::string>(root, "chain_id", "checkpoint chain", {&model}, chain_ids);
    h5::add_variable<std::int64_t>(root, "snapshot", "index t of the snapshot", {&level},
                                   first.snapshots);
    h5::add_variable<std::int64_t>(root, "step", "training steps done", {&model, &level},
                                   gather(surfaces, &Surfaces::steps));
    h5::add_variable<std::int64_t>(root, "test_index", "position of the image in the test split",
                                   {&target}, first.test_index);
    h5::add_variable<float>(root, "image", "target y", {&target, &channel, &row, &column},
                            first.images);
    h5::add_variable<double>(root, "value", "-1/2 |G(x) - y|^2 with the network of the level",
                             {&model, &target, &level, &x2, &x1},
                             gather(surfaces, &Surfaces::values),
                             {1, 1, 1, first.spec.points, first.spec.points});
    auto const add_summit = [&](char const* name, char const* long_name,
                                std::vector<double> const& values) {
        h5::add_variable<double>(root, name, long_name, {&model, &target, &level}, values);
    };
    add_summit("best_value", "largest value on the grid", summits.value);
    add_summit("best_x1", "x1 of the largest value", summits.x1);
    add_summit("best_x2", "x2 of the largest value", summits.x2);
    h5::add_origin(root, configuration_of(surfaces), provenance);
    file.publish();
}

}  // namespace surf::landscape
