#include "chain/chain_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/contract.hpp"
#include "base/error.hpp"

namespace surf::chain
{
namespace fs = std::filesystem;

namespace
{

using h5::Type;

/// Of all that a reader hands out of a snapshot.
std::uint64_t snapshot_checksum(Snapshot const& snapshot)
{
    std::string text =
        fmt::format("{} {} {:016x}\n", snapshot.index, snapshot.step, checksum(snapshot.generator));
    for (auto const& [name, value] : snapshot.losses)
    {
        text += fmt::format("{} {}\n", name, value);
    }
    return hash64(text);
}

bool all_finite(NamedArray const& array)
{
    return std::all_of(array.values.begin(), array.values.end(),
                       [](float value) { return std::isfinite(value); });
}

h5::Slab row_slab(std::int64_t row, std::vector<std::int64_t> const& shape)
{
    h5::Slab slab{{row}, {1}};
    slab.start.resize(1 + shape.size(), 0);
    slab.count.insert(slab.count.end(), shape.begin(), shape.end());
    return slab;
}

h5::Dataset create_column(h5::Group& group, std::string const& name, Type type, std::int64_t count,
                          h5::Dataset const& index, std::string const& long_name)
{
    h5::Dataset column = group.create_dataset(name, {type, {count}});
    column.set_attribute("units", "1");
    column.set_attribute("long_name", long_name);
    column.attach_scale(0, index);
    return column;
}

[[noreturn]] void fail_damaged(fs::path const& path, std::string const& problem)
{
    throw FileError(fmt::format("{}: {} (the file is damaged) remove it and run again",
                                path.string(), problem));
}

}  // namespace

std::uint64_t checksum(Parameters const& arrays)
{
    std::string text;
    for (NamedArray const& array : arrays)
    {
        text += fmt::format("{} [{}] {:016x}\n", array.name, fmt::join(array.shape, ","),
                            hash64(std::as_bytes(std::span(array.values))));
    }
    return hash64(text);
}

void write_configuration(h5::Group& root, CanonicalText const& configuration)
{
    root.set_attribute("chain_id", ChainId::of(configuration).hex());
    h5::Group group = root.create_group("configuration");
    for (auto const& [key, value] : configuration.entries())
    {
        group.set_attribute(key, value);
    }
}

CanonicalText read_configuration(h5::Group const& root, fs::path const& path)
{
    h5::Group const group = root.group("configuration");
    CanonicalText configuration;
    for (std::string const& key : group.attribute_names())
    {
        configuration.add(key, group.attribute<std::string>(key));
    }
    if (root.attribute<std::string>("chain_id") != ChainId::of(configuration).hex())
    {
        fail_damaged(path, "chain_id is not the hash of /configuration");
    }
    return configuration;
}

void AxisScales::attach(h5::Dataset& dataset, std::size_t first)
{
    h5::Shape const shape = dataset.shape();
    for (std::size_t axis = first; axis < shape.size(); ++axis)
    {
        std::string const name = fmt::format("axis{}_{}", axis - first, shape[axis]);
        auto scale = scales_.find(name);
        if (scale == scales_.end())
        {
            scale = scales_.emplace(name, root_.create_dimension(name, shape[axis])).first;
        }
        dataset.attach_scale(axis, scale->second);
    }
}

ChainFileWriter::ChainFileWriter(fs::path const& path, CanonicalText const& configuration,
                                 Options options)
    : options_(std::move(options)), file_(path, chain_type), axes_(file_.root())
{
    h5::Group& root = file_.root();
    write_configuration(root, configuration);
    std::vector<std::int64_t> indices(static_cast<std::size_t>(options_.count));
    std::iota(indices.begin(), indices.end(), options_.first);
    h5::Dataset index = root.create_coordinate<std::int64_t>("index", indices);
    index.set_attribute("units", "1");
    index.set_attribute("long_name", "index t of the snapshot along the training");

    auto const add = [&](h5::Group& group, std::string const& prefix, std::string const& name,
                         Type type, std::string const& long_name) {
        columns_.emplace(prefix + name,
                         create_column(group, name, type, options_.count, index, long_name));
    };
    add(root, "", "step", Type::int64, "training steps done");
    add(root, "", "checksum", Type::uint64, "XXH3-64 of the snapshot");
    h5::Group losses = root.create_group("loss");
    for (std::string const& name : options_.losses)
    {
        add(losses, "loss/", name, Type::float64, name + " loss, mean since the snapshot before");
    }
    columns_.emplace("index", std::move(index));
}

void ChainFileWriter::create_arrays(Parameters const& arrays)
{
    h5::Group group = file_.root().create_group("snapshot");
    for (NamedArray const& array : arrays)
    {
        h5::Shape shape = {options_.count};
        shape.insert(shape.end(), array.shape.begin(), array.shape.end());
        h5::Dataset dataset = group.create_dataset(array.name, {Type::float32, shape});
        dataset.set_attribute("units", "1");
        dataset.set_attribute("long_name", array.name + " of the generator");
        dataset.attach_scale(0, columns_.at("index"));
        axes_.attach(dataset, 1);
        arrays_.push_back(std::move(dataset));
    }
}

void ChainFileWriter::append(Snapshot const& snapshot)
{
    EXPECT(snapshot.index == options_.first + row_ && row_ < options_.count);
    for (NamedArray const& array : snapshot.generator)
    {
        if (!all_finite(array))
        {
            throw DivergedError(fmt::format(
                "snapshot {} has a value in {} that is not finite (the "
                "training diverged) lower train.generator_rate and train.discriminator_rate",
                snapshot.index, array.name));
        }
    }
    if (arrays_.empty())
    {
        create_arrays(snapshot.generator);
    }
    EXPECT(arrays_.size() == snapshot.generator.size());
    for (std::size_t i = 0; i < arrays_.size(); ++i)
    {
        NamedArray const& array = snapshot.generator[i];
        arrays_[i].write<float>(row_slab(row_, array.shape), array.values);
    }
    auto const put = [&]<class T>(std::string const& column, T value) {
        columns_.at(column).write<T>(row_slab(row_, {}), {&value, 1});
    };
    put("step", snapshot.step);
    put("checksum", snapshot_checksum(snapshot));
    for (std::string const& name : options_.losses)
    {
        auto const loss = snapshot.losses.find(name);
        put("loss/" + name, loss == snapshot.losses.end() ? std::numeric_limits<double>::quiet_NaN()
                                                          : loss->second);
    }
    ++row_;
}

void ChainFileWriter::publish()
{
    EXPECT(row_ == options_.count);
    file_.publish();
}

ChainFileReader::ChainFileReader(fs::path path)
    : path_(std::move(path)),
      file_(path_, chain_type),
      configuration_(read_configuration(file_.root(), path_))
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

