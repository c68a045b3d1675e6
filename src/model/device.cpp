#include "model/device.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/ivalue.h>
#include <ATen/cpu/Utils.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <sstream>

#include "base/error.hpp"

namespace surf::model
{
namespace
{

/// The value behind "Label: " in `text`, or the whole line that holds the label.
std::string line_with(std::string const& text, std::string const& label)
{
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
    {
        auto const start = line.find(label);
        if (start != std::string::npos)
        {
            return line.substr(start);
        }
    }
    return label + " unknown";
}

}  // namespace

std::string const& cuda_obstacle()
{
    static std::string const obstacle = []() -> std::string {
        if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL) == nullptr)
        {
            return "no NVIDIA driver (libcuda.so.1) on this machine";
        }
        if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr)
        {
            return fmt::format("LibTorch's CUDA libraries cannot be loaded: {}", dlerror());
        }
        if (!at::hasCUDA() || at::detail::getCUDAHooks().deviceCount() == 0)
        {
            return "no visible GPU (check CUDA_VISIBLE_DEVICES)";
        }
        return "";
    }();
    return obstacle;
}

std::string cpu_kind()
{
    return at::get_cpu_capability();
}

at::Device choose_device(DeviceChoice choice, int local_rank)
{
    if (choice == DeviceChoice::cpu ||
        (choice == DeviceChoice::automatic && !cuda_obstacle().empty()))
    {
        return at::Device(at::kCPU);
    }
    if (!cuda_obstacle().empty())
    {
        throw EnvironmentError(fmt::format("device = cuda: {}; use --device cpu", cuda_obstacle()));
    }
    // The same bits every time, and float32 that is float32.
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
    int const count = static_cast<int>(at::detail::getCUDAHooks().deviceCount());
    return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(local_rank % count));
}

std::string device_name(at::Device device)
{
    return device.str();
}

std::vector<std::string> describe_devices()
{
    std::vector<std::string> devices = {
        fmt::format("cpu: {} threads, {}", at::get_num_threads(), cpu_kind())};
    if (!cuda_obstacle().empty())
    {
        devices.push_back("cuda: " + cuda_obstacle());
        return devices;
    }
    int const count = static_cast<int>(at::detail::getCUDAHooks().deviceCount());
    for (int i = 0; i < count; ++i)
    {
        devices.push_back(fmt::format("cuda:{}", i));
    }
    return devices;
}

bool has_bfloat16_units(at::Device device)
{
    if (device.is_cuda())
    {
        return true;
    }
    auto const capabilities = at::cpu::get_cpu_capabilities();
    return std::ranges::any_of(std::array{"amx_bf16", "avx512_bf16"}, [&](char const* name) {
        auto const found = capabilities.find(name);
        return found != capabilities.end() && found->second.toBool();
    });
}

namespace
{

/// Threads that take part in a parallel loop of LibTorch's when so many are asked for. By its own
/// OpenMP library (GNU's ABI), which need not be the compiler's; as many as asked for if it has
/// another.
std::int64_t team_size(std::int64_t threads)
{
    using Parallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
    static auto const parallel = reinterpret_cast<Parallel>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    if (parallel == nullptr)
    {
        return threads;
    }
    std::atomic<std::int64_t> team = 0;
    auto const count = [](void* counter) { ++*static_cast<std::atomic<std::int64_t>*>(counter); };
    parallel(count, &team, static_cast<unsigned>(threads), /*flags=*/0);
    return team;
}

}  // namespace

void set_compute_threads(std::int64_t threads)
{
    at::set_num_threads(static_cast<int>(threads));
    if (std::int64_t const team = team_size(threads); team < threads)
    {
        throw EnvironmentError(fmt::format(
            "{} compute threads are asked for and {} are there (OMP_THREAD_LIMIT or "
            "OMP_MAX_ACTIVE_LEVELS withholds the others) unset them, or set train.threads = {}",
            threads, team, team));
    }
}

std::string libtorch_version()
{
    return TORCH_VERSION;
}

std::string blas_version()
{
    std::string const config = at::show_config();
    return line_with(config, "oneAPI Math Kernel Library") + "; " + line_with(config, "MKL-DNN");
}

}  // namespace surf::model
