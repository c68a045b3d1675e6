#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chain/chain.hpp"
#include "hdf5/file.hpp"

/// For the sources of this folder only: the layout of chain files.
///
/// A finished chain and each snapshot of a chain in the making have the same layout; the latter is
/// a chain file of one snapshot, whose /index is not 0.
namespace surf::chain
{

inline constexpr h5::FileType chain_type{.name = "surf_sweep/chain", .major = 3};

/// Whether all values are.
bool all_finite(NamedArray const& array);
/// One row of a dataset whose rows are arrays of this shape.
h5::Slab row_slab(std::int64_t row, std::vector<std::int64_t> const& shape);
/// Throws FileError naming the file and what is wrong with it.
[[noreturn]] void fail_damaged(std::filesystem::path const& path, std::string const& problem);

/// Throws DivergedError naming snapshot, array and what to do if a value is not finite.
void require_finite(std::int64_t snapshot, NamedArray const& array);

/// Checksum of arrays with their names and shapes, in order.
std::uint64_t checksum(Parameters const& arrays);
/// Checksum of all that a reader hands out of a snapshot.
std::uint64_t checksum(Snapshot const& snapshot);

/// The id and the settings, as attribute chain_id and group /configuration.
void write_configuration(h5::Group& root, CanonicalText const& configuration);
/// Throws FileError naming `path` if the id is not that of the settings.
CanonicalText read_configuration(h5::Group const& root, std::filesystem::path const& path);

/// Dimensions of arrays are named by position and size, as "axis1_64".
class AxisScales
{
  public:
    explicit AxisScales(h5::Group& root) : root_(root) {}
    /// Names the dimensions of an array from `first` on.
    void attach(h5::Dataset& dataset, std::size_t first);

  private:
    h5::Group& root_;
    std::map<std::string, h5::Dataset> scales_;
};

/// Writes snapshots first, first + 1, … to a file, one in memory at a time.
class ChainFileWriter
{
  public:
    struct Options
    {
        std::int64_t first = 0;
        std::int64_t count = 1;
        std::set<std::string> log = {};  ///< names of entries; a snapshot without one gets NaN
    };

    /// The header's number of snapshots is the whole chain's, whatever the file holds of it.
    ChainFileWriter(std::filesystem::path const& path, ChainHeader const& header, Options options);

    /// Throws DivergedError naming what is not finite.
    void append(Snapshot const& snapshot);
    void publish();

  private:
    void create_samples(NamedArray const& samples);
    void create_arrays(Parameters const& arrays);

    Options options_;
    std::int64_t row_ = 0;
    h5::FileWriter file_;
    AxisScales axes_;
    std::map<std::string, h5::Dataset> columns_;  ///< step, checksum, log/<name>
    std::optional<h5::Dataset> samples_;          ///< made with the first snapshot, as
    std::vector<h5::Dataset> arrays_;             ///< these are
};

/// Reads a chain file snapshot by snapshot and trusts nothing in it.
class ChainFileReader
{
  public:
    /// Throws FileError if the file is no chain or its parts do not fit together.
    explicit ChainFileReader(std::filesystem::path path);

    /// With as many snapshots as the file holds.
    ChainHeader const& header() const { return header_; }
    std::int64_t first() const { return first_; }
    std::int64_t count() const { return static_cast<std::int64_t>(steps_.size()); }

    /// Snapshot t, first ≤ t < first + count. Throws FileError if its checksum is wrong or a value
    /// is not finite.
    Snapshot read(std::int64_t t) const;
    /// Names of all entries of the log.
    std::set<std::string> log_names() const;

  private:
    struct Array
    {
        std::string name;
        std::vector<std::int64_t> shape;  ///< of one snapshot
        h5::Dataset dataset;
    };

    /// One row a snapshot. Throws FileError naming `path` if it does not fit /index.
    Array open_array(h5::Group const& group, std::string const& name,
                     std::string const& path) const;
    void read_counters();
    /// Throws FileError naming the array that the network needs and that is missing or has another
    /// shape.
    void require_arrays() const;
    /// Throws FileError if a chain whose id is that of its content holds another one.
    void require_content() const;
    /// Row `row`. Throws FileError if a value is not finite.
    NamedArray read_array(Array const& source, std::int64_t row) const;

    std::filesystem::path path_;
    h5::FileReader file_;
    ChainHeader header_;
    std::int64_t first_ = 0;
    std::vector<std::int64_t> steps_;
    std::vector<std::uint64_t> checksums_;
    std::map<std::string, std::vector<double>> log_;
    std::optional<Array> samples_;
    std::vector<Array> arrays_;
};

}  // namespace surf::chain
