#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "app/packs.hpp"
#include "app/stored.hpp"
#include "app/stored_blocks.hpp"

namespace surf::app
{

/// Packs of a run that are to be made, since all of their blocks are stored.
class PackQueue
{
  public:
    /// The plan must outlive it.
    explicit PackQueue(Plan const& plan) : plan_(plan) {}

    /// A cell's budget is known, and so are its packs; `stored` is what the folder held when the
    /// run began.
    void begin(sched::CellIndex cell, Budget const& budget, StoredBlocks const& stored);
    /// A block is stored, now or when the run began. Each is told once, after its cell has begun.
    void block_stored(sched::BlockIndex block);
    /// A pack to make now, if there is one.
    std::optional<store::PackSpec> next();
    void clear();

  private:
    struct Open
    {
        store::PackSpec spec;
        std::int64_t missing = 0;  ///< blocks that are not stored
    };

    Plan const& plan_;
    std::map<sched::BlockIndex, Open> open_;  ///< by first block
    std::deque<store::PackSpec> due_;
};

/// Makes all packs of what is stored, until a signal asks for a stop. Only for who holds the
/// folder's lock. What cannot be packed stays as it is, with a warning.
void pack_all(Plan const& plan, std::filesystem::path const& output,
              std::vector<StoredCell> const& cells);

}  // namespace surf::app
