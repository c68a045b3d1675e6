#include <catch2/catch.hpp>

#include "chain/partial_chain.hpp"
#include "model/random_network.hpp"
#include "support/scratch_folder.hpp"
#include "trial/engine.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

constexpr std::int64_t latent_dim = 3;
constexpr std::int64_t snapshots = 4;

/// A published chain of networks on a straight line between two random ones.
chain::Reader make_chain(std::filesystem::path const& output)
{
    chain::ChainHeader header;
    header.configuration.add("test", "engine");
    header.snapshots = snapshots;
    chain::PartialChain partial(output, header);
    Parameters const first = test::random_generator(latent_dim, 1);
    Parameters const last = test::random_generator(latent_dim, 2);
    for (std::int64_t t = 0; t < snapshots; ++t)
    {
        Parameters parameters = first;
        float const share = static_cast<float>(t) / (snapshots - 1);
        for (std::size_t i = 0; i < parameters.size(); ++i)
        {
            for (std::size_t j = 0; j < parameters[i].values.size(); ++j)
            {
                parameters[i].values[j] += share * (last[i].values[j] - first[i].values[j]);
            }
        }
        partial.write_snapshot({t, t * 10, std::move(parameters), {}});
    }
    partial.finish();
    return chain::Reader(chain::chain_path(output, header.id()), header);
}

struct Chain
{
    test::ScratchFolder folder;
    chain::Reader reader = make_chain(folder.path);
};

Chain const& shared_chain()
{
    static Chain const chain;
    return chain;
}

BlockSpec block_of(Method method)
{
    BlockSpec block;
    block.cell.chain = shared_chain().reader.id();
    block.cell.problem = {.seed = 3,
                          .model = model::ModelKind::dcgan,
                          .latent_dim = latent_dim,
                          .task = Task::inversion,
                          .measurements = 784};
    block.cell.method = method;
    block.cell.stop.max_iterations = 60;
    block.cell.stop.window = 50;
    block.first = 4;
    block.count = 6;
    block.budget = method == Method::surfing ? 20 : 0;
    return block;
}

std::vector<TrialOutcome> run(BlockSpec const& block, EvaluatorFactory const& evaluators)
{
    return run_block(block, shared_chain().reader, at::kCPU, evaluators, {});
}

/// Counts forward() calls of every evaluator that a block makes, in the order of their making.
class CountingEvaluator final : public model::Evaluator
{
  public:
    CountingEvaluator(std::unique_ptr<Evaluator> inner, std::int64_t& count)
        : inner_(std::move(inner)), count_(count)
    {}
    at::Tensor forward(at::Tensor const& latents) override
    {
        ++count_;
        return inner_->forward(latents);
    }
    at::Tensor backward(at::Tensor const& gradient) override { return inner_->backward(gradient); }

  private:
    std::unique_ptr<Evaluator> inner_;
    std::int64_t& count_;
};

}  // namespace

TEST_CASE("A block gives one outcome a trial, numbered, the same bits every time")
{
    for (Method const method : {Method::adam, Method::surfing})
    {
        BlockSpec const block = block_of(method);
        auto const outcomes = run(block, frozen_evaluators(at::kCPU));
        REQUIRE(std::ssize(outcomes) == block.count);
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            CHECK(outcomes[i].trial == block.first + static_cast<std::int64_t>(i));
            CHECK(std::ssize(outcomes[i].latent) == latent_dim);
            CHECK(outcomes[i].iterations >= block.budget);
            CHECK(outcomes[i].first_hit != 0);
        }
        CHECK((run(block, frozen_evaluators(at::kCPU)) == outcomes));
    }
}

TEST_CASE("The frozen engine takes the path of the autograd engine")
{
    for (Task const task : {Task::inversion, Task::recovery})
    {
        for (Method const method : {Method::adam, Method::surfing})
        {
            BlockSpec block = block_of(method);
            block.cell.problem.task = task;
            block.cell.problem.measurements = task == Task::recovery ? 40 : 784;
            block.cell.stop.max_iterations = 30;  // before rounding has grown
            auto const frozen = run(block, frozen_evaluators(at::kCPU));
            auto const reference = run(block, reference_evaluators(at::kCPU));
            for (std::size_t i = 0; i < frozen.size(); ++i)
            {
                INFO("trial " << frozen[i].trial);
                CHECK(frozen[i].iterations == reference[i].iterations);
                CHECK(frozen[i].objective == Approx(reference[i].objective).epsilon(1e-3));
                CHECK(frozen[i].distance == Approx(reference[i].distance).margin(1e-4));
            }
        }
    }
}

TEST_CASE("Surfing spends its budget on the snapshots as its schedule says, the rest on the last")
{
    BlockSpec block = block_of(Method::surfing);
    block.cell.surfing.schedule = Schedule::linear;
    block.budget = 6;  // 3 + 2 + 1 steps on snapshots 0, 1, 2
    std::vector<std::unique_ptr<std::int64_t>> counts;
    auto const outcomes = run(block, [&](model::NetworkSpec spec, Parameters const& parameters) {
        counts.push_back(std::make_unique<std::int64_t>(0));
        return std::make_unique<CountingEvaluator>(
            frozen_evaluators(at::kCPU)(std::move(spec), parameters), *counts.back());
    });
    REQUIRE(counts.size() == 4);  // the final network is made first: it gives the targets
    CHECK(*counts[1] == 3);
    CHECK(*counts[2] == 2);
    CHECK(*counts[3] == 1);
    for (TrialOutcome const& outcome : outcomes)
    {
        CHECK(outcome.iterations >= 6);
    }
}

TEST_CASE("Methods of the same problem start from the same latents and targets")
{
    // With no steps at all, surfing and adam end where they start.
    BlockSpec adam = block_of(Method::adam);
    adam.cell.stop.max_iterations = 0;
    BlockSpec surfing = block_of(Method::surfing);
    surfing.cell.stop.max_iterations = 0;
    surfing.budget = 0;
    CHECK((run(adam, frozen_evaluators(at::kCPU)) == run(surfing, frozen_evaluators(at::kCPU))));
}
