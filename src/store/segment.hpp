#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/not_a_number.hpp"
#include "spec/cell.hpp"
#include "spec/outcome.hpp"

namespace surf::store
{

/// How a block was computed: kept for provenance, no part of the result.
struct BlockRun
{
    std::string host;
    std::string device;
    double seconds = 0;
    std::int64_t rank = unknown;
    /// When it began, in seconds since 1970 (UTC); NaN in segments of earlier versions.
    double start = not_a_number;
    /// How many test images its targets were drawn from.
    std::int64_t test_images = unknown;

    static constexpr std::int64_t unknown = -1;  ///< in segments of earlier versions
};

/// The outcomes of one block as stored.
struct Segment
{
    BlockId block;
    std::string cell;  ///< canonical text of the cell
    Task task = Task::inversion;
    std::int64_t first = 0;
    Budget budget;
    std::vector<TrialOutcome> outcomes;  ///< of trials first, first + 1, …
    BlockRun run;
};

/// segments/<block id>.h5
std::filesystem::path segment_path(std::filesystem::path const& output, BlockId const& id);

/// Publishes segments/<block id>.h5 whole, or throws EnvironmentError.
void write_segment(std::filesystem::path const& output, BlockSpec const& spec,
                   std::vector<TrialOutcome> const& outcomes, BlockRun const& run);

/// Throws FileError if the file is damaged or says that it is another block than its name.
Segment read_segment(std::filesystem::path const& path);
/// The same, and that it is this block.
Segment read_segment(std::filesystem::path const& path, BlockSpec const& spec);

/// What becomes of a damaged file, beside a warning.
enum class OnDamage
{
    set_aside,  ///< it is renamed to *.bad, so that what it held is computed again
    leave,      ///< it stays as it is
};

/// The segment of this block if it is sound and has a file of its own.
std::optional<Segment> find_segment(std::filesystem::path const& output, BlockSpec const& spec,
                                    OnDamage damage = OnDamage::set_aside);

}  // namespace surf::store
