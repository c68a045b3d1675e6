#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "chain/chain_file.hpp"
#include "chain/generator_group.hpp"

namespace surf::chain
{
namespace fs = std::filesystem;

ChainFileReader::ChainFileReader(fs::path path) : path_(std::move(path)), file_(path_, chain_type)
{
    h5::Group const& root = file_.root();
    header_.configuration = read_configuration(root, path_);
    header_.generator = read_generator(root, path_);
    header_.origin = root.attribute<std::string>("origin");
    read_counters();
    header_.snapshots = count();

    h5::Group const log = root.group("log");
    for (h5::Child const& child : log.children())
    {
        auto values = log.dataset(child.name).read<double>();
        if (std::ssize(values) != count())
        {
            fail_damaged(path_, fmt::format("/log/{} does not fit /index", child.name));
        }
        log_.emplace(child.name, std::move(values));
    }
    if (root.exists("samples"))
    {
        samples_ = open_array(root, "samples", "/samples");
    }
    h5::Group const snapshots = root.group("snapshot");
    for (h5::Child const& child : snapshots.children())
    {
        arrays_.push_back(open_array(snapshots, child.name, "/snapshot/" + child.name));
    }
    require_arrays();
    require_content();
}

void ChainFileReader::read_counters()
{
    h5::Group const& root = file_.root();
    auto const indices = root.dataset("index").read<std::int64_t>();
    steps_ = root.dataset("step").read<std::int64_t>();
    checksums_ = root.dataset("checksum").read<std::uint64_t>();
    for (std::size_t i = 0; i < indices.size(); ++i)
    {
        if (indices[i] != indices[0] + static_cast<std::int64_t>(i))
        {
            fail_damaged(path_, "/index does not count up by one");
        }
    }
    if (indices.empty() || steps_.size() != indices.size() || checksums_.size() != indices.size())
    {
        fail_damaged(path_, "/index, /step and /checksum do not fit together");
    }
    first_ = indices.front();
}

void ChainFileReader::require_arrays() const
{
    auto const find = [&](std::string const& name) {
        auto const array = std::ranges::find(arrays_, name, &Array::name);
        if (array == arrays_.end())
        {
            throw FileError(fmt::format(
                "{}: /snapshot/{} is missing (the network in /generator needs it) write the chain "
                "again",
                path_.string(), name));
        }
        return array;
    };
    if (Program const* const program = header_.generator.program())
    {
        std::ranges::for_each(program->tensors, find);
        return;
    }
    for (ArraySpec const& needed : arrays_of(*header_.generator.layers()))
    {
        if (auto const array = find(needed.name); array->shape != needed.shape)
        {
            throw FileError(fmt::format(
                "{}: /snapshot/{} has shape [{}], but the network in /generator needs [{}]; write "
                "the chain again",
                path_.string(), needed.name, fmt::join(array->shape, ", "),
                fmt::join(needed.shape, ", ")));
        }
    }
}

void ChainFileReader::require_content() const
{
    bool const is_whole = first_ == 0;
    bool const names_content = header_.configuration.entries().contains(content_key);
    if (is_whole && names_content &&
        content_configuration(header_.generator, steps_, checksums_).text() !=
            header_.configuration.text())
    {
        fail_damaged(path_, "chain_id is not that of its content");
    }
}

ChainFileReader::Array ChainFileReader::open_array(h5::Group const& group, std::string const& name,
                                                   std::string const& path) const
{
    h5::Dataset dataset = group.dataset(name);
    h5::Shape shape = dataset.shape();
    if (shape.empty() || shape.front() != count())
    {
        fail_damaged(path_, fmt::format("{} does not fit /index", path));
    }
    dataset.require_storable();
    shape.erase(shape.begin());
    return {name, std::move(shape), std::move(dataset)};
}

NamedArray ChainFileReader::read_array(Array const& source, std::int64_t row) const
{
    NamedArray array{source.name, source.shape, {}};
    auto const size = static_cast<std::size_t>(array.size());
    if (auto mapped = source.dataset.map_row(row))
    {
        array.values = {std::move(mapped), size};
    }
    else
    {
        std::vector<float> values(size);
        source.dataset.read<float>(row_slab(row, source.shape), values);
        array.values = std::move(values);
    }
    if (!all_finite(array))
    {
        fail_damaged(path_, fmt::format("snapshot {} has a value in {} that is not finite",
                                        first_ + row, array.name));
    }
    return array;
}

std::set<std::string> ChainFileReader::log_names() const
{
    std::set<std::string> names;
    for (auto const& [name, values] : log_)
    {
        names.insert(name);
    }
    return names;
}

Snapshot ChainFileReader::read(std::int64_t t) const
{
    EXPECT(t >= first_ && t < first_ + count());
    std::int64_t const row = t - first_;
    auto const i = static_cast<std::size_t>(row);
    Snapshot snapshot{.index = t, .step = steps_[i], .generator = {}};
    if (samples_)
    {
        snapshot.samples = read_array(*samples_, row);
    }
    for (auto const& [name, values] : log_)
    {
        if (!std::isnan(values[i]))  // NaN stands for "not there"
        {
            snapshot.log.emplace(name, values[i]);
        }
    }
    for (Array const& source : arrays_)
    {
        snapshot.generator.push_back(read_array(source, row));
    }
    if (checksum(snapshot) != checksums_[i])
    {
        fail_damaged(path_, fmt::format("snapshot {} does not have its checksum", t));
    }
    return snapshot;
}

}  // namespace surf::chain
