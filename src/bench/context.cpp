#include "bench/context.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/host.hpp"
#include "mpi/environment.hpp"

namespace surf::bench
{
namespace fs = std::filesystem;

namespace
{

/// What stands behind "key : " in the first such line of a system file; "unknown" without one.
std::string value_in(fs::path const& path, std::string const& key)
{
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
    {
        auto const colon = line.find(':');
        if (line.starts_with(key) && colon != std::string::npos)
        {
            auto const start = line.find_first_not_of(" \t", colon + 1);
            return start == std::string::npos ? "" : line.substr(start);
        }
    }
    return "unknown";
}

/// The models of this machine's NVIDIA GPUs, each once, as their driver names them.
std::set<std::string> gpu_models()
{
    std::set<std::string> models;
    std::error_code absent;
    for (fs::directory_entry const& gpu :
         fs::directory_iterator("/proc/driver/nvidia/gpus", absent))
    {
        models.insert(value_in(gpu.path() / "information", "Model"));
    }
    return models;
}

}  // namespace

nlohmann::json context_of(Session const& session)
{
    auto const now =
        std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    return {{"date", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now))},
            {"program_version", SURF_VERSION},
            {"host", host_name()},
            {"cpu", value_in("/proc/cpuinfo", "model name")},
            {"cores", std::thread::hardware_concurrency()},
            {"device", model::device_name(session.device)},
            {"gpus", gpu_models()},
            {"threads", session.options.threads},
            {"training_threads", session.options.training_threads},
            {"ranks", session.world.size()},
            {"min_time_seconds", session.options.min_time},
            {"filter", session.options.filter_text},
            {"libtorch_version", model::libtorch_version()},
            {"blas_version", model::blas_version()},
            {"mpi_version", mpi::library_version()}};
}

}  // namespace surf::bench
