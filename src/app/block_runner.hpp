#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "app/plan.hpp"
#include "chain/reader.hpp"
#include "sched/ledger.hpp"

namespace surf::app
{

/// Computes leased blocks and stores their segments. Keeps the last block's chain open.
class BlockRunner
{
  public:
    BlockRunner(Plan const& plan, std::filesystem::path output, at::Device device);

    void run(sched::LeasedBlock const& lease, std::stop_token const& stop);
    /// The chain that is open; not to be asked while a block runs.
    std::optional<sched::ChainIndex> held() const { return held_; }

  private:
    Plan const& plan_;
    std::filesystem::path output_;
    at::Device device_;
    std::string device_text_;
    std::optional<sched::ChainIndex> held_;
    std::optional<chain::Reader> reader_;
};

/// "dcgan k=5 inversion surfing, trials 0 to 24": a block in log lines.
std::string describe(Plan const& plan, sched::BlockIndex block);

}  // namespace surf::app
