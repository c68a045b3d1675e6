#include "bench/cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/name_table.hpp"
#include "bench/flop.hpp"
#include "chain/reader.hpp"
#include "trial/engine.hpp"

namespace surf::bench
{
namespace fs = std::filesystem;

namespace
{

constexpr std::int64_t trials = 300;

/// What is measured of a method.
struct CellSetting
{
    Method method = Method::adam;
    JacobianUpdate jacobian = LmSettings{}.jacobian;
    std::int64_t block_size = 100;
};

std::string name_of_cell(CellSetting const& setting)
{
    std::string const jacobian =
        setting.method == Method::adam
            ? ""
            : fmt::format("/{}", name_of(jacobian_update_table, setting.jacobian));
    return fmt::format("cells/{}{}/block{}", entry_of(setting.method).name, jacobian,
                       setting.block_size);
}

std::vector<CellSetting> all_settings()
{
    std::vector<CellSetting> settings;
    for (Method const method : {Method::adam, Method::lm, Method::surfing_lm})
    {
        for (JacobianUpdate const jacobian : {JacobianUpdate::exact, JacobianUpdate::secant})
        {
            for (std::int64_t const block_size : {25, 100, 300})
            {
                if (method != Method::adam || jacobian == LmSettings{}.jacobian)
                {
                    settings.push_back({method, jacobian, block_size});
                }
            }
        }
    }
    return settings;
}

/// Runs the trials of a cell in blocks. Gives the network evaluations that they took.
std::int64_t run_cell(Session const& session, chain::Reader const& chain,
                      CellSetting const& setting)
{
    BlockSpec block;
    block.cell.chain = chain.id();
    block.cell.generator = chain.header().generator;
    block.cell.method = setting.method;
    block.cell.lm.jacobian = setting.jacobian;
    auto const evaluators = trial::frozen_evaluators(session.device);
    trial::Checkpoint never;
    std::int64_t evaluations = 0;
    for (block.first = 0; block.first < trials; block.first += block.count)
    {
        require_going_on();
        block.count = std::min(setting.block_size, trials - block.first);
        for (TrialOutcome const& outcome :
             trial::run_block(block, {.chain = chain}, session.device, evaluators, never))
        {
            evaluations += outcome.network_evaluations;
        }
    }
    return evaluations;
}

/// Once: a cell is long enough, and its blocks are repetitions.
void measure_cell(Session& session, std::string const& name, CellSetting const& setting,
                  fs::path const& path)
{
    chain::Reader const chain(path);
    chain.read(chain.snapshots() - 1);  // from then on the system has it
    std::int64_t evaluations = 0;
    double const seconds =
        seconds_of([&] { evaluations = run_cell(session, chain, setting); }, session.device);
    double const rate = static_cast<double>(evaluations) / seconds;
    auto const* const layers = chain.header().generator.layers();
    auto const share = layers == nullptr
                           ? std::nullopt
                           : session.share_of_ceiling("float32", rate * forward_flop(*layers));
    session.report.add({"cells", name, Spread::of({rate}), "network evaluations/s", share});
    session.report.add({"cells", name + "/time", Spread::of({seconds}), "s"});
}

}  // namespace

Cases cell_cases(fs::path const& chain)
{
    Cases cases;
    for (CellSetting const& setting : all_settings())
    {
        std::string const name = name_of_cell(setting);
        cases.push_back({name, Ranks::first,
                         [=](Session& session) { measure_cell(session, name, setting, chain); }});
    }
    return cases;
}

}  // namespace surf::bench
