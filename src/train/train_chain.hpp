#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

#include "chain/chain.hpp"
#include "data/images.hpp"
#include "spec/training.hpp"

namespace surf::train
{

/// Told after every training step: steps done, and steps in all.
using TrainProgress = std::function<void(std::int64_t done, std::int64_t steps)>;

/// What the chain's file says about itself.
chain::ChainHeader chain_header(TrainSpec const& spec);

/// Reads the images of both splits; called once training begins, if it does.
using LoadData = std::function<data::DataSet()>;

enum class Provision
{
    published,
    busy,  ///< another process trains the chain: ask again later
};

/// Provides <chains>/<id>.h5: checks every snapshot of the one that is there, trains it if there is
/// none or it is damaged (then that one is set aside). Goes on from where an earlier training was
/// asked to stop, or from its last snapshot if it was cut short, and then ends with the same bits.
/// Jobs may share the folder `chains`.
///
/// Every snapshot comes with the log of its training and with the quality of its samples against
/// the test images, which nothing is trained on.
///
/// Warns of a chain whose generator is as if collapsed after too few steps to call it that.
///
/// Trains with spec.threads compute threads. Throws
/// - Interrupted when asked to stop, after its state is stored,
/// - chain::DivergedError if a value is not finite or the trained generator has collapsed to one
///   image: nothing is published then, here or the next time; the folder <id>.partial keeps the
///   log and the reason (chain::divergence()),
/// - chain::OtherJobError if the file there is the chain of another job,
/// - what load_data throws.
Provision provide_chain(TrainSpec const& spec, LoadData const& load_data,
                        std::filesystem::path const& chains, at::Device device,
                        TrainProgress const& progress, std::stop_token const& stop);

}  // namespace surf::train
