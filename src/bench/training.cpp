#include "bench/training.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/name_table.hpp"
#include "bench/flop.hpp"
#include "bench/plain_dcgan.hpp"
#include "model/device.hpp"
#include "train/trainer.hpp"

namespace surf::bench
{
namespace
{

constexpr Model dcgan{Architecture::infogan, Training::dcgan};

TrainSpec training_of(Model const& model, data::DataSet const& data, std::int64_t threads)
{
    TrainSpec spec;
    spec.model = model;
    spec.latent_dim = 10;
    spec.hyper = preset_values(Preset::collection, model);
    spec.data = data.spec();
    spec.threads = threads;
    return spec;
}

std::string name_of_training(Model const& model)
{
    return fmt::format("training/{}", name_of(model_table, model));
}

/// Adds seconds a step, and what share of training's ceiling they are.
void add_step(Session& session, std::string const& name, TrainSpec const& spec,
              Spread const& seconds)
{
    char const* const ceiling = session.device.is_cpu() ? "float32_training" : "float32";
    auto const flop =
        training_flop(spec.model, {spec.data.image, spec.latent_dim, spec.hyper.hidden_layers});
    auto const images_a_second = static_cast<double>(spec.hyper.batch) / seconds.median;
    session.report.add(
        {"training", name, seconds, "s/step",
         flop ? session.share_of_ceiling(ceiling, *flop * images_a_second) : std::nullopt});
}

void measure_model(Session& session, std::string const& name, Model const& model)
{
    TrainingThreads const threads(session.options);
    auto const data = data::load_data_set(session.options.images);
    auto const spec = training_of(model, data, session.options.training_threads);
    auto const trainer = train::make_trainer(spec, data.training, session.device);
    std::int64_t step = 0;
    Spread const seconds =
        time_call([&] { trainer->step(step++); }, session.device, session.options.min_time);
    add_step(session, name, spec, seconds);
}

double relative_difference(double value, double expected)
{
    return std::abs(value - expected) / std::abs(expected);
}

/// The largest relative difference of the two losses over the first 3 steps.
double loss_difference(train::Trainer& program, PlainDcgan& plain)
{
    double largest = 0;
    for (std::int64_t step = 0; step < 3; ++step)
    {
        program.step(step);
        auto const log = program.log().take();
        PlainDcgan::Losses const losses = plain.step(step);
        for (auto const& [name, loss] : {std::pair("discriminator", losses.discriminator),
                                         std::pair("generator", losses.generator)})
        {
            largest = std::max(largest, relative_difference(log.at(name), loss.item<double>()));
        }
    }
    return largest;
}

void measure_plain(Session& session, std::string const& name)
{
    TrainingThreads const threads(session.options);
    auto const data = data::load_data_set(session.options.images);
    auto const spec = training_of(dcgan, data, session.options.training_threads);
    auto const program = train::make_trainer(spec, data.training, session.device);
    PlainDcgan plain(spec, data.training, session.device, program->state());
    double const difference = loss_difference(*program, plain);

    std::int64_t step = 3;
    Spread const seconds =
        time_call([&] { plain.step(step++); }, session.device, session.options.min_time);
    add_step(session, name, spec, seconds);
    session.report.add(
        {"training", name + "/loss_difference", Spread::of({difference}), "relative, 3 steps"});
    if (auto const ours = session.report.find(name_of_training(dcgan)))
    {
        session.report.add(
            {"training", name + "/program_ratio", Spread::of({seconds.median / *ours}), "x plain"});
    }
}

}  // namespace

Cases training_cases()
{
    Cases cases;
    for (ModelEntry const& entry : model_table)
    {
        std::string const name = name_of_training(entry.kind);
        cases.push_back({name, Ranks::first, [name, kind = entry.kind](Session& session) {
                             measure_model(session, name, kind);
                         }});
    }
    std::string const plain = "training/plain_dcgan";
    cases.push_back(
        {plain, Ranks::first, [=](Session& session) { measure_plain(session, plain); }});
    return cases;
}

}  // namespace surf::bench
