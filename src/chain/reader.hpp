#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "chain/chain.hpp"

namespace surf::chain
{

/// A sound chain, but of another job: not to be touched, while a damaged one is made again.
class OtherJobError : public FileError
{
  public:
    using FileError::FileError;
};

/// Reads a finished chain. Each snapshot's checksum and finiteness are checked as it is read.
///
/// Two threads may read from it at a time; they take turns.
class Reader
{
  public:
    /// Throws FileError if the file is not a chain, of another schema version or incomplete.
    explicit Reader(std::filesystem::path const& path);
    /// As above, and throws OtherJobError naming the first settings that differ.
    Reader(std::filesystem::path const& path, ChainHeader const& expected);
    ~Reader();
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;

    ChainHeader const& header() const;
    ChainId id() const { return header().id(); }
    std::int64_t snapshots() const { return header().snapshots; }

    /// Snapshot t, 0 ≤ t < snapshots(). Throws FileError naming file and snapshot if its checksum
    /// is wrong or a value is not finite.
    Snapshot read(std::int64_t t) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Reads every snapshot of a chain file, finished or a part of one in the making. Throws FileError
/// at the first thing that is wrong.
void verify(std::filesystem::path const& path);

/// <chains>/<id>.h5, where a finished chain lies in the folder of chains. Jobs may share the
/// folder.
std::filesystem::path chain_path(std::filesystem::path const& chains, ChainId const& id);

/// The finished chain if there is one. A damaged one is set aside (renamed to *.bad) with a
/// warning, so that it is trained again; one of another job throws OtherJobError. Snapshots are
/// checked when they are read, not here.
std::optional<Reader> find_chain(std::filesystem::path const& chains, ChainHeader const& header);

/// "key = value here, value there" for the first settings in which two configurations differ.
std::string first_differences(CanonicalText const& here, CanonicalText const& there);

}  // namespace surf::chain
