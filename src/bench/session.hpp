#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/options.hpp"
#include "bench/report.hpp"
#include "mpi/communicator.hpp"

namespace surf::bench
{

/// What all cases of a run share.
struct Session
{
    Options const& options;
    at::Device device;
    mpi::Communicator const& world;
    Report report;

    /// The share of a ceiling, "float32" or another, that this many FLOP/s are, if it was measured.
    std::optional<double> share_of_ceiling(std::string const& ceiling_name,
                                           double flop_per_second) const
    {
        auto const ceiling = report.largest("ceiling/" + ceiling_name + "/");  // GFLOP/s
        return ceiling ? std::optional(flop_per_second / (*ceiling * 1e9)) : std::nullopt;
    }
};

/// Training's compute threads, for as long as it lives.
class TrainingThreads
{
  public:
    explicit TrainingThreads(Options const& options) : options_(options)
    {
        model::set_compute_threads(options.training_threads);
    }
    ~TrainingThreads() { model::set_compute_threads(options_.threads); }
    TrainingThreads(TrainingThreads const&) = delete;
    TrainingThreads& operator=(TrainingThreads const&) = delete;

  private:
    Options const& options_;
};

enum class Ranks
{
    first,  ///< rank 0 alone; the others wait without spinning
    all,
};

/// Something that can be chosen by name. Its rows are named like it, with more behind a slash if
/// there are several.
struct Case
{
    std::string name;
    Ranks ranks;
    std::function<void(Session&)> run;
};

using Cases = std::vector<Case>;

}  // namespace surf::bench
