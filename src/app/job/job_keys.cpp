#include "app/job/job_keys.hpp"

#include <algorithm>

#include "app/job/key_maker.hpp"

namespace surf::app
{
namespace
{

template <class Target>
void add_texts(std::vector<KeyText>& texts, std::vector<Key<Target>> const& keys)
{
    for (auto const& key : keys)
    {
        texts.push_back({key.name, key.help, key.write(Target{}), key.accepted});
    }
}

/// Not in the text of a job if it is where it is by default, below the output: that may be moved.
Key<Job> chains_key()
{
    return {
        "chains", "folder of the checkpoint chains, which jobs may share; default: OUTPUT/chains",
        [](Job& job, Setting const& setting) { read(setting, any, job.chains); },
        [](Job const& job) { return job.chains == job.output / "chains" ? "" : write(job.chains); },
        always_meant<Job>};
}

constexpr char const* no_experiments = "none";

/// The names alone: the experiments' own keys are read once all names are known.
Key<Job> experiments_key()
{
    return {"experiments",
            "list of names: section [NAME.train] then holds keys of this experiment alone; none: a "
            "job for theory; default: one experiment, the job itself. As an option: those of the "
            "file to be used",
            [](Job& job, Setting const& setting) {
                std::vector<std::string> names;
                if (setting.text != no_experiments)
                {
                    read(setting, any, names);
                }
                job.experiments.clear();
                for (std::string& name : names)
                {
                    job.experiments.emplace_back().name = std::move(name);
                }
            },
            [](Job const& job) {
                std::vector<std::string> names;
                for (Experiment const& experiment : job.experiments)
                {
                    names.push_back(experiment.name);
                }
                bool const unnamed = names == std::vector<std::string>{Experiment::default_name};
                return names.empty() ? no_experiments : unnamed ? "" : write(names);
            },
            always_meant<Job>};
}

std::string_view default_theory(Job const& job)
{
    bool const is_default = job.theory.canonical().text() == TheorySpec{}.canonical().text();
    return is_default ? "the job says nothing of the theory" : "";
}

void add_theory(KeyMaker<Job>& make)
{
    auto const add = [&](std::string const& name, std::string const& help, auto member,
                         Range range) {
        make.add("theory." + name, help, at(&Job::theory, member), range, default_theory);
    };
    using Theory = TheorySpec;
    add("latent_dim", "k of the random networks", &Theory::latent_dim, at_least(1, 1000));
    add("hidden_layers", "d", &Theory::hidden_layers, at_least(1, 10));
    add("expansions", "ascending list: a layer is so many times as wide as the one before",
        &Theory::expansions, above(1));
    add("output_factor", "n over the last layer's width", &Theory::output_factor, at_least(1));
    add("measurements", "ascending list of measurement counts m; 0: A = I", &Theory::measurements,
        at_least(0, 1e6));
    add("target_norms", "ascending list of |y|", &Theory::target_norms, at_least(0));
    add("radii", "ascending list of |x| / (1 + |y|)", &Theory::radii, positive);
    add("networks", "drawn for each expansion, each with its own y and A", &Theory::networks,
        at_least(1, 1e6));
    add("directions", "x/|x| drawn for each network", &Theory::directions, at_least(1, 1e6));
    add("climbs", "of these, from how many a worse direction is searched for", &Theory::climbs,
        at_least(1, 1e6));
    add("climb_steps", "steps of each such search", &Theory::climb_steps, at_least(1, 1000));
}

}  // namespace

std::string section_of(std::string const& name)
{
    auto const dot = name.rfind('.');
    return dot == std::string::npos ? "" : name.substr(0, dot);
}

std::string leaf_of(std::string const& name)
{
    return name.substr(name.rfind('.') + 1);  // npos + 1 = 0: the whole name
}

std::vector<KeyText> const& key_texts()
{
    static std::vector<KeyText> const all = [] {
        std::vector<KeyText> texts;
        add_texts(texts, job_keys());
        add_texts(texts, experiment_keys());
        return texts;
    }();
    return all;
}

std::vector<std::string> const& key_sections()
{
    static std::vector<std::string> const all = [] {
        std::vector<std::string> sections;
        for (KeyText const& key : key_texts())
        {
            std::string section = section_of(key.name);
            if (std::ranges::find(sections, section) == sections.end())
            {
                sections.push_back(std::move(section));
            }
        }
        return sections;
    }();
    return all;
}

std::vector<Key<Job>> const& job_keys()
{
    static std::vector<Key<Job>> const keys = [] {
        KeyMaker<Job> make;
        make.add("seed",
                 "of all random numbers, but where train.seeds and trials.seed say otherwise",
                 at(&Job::seed), seeds);
        make.add("output",
                 "folder for all that the run writes; default: sweeps/<name of the job file>",
                 at(&Job::output), any);
        make.keys.push_back(chains_key());
        make.add("data",
                 "images to train on and to approximate: a folder of two IDX files "
                 "(train-images-idx3-ubyte, t10k-images-idx3-ubyte, or .gz), or an HDF5 file with "
                 "datasets training and test",
                 at(&Job::data), any);
        make.add("trainers",
                 "ranks that train at a time, each its own chain with train.threads threads; 0: as "
                 "many as the cores of their nodes can bear",
                 at(&Job::trainers), at_least(0, 1e6));
        make.keys.push_back(experiments_key());
        add_theory(make);
        return make.keys;
    }();
    return keys;
}

}  // namespace surf::app
