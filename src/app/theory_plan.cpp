#include "app/theory_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/text_table.hpp"
#include "base/id.hpp"

namespace surf::app
{
namespace
{

bool says_nothing_of_theory(Job const& job)
{
    return job.theory.canonical().text() == TheorySpec{}.canonical().text();
}

}  // namespace

std::filesystem::path theory_path(Job const& job)
{
    CanonicalText text = job.theory.canonical();
    text.add("seed", job.seed);
    return job.output / fmt::format("theory-{}.h5", TheoryId::of(text).brief());
}

std::string theory_text(Job const& job)
{
    if (!job.experiments.empty() && says_nothing_of_theory(job))
    {
        return "";
    }
    TheorySpec const& theory = job.theory;
    auto const objectives = std::ssize(theory.measurements) * std::ssize(theory.target_norms);
    std::int64_t const places = theory.networks * objectives * std::ssize(theory.radii);
    TextTable table({"expansion", "widths", "networks", "points", "searches"});
    for (double const expansion : theory.expansions)
    {
        table.add({fmt::format("{}", expansion),
                   fmt::format("{}", fmt::join(layer_widths(theory, expansion), "-")),
                   fmt::format("{}", theory.networks),
                   fmt::format("{}", places * theory.directions),
                   fmt::format("{}", places * theory.climbs)});
    }
    auto const networks = std::ssize(theory.expansions) * theory.networks;
    std::filesystem::path const path = theory_path(job);
    return fmt::format(
        "theorem 3.1 on {} random networks, for surf_sweep theory\n{}"
        "points: each network with m = {} (0: A = I) and |y| = {},\n"
        "at {} radii |x| / (1 + |y|) from {} to {}, in {} random directions;\n"
        "searches: from {} of these, {} steps each, for worse directions\n"
        "file: {}{}\n",
        networks, table.text(), fmt::join(theory.measurements, ","),
        fmt::join(theory.target_norms, ","), theory.radii.size(), theory.radii.front(),
        theory.radii.back(), theory.directions, theory.climbs, theory.climb_steps, path.string(),
        exists(path) ? " (there already)" : "");
}

}  // namespace surf::app
