#include "chain/import.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"
#include "chain/chain_file.hpp"
#include "chain/checkpoint.hpp"
#include "chain/reader.hpp"
#include "chain/tensor_check.hpp"

namespace surf::chain
{
namespace fs = std::filesystem;

namespace
{

/// HDF5 has at most 32 dimensions, and one is the snapshot.
constexpr std::size_t most_axes = 31;

NamedArray& find_tensor(Parameters& tensors, std::string const& name, fs::path const& path)
{
    auto const tensor = std::ranges::find(tensors, name, &NamedArray::name);
    if (tensor == tensors.end())
    {
        fail_tensor(path, name,
                    fmt::format("is missing (the network needs it; there are {} others) save it "
                                "under this name, or name it otherwise in the network",
                                tensors.size()));
    }
    return *tensor;
}

void require_shape(NamedArray const& tensor, std::vector<std::int64_t> const& needed,
                   fs::path const& path)
{
    if (tensor.shape != needed)
    {
        fail_tensor(path, tensor.name,
                    fmt::format("has shape [{}], but the network needs [{}] (it is of another "
                                "network) name the network that was trained",
                                fmt::join(tensor.shape, ", "), fmt::join(needed, ", ")));
    }
}

void require_finite(NamedArray const& tensor, fs::path const& path)
{
    auto const bad =
        std::ranges::find_if_not(tensor.values, [](float value) { return std::isfinite(value); });
    if (bad != tensor.values.end())
    {
        fail_tensor(path, tensor.name,
                    fmt::format("holds {}, not finite in float32 (the training diverged) leave "
                                "this checkpoint out",
                                *bad));
    }
}

/// A program's tensors may have any names, but a chain file must be able to hold them.
void require_storable(NamedArray const& tensor, fs::path const& path)
{
    bool const has_name = !tensor.name.empty() && tensor.name != "." &&
                          tensor.name.find('/') == std::string::npos &&
                          printable(tensor.name) == tensor.name;
    if (!has_name || tensor.shape.size() > most_axes)
    {
        fail_tensor(path, tensor.name,
                    fmt::format("cannot stand in a chain file (names have no / and no control "
                                "characters, shapes at most {} axes) rename or reshape it",
                                most_axes));
    }
}

/// Arrays with the shapes that the layers give them, or those that a program's tensors have in
/// this checkpoint.
std::vector<ArraySpec> needed_arrays(GeneratorSpec const& generator, fs::path const& checkpoint)
{
    if (NetworkSpec const* const layers = generator.layers())
    {
        return arrays_of(*layers);
    }
    Parameters tensors = read_checkpoint(checkpoint);
    std::vector<ArraySpec> needed;
    for (std::string const& name : generator.program()->tensors)
    {
        NamedArray const& tensor = find_tensor(tensors, name, checkpoint);
        require_storable(tensor, checkpoint);
        needed.push_back({tensor.name, tensor.shape});
    }
    return needed;
}

/// Takes the arrays needed out of a checkpoint, and notes the names of the others.
Parameters take_arrays(std::vector<ArraySpec> const& needed, fs::path const& checkpoint,
                       std::set<std::string>& ignored)
{
    Parameters tensors = read_checkpoint(checkpoint);
    Parameters arrays;
    std::set<std::string> names;
    for (ArraySpec const& array : needed)
    {
        NamedArray& tensor = find_tensor(tensors, array.name, checkpoint);
        require_shape(tensor, array.shape, checkpoint);
        require_finite(tensor, checkpoint);
        arrays.push_back({tensor.name, tensor.shape, std::move(tensor.values)});
        names.insert(array.name);
    }
    for (NamedArray const& tensor : tensors)
    {
        if (!names.contains(tensor.name))
        {
            ignored.insert(tensor.name);
        }
    }
    return arrays;
}

/// Reads the checkpoints of one chain as its snapshots.
class Source
{
  public:
    Source(GeneratorSpec const& generator, std::vector<Checkpoint> const& checkpoints)
        : checkpoints_(checkpoints), needed_(needed_arrays(generator, checkpoints.front().path))
    {}

    Snapshot read(std::size_t t)
    {
        return {static_cast<std::int64_t>(t), checkpoints_[t].step,
                take_arrays(needed_, checkpoints_[t].path, ignored_)};
    }

    std::set<std::string> const& ignored() const { return ignored_; }

  private:
    std::vector<Checkpoint> const& checkpoints_;
    std::vector<ArraySpec> needed_;
    std::set<std::string> ignored_;
};

/// Throws FileError if the file is not this chain, whole.
void require_same_chain(fs::path const& path, ChainId const& id)
{
    std::string problem;
    try
    {
        ChainId const there = Reader(path).id();
        problem = there == id ? "" : fmt::format("is the chain {}", there.hex());
        verify(path);
    }
    catch (FileError const& error)
    {
        problem = fmt::format("is no sound chain: {}", error.what());
    }
    if (!problem.empty())
    {
        throw FileError(
            fmt::format("{}: {} (nothing is overwritten, also not by chain {}) remove "
                        "it, or name another file",
                        path.string(), problem, id.hex()));
    }
}

void write_chain(fs::path const& path, ChainHeader const& header, Source& source,
                 std::vector<Checkpoint> const& checkpoints,
                 std::vector<std::uint64_t> const& checksums)
{
    ChainFileWriter file(path, header, {.first = 0, .count = header.snapshots});
    for (std::size_t t = 0; t < checkpoints.size(); ++t)
    {
        Snapshot const snapshot = source.read(t);
        if (checksum(snapshot) != checksums[t])
        {
            throw FileError(
                fmt::format("{}: changed while it was read (a training still writes "
                            "it) import it again when it is done",
                            checkpoints[t].path.string()));
        }
        file.append(snapshot);
    }
    file.publish();
}

}  // namespace

Parameters read_arrays(GeneratorSpec const& generator, fs::path const& checkpoint)
{
    std::set<std::string> ignored;
    return take_arrays(needed_arrays(generator, checkpoint), checkpoint, ignored);
}

Imported import_chain(GeneratorSpec const& generator, std::string const& origin,
                      std::vector<Checkpoint> const& checkpoints, fs::path const& output)
{
    EXPECT(!checkpoints.empty());
    require_valid(generator, "generator");
    Source source(generator, checkpoints);
    std::vector<std::int64_t> steps;
    std::vector<std::uint64_t> checksums;
    for (std::size_t t = 0; t < checkpoints.size(); ++t)
    {
        steps.push_back(checkpoints[t].step);
        checksums.push_back(checksum(source.read(t)));
    }
    ChainHeader const header{content_configuration(generator, steps, checksums),
                             std::ssize(checkpoints), generator, origin};
    Imported imported{header.id(), output, false, source.ignored()};
    if (fs::is_directory(output))
    {
        imported.path = chain_path(output, imported.id);
    }
    imported.was_there = fs::exists(imported.path);
    if (imported.was_there)
    {
        require_same_chain(imported.path, imported.id);
    }
    else
    {
        write_chain(imported.path, header, source, checkpoints, checksums);
    }
    return imported;
}

}  // namespace surf::chain
