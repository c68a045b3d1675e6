#include "trial/engine.hpp"

#include <optional>

#include "base/contract.hpp"
#include "model/frozen_generator.hpp"
#include "model/graphed_evaluator.hpp"
#include "model/heap.hpp"
#include "trial/adam.hpp"
#include "trial/attempts.hpp"
#include "trial/descent.hpp"
#include "trial/going_on.hpp"
#include "trial/inputs.hpp"
#include "trial/lm_surfing.hpp"
#include "trial/objective.hpp"
#include "trial/projected.hpp"
#include "trial/restarts.hpp"
#include "trial/schedule.hpp"
#include "trial/snapshots.hpp"

namespace surf::trial
{
namespace
{

/// Precision of the matrix work on the way to the end.
at::ScalarType cruising_type(Precision precision)
{
    return precision == Precision::mixed ? at::kBFloat16 : at::kFloat;
}

/// After which of so many steps on a network the next one is made ready: the first or, if the
/// network packs its weights, the one in which it does: there are three copies of them for a while,
/// and a network that is ready beside it would be a fourth.
std::int64_t preparing_step(std::int64_t steps, at::Device device)
{
    constexpr std::int64_t packing = model::uses_before_packing;
    return device.is_cpu() && steps > packing ? packing : 0;
}

/// Rides the latents along snapshots 0 … T − 1 (Algorithm 1 as run in section 4 of the paper): a
/// fixed number of Adam steps on each. Snapshots without steps are not even read.
void surf(CellSpec const& cell, std::int64_t budget, Snapshots const& snapshots,
          Objective const& objective, at::Tensor& latents, Adam& adam, std::stop_token const& stop)
{
    SurfingSettings const& settings = cell.surfing;
    auto const steps = spread_budget(settings, snapshots.last(), budget);
    std::vector<std::int64_t> visited;
    for (std::int64_t t = 0; t < snapshots.last(); ++t)
    {
        if (steps[static_cast<std::size_t>(t)] > 0)
        {
            visited.push_back(t);
        }
    }
    at::ScalarType const type = cruising_type(cell.precision);
    Procession<model::Evaluator> generators(
        visited, [&](std::int64_t t) { return snapshots.prepare(snapshots.read(t), type); });
    for (std::int64_t const t : visited)
    {
        auto const generator = generators.next_alone();
        if (settings.adam_state == AdamState::reset)
        {
            adam.reset();
        }
        std::int64_t const own_steps = steps[static_cast<std::size_t>(t)];
        for (std::int64_t i = 0; i < own_steps; ++i)
        {
            require_going_on(stop);
            adam.step(latents, objective.evaluate(*generator, latents).gradient);
            if (i == preparing_step(own_steps, latents.device()))
            {
                generators.prepare_next();
            }
        }
    }
    if (settings.adam_state == AdamState::reset)
    {
        adam.reset();
    }
}

/// What the trials look for: y.
at::Tensor draw_target(Problem const& problem, TrialInputs const& inputs,
                       Snapshots const& snapshots, at::Device device)
{
    if (!has_latent(problem.task))
    {
        return inputs.target_image.to(device);
    }
    auto const generator = snapshots.prepare(snapshots.read(snapshots.last()), at::kFloat);
    return generator->forward(inputs.target_latent.to(device)).clone();
}

/// The block's objective on any of the networks.
Objective objective_of(TrialInputs const& inputs, at::Tensor target)
{
    at::Device const device = target.device();
    return {std::move(target), inputs.measurement.to(device, at::kFloat),
            inputs.noise.defined() ? inputs.noise.to(device) : at::Tensor()};
}

/// The final network in the precisions that a search goes through one after the other. Only the one
/// in use is in memory.
class FinalNetwork
{
  public:
    FinalNetwork(Snapshots const& snapshots, Precision precision)
        : snapshots_(snapshots), parameters_(snapshots.read(snapshots.last()))
    {
        if (precision == Precision::mixed)
        {
            at::ScalarType const cheap = cruising_type(precision);
            approximate_.emplace(*this, cheap);
            exact_forward_.emplace(*this, model::MatrixTypes{at::kFloat, cheap});
        }
    }
    FinalNetwork(FinalNetwork const&) = delete;
    FinalNetwork& operator=(FinalNetwork const&) = delete;

    FinalGenerators generators()
    {
        return {exact_, approximate_ ? &*approximate_ : nullptr,
                exact_forward_ ? &*exact_forward_ : nullptr};
    }

  private:
    /// The network in one of the precisions, made ready when it takes another's place.
    class Variant final : public model::Evaluator
    {
      public:
        Variant(FinalNetwork& network, model::MatrixTypes types) : network_(network), types_(types)
        {}
        at::Tensor forward(at::Tensor const& latents) override { return use().forward(latents); }
        at::Tensor backward(at::Tensor const& gradient) override
        {
            return use().backward(gradient);
        }
        at::Tensor jacobian() override { return use().jacobian(); }

