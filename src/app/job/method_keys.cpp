#include "app/job/method_keys.hpp"

#include <algorithm>

namespace surf::app
{

std::string_view no_trials(Experiment const& experiment)
{
    return experiment.trials.tasks.empty() ? "there are no trials (trials.tasks = none); leave "
                                             "the key out"
                                           : "";
}

std::string advice_on(SettingGroup group)
{
    std::string methods;
    for (MethodEntry const& entry : method_table)
    {
        if (surf::heeds(entry.kind, group))
        {
            methods += methods.empty() ? "" : ", ";
            methods += entry.name;
        }
    }
    methods += group == SettingGroup::lm ? ", and polish.by = lm" : "";
    return "of trials.methods only " + methods + " heed it; leave the key out or add one of them";
}

bool heeds(Experiment const& experiment, SettingGroup group)
{
    auto const& methods = experiment.trials.methods;
    bool const one_does =
        !experiment.trials.tasks.empty() &&
        std::ranges::any_of(methods, [&](Method method) { return surf::heeds(method, group); });
    // A polish may be by Levenberg–Marquardt.
    bool const polishes = group == SettingGroup::lm && experiment.polish.by == Polish::lm &&
                          heeds(experiment, SettingGroup::polish);
    return one_does || polishes;
}

namespace
{

// Why a key means nothing although its group is heeded. -------------------------------------------

std::string_view no_ratio(Experiment const& experiment)
{
    return has_ratio(experiment.surfing.schedule)
               ? no_method_heeds<SettingGroup::surfing>(experiment)
               : "only surfing.schedule = geometric or adaptive has a ratio; leave the key out";
}

std::string_view no_polish(Experiment const& experiment)
{
    return experiment.polish.by == Polish::none ? "polish.by = none; leave the key out or set it"
                                                : no_method_heeds<SettingGroup::polish>(experiment);
}

std::string_view no_secant(Experiment const& experiment)
{
    return experiment.lm.jacobian == JacobianUpdate::secant
               ? no_method_heeds<SettingGroup::lm>(experiment)
               : "only lm.jacobian = secant needs it; leave the key out";
}

std::string_view no_attempts(Experiment const& experiment)
{
    return experiment.surfing_lm.schedule == LmSchedule::adaptive
               ? no_method_heeds<SettingGroup::surfing_lm>(experiment)
               : "only surfing_lm.schedule = adaptive makes attempts; leave the key out";
}

// Keys. -------------------------------------------------------------------------------------------

void add_search(KeyMaker<Experiment>& make)
{
    constexpr auto adam = &Experiment::adam;
    constexpr auto stop = &Experiment::stop;
    constexpr auto surfing = &Experiment::surfing;
    make.add("adam.learning_rate", "step size in x", at(adam, &AdamSettings::learning_rate),
             positive, no_method_heeds<SettingGroup::adam>);
    make.add("adam.beta1", "decay of the first moment", at(adam, &AdamSettings::beta1), beta,
             no_method_heeds<SettingGroup::adam>);
    make.add("adam.beta2", "decay of the second moment", at(adam, &AdamSettings::beta2), beta,
             no_method_heeds<SettingGroup::adam>);
    make.add("adam.epsilon", "added to the root of the second moment",
             at(adam, &AdamSettings::epsilon), positive, no_method_heeds<SettingGroup::adam>);

    make.add("stop.relative_change", "converged if f changes by less, relatively, over the window",
             at(stop, &StopRule::relative_change), beta, no_method_heeds<SettingGroup::goal>);
    make.add("stop.window", "iterations over which the change of f counts",
             at(stop, &StopRule::window), counts, no_method_heeds<SettingGroup::adam_stop>);
    make.add("stop.relative_target", "converged if f is at most this times |b|^2, b = Ay + noise",
             at(stop, &StopRule::relative_target), beta, no_method_heeds<SettingGroup::goal>);
    make.add("stop.max_iterations",
             "cap of a trial's iterations on the final network; of projected: of each start on "
             "the first",
             at(stop, &StopRule::max_iterations), at_least(1, 1e9),
             no_method_heeds<SettingGroup::adam_stop>);
    make.add("stop.success_distance", "a trial succeeds if |x - x*| is below",
             at(stop, &StopRule::success_distance), positive, no_method_heeds<SettingGroup::goal>);

    make.add("surfing.schedule",
             "how the budget is spread over the snapshots, or adaptive: straight to the final "
             "network, and again as geometric where f stays above its goal: " +
                 all_names(schedule_table),
             at(surfing, &SurfingSettings::schedule), any, no_method_heeds<SettingGroup::surfing>);
    make.add("surfing.ratio", "of geometric and adaptive, snapshot to snapshot",
             at(surfing, &SurfingSettings::ratio), between(0, 1), no_ratio);
    make.add("surfing.adam_state", "Adam's moments at the next snapshot: keep or reset",
             at(surfing, &SurfingSettings::adam_state), any,
             no_method_heeds<SettingGroup::surfing>);
    make.add("surfing.budget",
             "Adam steps before the final network: 75th percentile of regular Adam's steps to the "
             "first hit, over its successes, or of its steps to the end: " +
                 all_names(surfing_budget_table),
             at(surfing, &SurfingSettings::budget), any, no_method_heeds<SettingGroup::surfing>);
    make.add("restarts.budget",
             "network evaluations that all starts of a trial may take together: a number, the name "
             "of a method (as many as its mean trial took), or family: as surfing, of those by "
             "Levenberg-Marquardt as surfing-lm",
             at(&Experiment::restarts), at_least(1, 1e12), no_method_heeds<SettingGroup::restarts>);
}

void add_second_order(KeyMaker<Experiment>& make)
{
    constexpr auto polish = &Experiment::polish;
    make.add("polish.by",
             "what ends the trials that Adam has brought near (of adam and surfing): " +
                 all_names(polish_table),
             at(polish, &PolishSettings::by), any, no_method_heeds<SettingGroup::polish>);
    make.add("polish.relative_change",
             "Adam hands over where stop.relative_change of this would end it",
             at(polish, &PolishSettings::relative_change), between(0, 1), no_polish);

    constexpr auto lm = &Experiment::lm;
    constexpr auto surfing = &Experiment::surfing_lm;
    make.add("lm.jacobian",
             "anew wherever x moved, or corrected: " + all_names(jacobian_update_table),
             at(lm, &LmSettings::jacobian), any, no_method_heeds<SettingGroup::lm>);
    make.add("lm.refresh_below",
             "of secant: share of the promised fall of f below which a Jacobian is computed anew",
             at(lm, &LmSettings::refresh_below), beta, no_secant);
    make.add("lm.damping", "lambda, times the diagonal of J^T J, on each network's first step",
             at(lm, &LmSettings::damping), positive, no_method_heeds<SettingGroup::lm>);
    make.add("lm.decrease", "factor of lambda when f falls", at(lm, &LmSettings::decrease),
             between(0, 1), no_method_heeds<SettingGroup::lm>);
    make.add("lm.increase", "factor of lambda when f does not fall", at(lm, &LmSettings::increase),
             above(1), no_method_heeds<SettingGroup::lm>);
    make.add("lm.max_step", "longest step in x", at(lm, &LmSettings::max_step), positive,
             no_method_heeds<SettingGroup::lm>);
    make.add("lm.max_damping", "converged if lambda is above: no step lowers f",
             at(lm, &LmSettings::max_damping), positive, no_method_heeds<SettingGroup::lm>);
    make.add("lm.window", "steps over which stop.relative_change counts",
             at(lm, &LmSettings::window), counts, no_method_heeds<SettingGroup::lm>);
    make.add("lm.max_steps", "cap of a trial's steps on the final network",
             at(lm, &LmSettings::max_steps), at_least(1, 1e9), no_method_heeds<SettingGroup::lm>);

    make.add("surfing_lm.schedule",
             "visits to snapshots: " + all_names(lm_schedule_table) +
                 " (straight first, ever more where f stays above its goal)",
             at(surfing, &SurfingLmSettings::schedule), any,
             no_method_heeds<SettingGroup::surfing_lm>);
    make.add("surfing_lm.every",
             "snapshots 0, every, 2 every ... are visited, by the adaptive "
             "schedule in its third attempt: each halves the stride of the one before",
             at(surfing, &SurfingLmSettings::every), counts,
             no_method_heeds<SettingGroup::surfing_lm>);
    make.add("surfing_lm.steps", "steps on each snapshot visited",
             at(surfing, &SurfingLmSettings::steps), counts,
             no_method_heeds<SettingGroup::surfing_lm>);
    make.add("surfing_lm.attempts", "of adaptive: attempts at a trial, the first straight",
             at(surfing, &SurfingLmSettings::attempts), at_least(1, 64), no_attempts);
}

void add_projected(KeyMaker<Experiment>& make)
{
    auto const add = [&](std::string const& name, std::string const& help, auto member,
                         Range range) {
        make.add("projected." + name, help, at(&Experiment::projected, member), range,
                 no_method_heeds<SettingGroup::projected>);
    };
    add("slack", "tau: a ReLU unit counts as near zero if |pre-activation| <= tau",
        &ProjectedSettings::slack, at_least(0));
    add("max_pieces",
        "linear pieces of a latent on a network; units nearest to zero count first (InfoGAN's "
        "generator: about 0.2 k MB of memory each)",
        &ProjectedSettings::max_pieces, at_least(1, 1e5));
    add("rounds", "searches of the pieces around x on each network, while f falls",
        &ProjectedSettings::rounds, at_least(1, 1e6));
    add("step_tolerance",
        "a piece is done when a step is shorter, relative to |x| where that is above 1",
        &ProjectedSettings::step_tolerance, positive);
    add("max_steps", "cap of the gradient steps on a piece", &ProjectedSettings::max_steps, counts);
    add("starts", "starts of Adam on the first network, x_init among them",
        &ProjectedSettings::starts, at_least(1, 1e6));
    add("first_snapshot", "snapshot to begin at: an untrained network may be flat, its minimum far",
        &ProjectedSettings::first_snapshot, at_least(0, 1e5));
}

}  // namespace

void add_methods(KeyMaker<Experiment>& make)
{
    add_search(make);
    add_second_order(make);
    add_projected(make);
}

}  // namespace surf::app
