#pragma once

#include <c10/core/Device.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace surf::model
{

enum class DeviceChoice : std::int8_t
{
    automatic,  ///< CUDA where a GPU can be used, otherwise the CPU
    cpu,
    cuda,
};

struct DeviceChoiceEntry
{
    DeviceChoice kind;
    std::string_view name;
};

inline constexpr std::array device_choice_table = {
    DeviceChoiceEntry{DeviceChoice::automatic, "auto"},
    DeviceChoiceEntry{DeviceChoice::cpu, "cpu"},
    DeviceChoiceEntry{DeviceChoice::cuda, "cuda"},
};

/// The device of this process. CUDA's libraries are loaded here, at run time, and only if a driver
/// is there, so the same program runs where there is none. Several processes on a node share its
/// GPUs by local rank modulo visible devices.
/// Throws EnvironmentError with the reason if `cuda` was asked for and cannot be had.
at::Device choose_device(DeviceChoice choice, int local_rank);

/// Why CUDA cannot be used; empty if it can. The first call loads LibTorch's CUDA libraries.
std::string const& cuda_obstacle();

/// The vector instructions that LibTorch uses on this machine: "AVX512".
std::string cpu_kind();

/// "cpu" or "cuda:0".
std::string device_name(at::Device device);

/// One line for each device that this process could use, the CPU first.
std::vector<std::string> describe_devices();

/// Whether the device multiplies bfloat16 matrices faster than float32 ones: a GPU, or a CPU with
/// AMX or AVX512-BF16.
bool has_bfloat16_units(at::Device device);

/// Compute threads of this process from now on; call it in the thread that computes.
void set_compute_threads(std::int64_t threads);

/// LibTorch's version and the libraries that it does matrix work with, one line each.
std::string libtorch_version();
std::string blas_version();

}  // namespace surf::model
