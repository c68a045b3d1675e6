#include <c10/core/CachingDeviceAllocator.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <limits>

#include "model/device.hpp"
#include "model/frozen_generator.hpp"
#include "model/graph_plugin.hpp"
#include "model/graphed_evaluator.hpp"
#include "model/random_network.hpp"
#include "trial/engine.hpp"
#include "trial/line_chain.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::model;
using namespace surf::trial;

namespace
{

at::Device gpu()
{
    static at::Device const device = choose_device(DeviceChoice::cuda, 0);
    return device;
}

/// Of the paper's generator, three latents.
chain::Reader const& shared_chain()
{
    static test::LineChain const chain(test::dcgan_network(3), 4);
    return chain.reader();
}

BlockSpec block_of(Method method, Precision precision)
{
    BlockSpec block;
    block.cell.chain = shared_chain().id();
    block.cell.generator = shared_chain().header().generator;
    block.cell.problem.seed = 3;
    block.cell.problem.task = Task::recovery;
    block.cell.problem.measured_by = Operator::gaussian;
    block.cell.problem.measurements = 40;
    block.cell.method = method;
    block.cell.precision = precision;
    block.cell.stop.max_iterations = 12;  // before rounding has grown
    block.count = 20;
    block.budget = {.steps = method == Method::adam ? 0 : 9, .evaluations = 60};
    return block;
}

std::vector<TrialOutcome> run(BlockSpec const& block, at::Device device)
{
    return run_block(block, {shared_chain()}, device, frozen_evaluators(device), uninterrupted());
}

/// Counts what the plugin records.
class CountingRecorder final : public GraphRecorder
{
  public:
    CountingRecorder(std::unique_ptr<GraphRecorder> recorder, int& recordings)
        : recorder_(std::move(recorder)), recordings_(recordings)
    {}

    std::unique_ptr<Graph> record(std::function<void()> const& work) override
    {
        auto graph = recorder_->record(work);
        ++recordings_;
        return graph;
    }

  private:
    std::unique_ptr<GraphRecorder> recorder_;
    int& recordings_;
};

/// Surfing that stays on each of its snapshots until it is recorded.
BlockSpec recorded_block()
{
    BlockSpec block = block_of(Method::surfing, Precision::float32);
    block.budget.steps = 60;
    block.cell.stop.max_iterations = 90;
    return block;
}

std::int64_t reserved_bytes()
{
    auto const stats = c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(gpu().index());
    return stats.reserved_bytes[0].current;
}

}  // namespace

TEST_CASE("The frozen generator on the GPU equals the CPU's", "[cuda]")
{
    struct Case
    {
        MatrixTypes types;
        double bound;
    };
    for (auto const& [types, bound] :
         {Case{at::kDouble, 1e-10}, Case{at::kFloat, 1e-4}, Case{at::kBFloat16, 0.1},
          Case{{at::kFloat, at::kBFloat16}, 0.1}})
    {
        for (NetworkSpec const& spec : {test::dcgan_network(5), test::relu_network(5, 2)})
        {
            auto const parameters = test::random_parameters(spec, 7);
            FrozenGenerator here(spec, parameters, at::kCPU, types);
            FrozenGenerator there(spec, parameters, gpu(), types);
            auto const values = at::promote_types(types.forward, at::kFloat);
            at::Tensor const latents = test::random_tensor({33, 5}, 8).to(values);
            at::Tensor const gradient = test::random_tensor({33, 784}, 9).to(values);
            CHECK(test::relative_error(there.forward(latents.to(gpu())).cpu(),
                                       here.forward(latents)) < bound);
            CHECK(test::relative_error(there.backward(gradient.to(gpu())).cpu(),
                                       here.backward(gradient)) < bound);
        }
    }
}

