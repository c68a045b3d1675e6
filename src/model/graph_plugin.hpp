#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "model/graph.hpp"

namespace surf::model
{

/// A recorder of work on this device. Null where there are no graphs: on a CPU, with
/// SURF_CUDA_GRAPHS=off in the environment, or, with a warning (once) that says why, if the plugin
/// libsurf_cuda.so, which belongs next to the program, cannot be loaded.
std::unique_ptr<GraphRecorder> graph_recorder(at::Device device);

}  // namespace surf::model
