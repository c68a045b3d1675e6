#include "chain/chain_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/name_table.hpp"
#include "base/not_a_number.hpp"
#include "chain/generator_group.hpp"

namespace surf::chain
{
namespace fs = std::filesystem;

namespace
{

using h5::Type;

void describe(h5::Dataset& dataset, std::string const& long_name)
{
    dataset.set_attribute("units", "1");
    dataset.set_attribute("long_name", long_name);
}

h5::Dataset create_column(h5::Group& group, std::string const& name, Type type, std::int64_t count,
                          h5::Dataset const& index, std::string const& long_name)
{
    h5::Dataset column = group.create_dataset(name, {type, {count}});
    describe(column, long_name);
    column.attach_scale(0, index);
    return column;
}

/// The coordinate first, first + 1, … of a dimension.
h5::Dataset create_counter(h5::Group& group, std::string const& name, std::int64_t first,
                           std::int64_t count, std::string const& long_name)
{
    std::vector<std::int64_t> values(static_cast<std::size_t>(count));
    std::iota(values.begin(), values.end(), first);
    h5::Dataset counter = group.create_coordinate<std::int64_t>(name, values);
    describe(counter, long_name);
    return counter;
}

std::string long_name_of(std::string const& log_entry)
{
    if (log_entry == frechet_entry)
    {
        return "Frechet distance of samples to held-out images in their principal components";
    }
    if (log_entry == diversity_entry)
    {
        return "total variance of samples, in that of held-out images";
    }
    return fmt::format("{}, mean since the snapshot before", log_entry);
}

[[noreturn]] void fail_diverged(std::int64_t snapshot, std::string const& problem)
{
    throw DivergedError(
        fmt::format("snapshot {}: {}, not finite (the training diverged) lower "
                    "train.generator_rate and train.discriminator_rate, or take another seed",
                    snapshot, problem));
}

/// Throws DivergedError naming the first quantity that is not finite.
void require_all_finite(Snapshot const& snapshot)
{
    for (NamedArray const& array : snapshot.generator)
    {
        require_finite(snapshot.index, array);
    }
    for (auto const& [name, value] : snapshot.log)
    {
        if (!std::isfinite(value))
        {
            fail_diverged(snapshot.index, fmt::format("{} is {}", name, value));
        }
    }
    require_finite(snapshot.index, snapshot.samples);
}

}  // namespace

bool all_finite(NamedArray const& array)
{
    // Without an early end, so that the compiler makes vector code of it.
    bool finite = true;
    for (float const value : array.values)
    {
        finite = finite & std::isfinite(value);
    }
    return finite;
}

h5::Slab row_slab(std::int64_t row, std::vector<std::int64_t> const& shape)
{
    h5::Slab slab{{row}, {1}};
    slab.start.resize(1 + shape.size(), 0);
    slab.count.insert(slab.count.end(), shape.begin(), shape.end());
    return slab;
}

void fail_damaged(fs::path const& path, std::string const& problem)
{
    throw FileError(fmt::format("{}: {} (the file is damaged) remove it and run again",
                                path.string(), problem));
}

void require_finite(std::int64_t snapshot, NamedArray const& array)
{
    if (!all_finite(array))
    {
        auto const bad = std::ranges::find_if_not(array.values,
                                                  [](float value) { return std::isfinite(value); });
        fail_diverged(snapshot, fmt::format("a value in {} is {}", array.name, *bad));
    }
}

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

std::uint64_t checksum(Snapshot const& snapshot)
{
    std::string text =
        fmt::format("{} {} {:016x} {:016x}\n", snapshot.index, snapshot.step,
                    checksum(snapshot.generator), checksum(Parameters{snapshot.samples}));
    for (auto const& [name, value] : snapshot.log)
    {
        text += fmt::format("{} {}\n", name, value);
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

CanonicalText content_configuration(GeneratorSpec const& generator,
                                    std::vector<std::int64_t> const& steps,
                                    std::vector<std::uint64_t> const& checksums)
{
    EXPECT(steps.size() == checksums.size());
    CanonicalText content;
    content.add("latent_dim", generator.latent_dim);
    content.add("prior", name_of(prior_table, generator.prior));
    content.add("image", generator.image.text());
    content.add("low", generator.range.low);
    content.add("high", generator.range.high);
    if (NetworkSpec const* const layers = generator.layers())
    {
        content.add("network", network_text(*layers));
    }
    else
    {
        Program const& program = *generator.program();
        content.add("program", hash128_hex(*program.code));
        content.add("tensors", fmt::format("{}", fmt::join(program.tensors, " ")));
    }
    std::string snapshots;
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        snapshots += fmt::format("{} {:016x}\n", steps[i], checksums[i]);
    }
    content.add("snapshots", hash128_hex(snapshots));
    CanonicalText configuration;
    configuration.add(content_key, hash128_hex(content.text()));
    return configuration;
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

ChainFileWriter::ChainFileWriter(fs::path const& path, ChainHeader const& header, Options options)
    : options_(std::move(options)), file_(path, chain_type), axes_(file_.root())
{
    h5::Group& root = file_.root();
    root.set_attribute("origin", header.origin);
    write_configuration(root, header.configuration);
    write_generator(root, header.generator);
    h5::Dataset index = create_counter(root, "index", options_.first, options_.count,
                                       "index t of the snapshot along the training");

    auto const add = [&](h5::Group& group, std::string const& prefix, std::string const& name,
                         Type type, std::string const& long_name) {
        columns_.emplace(prefix + name,
                         create_column(group, name, type, options_.count, index, long_name));
    };
    add(root, "", "step", Type::int64, "training steps done");
    add(root, "", "checksum", Type::uint64, "XXH3-64 of the snapshot");
    h5::Group log = root.create_group("log");
    for (std::string const& name : options_.log)
    {
        add(log, "log/", name, Type::float64, long_name_of(name));
    }
    columns_.emplace("index", std::move(index));
}

void ChainFileWriter::create_samples(NamedArray const& samples)
{
    EXPECT(samples.shape.size() == 4);
    h5::Group& root = file_.root();
    h5::Shape const& shape = samples.shape;
    std::array const scales = {
        create_counter(root, "sample", 0, shape[0], "sample, of the same latent in all snapshots"),
        create_counter(root, "channel", 0, shape[1], "channel of the image"),
        create_counter(root, "row", 0, shape[2], "pixel row from the top"),
        create_counter(root, "column", 0, shape[3], "pixel column from the left"),
    };
    samples_ = root.create_dataset(
        "samples", {Type::float32, {options_.count, shape[0], shape[1], shape[2], shape[3]}});
    describe(*samples_, "images that the generator makes");
    samples_->attach_scale(0, columns_.at("index"));
    for (std::size_t i = 0; i < scales.size(); ++i)
    {
        samples_->attach_scale(1 + i, scales[i]);
    }
}

void ChainFileWriter::create_arrays(Parameters const& arrays)
{
    h5::Group group = file_.root().create_group("snapshot");
    for (NamedArray const& array : arrays)
    {
        h5::Shape shape = {options_.count};
        shape.insert(shape.end(), array.shape.begin(), array.shape.end());
        h5::Dataset dataset = group.create_dataset(array.name, {Type::float32, shape});
        describe(dataset, array.name + " of the generator");
        dataset.attach_scale(0, columns_.at("index"));
        axes_.attach(dataset, 1);
        arrays_.push_back(std::move(dataset));
    }
}

void ChainFileWriter::append(Snapshot const& snapshot)
{
    EXPECT(snapshot.index == options_.first + row_ && row_ < options_.count);
    EXPECT(std::ranges::all_of(
        snapshot.log, [&](auto const& entry) { return options_.log.contains(entry.first); }));
    require_all_finite(snapshot);
    if (row_ == 0)
    {
        if (snapshot.samples.size() > 0)
        {
            create_samples(snapshot.samples);
        }
        create_arrays(snapshot.generator);
    }
    EXPECT(samples_.has_value() == (snapshot.samples.size() > 0));
    if (samples_)
    {
        samples_->write<float>(row_slab(row_, snapshot.samples.shape), snapshot.samples.values);
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
    put("checksum", checksum(snapshot));
    for (std::string const& name : options_.log)
    {
        auto const entry = snapshot.log.find(name);
        put("log/" + name, entry == snapshot.log.end() ? not_a_number : entry->second);
    }
    ++row_;
}

void ChainFileWriter::publish()
{
    EXPECT(row_ == options_.count);
    file_.publish();
}

}  // namespace surf::chain
