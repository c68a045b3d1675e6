#include "mpi/topology.hpp"

#include <algorithm>

#include "base/host.hpp"

namespace surf::mpi
{

NodeTopology node_topology(Communicator const& communicator)
{
    Communicator const node = communicator.split_shared();
    std::vector<int> const node_ranks = communicator.allgather(node.rank());
    return {.node_rank = node.rank(),
            .node_size = node.size(),
            .nodes = static_cast<int>(std::ranges::count(node_ranks, 0)),
            .hosts = communicator.allgather(host_name())};
}

}  // namespace surf::mpi
