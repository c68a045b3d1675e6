#pragma once

#include <cstdint>

namespace surf::sched
{

/// Positions in the plan's tables, kept apart by type.
enum class ChainIndex : std::int32_t
{
};
enum class CellIndex : std::int32_t
{
};
enum class BlockIndex : std::int32_t
{
};
using Rank = int;

}  // namespace surf::sched
