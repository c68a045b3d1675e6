#include "app/trial_file.hpp"

#include "base/name_table.hpp"
#include "hdf5/file.hpp"
#include "hdf5/variables.hpp"

namespace surf::app
{
namespace
{

constexpr h5::FileType trial_type{.name = "surf_sweep/trial"};

std::span<float const> values_of(at::Tensor const& tensor)
{
    return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

void write_outcome(h5::Group& root, TrialOutcome const& outcome)
{
    root.set_attribute("trial", outcome.trial);
    root.set_attribute("stop_reason", std::string(name_of(stop_reason_table, outcome.stop_reason)));
    root.set_attribute("success", static_cast<std::int64_t>(outcome.success));
    root.set_attribute("iterations", outcome.iterations);
    root.set_attribute("network_evaluations", outcome.network_evaluations);
    root.set_attribute("objective", outcome.objective);
    root.set_attribute("distance", outcome.distance);
    root.set_attribute("pixel_error", outcome.pixel_error);
}

}  // namespace

void write_trial(std::filesystem::path const& path, BlockSpec const& block,
                 trial::TrialTrace const& trace,
                 std::map<std::string, std::string> const& provenance)
{
    CellSpec const& cell = block.cell;
    GeneratorSpec const& generator = cell.generator;
    h5::FileWriter file(path, trial_type);
    h5::Group& root = file.root();
    root.set_attribute("cell_id", cell.id().hex());
    root.set_attribute("block_id", block.id().hex());
    root.set_attribute("model", generator.label);
    root.set_attribute("method", std::string(name_of(method_table, cell.method)));
    root.set_attribute("task", std::string(name_of(task_table, cell.problem.task)));
    root.set_attribute("low", generator.range.low);
    root.set_attribute("high", generator.range.high);
    write_outcome(root, trace.outcome);

    auto const component =
        h5::add_numbers(root, "latent_component", "component of the latent", generator.latent_dim);
    auto const channel =
        h5::add_numbers(root, "channel", "channel of the image", generator.image.channels);
    auto const row =
        h5::add_numbers(root, "row", "pixels from the image's top", generator.image.height);
    auto const column =
        h5::add_numbers(root, "column", "pixels from its left edge", generator.image.width);
    auto const measurement =
        h5::add_numbers(root, "measurement", "component of Ay", cell.measurements());
    auto const point = h5::add_numbers(root, "point", "place on the way of the search",
                                       std::ssize(trace.path.evaluations));

    auto const add_latent = [&](char const* name, char const* long_name, auto const& values) {
        h5::add_variable<float>(root, name, long_name, {&component}, values);
    };
    add_latent("target_latent", "x*, the latent to be found", values_of(trace.target_latent));
    add_latent("initial_latent", "x_init, where the search began", values_of(trace.initial_latent));
    add_latent("latent", "latent at which the search ended", trace.outcome.latent);
    add_latent("best_latent", "latent with the smallest objective", trace.outcome.best_latent);
    auto const add_image = [&](char const* name, char const* long_name, at::Tensor const& image) {
        h5::add_variable<float>(root, name, long_name, {&channel, &row, &column}, values_of(image));
    };
    add_image("target_image", "target y", trace.target_image);
    add_image("back_projection", "A^T b, what the measurements say of the image by themselves",
              trace.back_projection);
    add_image("reconstruction", "G of the latent at which the search ended", trace.reconstruction);
    h5::add_variable<float>(root, "measured", "b = Ay + noise", {&measurement},
                            values_of(trace.measured));
    h5::add_variable<float>(root, "measured_reconstruction", "A of the reconstruction",
                            {&measurement}, values_of(trace.measured_reconstruction));
    trial::Path const& way = trace.path;
    h5::add_variable<std::int64_t>(root, "network_evaluations", "network evaluations done before",
                                   {&point}, way.evaluations);
    h5::add_variable<std::int64_t>(root, "start", "number of the start", {&point}, way.start);
    h5::add_variable<std::int64_t>(root, "snapshot", "index of the network that it moved on",
                                   {&point}, way.snapshot);
    h5::add_variable<double>(root, "objective", "objective f on the final network", {&point},
                             way.objective);
    h5::add_variable<double>(root, "distance", "distance from the true latent", {&point},
                             way.distance);
    h5::add_variable<float>(root, "path", "latents on the way", {&point, &component},
                            values_of(way.latents));
    h5::add_origin(root, cell.canonical(), provenance);
    file.publish();
}

}  // namespace surf::app
