#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "app/command.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "chain/checkpoint.hpp"
#include "chain/import.hpp"
#include "model/make_evaluator.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

/// So many names of tensors are told.
constexpr std::size_t most_told = 5;

std::string read_file(fs::path const& path)
{
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    if (!fs::is_regular_file(path) || !(text << stream.rdbuf()))
    {
        throw EnvironmentError(
            fmt::format("network = {}: cannot be read ({}); name a file that is "
                        "not empty: --network FILE",
                        path.string(), std::strerror(errno)));
    }
    return text.str();
}

/// The tensors that change are those that the first checkpoint holds.
Program read_program(ImportRequest const& request)
{
    spdlog::warn(
        "{}: is a program (it runs when it is loaded) import it only from people you trust",
        request.network.string());
    Program program{{}, std::make_shared<std::string const>(read_file(request.network))};
    for (NamedArray const& tensor : chain::read_checkpoint(request.checkpoints.front()))
    {
        program.tensors.push_back(tensor.name);
    }
    if (program.tensors.empty())
    {
        throw FileError(fmt::format("{}: holds no tensors; name a checkpoint of the generator",
                                    request.checkpoints.front().string()));
    }
    return program;
}

GeneratorSpec make_generator(ImportRequest const& request)
{
    GeneratorSpec generator;
    generator.label = request.label;
    generator.prior = request.prior;
    generator.range = request.range;
    if (request.is_program())
    {
        generator.latent_dim = *request.latent_dim;
        generator.image = *request.image;
        generator.network = read_program(request);
        return generator;
    }
    NetworkSpec network =
        parse_network(read_file(request.network), "network = " + request.network.string());
    generator.latent_dim = network.front().input.size();
    generator.image = network.back().output;
    generator.network = std::move(network);
    return generator;
}

[[noreturn]] void refuse(ImportRequest const& request, std::string const& problem)
{
    throw FileError(fmt::format("{}: with the tensors of {} {}", request.network.string(),
                                request.checkpoints.front().string(), problem));
}

/// G(x) of one latent by the first snapshot.
at::Tensor make_image(GeneratorSpec const& generator, ImportRequest const& request)
{
    Parameters const arrays = chain::read_arrays(generator, request.checkpoints.front());
    std::string problem;
    try
    {
        auto const evaluator = model::make_evaluator(generator, arrays, at::kCPU);
        return evaluator->forward(at::full({1, generator.latent_dim}, 0.5F)).clone();
    }
    catch (FileError const& error)
    {
        problem = error.what();
    }
    catch (c10::Error const& error)
    {
        problem = error.what_without_backtrace();
    }
    refuse(request, fmt::format("it makes no image ({}) check that they belong together, and "
                                "--latent-dim and --image",
                                problem.substr(0, problem.find('\n'))));
}

/// Other ranges than the generator's own would scale images of data sets wrongly.
void warn_of_range(ValueRange const& range, at::Tensor const& image)
{
    double const margin = 0.01 * (range.high - range.low);
    auto const low = image.min().item<double>();
    auto const high = image.max().item<double>();
    if (low < range.low - margin || high > range.high + margin)
    {
        spdlog::warn(
            "range = {:g},{:g}: an image of the first snapshot has values from {:.3g} to {:.3g} "
            "(images of data sets are scaled to the range); check --range LOW,HIGH",
            range.low, range.high, low, high);
    }
}

/// Throws FileError if the first snapshot does not make a finite image of the stated size.
void try_out(GeneratorSpec const& generator, ImportRequest const& request)
{
    at::Tensor const image = make_image(generator, request);
    if (image.numel() != generator.pixels())
    {
        refuse(request, fmt::format("it gives {} numbers for a latent of {}, not an image of {}; "
                                    "check --image and --latent-dim",
                                    image.numel(), generator.latent_dim, generator.image.text()));
    }
    if (!at::isfinite(image).all().item<bool>())
    {
        refuse(request, "its image is not finite; check that they belong together");
    }
    warn_of_range(generator.range, image);
}

void tell_ignored(std::set<std::string> const& ignored)
{
    if (ignored.empty())
    {
        return;
    }
    std::vector<std::string> names(ignored.begin(), ignored.end());
    names.resize(std::min(names.size(), most_told));
    spdlog::info("tensors left out, which the network does not need: {} ({}{})", ignored.size(),
                 fmt::join(names, ", "), ignored.size() > most_told ? ", ..." : "");
}

}  // namespace

ExitCode import_command(Options const& options)
{
    ImportRequest const& request = options.import_request;
    GeneratorSpec const generator = make_generator(request);
    require_valid(generator, "network = " + request.network.string());
    try_out(generator, request);
    std::vector<chain::Checkpoint> checkpoints;
    for (std::size_t t = 0; t < request.checkpoints.size(); ++t)
    {
        checkpoints.push_back({request.steps[t], request.checkpoints[t]});
    }
    auto const imported = chain::import_chain(generator, request.origin, checkpoints, request.out);
    tell_ignored(imported.ignored);
    fmt::print("import: {}{}\n", imported.path.string(),
               imported.was_there ? " (there already)" : "");
    fmt::print("{}: {} snapshots of k = {}, image {}, chain {}\n", generator.label,
               checkpoints.size(), generator.latent_dim, generator.image.text(), imported.id.hex());
    return ExitCode::success;
}

}  // namespace surf::app
