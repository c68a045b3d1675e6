#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "chain/chain.hpp"

namespace surf::chain
{

/// Reads a finished chain. Each snapshot's checksum and finiteness are checked as it is read.
class Reader
{
  public:
    /// Throws FileError if the file is not a chain, of another schema version or incomplete.
    explicit Reader(std::filesystem::path const& path);
    /// As above, and throws FileError if it is not the chain with this id: it belongs to another
    /// job.
    Reader(std::filesystem::path const& path, ChainId const& expected);
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

}  // namespace surf::chain
