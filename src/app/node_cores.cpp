#include "app/node_cores.hpp"

#include <cerrno>
#include <cstring>
#include <set>

#include "base/log.hpp"

namespace surf::app
{

NodeCores::NodeCores(mpi::Communicator const& communicator)
{
    CPU_ZERO(&own_);
    if (::sched_getaffinity(0, sizeof own_, &own_) != 0)
    {
        spdlog::warn("cannot read this rank's cores: {}", std::strerror(errno));
    }
    all_ = own_;
    auto const node = communicator.split_shared();
    for (cpu_set_t const& cores : node.allgather(own_))
    {
        CPU_OR(&all_, &all_, &cores);
    }
    int const first_rank = node.allgather(communicator.rank()).front();
    places_ = communicator.allgather(sched::RankPlace{first_rank, CPU_COUNT(&all_)});
}

std::size_t NodeCores::nodes() const
{
    std::set<int> nodes;
    for (sched::RankPlace const& place : places_)
    {
        nodes.insert(place.node);
    }
    return nodes.size();
}

void NodeCores::use(cpu_set_t const& cores)
{
    if (::sched_setaffinity(0, sizeof cores, &cores) != 0)
    {
        spdlog::warn("cannot choose this thread's cores: {}", std::strerror(errno));
    }
}

}  // namespace surf::app
