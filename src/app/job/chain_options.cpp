#include "app/job/chain_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/program_options/value_semantic.hpp>
#include <numeric>

#include "app/job/option_groups.hpp"

namespace surf::app
{
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace
{

constexpr char const* command_line = "command line";

/// Most that an extent or a latent dimension can be, far from overflow of their products.
constexpr double most = 1 << 20;
constexpr double most_steps = 1e15;

struct ChainOption
{
    char const* name;
    char const* value;
    char const* help;
};

constexpr std::array chain_option_table = {
    ChainOption{"network", "FILE",
                "of import: layers (*.json, docs/generators.md) or a TorchScript program (*.pt), "
                "which is code and runs: only from people you trust"},
    ChainOption{"label", "NAME", "of import: the generator's name in tables and results"},
    ChainOption{"out", "FILE",
                "of import: chain file (*.h5), or a folder for <id>.h5; of export: *.safetensors"},
    ChainOption{"prior", "NAME", "of import: latents are uniform or normal [uniform]"},
    ChainOption{"range", "LOW,HIGH", "of import: values of black and white [0,1]"},
    ChainOption{"latent-dim", "COUNT", "of import, for a program: numbers in a latent"},
    ChainOption{"image", "CxHxW", "of import, for a program: channels, height and width"},
    ChainOption{"steps", "LIST", "of import: training steps of the checkpoints [0,1,2,...]"},
    ChainOption{"origin", "TEXT", "of import: where the generator comes from, for people"},
    ChainOption{"chain", "FILE", "of export: chain file"},
    ChainOption{"snapshot", "NUMBER", "of export: snapshot 0 to T, or last [last]"},
};

std::optional<Setting> take(Settings& given, std::string const& key)
{
    auto const node = given.extract(key);
    return node ? std::optional(node.mapped()) : std::nullopt;
}

Setting take_needed(Settings& given, std::string const& command, std::string const& key)
{
    auto setting = take(given, key);
    if (!setting)
    {
        throw InputError(fmt::format("{}: {}: --{} is missing; see surf_sweep help", command_line,
                                     command, key));
    }
    if (setting->text.empty())
    {
        refuse(*setting, "must not be empty");
    }
    return *setting;
}

/// Reads a number if the option is given.
template <class T>
std::optional<T> take_number(Settings& given, std::string const& key, Range const& range)
{
    std::optional<T> number;
    if (auto const setting = take(given, key))
    {
        read(*setting, range, number);
    }
    return number;
}

/// "1x28x28"
Shape read_shape(Setting const& setting)
{
    std::array<std::int64_t, 3> extents = {};
    std::string_view rest = setting.text;
    for (std::size_t i = 0; i < extents.size(); ++i)
    {
        auto const cross = i + 1 < extents.size() ? rest.find('x') : rest.size();
        if (cross == std::string_view::npos)
        {
            refuse(setting, "must be channels x height x width, as 1x28x28");
        }
        Setting const single{setting.origin, setting.key, std::string(rest.substr(0, cross))};
        read(single, {.low = 1, .high = most}, extents[i]);
        rest.remove_prefix(std::min(cross + 1, rest.size()));
    }
    return {extents[0], extents[1], extents[2]};
}

ValueRange read_range(Setting const& setting)
{
    std::vector<double> ends;
    read(setting, {}, ends);
    if (ends.size() != 2 || !(ends[0] < ends[1]))
    {
        refuse(setting, "must be two numbers LOW,HIGH that ascend, as 0,1 or -1,1");
    }
    return {ends[0], ends[1]};
}

std::vector<std::int64_t> read_steps(Setting const& setting, std::size_t checkpoints)
{
    std::vector<std::int64_t> steps;
    read(setting, {.low = 0, .high = most_steps}, steps);
    if (steps.size() != checkpoints)
    {
        refuse(setting, fmt::format("{} steps for {} checkpoints; list one for each", steps.size(),
                                    checkpoints));
    }
    if (!std::ranges::is_sorted(steps))
    {
        refuse(setting, "must ascend; name the checkpoints in the order of the training");
    }
    return steps;
}

/// What only a program leaves open.
void take_program_options(Settings& given, ImportRequest& request)
{
    if (request.is_program())
    {
        Setting const image = take_needed(given, "import", "image");
        request.image = read_shape(image);
        Setting const latent_dim = take_needed(given, "import", "latent-dim");
        read(latent_dim, {.low = 1, .high = most}, request.latent_dim);
        return;
    }
    for (char const* const key : {"image", "latent-dim"})
    {
        if (auto const setting = take(given, key))
        {
            refuse(*setting, "a network of layers says it itself; leave it out");
        }
    }
}

}  // namespace

ImportRequest take_import(Settings& given, std::vector<std::string> const& checkpoints)
{
    ImportRequest request;
    Setting const network = take_needed(given, "import", "network");
    request.network = network.text;
    if (request.network.extension() != ".json" && !request.is_program())
    {
        refuse(network, "must be layers (*.json) or a TorchScript program (*.pt)");
    }
    Setting const label = take_needed(given, "import", "label");
    if (!is_label(label.text))
    {
        refuse(label, "must be a name of letters, digits, - and _");
    }
    request.label = label.text;
    Setting const out = take_needed(given, "import", "out");
    request.out = out.text;
    if (request.out.extension() != ".h5" && !fs::is_directory(request.out))
    {
        refuse(out, "must be a file *.h5 or a folder that is there");
    }
    if (checkpoints.empty())
    {
        throw InputError(fmt::format("{}: import: no checkpoint was named; list them behind import",
                                     command_line));
    }
    request.checkpoints.assign(checkpoints.begin(), checkpoints.end());
    if (auto const prior = take(given, "prior"))
    {
        request.prior = kind_of(prior_table, prior->text, prior->label());
    }
    if (auto const range = take(given, "range"))
    {
        request.range = read_range(*range);
    }
    take_program_options(given, request);
    request.steps.resize(checkpoints.size());
    std::iota(request.steps.begin(), request.steps.end(), std::int64_t{0});
    if (auto const steps = take(given, "steps"))
    {
        request.steps = read_steps(*steps, checkpoints.size());
    }
    auto const origin = take(given, "origin");
    request.origin = origin ? origin->text
                            : fmt::format("{} and {} checkpoints from {}", network.text,
                                          checkpoints.size(), checkpoints.front());
    return request;
}

ExportRequest take_export(Settings& given)
{
    ExportRequest request;
    request.chain = take_needed(given, "export", "chain").text;
    Setting const out = take_needed(given, "export", "out");
    request.out = out.text;
    if (request.out.extension() != ".safetensors")
    {
        refuse(out, "must be a file *.safetensors");
    }
    if (auto const last = given.find("snapshot");
        last != given.end() && last->second.text == "last")
    {
        given.erase(last);
    }
    request.snapshot = take_number<std::int64_t>(given, "snapshot", {.low = 0, .high = most_steps});
    return request;
}

void refuse_chain_options(Settings const& given, std::string_view command)
{
    for (ChainOption const& option : chain_option_table)
    {
        if (given.contains(option.name))
        {
            throw InputError(fmt::format("{}: {}: means nothing to the command {}; leave it out",
                                         command_line, option.name, command));
        }
    }
}

po::options_description chain_options()
{
    po::options_description options = option_group("Of import and export");
    for (ChainOption const& option : chain_option_table)
    {
        options.add_options()(option.name, po::value<std::string>()->value_name(option.value),
                              option.help);
    }
    return options;
}

}  // namespace surf::app
