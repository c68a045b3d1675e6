#include "model/graph_plugin.hpp"

#include <c10/util/Exception.h>
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "base/log.hpp"

namespace surf::model
{
namespace
{

bool switched_off()
{
    char const* const choice = std::getenv("SURF_CUDA_GRAPHS");
    return choice != nullptr && std::string_view(choice) == "off";
}

/// The plugin's entry; null if it cannot be loaded. LibTorch's CUDA libraries are loaded by now, as
/// there is a CUDA device.
GraphRecorderMaker* load_maker()
{
    std::error_code no_proc;
    auto const program = std::filesystem::read_symlink("/proc/self/exe", no_proc);
    auto const plugin = program.parent_path() / "libsurf_cuda.so";
    void* const library = dlopen(plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const maker = library == nullptr ? nullptr : dlsym(library, graph_recorder_maker_name);
    if (maker == nullptr)
    {
        spdlog::warn(
            "no CUDA graphs, so small batches are slower: {} (SURF_CUDA_GRAPHS=off "
            "silences this)",
            dlerror());
    }
    return reinterpret_cast<GraphRecorderMaker*>(maker);
}

}  // namespace

std::unique_ptr<GraphRecorder> graph_recorder(at::Device device)
{
    if (!device.is_cuda() || switched_off())
    {
        return nullptr;
    }
    static GraphRecorderMaker* const make = load_maker();
    try
    {
        return std::unique_ptr<GraphRecorder>(make == nullptr ? nullptr : make(device.index()));
    }
    catch (c10::Error const& error)
    {
        spdlog::warn(
            "no CUDA graphs, so small batches are slower: {} (SURF_CUDA_GRAPHS=off "
            "silences this)",
            error.what_without_backtrace());
        return nullptr;
    }
}

}  // namespace surf::model
