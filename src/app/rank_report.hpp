#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "model/device.hpp"
#include "mpi/communicator.hpp"
#include "mpi/topology.hpp"

/// What the log of a run says of its ranks.
namespace surf::app
{

/// What one rank computes on.
struct RankDevice
{
    std::string host;
    std::string device;  ///< "cuda:0"
    std::string
        kind;  ///< equal where the same work gives the same bits; with what keeps it from a GPU
};

/// "ranks 0-3 on n1: cuda:0, cuda:1 (...)" for each host, in the order of their first ranks.
std::vector<std::string> device_lines(std::vector<RankDevice> const& ranks);

/// Logs on rank 0 what the ranks compute on, with warnings where that differs and where ranks of a
/// node share a GPU. Collective.
void report_devices(mpi::Communicator const& world, mpi::NodeTopology const& topology,
                    model::DeviceChoice choice, at::Device device);

/// How long a rank computed, in seconds.
struct BusyTime
{
    double training = 0;
    double trials = 0;
    double present = 0;  ///< from the beginning of its work to the end

    BusyTime& operator+=(BusyTime const& more)
    {
        training += more.training;
        trials += more.trials;
        present += more.present;
        return *this;
    }
    /// Of 1.
    double share() const { return present > 0 ? (training + trials) / present : 0; }
};

/// "2 ranks were busy 93 % of 12 min 3 s (training 20 %, trials 73 %); least: rank 1, 61 %".
std::string busy_line(std::vector<BusyTime> const& ranks);

}  // namespace surf::app