      private:
        model::Evaluator& use()
        {
            if (network_.in_use_ != this)
            {
                network_.in_use_ = nullptr;
                network_.evaluator_.reset();
                model::release_unused_memory();  // weights of other sizes follow
                network_.evaluator_ = network_.snapshots_.prepare(network_.parameters_, types_);
                network_.in_use_ = this;
            }
            return *network_.evaluator_;
        }

        FinalNetwork& network_;
        model::MatrixTypes types_;
    };

    Snapshots const& snapshots_;
    Parameters parameters_;
    std::unique_ptr<model::Evaluator> evaluator_;
    Variant const* in_use_ = nullptr;
    Variant exact_{*this, at::kFloat};
    std::optional<Variant> approximate_;    ///< where there is one
    std::optional<Variant> exact_forward_;  ///< where there is one
};

/// Adam, along the chain first if there are steps for that, and its polish.
std::vector<TrialOutcome> search_by_adam(BlockSpec const& block, std::int64_t surfing_steps,
                                         Snapshots const& snapshots, Objective const& objective,
                                         at::Tensor latents, at::Tensor const& target_latents,
                                         std::stop_token const& stop)
{
    CellSpec const& cell = block.cell;
    Adam adam(cell.adam, latents);
    if (surfing_steps > 0)
    {
        surf(cell, surfing_steps, snapshots, objective, latents, adam, stop);
    }
    // Not before: surfing has two networks in memory as it is.
    FinalNetwork network(snapshots, cell.precision);
    DescentStart start{latents, target_latents, std::move(adam), surfing_steps};
    return cell.polish.by == Polish::lm
               ? descend_polished(network.generators(), objective, std::move(start),
                                  {cell.polish, cell.lm}, cell.stop, stop)
               : descend(network.generators(), objective, std::move(start), cell.stop, stop);
}

/// Searches the latents of all trials of a block by its method.
std::vector<TrialOutcome> search(BlockSpec const& block, Snapshots const& snapshots,
                                 Objective const& objective, TrialInputs const& inputs,
                                 at::Device device, std::stop_token const& stop)
{
    CellSpec const& cell = block.cell;
    if (cell.method == Method::projected)
    {
        return surf_projected(block, snapshots, objective, inputs, device, stop);
    }
    at::Tensor const latents = inputs.initial_latent.to(device);
    at::Tensor const target_latents = inputs.target_latent.to(device);
    if (is_second_order(cell.method))
    {
        return search_by_lm(cell, snapshots, objective, latents, target_latents, stop);
    }
    if (cell.method == Method::restarts)
    {
        RestartLatents starts(cell.problem, block.first, block.count);
        Restarts const restarts{cell.adam, block.budget,
                                [&](auto const& rows) { return starts.next(rows); }};
        FinalNetwork network(snapshots, cell.precision);
        return descend_restarting(network.generators(), objective,
                                  {latents, target_latents, Adam(cell.adam, latents)}, restarts,
                                  cell.stop, stop);
    }
    bool const adapts =
        cell.method == Method::surfing && cell.surfing.schedule == Schedule::adaptive;
    auto const attempt = [&](std::int64_t number, std::vector<std::int64_t> const& rows) {
        at::Tensor const chosen = at::tensor(rows, at::kLong).to(device);
        bool const surfs = cell.method == Method::surfing && (number > 0 || !adapts);
        return search_by_adam(
            block, surfs ? block.budget : 0, snapshots,
            std::ssize(rows) == block.count ? objective : objective.select(chosen),
            latents.index_select(0, chosen), target_latents.index_select(0, chosen), stop);
    };
    return attempt_in_turn(goals_of(objective, cell.stop), adapts ? 2 : 1, attempt);
}

}  // namespace

EvaluatorFactory frozen_evaluators(at::Device device)
{
    return [device](model::NetworkSpec const& spec, Parameters const& parameters,
                    model::MatrixTypes types) {
        return model::with_graphs(
            std::make_unique<model::FrozenGenerator>(spec, parameters, device, types), device);
    };
}

EvaluatorFactory reference_evaluators(at::Device device)
{
    return
        [device](model::NetworkSpec const& spec, Parameters const& parameters, model::MatrixTypes) {
            return std::make_unique<model::ReferenceEvaluator>(
                model::Network(spec, parameters, device));
        };
}

std::vector<TrialOutcome> run_block(BlockSpec const& block, BlockSources const& sources,
                                    at::Device device, EvaluatorFactory const& evaluators,
                                    std::stop_token const& stop)
{
    EXPECT(block.count > 0);
    Problem const& problem = block.cell.problem;
    Snapshots const snapshots(problem, sources.chain, evaluators);
    TrialInputs const inputs = draw_inputs(problem, block.first, block.count, sources.test_images);
    Objective const objective =
        objective_of(inputs, draw_target(problem, inputs, snapshots, device));
    auto outcomes = search(block, snapshots, objective, inputs, device, stop);
    for (TrialOutcome& outcome : outcomes)
    {
        outcome.trial += block.first;
    }
    return outcomes;
}

}  // namespace surf::trial
