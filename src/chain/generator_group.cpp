#include "chain/generator_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/name_table.hpp"

namespace surf::chain
{
namespace
{

constexpr char const* layers_kind = "layers";
constexpr char const* program_kind = "torchscript";

void write_program(h5::Group& group, Program const& program)
{
    group.set_attribute("tensors", nlohmann::json(program.tensors).dump());
    std::vector<std::uint8_t> const code(program.code->begin(), program.code->end());
    h5::Dataset dataset = group.create_dataset(
        "program", {h5::Type::uint8, {static_cast<std::int64_t>(code.size())}});
    dataset.set_attribute("units", "1");
    dataset.set_attribute("long_name", "bytes of the TorchScript program");
    dataset.attach_scale(0, group.create_dimension("byte", std::ssize(code)));
    dataset.write<std::uint8_t>(code);
}

Program read_program(h5::Group const& group)
{
    auto const tensors = nlohmann::json::parse(group.attribute<std::string>("tensors"));
    auto const code = group.dataset("program").read<std::uint8_t>();
    return {tensors.get<std::vector<std::string>>(),
            std::make_shared<std::string const>(code.begin(), code.end())};
}

GeneratorSpec read_unchecked(h5::Group const& group, std::string const& origin)
{
    GeneratorSpec generator;
    generator.label = group.attribute<std::string>("label");
    generator.latent_dim = group.attribute<std::int64_t>("latent_dim");
    generator.prior =
        kind_of(prior_table, group.attribute<std::string>("prior"), origin + ": prior");
    generator.image = {group.attribute<std::int64_t>("channels"),
                       group.attribute<std::int64_t>("height"),
                       group.attribute<std::int64_t>("width")};
    generator.range = {group.attribute<double>("low"), group.attribute<double>("high")};
    auto const kind = group.attribute<std::string>("kind");
    if (kind == layers_kind)
    {
        generator.network = parse_network(group.attribute<std::string>("network"), origin);
    }
    else if (kind == program_kind)
    {
        generator.network = read_program(group);
    }
    else
    {
        throw InputError(fmt::format("{}: kind = {}: must be {} or {}", origin, kind, layers_kind,
                                     program_kind));
    }
    return generator;
}

}  // namespace

void write_generator(h5::Group& root, GeneratorSpec const& generator)
{
    h5::Group group = root.create_group("generator");
    group.set_attribute("label", generator.label);
    group.set_attribute("latent_dim", generator.latent_dim);
    group.set_attribute("prior", std::string(name_of(prior_table, generator.prior)));
    group.set_attribute("channels", generator.image.channels);
    group.set_attribute("height", generator.image.height);
    group.set_attribute("width", generator.image.width);
    group.set_attribute("low", generator.range.low);
    group.set_attribute("high", generator.range.high);
    if (NetworkSpec const* const layers = generator.layers())
    {
        group.set_attribute("kind", layers_kind);
        group.set_attribute("network", network_text(*layers));
    }
    else
    {
        group.set_attribute("kind", program_kind);
        write_program(group, *generator.program());
    }
}

GeneratorSpec read_generator(h5::Group const& root, std::filesystem::path const& path)
{
    std::string const origin = fmt::format("{}: /generator", path.string());
    try
    {
        GeneratorSpec generator = read_unchecked(root.group("generator"), origin);
        require_valid(generator, origin);
        return generator;
    }
    catch (InputError const& error)
    {
        throw FileError(error.what());
    }
    catch (nlohmann::json::exception const& error)
    {
        throw FileError(fmt::format("{}: tensors is no list of names ({})", origin, error.what()));
    }
}

}  // namespace surf::chain
