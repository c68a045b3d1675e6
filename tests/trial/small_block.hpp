#pragma once

#include "chain/reader.hpp"
#include "spec/cell.hpp"

namespace surf::test
{

/// Trials 4 to 7 of an inversion of the chain's generator, ended early.
inline BlockSpec small_block(chain::Reader const& chain, Method method)
{
    BlockSpec block;
    block.cell.chain = chain.id();
    block.cell.generator = chain.header().generator;
    block.cell.problem = {.seed = 3, .task = Task::inversion};
    block.cell.method = method;
    block.cell.stop.max_iterations = 30;
    block.cell.stop.window = 25;
    block.first = 4;
    block.count = 4;
    return block;
}

}  // namespace surf::test
