#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/job/job.hpp"
#include "base/id.hpp"
#include "chain/chain.hpp"
#include "sched/ledger.hpp"
#include "spec/cell.hpp"
#include "spec/training.hpp"

namespace surf::app
{

struct PlannedChain
{
    chain::ChainHeader header;
    std::filesystem::path path;         ///< of the finished chain
    std::optional<TrainSpec> training;  ///< empty: it was trained elsewhere, and is there
    /// What tells trainings of one generator apart: the seed, or the chain's number among those of
    /// its label that were trained elsewhere, in the job's order.
    std::int64_t number = 0;
    bool numbered = false;  ///< whether its name shows the number, since the job names several

    GeneratorSpec const& generator() const { return header.generator; }
    /// T.
    std::int64_t intervals() const { return header.snapshots - 1; }
    /// "dcgan k=5"; "dcgan k=5 training=2" where the job names several.
    std::string name() const;
};

struct PlannedCell
{
    CellSpec spec;
    sched::ChainIndex chain;
    /// The cells of spec.budget_needs(), in their order.
    std::vector<sched::CellIndex> budget_from;
    std::int64_t trials = 0;
    std::int64_t block_size = 0;
};

/// Trials first … first + count − 1 of a cell.
struct PlannedBlock
{
    sched::CellIndex cell;
    std::int64_t first = 0;
    std::int64_t count = 0;
    double cost = 0;  ///< expected network evaluations
};

/// The surfaces of one chain.
struct PlannedSurface
{
    sched::ChainIndex chain;
    SurfaceSpec spec;
};

/// What belongs to an experiment. Experiments share chains and cells that are the same.
struct PlannedExperiment
{
    std::string name;
    std::vector<sched::CellIndex> cells;
    std::vector<PlannedSurface> surfaces;
};

/// All the work of a job, in an order that depends on the job alone: experiments, and in each of
/// them chains by model, then latent dimension, as listed; cells by chain, task, measurements and
/// method, each after the one whose budget it takes; blocks by cell and first trial.
struct Plan
{
    /// Of all that affects results: the cells' ids, how their trials are cut into blocks, and to
    /// which experiments they belong.
    JobId job;
    DataSpec data;  ///< of the images; nothing if the job needs none
    std::vector<PlannedExperiment> experiments;
    std::vector<PlannedChain> chains;
    std::vector<PlannedCell> cells;
    std::vector<PlannedBlock> blocks;
    bool wants_chains = false;  ///< all of them, whatever needs them
    /// How many blocks of a cell share a file once they are stored: part of its name, so that files
    /// of another number are not found.
    std::int64_t pack_blocks = 256;

    PlannedChain const& operator[](sched::ChainIndex index) const;
    PlannedCell const& operator[](sched::CellIndex index) const;
    PlannedBlock const& operator[](sched::BlockIndex index) const;

    /// What the engine is to compute for a lease.
    BlockSpec block_spec(sched::LeasedBlock const& lease) const;
    /// What the ledger needs to know; no chain is taken as published.
    sched::WorkPlan work() const;
    /// A cell's blocks, by first trial.
    std::vector<sched::BlockIndex> blocks_of(sched::CellIndex cell) const;
};

/// Reads the headers of chains that were trained elsewhere; throws FileError or EnvironmentError if
/// that cannot be done. Throws InputError naming the key if the job asks for what a generator or a
/// chain cannot do, and if two experiments cut the same cell into blocks in different ways.
Plan make_plan(Job const& job, DataSpec const& data);

/// The plan with the data that the job names. Reads the images if the job needs them; throws
/// EnvironmentError or FileError if that cannot be done.
Plan load_plan(Job const& job);

/// What a cell may spend on a trial whatever others took.
Budget own_budget(CellSpec const& cell);

/// What of a plan the surfaces need: no cells, and none of their blocks.
Plan surfaces_of(Plan plan);

/// A plan's chains, all of which are wanted, and nothing that needs them.
Plan chains_of(Plan plan);

/// The plan of what an output folder holds: with what the run noted of the data, so that the data
/// itself is not needed; as load_plan() if there is none.
Plan load_stored_plan(Job const& job);

}  // namespace surf::app