TEST_CASE("Every method on the GPU takes the CPU's path, the same bits every time", "[cuda]")
{
    for (Method const method : {Method::adam, Method::surfing, Method::restarts})
    {
        BlockSpec const block = block_of(method, Precision::float32);
        auto const here = run(block, at::kCPU);
        auto const there = run(block, gpu());
        CHECK((run(block, gpu()) == there));
        for (std::size_t i = 0; i < here.size(); ++i)
        {
            CHECK(there[i].iterations == here[i].iterations);
            CHECK(there[i].objective == Approx(here[i].objective).epsilon(1e-2));
            CHECK(there[i].distance == Approx(here[i].distance).margin(1e-3));
        }
        BlockSpec const mixed = block_of(method, Precision::mixed);
        CHECK((run(mixed, gpu()) == run(mixed, gpu())));
    }
}

TEST_CASE("What does not fit the GPU's memory is an error, and the next block runs", "[cuda]")
{
    auto const spec = test::dcgan_network(5);
    FrozenGenerator generator(spec, test::random_parameters(spec, 7), gpu());
    std::int64_t const too_many = 50'000'000;  // 1.2 TB of FC2's outputs
    CHECK_THROWS(generator.forward(at::zeros({too_many, 5}, at::TensorOptions(gpu()))));
    CHECK(generator.forward(at::zeros({2, 5}, at::TensorOptions(gpu()))).size(0) == 2);
}

TEST_CASE("Replayed from CUDA graphs, the frozen generator gives what it gives without", "[cuda]")
{
    auto const spec = test::dcgan_network(5);
    auto const parameters = test::random_parameters(spec, 7);
    double const nan = std::numeric_limits<double>::quiet_NaN();
    for (auto const& [type, bound] : {std::pair(at::kFloat, 1e-4), {at::kBFloat16, 0.05}})
    {
        auto recorder = graph_recorder(gpu());
        REQUIRE(recorder != nullptr);
        int recordings = 0;
        FrozenGenerator plain(spec, parameters, gpu(), type);
        GraphedEvaluator replayed(
            std::make_unique<FrozenGenerator>(spec, parameters, gpu(), type),
            std::make_unique<CountingRecorder>(std::move(recorder), recordings));
        for (std::int64_t const batch : {300, 190, 180, 192, 100, 20, 300, 170})
        {
            INFO("batch " << batch);
            for (std::uint64_t i = 0; i < 12; ++i)
            {
                at::Tensor const latents = test::random_tensor({batch, 5}, 100 + i).to(gpu());
                at::Tensor const gradient = test::random_tensor({batch, 784}, 200 + i).to(gpu());
                CHECK(test::relative_error(replayed.forward(latents), plain.forward(latents)) <
                      bound);
                CHECK(test::relative_error(replayed.backward(gradient.clone()),
                                           plain.backward(gradient.clone())) < bound);
            }
            // Left in the surplus rows of what comes next.
            replayed.forward(at::full({batch, 5}, nan, at::TensorOptions(gpu())));
            replayed.backward(at::full({batch, 784}, nan, at::TensorOptions(gpu())));
        }
        CHECK(recordings == 2 * 4);  // of 300, 192, 128 and 24
    }
}

TEST_CASE("Snapshots made ready while others are recorded change no bit", "[cuda]")
{
    BlockSpec const block = recorded_block();
    auto const first = run(block, gpu());
    CHECK((run(block, gpu()) == first));
    CHECK((run(block, gpu()) == first));

    ::setenv("SURF_CUDA_GRAPHS", "off", 1);
    auto const plain = run(block, gpu());
    ::unsetenv("SURF_CUDA_GRAPHS");
    for (std::size_t i = 0; i < first.size(); ++i)
    {
        CHECK(first[i].objective == Approx(plain[i].objective).epsilon(0.1).margin(1e-6));
    }
}

TEST_CASE("Blocks give the memory of their graphs back", "[cuda]")
{
    BlockSpec const block = recorded_block();
    run(block, gpu());
    std::int64_t const before = reserved_bytes();
    for (int i = 0; i < 5; ++i)
    {
        run(block, gpu());
    }
    // Every snapshot's graphs, 15 of them, hold at least the 20 MiB that LibTorch takes at a time.
    CHECK(reserved_bytes() - before < 100'000'000);
}
