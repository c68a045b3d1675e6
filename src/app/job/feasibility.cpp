#include "app/job/feasibility.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/name_table.hpp"

namespace surf::app
{
namespace
{

/// At most so many of all m that an operator can give, descending.
std::vector<std::int64_t> measurement_counts(OperatorEntry const& entry, Shape const& image)
{
    constexpr std::size_t at_most = 12;
    std::vector<std::int64_t> counts;
    for (std::int64_t m = image.size(); m > 0 && counts.size() < at_most; --m)
    {
        if (entry.gives(image, m))
        {
            counts.push_back(m);
        }
    }
    return counts;
}

void require_measurements(CellSpec const& cell, PlannedChain const& chain)
{
    OperatorEntry const& entry = entry_of(cell.problem.measured_by);
    Shape const& image = chain.generator().image;
    if (!entry.gives(image, cell.measurements()))
    {
        throw InputError(fmt::format(
            "trials.measurements = {0}: trials.operator = {1} cannot give {0} measurements of the "
            "{2} images of {3}; use some of {4}",
            cell.measurements(), entry.name, image.text(), chain.name(),
            fmt::join(measurement_counts(entry, image), ", ")));
    }
}

void require_images(PlannedChain const& chain, DataSpec const& data, std::string_view wanted_for)
{
    if (chain.generator().image != data.image)
    {
        throw InputError(fmt::format(
            "data: the images are {}, but {} makes {} ({} compares the two); name images of that "
            "shape",
            data.image.text(), chain.name(), chain.generator().image.text(), wanted_for));
    }
}

void require_method(CellSpec const& cell, PlannedChain const& chain)
{
    if (cell.precision == Precision::mixed && heeds(cell.method, SettingGroup::precision) &&
        chain.generator().program() != nullptr)
    {
        throw InputError(fmt::format(
            "trials.precision = mixed: {} is a TorchScript program, which is evaluated in float32 "
            "alone; use float32",
            chain.name()));
    }
    auto const refuse = [&](std::string const& why) {
        throw InputError(fmt::format("trials.methods: {} cannot be used on {}: {}",
                                     name_of(method_table, cell.method), chain.name(), why));
    };
    if (entry_of(cell.method).along_chain && chain.intervals() == 0)
    {
        refuse(
            "the chain is its final network alone, and there is no way to ride along; write one "
            "with snapshots of the training");
    }
    if (cell.method != Method::projected)
    {
        return;
    }
    NetworkSpec const* const layers = chain.generator().layers();
    if (layers == nullptr)
    {
        refuse("it needs the linear pieces of a layer list, not a TorchScript program");
    }
    else if (!is_piecewise_linear(*layers))
    {
        refuse("a hidden layer is not piecewise linear (tanh or sigmoid)");
    }
    else if (Activation const last = layers->back().activation;
             last != Activation::none && last != Activation::sigmoid)
    {
        refuse(fmt::format("the output's {} is none of none, sigmoid",
                           name_of(activation_table, last)));
    }
    if (cell.projected.first_snapshot >= chain.intervals())
    {
        refuse(fmt::format("projected.first_snapshot = {} leaves no later snapshot to surf to",
                           cell.projected.first_snapshot));
    }
}

}  // namespace

void require_trainable(TrainSpec const& spec)
{
    ArchitectureEntry const& entry = entry_of(spec.model.architecture);
    // The other network is InfoGAN's mirror image whatever the generator.
    constexpr std::int64_t multiple = 4;
    if (spec.data.image.height % multiple != 0 || spec.data.image.width % multiple != 0)
    {
        throw InputError(fmt::format(
            "train.models: {} cannot be trained on images of {} (sides must be multiples of {}); "
            "cut or fill the images of data",
            entry.name, spec.data.image.text(), multiple));
    }
}

void require_solvable(PlannedCell const& cell, PlannedChain const& chain, DataSpec const& data)
{
    require_measurements(cell.spec, chain);
    if (!has_latent(cell.spec.problem.task))
    {
        require_images(chain, data, name_of(task_table, cell.spec.problem.task));
    }
    require_method(cell.spec, chain);
}

void require_drawable(Experiment const& experiment, PlannedChain const& chain, DataSpec const& data)
{
    require_images(chain, data, "a surface");
    if (chain.generator().latent_dim != surface_latent_dim)
    {
        throw InputError(
            fmt::format("surface.targets: a surface is drawn over {} latents, {} has "
                        "another number; leave it out of train.models",
                        surface_latent_dim, chain.name()));
    }
    if (experiment.surface.levels > chain.header.snapshots)
    {
        throw InputError(fmt::format("surface.levels = {}: {} has {} snapshots; lower it",
                                     experiment.surface.levels, chain.name(),
                                     chain.header.snapshots));
    }
}

namespace
{

/// Whether two chains may be trainings of one generator. A program's code holds the weights of when
/// it was written: what can be compared is what changes from snapshot to snapshot.
bool may_be_one_generator(GeneratorSpec const& left, GeneratorSpec const& right)
{
    NetworkSpec const* const layers = left.layers();
    NetworkSpec const* const others = right.layers();
    if (left.prior != right.prior || left.image != right.image || left.range != right.range ||
        (layers == nullptr) != (others == nullptr))
    {
        return false;
    }
    return layers != nullptr ? *layers == *others
                             : left.program()->tensors == right.program()->tensors;
}

}  // namespace

void require_distinct_labels(Plan const& plan, PlannedExperiment const& experiment)
{
    std::map<std::pair<std::string, std::int64_t>, PlannedChain const*> seen;
    for (sched::CellIndex const index : experiment.cells)
    {
        PlannedChain const& chain = plan[plan[index].chain];
        GeneratorSpec const& generator = chain.generator();
        PlannedChain const& first =
            *seen.emplace(std::pair(generator.label, generator.latent_dim), &chain).first->second;
        bool const trained_alike = chain.training.has_value() == first.training.has_value();
        if (!trained_alike || !may_be_one_generator(generator, first.generator()))
        {
            throw InputError(fmt::format(
                "train.models: {} k={} stands for two generators, of chains {} and {} (results "
                "take "
                "chains of one label for trainings of one generator); import one with another "
                "--label, or give each an experiment",
                generator.label, generator.latent_dim, first.header.id().brief(),
                chain.header.id().brief()));
        }
    }
}

}  // namespace surf::app
