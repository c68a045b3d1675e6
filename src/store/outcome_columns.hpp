#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "hdf5/group.hpp"
#include "spec/outcome.hpp"

/// Outcomes as columns: the same in segments and in the results' table of trials.
namespace surf::store
{

/// Whether each outcome has a number.
enum class Occurs
{
    always,
    perhaps,      ///< TrialOutcome::never is possible
    with_latent,  ///< of a task with an x* alone
};

/// One number an outcome, as a member of TrialOutcome.
struct NumberColumn
{
    std::string_view name;
    std::string_view long_name;
    std::variant<std::int64_t TrialOutcome::*, double TrialOutcome::*, bool TrialOutcome::*,
                 StopReason TrialOutcome::*>
        member;
    Occurs occurs = Occurs::always;
};

/// One vector of k numbers an outcome.
struct LatentColumn
{
    std::string_view name;
    std::string_view long_name;
    std::vector<float> TrialOutcome::*member;
};

inline constexpr std::array number_columns = {
    NumberColumn{"trial", "number of the trial in its cell", &TrialOutcome::trial},
    NumberColumn{"stop_reason", "why the trial ended", &TrialOutcome::stop_reason},
    NumberColumn{"success", "whether the latent found is within the success distance",
                 &TrialOutcome::success, Occurs::with_latent},
    NumberColumn{"iterations", "steps over all networks, starts and linear pieces",
                 &TrialOutcome::iterations},
    NumberColumn{"polish_iterations", "those of the iterations that a polish took at the end",
                 &TrialOutcome::polish_iterations},
    NumberColumn{"network_evaluations", "forward, backward and tangent passes of one image",
                 &TrialOutcome::network_evaluations},
    NumberColumn{"first_hit", "steps until first within the success distance",
                 &TrialOutcome::first_hit, Occurs::perhaps},
    NumberColumn{"hit_evaluations", "network evaluations until first within the success distance",
                 &TrialOutcome::hit_evaluations, Occurs::perhaps},
    NumberColumn{"goal_evaluations", "network evaluations until the objective was at its goal",
                 &TrialOutcome::goal_evaluations, Occurs::perhaps},
    NumberColumn{"pieces", "linear pieces searched (projected only)", &TrialOutcome::pieces},
    NumberColumn{"capped_snapshots", "snapshots at which max_pieces left units out",
                 &TrialOutcome::capped_snapshots},
    NumberColumn{"units_cut", "near-zero units that max_pieces left out, over all snapshots",
                 &TrialOutcome::units_cut},
    NumberColumn{"objective", "objective f at the latent found", &TrialOutcome::objective},
    NumberColumn{"distance", "distance from the latent found to the true one",
                 &TrialOutcome::distance},
    NumberColumn{"pixel_error", "root mean square error of the pixels", &TrialOutcome::pixel_error},
    NumberColumn{"best_objective", "smallest objective on the final network",
                 &TrialOutcome::best_objective},
};

inline constexpr std::array latent_columns = {
    LatentColumn{"latent", "latent at which the trial ended", &TrialOutcome::latent},
    LatentColumn{"best_latent", "latent with the smallest objective", &TrialOutcome::best_latent},
};

/// What is stored for a member: int8 for booleans and enumerations.
template <class Member>
using Stored =
    std::conditional_t<std::is_same_v<Member, bool> || std::is_enum_v<Member>, std::int8_t, Member>;

/// The attributes `units` and `long_name`, which every dataset has.
void describe(h5::Dataset& dataset, std::string_view units, std::string_view long_name);

/// The attributes flag_values and flag_meanings of a column of table entries' kinds.
template <class Table>
void describe_flags(h5::Dataset& dataset, Table const& table)
{
    std::vector<std::int8_t> values;
    std::string meanings;
    for (auto const& entry : table)
    {
        values.push_back(static_cast<std::int8_t>(entry.kind));
        meanings.append(meanings.empty() ? "" : " ").append(entry.name);
    }
    dataset.set_attribute("flag_values", values);
    dataset.set_attribute("flag_meanings", meanings);
}

/// As describe_flags, of a column of 0 and 1.
void describe_yes_no(h5::Dataset& dataset);

/// The dimension `row`: 0, 1, … rows − 1.
h5::Dataset create_row_numbers(h5::Group& group, std::int64_t rows);

/// How a table of rows is cut into compressed chunks.
inline constexpr std::int64_t chunk_rows = 4096;

/// Outcomes as the rows of a table.
struct OutcomeRows
{
    std::vector<TrialOutcome const*> outcomes;
    /// Of tables with trials of several tasks: whether a row's task has an x*. Success is missing
    /// where it has none, and the enumerations are named …_code, since readers compare their
    /// numbers with names. Nothing: all are of one task, which says what success means.
    std::optional<std::vector<bool>> with_latent = {};
};

/// Writes the columns of numbers over the dimension `rows`.
void write_number_columns(h5::Group& group, h5::Dataset const& rows, OutcomeRows const& table);

/// What the latents of a row are.
using LatentOfRow = std::function<std::vector<float>(std::size_t)>;

/// Latents over the dimensions `row` and `latent_component`.
class LatentColumns
{
  public:
    /// Makes the dimension latent_component of extent `latent_dim`. Group and rows must outlive it.
    LatentColumns(h5::Group& group, h5::Dataset const& rows, std::int64_t latent_dim);

    /// A shorter latent is filled up with NaN.
    void write(std::string const& name, std::string_view long_name, LatentOfRow const& latent_of);
    void write(LatentColumn const& column, OutcomeRows const& table);

  private:
    h5::Group& group_;
    h5::Dataset const& rows_;
    h5::Dataset components_;
};

/// The outcomes of such columns, whatever their values. Throws FileError if their lengths differ.
std::vector<TrialOutcome> read_outcome_columns(h5::Group const& group);

}  // namespace surf::store
