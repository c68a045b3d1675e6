#include "store/segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/name_table.hpp"
#include "hdf5/file.hpp"
#include "store/outcome_columns.hpp"

namespace surf::store
{
namespace fs = std::filesystem;

namespace
{

constexpr h5::FileType segment_type{.name = "surf_sweep/segment", .major = 4, .minor = 1};

[[noreturn]] void fail_damaged(fs::path const& path, std::string const& problem)
{
    throw FileError(fmt::format("{}: {} (the file is damaged) remove it and run again",
                                path.string(), problem));
}

/// Of all that affects the results: not of how the block was computed.
std::uint64_t checksum(Segment const& segment)
{
    std::string text = fmt::format("{}\n{}\n{} {} {} {}\n", segment.block.hex(), segment.cell,
                                   name_of(task_table, segment.task), segment.first,
                                   segment.budget.steps, segment.budget.evaluations);
    for (TrialOutcome const& outcome : segment.outcomes)
    {
        for (NumberColumn const& column : number_columns)
        {
            std::visit(
                [&](auto member) {
                    text += fmt::format("{} ", static_cast<double>(outcome.*member));
                },
                column.member);
        }
        for (LatentColumn const& column : latent_columns)
        {
            text +=
                fmt::format("{:016x} ", hash64(std::as_bytes(std::span(outcome.*column.member))));
        }
    }
    return hash64(text);
}

Task stored_task(h5::Group const& root, fs::path const& path)
{
    auto const name = root.attribute<std::string>("task");
    for (TaskEntry const& entry : task_table)
    {
        if (entry.name == name)
        {
            return entry.kind;
        }
    }
    fail_damaged(path, fmt::format("names no known task ({})", name));
}

/// Whether all numbers are finite, but for the distance.
bool all_finite(TrialOutcome const& outcome)
{
    auto const finite = [](auto value) { return std::isfinite(value); };
    return finite(outcome.objective) && finite(outcome.pixel_error) &&
           finite(outcome.best_objective) &&
           std::all_of(outcome.latent.begin(), outcome.latent.end(), finite) &&
           std::all_of(outcome.best_latent.begin(), outcome.best_latent.end(), finite);
}

bool is_known(StopReason reason)
{
    return std::any_of(stop_reason_table.begin(), stop_reason_table.end(),
                       [&](StopReasonEntry const& entry) { return entry.kind == reason; });
}

/// What no engine gives, even if a checksum says that it was written so.
void require_sane(fs::path const& path, Segment const& segment)
{
    TaskEntry const& task = entry_of(segment.task);
    std::int64_t number = segment.first;
    for (TrialOutcome const& outcome : segment.outcomes)
    {
        if (outcome.trial != number++)
        {
            fail_damaged(path, fmt::format("trial {} is out of order", outcome.trial));
        }
        if (!is_known(outcome.stop_reason))
        {
            fail_damaged(path, fmt::format("trial {} has the unknown stop reason {}", outcome.trial,
                                           static_cast<int>(outcome.stop_reason)));
        }
        bool const unmeasured = std::isnan(outcome.distance) && !outcome.success &&
                                outcome.first_hit == TrialOutcome::never &&
                                outcome.hit_evaluations == TrialOutcome::never;
        if (!task.has_latent && !unmeasured)
        {
            fail_damaged(path, fmt::format("trial {} has a distance, but {} has no true latent",
                                           outcome.trial, task.name));
        }
        bool const finite =
            all_finite(outcome) && (!task.has_latent || std::isfinite(outcome.distance));
        if (outcome.stop_reason != StopReason::non_finite && !finite)
        {
            fail_damaged(path,
                         fmt::format("trial {} has a value that is not finite", outcome.trial));
        }
    }
}

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

    h5::Dataset const rows = create_row_numbers(root, spec.count);
    OutcomeRows table;
    for (TrialOutcome const& outcome : outcomes)
    {
        table.outcomes.push_back(&outcome);
    }
    write_number_columns(root, rows, table);
    LatentColumns latents(root, rows, spec.cell.generator.latent_dim);
    for (LatentColumn const& column : latent_columns)
    {
        latents.write(column, table);
    }
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

std::optional<Segment> find_segment(fs::path const& output, BlockSpec const& spec)
{
    fs::path const path = segment_path(output, spec.id());
    if (!fs::exists(path))
    {
        return std::nullopt;
    }
    try
    {
        return read_segment(path, spec);
    }
    catch (FileError const& error)
    {
        h5::set_aside(path, error.what());
        return std::nullopt;
    }
}

}  // namespace surf::store
