#include "store/block_state.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "hdf5/file.hpp"

namespace surf::store
{
namespace fs = std::filesystem;

namespace
{

constexpr h5::FileType block_state_type{.name = "surf_sweep/block_state"};

fs::path state_path(fs::path const& output, BlockId const& id)
{
    return output / "unfinished" / (id.hex() + ".h5");
}

}  // namespace

void write_block_state(fs::path const& output, BlockSpec const& spec,
                       std::vector<std::uint8_t> const& state)
{
    BlockId const id = spec.id();
    h5::FileWriter file(state_path(output, id), block_state_type);
    file.root().set_attribute("block_id", id.hex());
    auto const size = static_cast<std::int64_t>(state.size());
    h5::Dataset const bytes = file.root().create_dimension("byte", size);
    h5::Dataset dataset = file.root().create_dataset("state", {h5::Type::uint8, {size}});
    dataset.set_attribute("units", "1");
    dataset.set_attribute("long_name", "where the search stands, as PyTorch pickles tensors");
    dataset.attach_scale(0, bytes);
    dataset.write<std::uint8_t>(state);
    file.publish();
}

std::optional<std::vector<std::uint8_t>> find_block_state(fs::path const& output,
                                                          BlockSpec const& spec)
{
    fs::path const path = state_path(output, spec.id());
    if (!fs::exists(path))
    {
        return std::nullopt;
    }
    try
    {
        return read_block_state(path);
    }
    catch (FileError const& error)
    {
        h5::set_aside(path, error.what());
        return std::nullopt;
    }
}

std::vector<std::uint8_t> read_block_state(fs::path const& path)
{
    h5::FileReader const file(path, block_state_type);
    if (auto const id = file.root().attribute<std::string>("block_id"); id != path.stem())
    {
        throw FileError(fmt::format(
            "{}: holds block {} (the file is damaged) remove it and run again", path.string(), id));
    }
    return file.root().dataset("state").read<std::uint8_t>();
}

void set_aside_block_state(fs::path const& output, BlockSpec const& spec, std::string_view reason)
{
    h5::set_aside(state_path(output, spec.id()), reason);
}

void remove_block_state(fs::path const& output, BlockSpec const& spec)
{
    std::error_code none;
    fs::remove(state_path(output, spec.id()), none);
}

}  // namespace surf::store
