#pragma once

#include <string>
#include <string_view>

#include "app/job/key_maker.hpp"

/// For the sources of the key tables only.
namespace surf::app
{

/// Why a key of trials means nothing: there are none. Empty otherwise.
std::string_view no_trials(Experiment const& experiment);

/// Whether a method of the experiment heeds these settings.
bool heeds(Experiment const& experiment, SettingGroup group);

/// Why a key of settings that no method heeds means nothing.
std::string advice_on(SettingGroup group);

/// Why a key of such settings means nothing: no method heeds them. Empty otherwise.
template <SettingGroup group>
std::string_view no_method_heeds(Experiment const& experiment)
{
    static std::string const advice = advice_on(group);
    if (!no_trials(experiment).empty())
    {
        return no_trials(experiment);
    }
    return heeds(experiment, group) ? std::string_view() : advice;
}

/// The keys of how latents are searched for: sections [adam], [stop] and those of the methods.
void add_methods(KeyMaker<Experiment>& make);

}  // namespace surf::app
