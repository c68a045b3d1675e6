#include "store/pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/contract.hpp"
#include "base/name_table.hpp"
#include "hdf5/file.hpp"
#include "store/outcome_columns.hpp"
#include "store/segment_content.hpp"

namespace surf::store
{
namespace fs = std::filesystem;

namespace
{

constexpr h5::FileType pack_type{.name = "surf_sweep/pack"};

/// What readers need to know of a column over the blocks.
struct BlockColumn
{
    std::string_view name;
    std::string_view long_name;
    std::string_view units = "1";
    std::optional<double> fill = {};
};

constexpr BlockColumn id_column{"block_id", "id of the block"};
constexpr BlockColumn first_column{"first", "number of its first trial"};
constexpr BlockColumn count_column{"count", "how many trials it holds"};
constexpr BlockColumn checksum_column{"checksum", "of all that affects its results"};

/// How a block was computed, a member of BlockRun a column.
struct RunColumn
{
    BlockColumn column;
    std::variant<std::string BlockRun::*, double BlockRun::*, std::int64_t BlockRun::*> member;
};

constexpr std::array run_columns = {
    RunColumn{{"host", "machine"}, &BlockRun::host},
    RunColumn{{"device", "processor"}, &BlockRun::device},
    RunColumn{{"seconds", "how long it took", "s"}, &BlockRun::seconds},
    RunColumn{{"rank", "MPI rank that computed it", "1", BlockRun::unknown}, &BlockRun::rank},
    RunColumn{{"start", "when it began (UTC)", "seconds since 1970-01-01 00:00:00", not_a_number},
              &BlockRun::start},
    RunColumn{
        {"test_images", "how many test images its targets were drawn from", "1", BlockRun::unknown},
        &BlockRun::test_images},
};

/// Columns over the dimension `block`.
class BlockTable
{
  public:
    /// Group and dimension must outlive it.
    BlockTable(h5::Group& root, h5::Dataset const& blocks) : root_(root), blocks_(blocks) {}

    template <class T>
    void add(BlockColumn const& column, std::vector<T> const& values)
    {
        h5::DatasetSpec spec{.type = h5::type_of<T>, .shape = blocks_.shape(), .fill = column.fill};
        if constexpr (std::is_same_v<T, std::string>)
        {
            spec.type = h5::Type::text;
            spec.chunk = spec.shape;  // compressed: mostly one text again and again
            spec.text_size =
                std::max<std::size_t>(1, std::ranges::max(values, {}, &std::string::size).size());
        }
        h5::Dataset dataset = root_.create_dataset(std::string(column.name), spec);
        describe(dataset, column.units, column.long_name);
        dataset.attach_scale(0, blocks_);
        dataset.write<T>(values);
    }

