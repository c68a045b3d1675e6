#include "store/segment_content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <utility>

#include "base/name_table.hpp"
#include "store/outcome_columns.hpp"

namespace surf::store
{
namespace fs = std::filesystem;

namespace
{

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

}  // namespace

void fail_damaged(fs::path const& path, std::string const& problem)
{
    throw FileError(fmt::format("{}: {} (the file is damaged) remove it and run again",
                                path.string(), problem));
}

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
                    fmt::format_to(std::back_inserter(text), "{} ",
                                   static_cast<double>(outcome.*member));
                },
                column.member);
        }
        for (LatentColumn const& column : latent_columns)
        {
            fmt::format_to(std::back_inserter(text), "{:016x} ",
                           hash64(std::as_bytes(std::span(outcome.*column.member))));
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

void write_outcomes(h5::Group& root, std::vector<TrialOutcome const*> outcomes,
                    std::int64_t latent_dim)
{
    h5::Dataset const rows = create_row_numbers(root, std::ssize(outcomes));
    OutcomeRows const table{.outcomes = std::move(outcomes)};
    write_number_columns(root, rows, table);
    LatentColumns latents(root, rows, latent_dim);
    for (LatentColumn const& column : latent_columns)
    {
        latents.write(column, table);
    }
}

}  // namespace surf::store
