#include "chain/partial_chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/pending_file.hpp"
#include "chain/chain_file.hpp"
#include "chain/reader.hpp"

namespace surf::chain
{
namespace fs = std::filesystem;

namespace
{

constexpr h5::FileType state_type{.name = "surf_sweep/trainer_state"};

void require_configuration(fs::path const& path, CanonicalText const& stored,
                           CanonicalText const& expected)
{
    if (ChainId::of(stored) != ChainId::of(expected))
    {
        throw OtherJobError(fmt::format("{}: {} (it belongs to another job) remove it",
                                        path.string(), first_differences(stored, expected)));
    }
}

/// Runs `read`; if the file is bad, sets it aside and returns nothing.
template <class Read>
auto read_or_set_aside(fs::path const& path, Read read) -> std::optional<decltype(read())>
{
    if (!fs::exists(path))
    {
        return std::nullopt;
    }
    try
    {
        return read();
    }
    catch (FileError const& error)
    {
        h5::set_aside(path, error.what());
        return std::nullopt;
    }
}

/// With the step and the place in the chain, which the arrays alone do not say.
std::uint64_t state_checksum(TrainerState const& state)
{
    return hash64(
        fmt::format("{} {} {:016x}", state.step, state.next_snapshot, checksum(state.arrays)));
}

fs::path partial_folder(fs::path const& chains, ChainId const& id)
{
    return chain_path(chains, id).replace_extension(".partial");
}

fs::path divergence_path(fs::path const& folder)
{
    return folder / "diverged.txt";
}

/// The name of a folder that is being removed.
fs::path leaving_name(fs::path folder)
{
    return folder.replace_extension(".removed");
}

/// Makes the folder and locks it.
std::unique_ptr<FolderLock> lock_folder(fs::path const& folder)
{
    while (true)
    {
        std::error_code failure;
        fs::create_directory(folder, failure);
        if (failure)
        {
            throw EnvironmentError(
                fmt::format("cannot make folder {}: {}", folder.string(), failure.message()));
        }
        try
        {
            return std::make_unique<FolderLock>(folder);
        }
        catch (EnvironmentError const&)
        {
            if (fs::exists(folder))
            {
                throw;
            }
            // The process that had it finished the chain just now, and removed the folder.
        }
    }
}

/// Removes a locked folder, if it is still there, and gives up the lock. What cannot be removed is
/// told and left: nobody needs it.
void remove_folder(fs::path const& folder, std::unique_ptr<FolderLock> lock)
{
    // Renamed first, so that a process that comes now never finds it half empty; unlocked before
    // the lock's file is removed, since NFS keeps what is open.
    fs::path const leaving = leaving_name(folder);
    std::error_code failure;
    fs::remove_all(leaving, failure);
    fs::rename(folder, leaving, failure);
    lock.reset();
    if (!failure)
    {
        fs::remove_all(leaving, failure);
    }
    if (failure && failure != std::errc::no_such_file_or_directory)
    {
        spdlog::warn("cannot remove {} ({}), which is not needed any more; remove it",
                     folder.string(), failure.message());
    }
}

}  // namespace

PartialChain::PartialChain(fs::path const& chains, ChainHeader header)
    : chains_(chains),
      header_(std::move(header)),
      folder_(partial_folder(chains_, header_.id())),
      lock_(lock_folder(folder_))
{
    std::error_code none;
    fs::remove(divergence_path(folder_), none);
    remove_unpublished(folder_, "");
    remove_unpublished(chains_, header_.id().hex());
    for (std::int64_t index = 0; index < header_.snapshots; ++index)
    {
        read_or_set_aside(snapshot_path(index), [&] { return read_snapshot(index); });
    }
}

fs::path PartialChain::snapshot_path(std::int64_t index) const
{
    return folder_ / fmt::format("snapshot-{:05}.h5", index);
}

fs::path PartialChain::state_path() const
{
    return folder_ / "state.h5";
}

ChainFileReader PartialChain::open_snapshot(std::int64_t index) const
{
    fs::path const path = snapshot_path(index);
    if (!fs::exists(path))
    {
        throw FileError(
            fmt::format("{} is missing (the chain cannot be finished) run again", path.string()));
    }
    ChainFileReader file(path);
    require_configuration(path, file.header().configuration, header_.configuration);
    if (file.first() != index || file.count() != 1)
    {
        throw FileError(
            fmt::format("{}: does not hold snapshot {} (the file is damaged) remove "
                        "it and run again",
                        path.string(), index));
    }
    return file;
}

Snapshot PartialChain::read_snapshot(std::int64_t index) const
{
    return open_snapshot(index).read(index);
}

TrainerState PartialChain::read_state() const
{
    h5::FileReader const file(state_path(), state_type);
    h5::Group const& root = file.root();
    require_configuration(state_path(), read_configuration(root, state_path()),
                          header_.configuration);
    TrainerState state{
        root.attribute<std::int64_t>("step"), root.attribute<std::int64_t>("next_snapshot"), {}};
    h5::Group const arrays = root.group("state");
    for (h5::Child const& child : arrays.children())
    {
        h5::Dataset const dataset = arrays.dataset(child.name);
        state.arrays.push_back({child.name, dataset.shape(), dataset.read<float>()});
    }
    if (root.attribute<std::uint64_t>("checksum") != state_checksum(state))
    {
        throw FileError(
            fmt::format("{}: does not have its checksum (the file is damaged) remove "
                        "it and run again",
                        state_path().string()));
    }
    for (std::int64_t index = 0; index < state.next_snapshot; ++index)
    {
        if (!fs::exists(snapshot_path(index)))
        {
            throw FileError(
                fmt::format("{}: snapshot {} of the time before is missing (training "
                            "cannot go on from here) remove it and run again",
                            state_path().string(), index));
        }
    }
    return state;
}

std::optional<TrainerState> PartialChain::load_state()
{
    return read_or_set_aside(state_path(), [&] { return read_state(); });
}

void PartialChain::write_snapshot(Snapshot const& snapshot)
{
    EXPECT(snapshot.index >= 0 && snapshot.index < header_.snapshots);
    ChainFileWriter::Options options{.first = snapshot.index, .count = 1};
    for (auto const& [name, value] : snapshot.log)
    {
        options.log.insert(name);
    }
    ChainFileWriter file(snapshot_path(snapshot.index), header_, std::move(options));
    file.append(snapshot);
    file.publish();
}

void PartialChain::write_state(TrainerState const& state)
{
    for (NamedArray const& array : state.arrays)
    {
        require_finite(state.next_snapshot - 1, array);
    }
    h5::FileWriter file(state_path(), state_type);
    h5::Group& root = file.root();
    write_configuration(root, header_.configuration);
    root.set_attribute("step", state.step);
    root.set_attribute("next_snapshot", state.next_snapshot);
    root.set_attribute("checksum", state_checksum(state));
    AxisScales axes(root);
    h5::Group arrays = root.create_group("state");
    for (NamedArray const& array : state.arrays)
    {
        h5::Dataset dataset = arrays.create_dataset(array.name, {h5::Type::float32, array.shape});
        dataset.set_attribute("units", "1");
        dataset.set_attribute("long_name", array.name + " of the trainer");
        axes.attach(dataset, 0);
        dataset.write<float>(array.values);
    }
    file.publish();
}

void PartialChain::mark_diverged(std::string const& reason)
{
    publish_text(divergence_path(folder_), reason + "\n");
}

void PartialChain::finish()
{
    ChainFileWriter::Options options{.first = 0, .count = header_.snapshots};
    for (std::int64_t index = 0; index < header_.snapshots; ++index)
    {
        options.log.merge(open_snapshot(index).log_names());
    }
    ChainFileWriter chain(chain_path(chains_, header_.id()), header_, std::move(options));
    for (std::int64_t index = 0; index < header_.snapshots; ++index)
    {
        chain.append(read_snapshot(index));
    }
    chain.publish();
    discard();
}

void PartialChain::discard()
{
    remove_folder(folder_, std::move(lock_));
}

std::optional<std::string> divergence(fs::path const& chains, ChainId const& id)
{
    std::ifstream file(divergence_path(partial_folder(chains, id)));
    if (!file)
    {
        return std::nullopt;
    }
    std::string reason;
    std::getline(file, reason);
    // It goes into tables, JSON and HDF5, whatever somebody made of the file.
    std::ranges::replace_if(
        reason, [](unsigned char letter) { return letter < 0x20 || letter > 0x7e; }, '?');
    return reason.empty() ? "unknown" : reason;
}

void remove_remains(fs::path const& chains, ChainId const& id)
{
    std::error_code gone;
    fs::remove_all(leaving_name(partial_folder(chains, id)), gone);
    fs::path const folder = partial_folder(chains, id);
    if (!fs::exists(folder))
    {
        return;
    }
    try
    {
        remove_folder(folder, lock_folder(folder));
    }
    catch (EnvironmentError const&)
    {
        // The process that finished the chain is still at it.
    }
}

}  // namespace surf::chain
