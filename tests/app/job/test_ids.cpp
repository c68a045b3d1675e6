#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/job/job_keys.hpp"
#include "app/job/options.hpp"
#include "app/job/plan.hpp"
#include "base/error.hpp"

using namespace surf;
using namespace surf::app;

namespace
{

/// A job in which every key of an experiment means something.
constexpr char const* everything = R"(
seed = 1
data = somewhere
[train]
models = vae,dcgan,wgan,wgan-gp,relu
preset = published
latent_dims = 2
[trials]
tasks = inversion,recovery,approximation
measurements = 50
methods = adam,surfing,restarts,projected,lm,surfing-lm,restarts-lm,restarts-surfing
count = 20
block_size = 10
[polish]
by = lm
[surfing_lm]
schedule = adaptive
[restarts]
budget = surfing
[surface]
targets = 2
)";

DataSpec const fashion_mnist{"0123456789abcdef0123456789abcdef", {1, 28, 28}};

/// Keys that change no id of a job's trials, and why.
std::map<std::string, std::string> const exemptions = {
    {"output", "where a run writes"},
    {"chains", "where chains lie"},
    {"data", "the images' checksum is in the id, not their place"},
    {"trainers", "who trains, not what"},
    {"experiments", "names and choice of experiments; its members' ids are in the job's"},
    {"surface.targets", "of surfaces, whose ids are their own: checked below"},
    {"surface.levels", "likewise"},
    {"surface.extent", "likewise"},
    {"surface.points", "likewise"},
};

/// All that a job computes: trials, the way they are cut, and surfaces.
std::set<std::string> ids_of(Job const& job)
{
    Plan const plan = make_plan(job, fashion_mnist);
    std::set<std::string> ids = {"job " + plan.job.hex()};
    for (PlannedExperiment const& experiment : plan.experiments)
    {
        for (PlannedSurface const& surface : experiment.surfaces)
        {
            ids.insert("surface " + surface.spec.canonical().text());
        }
    }
    ids.insert("theory " + job.theory.canonical().text());
    return ids;
}

/// Texts of which at least one is another value for any key.
std::vector<std::string> const candidates = {
    "pixel",    "column",    "batch",      "softplus", "steps",   "3",      "4",     "5",
    "7",        "11",        "2000",       "0.31",     "0.13",    "1.7",    "2.9",   "keep",
    "reset",    "shared",    "trial",      "mask",     "exact",   "secant", "mixed", "fixed",
    "linear",   "inversion", "collection", "dcgan",    "rmsprop", "adam",   "none",  "lm",
    "adaptive", "geometric", "uniform",    "inverse"};

template <class Target>
std::vector<std::pair<Target, std::string>> changed(Key<Target> const& key, Target const& target)
{
    std::vector<std::pair<Target, std::string>> variants;
    for (std::string const& text : candidates)
    {
        Target other = target;
        try
        {
            key.read(other, {"test", key.name, text});
        }
        catch (InputError const&)
        {
            continue;
        }
        if (key.write(other) != key.write(target) && key.pointless(other).empty())
        {
            variants.emplace_back(std::move(other), text);
        }
    }
    return variants;
}

}  // namespace

TEST_CASE("changing any key of an experiment changes an id")
{
    Job const job = parse_job(everything, "test");
    for (auto const& key : experiment_keys())
    {
        if (exemptions.contains(key.name) && !key.name.starts_with("surface."))
        {
            continue;
        }
        CAPTURE(key.name);
        Job base = job;
        if (!key.name.starts_with("surface."))
        {
            base.experiments.front().surface.targets = 0;  // they allow no other k than 2
        }
        auto const ids = ids_of(base);
        REQUIRE(key.pointless(base.experiments.front()).empty());
        auto const variants = changed(key, base.experiments.front());
        REQUIRE_FALSE(variants.empty());
        Job other = base;
        bool planned = false;
        for (auto const& [experiment, text] : variants)
        {
            CAPTURE(text);
            other.experiments.front() = experiment;
            std::set<std::string> other_ids;
            try
            {
                other_ids = ids_of(other);
            }
            catch (InputError const&)
            {
                continue;  // no such combination
            }
            planned = true;
            CHECK(other_ids != ids);
            break;
        }
        CHECK(planned);
    }
}

TEST_CASE("changing any key of the job changes an id, or it is exempt")
{
    std::string const theory = "\n[theory]\nlatent_dim = 6\n";
    Job const job = parse_job(everything + theory, "test");
    auto const ids = ids_of(job);
    for (auto const& key : job_keys())
    {
        CAPTURE(key.name);
        REQUIRE(key.pointless(job).empty());
        auto const variants = changed(key, job);
        if (exemptions.contains(key.name))
        {
            continue;
        }
        REQUIRE_FALSE(variants.empty());
        CHECK(ids_of(variants.front().first) != ids);
    }
}

TEST_CASE("exemptions are keys, and change no trial")
{
    Job const job = parse_job(everything, "test");
    for (auto const& [name, reason] : exemptions)
    {
        CAPTURE(name, reason);
        auto const is_name = [&](auto const& key) { return key.name == name; };
        bool const known = std::ranges::any_of(job_keys(), is_name) ||
                           std::ranges::any_of(experiment_keys(), is_name);
        CHECK(known);
    }
    Job moved = job;
    moved.output = "elsewhere";
    moved.chains = "there";
    moved.data = "beyond";
    CHECK(ids_of(moved) == ids_of(job));
}

TEST_CASE("an imported chain's label is in no id")
{
    Job const job = parse_job(everything, "test");
    Plan const plan = make_plan(job, fashion_mnist);
    for (PlannedCell const& cell : plan.cells)
    {
        CellSpec renamed = cell.spec;
        renamed.generator.label = "another";
        CHECK(renamed.id() == cell.spec.id());
    }
}