    h5::Group const losses = root.group("loss");
    for (h5::Child const& child : losses.children())
    {
        auto values = losses.dataset(child.name).read<double>();
        if (values.size() != indices.size())
        {
            fail_damaged(path_, fmt::format("/loss/{} does not fit /index", child.name));
        }
        losses_.emplace(child.name, std::move(values));
    }
    h5::Group const snapshots = root.group("snapshot");
    for (h5::Child const& child : snapshots.children())
    {
        h5::Dataset dataset = snapshots.dataset(child.name);
        h5::Shape shape = dataset.shape();
        if (shape.empty() || shape.front() != count())
        {
            fail_damaged(path_, fmt::format("/snapshot/{} does not fit /index", child.name));
        }
        shape.erase(shape.begin());
        arrays_.push_back({child.name, std::move(shape), std::move(dataset)});
    }
}

Snapshot ChainFileReader::read(std::int64_t t) const
{
    EXPECT(t >= first_ && t < first_ + count());
    std::int64_t const row = t - first_;
    auto const i = static_cast<std::size_t>(row);
    Snapshot snapshot{t, steps_[i], {}, {}};
    for (auto const& [name, values] : losses_)
    {
        if (t > 0)  // before the first step there is no loss
        {
            snapshot.losses.emplace(name, values[i]);
        }
    }
    for (Array const& source : arrays_)
    {
        NamedArray array{source.name, source.shape, {}};
        array.values.resize(static_cast<std::size_t>(array.size()));
        source.dataset.read<float>(row_slab(row, source.shape), array.values);
        if (!all_finite(array))
        {
            fail_damaged(path_, fmt::format("snapshot {} has a value in {} that is not finite", t,
                                            array.name));
        }
        snapshot.generator.push_back(std::move(array));
    }
    if (snapshot_checksum(snapshot) != checksums_[i])
    {
        fail_damaged(path_, fmt::format("snapshot {} does not have its checksum", t));
    }
    return snapshot;
}

}  // namespace surf::chain
