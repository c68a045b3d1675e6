#pragma once

#include <cstdint>

#include "spec/cell.hpp"
#include "spec/method.hpp"
#include "spec/problem.hpp"
#include "trial/line_chain.hpp"

namespace surf::test
{

inline constexpr std::int64_t latent_dim = 2;

inline LineChain const& small_chain()
{
    static LineChain const chain(relu_network(latent_dim, 2), 4);
    return chain;
}

inline constexpr std::int64_t restart_evaluations = 190;

/// Four trials that end early, whatever the method.
inline BlockSpec short_block(Task task, Operator measured_by, Method method)
{
    BlockSpec block;
    chain::Reader const& chain = small_chain().reader();
    CellSpec& cell = block.cell;
    cell.chain = chain.id();
    cell.generator = chain.header().generator;
    cell.problem = {.seed = 5, .task = task};
    if (measures(task))
    {
        cell.problem.measured_by = measured_by;
        cell.problem.measurements = 49;
        cell.problem.noise = measured_by == Operator::identity ? 0.1 : 0;
    }
    cell.method = method;
    cell.stop.max_iterations = 40;
    cell.stop.window = 30;
    cell.lm.max_steps = 20;
    cell.projected.starts = 1;
    cell.projected.max_pieces = 4;
    cell.surfing_lm.every = 2;
    block.count = 4;
    block.budget = {.steps = heeds(method, SettingGroup::surfing) ? 25 : 0,
                    .evaluations = heeds(method, SettingGroup::restarts) ? restart_evaluations : 0};
    return block;
}

}  // namespace surf::test
