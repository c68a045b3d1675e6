#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "base/random.hpp"
#include "spec/budget.hpp"
#include "spec/method.hpp"
#include "spec/problem.hpp"
#include "spec/search.hpp"
#include "spec/second_order.hpp"

namespace surf
{

/// One cell of the sweep: a problem on a chain, solved by one method.
struct CellSpec
{
    ChainId chain;
    GeneratorSpec generator;  ///< the chain's
    Problem problem;
    Method method = Method::adam;
    AdamSettings adam;
    StopRule stop;
    SurfingSettings surfing;
    ProjectedSettings projected;
    LmSettings lm;
    PolishSettings polish;
    SurfingLmSettings surfing_lm;
    RestartSettings restarts;
    Precision precision = Precision::float32;

    /// m: all numbers of the image where A = I.
    std::int64_t measurements() const;
    /// What is random about a trial. All methods of the same problem share x* or image, x_init, A
    /// and noise trial by trial, and so do problems that differ in draw, noise and target_scale
    /// alone (of noise and x* their directions), and problems on different generators.
    RandomStream stream(Purpose purpose, std::int64_t trial) const;
    /// Where its budget comes from.
    std::vector<BudgetNeed> budget_needs() const;
    /// All that affects the cell's outcomes: settings of other methods are left out, but for those
    /// whose trials say what this one's may spend.
    CanonicalText canonical() const;
    CellId id() const { return CellId::of(canonical()); }
};

/// Trials first … first + count − 1 of a cell, computed together as one batch.
struct BlockSpec
{
    CellSpec cell;
    std::int64_t first = 0;
    std::int64_t count = 0;
    Budget budget;

    /// The block's cut and budget are part of the id, since both affect the outcomes' bits.
    BlockId id() const;
};

/// The ids of many blocks of a cell.
class BlockIds
{
  public:
    explicit BlockIds(CellSpec const& cell);

    BlockId of(std::int64_t first, std::int64_t count, Budget const& budget) const;

  private:
    std::string cell_;  ///< its lines of a block's canonical text
};

}  // namespace surf
