#pragma once

#include "bench/session.hpp"

namespace surf::bench
{

/// All cases that there are on this device, this many ranks and the options' chain, in the order in
/// which they are measured: the ceiling before its shares, a rate before what it is compared with.
Cases all_cases(at::Device device, int ranks, Options const& options);

/// Those whose names the filter matches somewhere. Throws InputError if there are none.
Cases chosen_cases(Cases const& cases, Options const& options);

/// Measures the cases one after another; all ranks call it. Collective.
void measure(Cases const& cases, Session& session);

}  // namespace surf::bench
