#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "app/command.hpp"
#include "base/error.hpp"
#include "base/name_table.hpp"
#include "base/pending_file.hpp"
#include "chain/reader.hpp"
#include "chain/safetensors.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

/// The network as a file beside the exported tensors.
struct NetworkFile
{
    fs::path path;
    std::string content;
};

NetworkFile network_file(GeneratorSpec const& generator, fs::path path)
{
    if (NetworkSpec const* const layers = generator.layers())
    {
        return {path.replace_extension(".json"), network_text(*layers) + "\n"};
    }
    return {path.replace_extension(".pt"), *generator.program()->code};
}

[[noreturn]] void refuse_overwriting(fs::path const& path)
{
    throw InputError(
        fmt::format("command line: out: {} is there already (nothing is overwritten) remove it, or "
                    "name another file",
                    path.string()));
}

bool holds(fs::path const& path, std::string const& content)
{
    std::ifstream stream(path, std::ios::binary);
    return stream && std::string(std::istreambuf_iterator<char>(stream), {}) == content;
}

std::int64_t chosen_snapshot(ExportRequest const& request, chain::Reader const& chain)
{
    std::int64_t const last = chain.snapshots() - 1;
    if (request.snapshot > last)
    {
        throw InputError(fmt::format("command line: snapshot = {}: {} has snapshots 0 to {}",
                                     *request.snapshot, request.chain.string(), last));
    }
    return request.snapshot.value_or(last);
}

/// The options by which import reads it again.
std::string import_options(GeneratorSpec const& generator, fs::path const& network)
{
    std::string options = fmt::format(
        "--network {} --label {} --prior {} --range={},{}", network.string(), generator.label,
        name_of(prior_table, generator.prior), generator.range.low, generator.range.high);
    if (generator.program() != nullptr)
    {
        Shape const& image = generator.image;
        options += fmt::format(" --latent-dim {} --image {}x{}x{}", generator.latent_dim,
                               image.channels, image.height, image.width);
    }
    return options;
}

}  // namespace

ExitCode export_command(Options const& options)
{
    ExportRequest const& request = options.export_request;
    chain::Reader const chain(request.chain);
    GeneratorSpec const& generator = chain.header().generator;
    chain::Snapshot const snapshot = chain.read(chosen_snapshot(request, chain));
    NetworkFile const network = network_file(generator, request.out);
    if (fs::exists(request.out))
    {
        refuse_overwriting(request.out);
    }
    if (!fs::exists(network.path))
    {
        publish_text(network.path, network.content);
    }
    else if (!holds(network.path, network.content))
    {
        refuse_overwriting(network.path);
    }
    chain::write_safetensors(request.out, snapshot.generator);
    fmt::print("export: {} and {}\n", request.out.string(), network.path.string());
    fmt::print("snapshot {} of {}, step {}; import takes it with\n  {} --steps {}\n",
               snapshot.index, chain.id().hex(), snapshot.step,
               import_options(generator, network.path), snapshot.step);
    return ExitCode::success;
}

}  // namespace surf::app
