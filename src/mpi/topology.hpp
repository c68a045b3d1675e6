#pragma once

#include <string>
#include <vector>

#include "mpi/communicator.hpp"

namespace surf::mpi
{

/// Where the ranks run.
struct NodeTopology
{
    int node_rank = 0;               ///< this rank among those of its node
    int node_size = 1;               ///< ranks on this node
    int nodes = 1;                   ///< nodes in use
    std::vector<std::string> hosts;  ///< host name of each rank
};

/// Collective.
NodeTopology node_topology(Communicator const& communicator);

}  // namespace surf::mpi