  private:
    h5::Group& root_;
    h5::Dataset const& blocks_;
};

/// What `value_of` gives of each segment.
template <class Value>
auto of_each(std::vector<Segment> const& segments, Value value_of)
{
    std::vector<std::decay_t<std::invoke_result_t<Value, Segment const&>>> values;
    std::ranges::transform(segments, std::back_inserter(values), value_of);
    return values;
}

void write_blocks(h5::Group& root, std::vector<Segment> const& segments)
{
    std::vector<std::int64_t> numbers(segments.size());
    std::iota(numbers.begin(), numbers.end(), 0);
    h5::Dataset blocks = root.create_coordinate<std::int64_t>("block", numbers);
    describe(blocks, "1", "number of the block in this file");
    BlockTable table(root, blocks);
    table.add(id_column,
              of_each(segments, [](auto const& segment) { return segment.block.hex(); }));
    table.add(first_column, of_each(segments, &Segment::first));
    table.add(count_column, of_each(segments, [](auto const& segment) {
                  return static_cast<std::int64_t>(segment.outcomes.size());
              }));
    for (RunColumn const& column : run_columns)
    {
        auto const add = [&](auto member) {
            table.add(column.column,
                      of_each(segments, [&](auto const& segment) { return segment.run.*member; }));
        };
        std::visit(add, column.member);
    }
    table.add(checksum_column, of_each(segments, checksum));
}

template <class T>
std::vector<T> read_column(h5::Group const& root, BlockColumn const& column, std::size_t blocks,
                           fs::path const& path)
{
    auto values = root.dataset(std::string(column.name)).read<T>();
    if (values.size() != blocks)
    {
        fail_damaged(path, fmt::format("column {} has {} values for {} blocks", column.name,
                                       values.size(), blocks));
    }
    return values;
}

PackId pack_id(std::string const& cell, std::int64_t first, std::int64_t block_size,
               std::int64_t blocks, Budget const& budget)
{
    return PackId::of(CanonicalText()
                          .add("cell", hash128_hex(cell))
                          .add("first", first)
                          .add("block_size", block_size)
                          .add("blocks", blocks)
                          .add("budget_steps", budget.steps)
                          .add("budget_evaluations", budget.evaluations));
}

/// All that is stored of the blocks but for their outcomes.
std::vector<Segment> read_blocks(h5::Group const& root, fs::path const& path)
{
    auto const ids = root.dataset(std::string(id_column.name)).read<std::string>();
    auto const firsts = read_column<std::int64_t>(root, first_column, ids.size(), path);
    Segment const common{.block = {},
                         .cell = root.attribute<std::string>("cell"),
                         .task = stored_task(root, path),
                         .budget = {root.attribute<std::int64_t>("budget_steps"),
                                    root.attribute<std::int64_t>("budget_evaluations")},
                         .outcomes = {},
                         .run = {}};
    std::vector<Segment> segments(ids.size(), common);
    for (std::size_t i = 0; i < ids.size(); ++i)
    {
        segments[i].block = BlockId::from_hex(ids[i]);
        segments[i].first = firsts[i];
    }
    for (RunColumn const& column : run_columns)
    {
        auto const read = [&]<class T>(T BlockRun::*member) {
            auto values = read_column<T>(root, column.column, ids.size(), path);
            for (std::size_t i = 0; i < ids.size(); ++i)
            {
                segments[i].run.*member = std::move(values[i]);
            }
        };
        std::visit(read, column.member);
    }
    return segments;
}

/// Trials of each block. Throws FileError unless that follows from the file's name.
std::int64_t require_named(h5::Group const& root, std::vector<Segment> const& segments,
                           fs::path const& path)
{
    auto const counts = read_column<std::int64_t>(root, count_column, segments.size(), path);
    if (counts.empty())
    {
        fail_damaged(path, "holds no blocks");
    }
    Segment const& one = segments.front();
    PackId const id =
        pack_id(one.cell, one.first, counts.front(), std::ssize(segments), one.budget);
    if (id.hex() != path.stem())
    {
        fail_damaged(path, fmt::format("holds pack {}", id.hex()));
    }
    for (std::size_t i = 1; i < segments.size(); ++i)
    {
        if (counts[i] != counts.front() ||
            segments[i].first - segments[i - 1].first != counts.front())
        {
            fail_damaged(path, fmt::format("block {} is out of order", i));
        }
    }
    return counts.front();
}

void remove_segments(fs::path const& output, PackSpec const& spec)
{
    BlockIds const ids(spec.cell);
    std::error_code left;  // what cannot be removed is found by the next run
    for (std::int64_t i = 0; i < spec.blocks; ++i)
    {
        std::int64_t const first = spec.first + i * spec.block_size;
        fs::remove(segment_path(output, ids.of(first, spec.block_size, spec.budget)), left);
    }
}

std::vector<Segment> find_segments(fs::path const& output, PackSpec const& spec,
                                   std::int64_t wanted, OnDamage damage)
{
    std::vector<Segment> segments;
    for (std::int64_t i = 0; i < wanted; ++i)
    {
        if (auto segment = find_segment(output, spec.block(i), damage))
        {
            segments.push_back(std::move(*segment));
        }
    }
    return segments;
}

}  // namespace

PackId PackSpec::id() const
{
    return pack_id(cell.canonical().text(), first, block_size, blocks, budget);
}

BlockSpec PackSpec::block(std::int64_t number) const
{
    EXPECT(number >= 0 && number < blocks);
    return {cell, first + number * block_size, block_size, budget};
}

fs::path pack_path(fs::path const& output, PackId const& id)
{
    return output / "packs" / (id.hex() + ".h5");
}

void write_pack(fs::path const& output, PackSpec const& spec, std::vector<Segment> const& segments)
{
    EXPECT(std::ssize(segments) == spec.blocks && spec.blocks > 0);
    h5::FileWriter file(pack_path(output, spec.id()), pack_type);
    h5::Group& root = file.root();
    Segment const& one = segments.front();
    root.set_attribute("cell", one.cell);
    root.set_attribute("task", std::string(name_of(task_table, one.task)));
    root.set_attribute("budget_steps", spec.budget.steps);
    root.set_attribute("budget_evaluations", spec.budget.evaluations);
    write_blocks(root, segments);
    std::vector<TrialOutcome const*> rows;
    for (Segment const& segment : segments)
    {
        EXPECT(std::ssize(segment.outcomes) == spec.block_size);
        std::ranges::transform(segment.outcomes, std::back_inserter(rows),
                               [](TrialOutcome const& outcome) { return &outcome; });
    }
    write_outcomes(root, std::move(rows), spec.cell.generator.latent_dim);
    file.publish();
}

std::vector<Segment> read_pack(fs::path const& path)
{
    h5::FileReader const file(path, pack_type);
    h5::Group const& root = file.root();
    auto segments = read_blocks(root, path);
    std::int64_t const block_size = require_named(root, segments, path);
    auto outcomes = read_outcome_columns(root);
    auto const blocks = std::ssize(segments);
    if (block_size <= 0 || std::ssize(outcomes) % blocks != 0 ||
        std::ssize(outcomes) / blocks != block_size)
    {
        fail_damaged(path, fmt::format("has {} trials for {} blocks of {}", outcomes.size(), blocks,
                                       block_size));
    }
    auto const checksums = read_column<std::uint64_t>(root, checksum_column, segments.size(), path);
    auto next = std::make_move_iterator(outcomes.begin());
    for (std::size_t i = 0; i < segments.size(); ++i, next += block_size)
    {
        segments[i].outcomes.assign(next, next + block_size);
        require_sane(path, segments[i]);
        if (checksum(segments[i]) != checksums[i])
        {
            fail_damaged(path,
                         fmt::format("the outcomes of block {} do not have their checksum", i));
        }
    }
    return segments;
}

std::vector<Segment> read_pack(fs::path const& path, PackSpec const& spec)
{
    auto segments = read_pack(path);
    TrialOutcome const& outcome = segments.front().outcomes.front();
    if (path.stem() != spec.id().hex() || segments.front().task != spec.cell.problem.task ||
        std::ssize(outcome.latent) != spec.cell.generator.latent_dim)
    {
        fail_damaged(path, "does not hold the blocks of its name");
    }
    return segments;
}

std::optional<std::vector<Segment>> find_pack(fs::path const& output, PackSpec const& spec,
                                              OnDamage damage)
{
    fs::path const path = pack_path(output, spec.id());
    return find_sound(path, damage, [&] { return read_pack(path, spec); });
}

std::vector<Segment> find_blocks(fs::path const& output, PackSpec const& spec, std::int64_t wanted,
                                 OnDamage damage)
{
    EXPECT(wanted >= 0 && wanted <= spec.blocks);
    bool const was_there = fs::exists(pack_path(output, spec.id()));
    auto packed = was_there ? find_pack(output, spec, damage) : std::nullopt;
    if (!packed)
    {
        auto segments = find_segments(output, spec, wanted, damage);
        if (was_there || std::ssize(segments) == wanted)
        {
            return segments;
        }
        packed = find_pack(output, spec, damage);  // a run may have made it just now
        if (!packed)
        {
            return segments;
        }
    }
    packed->resize(static_cast<std::size_t>(wanted));
    return std::move(*packed);
}

Packing pack_blocks(fs::path const& output, PackSpec const& spec)
{
    if (!find_pack(output, spec))
    {
        auto const segments = find_segments(output, spec, spec.blocks, OnDamage::set_aside);
        if (std::ssize(segments) < spec.blocks)
        {
            return Packing::incomplete;
        }
        write_pack(output, spec, segments);
    }
    remove_segments(output, spec);
    return Packing::done;
}

}  // namespace surf::store
