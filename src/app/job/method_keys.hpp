#pragma once

#include <string_view>

#include "app/job/key_maker.hpp"

/// For the sources of the key tables only.
namespace surf::app
{

/// Why a key of trials means nothing: there are none. Empty otherwise.
std::string_view no_trials(Experiment const& experiment);
/// Likewise of a key that second-order methods do not heed.
std::string_view no_first_order(Experiment const& experiment);

/// The keys of how latents are searched for: sections [adam], [stop] and those of the methods.
void add_methods(KeyMaker<Experiment>& make);

}  // namespace surf::app
