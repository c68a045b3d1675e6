#include "bench/case_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/error.hpp"
#include "bench/ceiling.hpp"
#include "bench/cells.hpp"
#include "bench/lease.hpp"
#include "bench/program.hpp"
#include "bench/projections.hpp"
#include "bench/snapshots.hpp"
#include "bench/training.hpp"
#include "bench/trials.hpp"

namespace surf::bench
{

Cases all_cases(at::Device device, int ranks, Options const& options)
{
    Cases all;
    auto const add = [&](Cases const& cases) { std::ranges::copy(cases, std::back_inserter(all)); };
    add(ceiling_cases(device));
    add(trial_cases(device));
    add(baseline_cases(device));
    add(program_cases());
    add(training_cases());
    add(snapshot_cases());
    add(projection_cases());
    if (options.chain)
    {
        add(cell_cases(*options.chain));
    }
    if (ranks > 1)
    {
        add(lease_cases());
    }
    return all;
}

Cases chosen_cases(Cases const& cases, Options const& options)
{
    Cases chosen;
    std::ranges::copy_if(cases, std::back_inserter(chosen), [&](Case const& it) {
        return std::regex_search(it.name, options.filter);
    });
    if (chosen.empty())
    {
        throw InputError(
            fmt::format("command line: filter = {}: no case has such a name; see surf_bench --list",
                        options.filter_text));
    }
    return chosen;
}

void measure(Cases const& cases, Session& session)
{
    for (Case const& chosen : cases)
    {
        require_going_on();
        if (chosen.ranks == Ranks::all || session.world.rank() == 0)
        {
            chosen.run(session);
        }
        session.world.barrier();
    }
}

}  // namespace surf::bench
