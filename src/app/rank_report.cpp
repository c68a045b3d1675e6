#include "app/rank_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "app/progress_log.hpp"
#include "base/log.hpp"

namespace surf::app
{
namespace
{

/// "0-3,7" of sorted numbers.
std::string ranges_text(std::vector<int> const& numbers)
{
    std::vector<std::string> parts;
    for (std::size_t first = 0; first < numbers.size();)
    {
        std::size_t last = first;
        while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1)
        {
            ++last;
        }
        parts.push_back(first == last ? fmt::format("{}", numbers[first])
                                      : fmt::format("{}-{}", numbers[first], numbers[last]));
        first = last + 1;
    }
    return fmt::format("{}", fmt::join(parts, ","));
}

std::string line_of(std::vector<RankDevice> const& ranks, std::vector<int> const& on_host)
{
    std::vector<std::string> devices;
    for (int const rank : on_host)
    {
        RankDevice const& it = ranks[static_cast<std::size_t>(rank)];
        devices.push_back(fmt::format("{} ({})", it.device, it.kind));
    }
    if (std::ranges::count(devices, devices.front()) == std::ssize(devices))
    {
        devices.resize(1);
    }
    return fmt::format("rank{} {} on {}: {}", on_host.size() > 1 ? "s" : "", ranges_text(on_host),
                       ranks[static_cast<std::size_t>(on_host.front())].host,
                       fmt::join(devices, ", "));
}

std::string kind_of_device(model::DeviceChoice choice, at::Device device)
{
    if (device.is_cuda())
    {
        return "GPU";
    }
    std::string const obstacle =
        choice == model::DeviceChoice::automatic ? "; " + model::cuda_obstacle() : "";
    return model::cpu_kind() + obstacle;
}

/// Allowed, but rarely wanted.
void warn_of_shared_gpus(mpi::Communicator const& world, at::Device device)
{
    constexpr int none = -1;
    auto const node = world.split_shared();
    auto gpus = node.allgather(device.is_cuda() ? static_cast<int>(device.index()) : none);
    std::erase(gpus, none);
    std::set<int> const distinct(gpus.begin(), gpus.end());
    if (node.rank() == 0 && distinct.size() < gpus.size())
    {
        spdlog::warn("{} ranks share {} GPUs on this node", gpus.size(), distinct.size());
    }
}

}  // namespace

std::vector<std::string> device_lines(std::vector<RankDevice> const& ranks)
{
    std::vector<std::string> hosts;  // in order
    std::map<std::string, std::vector<int>> on_host;
    for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    {
        auto& there = on_host[ranks[rank].host];
        if (there.empty())
        {
            hosts.push_back(ranks[rank].host);
        }
        there.push_back(static_cast<int>(rank));
    }
    std::vector<std::string> lines;
    for (std::string const& host : hosts)
    {
        lines.push_back(line_of(ranks, on_host.at(host)));
    }
    return lines;
}

void report_devices(mpi::Communicator const& world, mpi::NodeTopology const& topology,
                    model::DeviceChoice choice, at::Device device)
{
    auto const devices = world.allgather(model::device_name(device));
    auto const kinds = world.allgather(kind_of_device(choice, device));
    warn_of_shared_gpus(world, device);
    if (world.rank() != 0)
    {
        return;
    }
    std::vector<RankDevice> ranks;
    for (std::size_t rank = 0; rank < devices.size(); ++rank)
    {
        ranks.push_back({topology.hosts[rank], devices[rank], kinds[rank]});
    }
    for (std::string const& line : device_lines(ranks))
    {
        spdlog::info("{}", line);
    }
    if (std::set<std::string> const distinct(kinds.begin(), kinds.end()); distinct.size() > 1)
    {
        spdlog::warn(
            "ranks compute on different devices ({}): the same job gives the same bits on equal "
            "ones alone; ask for nodes of one kind, or use --device",
            fmt::join(distinct, " | "));
    }
}

std::string busy_line(std::vector<BusyTime> const& ranks)
{
    BusyTime sum;
    for (BusyTime const& rank : ranks)
    {
        sum.training += rank.training;
        sum.trials += rank.trials;
        sum.present += rank.present;
    }
    auto const least = std::ranges::min_element(ranks, {}, &BusyTime::share);
    auto const percent = [&](double seconds) {
        return sum.present > 0 ? 100 * seconds / sum.present : 0;
    };
    std::string line = fmt::format(
        "{} rank{} busy {:.0f} % of {} (training {:.0f} %, trials {:.0f} %)", ranks.size(),
        ranks.size() > 1 ? "s were" : " was", 100 * sum.share(),
        readable_duration(
            std::chrono::duration<double>(sum.present / static_cast<double>(ranks.size()))),
        percent(sum.training), percent(sum.trials));
    if (ranks.size() > 1)
    {
        line +=
            fmt::format("; least: rank {}, {:.0f} %", least - ranks.begin(), 100 * least->share());
    }
    return line;
}

}  // namespace surf::app
