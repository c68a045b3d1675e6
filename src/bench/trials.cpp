#include "bench/trials.hpp"

#include <fmt/format.h>

#include <numeric>

#include "base/name_table.hpp"
#include "bench/flop.hpp"
#include "bench/random_generator.hpp"
#include "bench/trial_load.hpp"
#include "model/device.hpp"

namespace surf::bench
{
namespace
{

constexpr char const* rate_unit = "trial iterations/s";

/// What baselines are compared at.
constexpr TrialSetting compared = {};

/// Precisions of the program's matrix work that the device has units for.
std::vector<at::ScalarType> precisions_on(at::Device device)
{
    std::vector<at::ScalarType> types = {at::kFloat};
    if (model::has_bfloat16_units(device))
    {
        types.push_back(at::kBFloat16);
    }
    return types;
}

std::string name_of_precision(model::MatrixTypes types)
{
    if (types.backward == at::kFloat)
    {
        return "float32";
    }
    return types.forward == at::kFloat ? "bfloat16_gradients" : "bfloat16";
}

std::string name_of_trials(TrialSetting const& setting)
{
    std::string const precision = name_of_precision(setting.types);
    std::string const generator =
        setting.generator == infogan ? "" : setting.generator(1).label + "/";
    return fmt::format("trials/{}{}/k{}/batch{}{}", generator, name_of(task_table, setting.task),
                       setting.latent_dim, setting.batch,
                       precision == "float32" ? "" : "/" + precision);
}

/// With the share of the precision's ceiling, if it has one.
void add_rate(Session& session, std::string const& section, std::string const& name,
              TrialSetting const& setting, Spread const& rate)
{
    double const flop = trial_iteration_flop(*setting.generator(setting.latent_dim).layers());
    session.report.add(
        {section, name, rate, rate_unit,
         session.share_of_ceiling(name_of_precision(setting.types), rate.median * flop)});
}

/// All ranks at the same time, compared with rank 0 alone.
void measure_together(Session& session, std::string const& name, TrialSetting const& setting,
                      TrialLoad& load)
{
    session.world.barrier();
    auto const rates = session.world.allgather(load.rate(session.options.min_time).median);
    Spread const each = Spread::of(rates);
    double const sum = std::reduce(rates.begin(), rates.end());
    add_rate(session, "trials", name + "/each_rank", setting, each);
    session.report.add({"trials", name + "/all_ranks", Spread::of({sum}), rate_unit});
    if (auto const alone = session.report.find(name))
    {
        session.report.add({"trials", name + "/scaling", Spread::of({sum / *alone}), "x one rank"});
    }
}

void measure_trials(Session& session, std::string const& name, TrialSetting const& setting)
{
    TrialLoad load(setting, trial::frozen_evaluators(session.device), session.device);
    if (session.world.rank() == 0)
    {
        add_rate(session, "trials", name, setting, load.rate(session.options.min_time));
    }
    if (session.world.size() > 1)
    {
        measure_together(session, name, setting, load);
    }
}

void measure_baseline(Session& session, std::string const& name, TrialSetting const& setting)
{
    TrialLoad load(setting, trial::reference_evaluators(session.device), session.device);
    add_rate(session, "baseline", name, setting, load.rate(session.options.min_time));
}

/// Adds how many times faster the program is than `rate`, if both were measured.
void add_ratio(Session& session, std::string const& name, std::optional<double> rate)
{
    auto const program = session.report.find(name_of_trials(compared));
    if (program && rate)
    {
        session.report.add({"baseline", name, Spread::of({*program / *rate}), "x plain autograd"});
    }
}

void measure_single(Session& session, std::string const& name)
{
    TrialSetting setting = compared;
    setting.batch = 1;
    measure_baseline(session, name, setting);
    add_ratio(session, name + "/program_batch100_ratio", session.report.find(name));
}

void measure_batched(Session& session, std::string const& name,
                     std::vector<std::int64_t> const& batches)
{
    for (std::int64_t const batch : batches)
    {
        TrialSetting setting = compared;
        setting.batch = batch;
        measure_baseline(session, fmt::format("{}/batch{}", name, batch), setting);
    }
    auto const best = session.report.largest(name + "/batch");
    session.report.add({"baseline", name + "/best", Spread::of({best.value()}), rate_unit});
    add_ratio(session, name + "/program_batch100_ratio", best);
}

std::vector<std::int64_t> batches_on(at::Device device)
{
    std::vector<std::int64_t> batches = {25, 50, 100, 300};
    if (!device.is_cpu())
    {
        batches.insert(batches.end(), {1200, 4800});
    }
    return batches;
}

std::vector<TrialSetting> all_settings(at::Device device)
{
    std::vector<TrialSetting> settings;
    for (at::ScalarType const type : precisions_on(device))
    {
        for (Task const task : {Task::inversion, Task::recovery})
        {
            for (std::int64_t const latent_dim : {5, 20})
            {
                for (std::int64_t const batch : batches_on(device))
                {
                    settings.push_back({task, latent_dim, batch, type});
                }
            }
        }
    }
    settings.push_back({.latent_dim = 100, .generator = radford});
    if (model::has_bfloat16_units(device))
    {
        settings.push_back(compared);
        settings.back().types = {at::kFloat, at::kBFloat16};
    }
    return settings;
}

}  // namespace

Cases trial_cases(at::Device device)
{
    Cases cases;
    for (TrialSetting const& setting : all_settings(device))
    {
        std::string const name = name_of_trials(setting);
        cases.push_back(
            {name, Ranks::all, [=](Session& session) { measure_trials(session, name, setting); }});
    }
    return cases;
}

Cases baseline_cases(at::Device device)
{
    std::string const single = "baseline/autograd_single";
    std::string const batched = "baseline/autograd_batched";
    return {{single, Ranks::first, [=](Session& session) { measure_single(session, single); }},
            {batched, Ranks::first,
             [=](Session& session) { measure_batched(session, batched, batches_on(device)); }}};
}

}  // namespace surf::bench
