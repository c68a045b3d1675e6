#pragma once

#include <functional>
#include <memory>

namespace surf::model
{

/// Device work that was recorded once and runs again at a single call.
///
/// Plain interface without LibTorch: it is what the program and the plugin that implements it
/// (cuda_graph.cpp) share.
class Graph
{
  public:
    virtual ~Graph() = default;

    /// Does the recorded work again, with the same tensors: it reads what they hold now, and what
    /// it made when it was recorded is written anew.
    virtual void replay() = 0;
};

/// Records work. Outlives its graphs and the tensors that recorded work made.
class GraphRecorder
{
  public:
    virtual ~GraphRecorder() = default;

    /// Calls `work`, maybe several times, and records what it does. Values are there only after
    /// replay(). Throws c10::Error if the work cannot be recorded; the device can be used then.
    virtual std::unique_ptr<Graph> record(std::function<void()> const& work) = 0;
};

/// What the plugin makes recorders with, and the name that it has there.
using GraphRecorderMaker = GraphRecorder*(int device_index);
inline constexpr char const* graph_recorder_maker_name = "surf_make_cuda_graph_recorder";

}  // namespace surf::model
