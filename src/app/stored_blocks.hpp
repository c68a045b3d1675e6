#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "app/job/plan.hpp"
#include "spec/cell.hpp"
#include "store/pack.hpp"

namespace surf::app
{

/// What a cell's trials grant others, by rule.
using Grants = std::map<BudgetRule, std::int64_t>;

/// Which blocks an output folder holds, by the names of its files, which are whole where they are
/// there at all. What is in them is looked at where it is used. The folders are listed once.
class StoredBlocks
{
  public:
    /// Throws EnvironmentError if the folder cannot be listed; one that is not there holds none.
    explicit StoredBlocks(std::filesystem::path const& output);

    /// Those of a cell with this budget, by first trial.
    std::vector<sched::BlockIndex> of(Plan const& plan, sched::CellIndex cell,
                                      Budget const& budget) const;
    /// Whether it is there, and no file that it stands for.
    bool is_packed(store::PackSpec const& pack) const;

  private:
    bool has_own_file(BlockId const& block) const { return segments_.contains(block.hex()); }

    std::unordered_set<std::string> segments_;
    std::unordered_set<std::string> packs_;
};

/// Notes what a cell grants all of whose blocks are stored, so that a later run need not read them:
/// grants/<hash of the blocks' ids>.txt. Throws EnvironmentError.
void publish_grants(std::filesystem::path const& output, Plan const& plan, sched::CellIndex cell,
                    Budget const& budget, Grants const& grants);

/// What publish_grants() noted; empty if it did not, or if the note is damaged.
std::optional<Grants> find_grants(std::filesystem::path const& output, Plan const& plan,
                                  sched::CellIndex cell, Budget const& budget);

}  // namespace surf::app
