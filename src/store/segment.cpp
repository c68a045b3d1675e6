#include "store/segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/contract.hpp"
#include "base/name_table.hpp"
#include "hdf5/file.hpp"
#include "store/segment_content.hpp"

namespace surf::store
{
namespace fs = std::filesystem;

namespace
{

constexpr h5::FileType segment_type{.name = "surf_sweep/segment", .major = 4, .minor = 1};

void write_run(h5::Group& root, BlockRun const& run)
{
    root.set_attribute("host", run.host);
    root.set_attribute("device", run.device);
    root.set_attribute("seconds", run.seconds);
    root.set_attribute("rank", run.rank);
    root.set_attribute("start", run.start);
    root.set_attribute("test_images", run.test_images);
}

BlockRun read_run(h5::Group const& root)
{
    BlockRun run{.host = root.attribute<std::string>("host"),
                 .device = root.attribute<std::string>("device"),
                 .seconds = root.attribute<double>("seconds")};
    auto const read_if_there = [&]<class T>(char const* name, T& value) {
        if (root.has_attribute(name))
        {
            value = root.attribute<T>(name);
        }
    };
    read_if_there("rank", run.rank);
    read_if_there("start", run.start);
    read_if_there("test_images", run.test_images);
    return run;
}

void require_block(fs::path const& path, Segment const& segment, BlockSpec const& spec)
{
    auto const latent_dim = static_cast<std::size_t>(spec.cell.generator.latent_dim);
    bool const latents_fit = std::all_of(
        segment.outcomes.begin(), segment.outcomes.end(),
        [&](TrialOutcome const& outcome) { return outcome.latent.size() == latent_dim; });
    if (segment.cell != spec.cell.canonical().text() || segment.task != spec.cell.problem.task ||
        segment.first != spec.first || segment.budget != spec.budget ||
        std::ssize(segment.outcomes) != spec.count || !latents_fit)
    {
        fail_damaged(path, "does not hold the block of its name");
    }
}

}  // namespace

fs::path segment_path(fs::path const& output, BlockId const& id)
{
    return output / "segments" / (id.hex() + ".h5");
}

void write_segment(fs::path const& output, BlockSpec const& spec,
                   std::vector<TrialOutcome> const& outcomes, BlockRun const& run)
{
    EXPECT(std::ssize(outcomes) == spec.count);
    Segment const segment{spec.id(),
                          spec.cell.canonical().text(),
                          spec.cell.problem.task,
                          spec.first,
                          spec.budget,
                          outcomes,
                          run};
    h5::FileWriter file(segment_path(output, segment.block), segment_type);
    h5::Group& root = file.root();
    root.set_attribute("block_id", segment.block.hex());
    root.set_attribute("cell", segment.cell);
    root.set_attribute("task", std::string(name_of(task_table, segment.task)));
    root.set_attribute("first", segment.first);
    root.set_attribute("budget_steps", segment.budget.steps);
    root.set_attribute("budget_evaluations", segment.budget.evaluations);
    write_run(root, run);
    root.set_attribute("checksum", checksum(segment));

    std::vector<TrialOutcome const*> rows;
    std::ranges::transform(outcomes, std::back_inserter(rows),
                           [](TrialOutcome const& outcome) { return &outcome; });
    write_outcomes(root, std::move(rows), spec.cell.generator.latent_dim);
    file.publish();
}

Segment read_segment(fs::path const& path)
{
    h5::FileReader const file(path, segment_type);
    h5::Group const& root = file.root();
    Segment segment{BlockId::from_hex(root.attribute<std::string>("block_id")),
                    root.attribute<std::string>("cell"),
                    stored_task(root, path),
                    root.attribute<std::int64_t>("first"),
                    {root.attribute<std::int64_t>("budget_steps"),
                     root.attribute<std::int64_t>("budget_evaluations")},
                    read_outcome_columns(root),
                    read_run(root)};
    if (segment.block.hex() != path.stem())
    {
        fail_damaged(path, fmt::format("holds block {}", segment.block.hex()));
    }
    require_sane(path, segment);
    if (root.attribute<std::uint64_t>("checksum") != checksum(segment))
    {
        fail_damaged(path, "the outcomes do not have their checksum");
    }
    return segment;
}

Segment read_segment(fs::path const& path, BlockSpec const& spec)
{
    Segment segment = read_segment(path);
    require_block(path, segment, spec);
    return segment;
}

std::optional<Segment> find_segment(fs::path const& output, BlockSpec const& spec, OnDamage damage)
{
    fs::path const path = segment_path(output, spec.id());
    return find_sound(path, damage, [&] { return read_segment(path, spec); });
}

}  // namespace surf::store
