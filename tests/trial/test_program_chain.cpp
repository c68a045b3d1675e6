#include <algorithm>
#include <catch2/catch.hpp>

#include "base/name_table.hpp"
#include "model/script_program.hpp"
#include "trial/engine.hpp"
#include "trial/line_chain.hpp"
#include "trial/small_block.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

constexpr std::int64_t latent_dim = 2;
constexpr std::int64_t snapshots = 5;

/// A small generator of colour images, with a convolution.
NetworkSpec colour_network()
{
    return {{.name = "fc",
             .kind = LayerKind::linear,
             .input = {latent_dim},
             .output = {32},
             .bias = Bias::trained,
             .activation = Activation::tanh},
            {.name = "", .kind = LayerKind::reshape, .input = {32}, .output = {8, 2, 2}},
            {.name = "deconv",
             .kind = LayerKind::conv_transpose,
             .input = {8, 2, 2},
             .output = {3, 4, 4},
             .kernel = 4,
             .stride = 2,
             .padding = 1,
             .bias = Bias::trained,
             .batch_norm = BatchNorm{"norm"},
             .activation = Activation::sigmoid}};
}

/// A chain with another's snapshots, whose generator is a program instead of the layer list.
class ProgramChain
{
  public:
    explicit ProgramChain(chain::Reader const& layers)
    {
        chain::ChainHeader header = layers.header();
        header.configuration.add("generator", "program");
        header.generator.network = test::program_of(*layers.header().generator.layers());
        chain::PartialChain partial(folder_.path, header);
        for (std::int64_t t = 0; t < layers.snapshots(); ++t)
        {
            partial.write_snapshot(layers.read(t));
        }
        partial.finish();
        reader_.emplace(chain::chain_path(folder_.path, header.id()), header);
    }

    chain::Reader const& reader() const { return *reader_; }

  private:
    test::ScratchFolder folder_;
    std::optional<chain::Reader> reader_;
};

BlockSpec block_on(chain::Reader const& chain, Method method)
{
    BlockSpec block = test::small_block(chain, method);
    block.count = 20;
    block.cell.adam.learning_rate = 0.03;
    block.cell.stop.max_iterations = 400;
    block.cell.stop.window = 100;
    block.cell.surfing.adam_state = AdamState::reset;
    block.cell.surfing_lm.every = 2;
    block.budget.steps = method == Method::surfing ? 40 : 0;
    return block;
}

std::int64_t successes(chain::Reader const& chain, Method method)
{
    BlockSpec const block = block_on(chain, method);
    auto const outcomes =
        run_block(block, {chain}, at::kCPU, frozen_evaluators(at::kCPU), uninterrupted());
    return std::ranges::count_if(outcomes, [&](TrialOutcome const& outcome) {
        return outcome.distance < block.cell.stop.success_distance;
    });
}

}  // namespace

TEST_CASE("Trials on a program succeed as often as those on the layers that it is written from")
{
    for (NetworkSpec const& network :
         {relu_generator({{1, 6, 6}, latent_dim, 2}), colour_network()})
    {
        test::LineChain const layers(network, snapshots);
        ProgramChain const program(layers.reader());
        for (Method const method : {Method::adam, Method::surfing, Method::lm, Method::surfing_lm})
        {
            std::int64_t const expected = successes(layers.reader(), method);
            std::int64_t const found = successes(program.reader(), method);
            CAPTURE(name_of(method_table, method), expected, found);
            CHECK(expected > 0);
            // They differ by rounding, which a few trials amplify.
            CHECK(std::abs(found - expected) <= 2);
        }
    }
}

TEST_CASE("A block on a program gives the same bits every time, and is its own reference")
{
    test::LineChain const layers(relu_generator({{1, 6, 6}, latent_dim, 2}), snapshots);
    ProgramChain const program(layers.reader());
    BlockSpec const block = block_on(program.reader(), Method::surfing);
    auto const run = [&](EvaluatorFactory const& evaluators) {
        return run_block(block, {program.reader()}, at::kCPU, evaluators, uninterrupted());
    };
    auto const outcomes = run(frozen_evaluators(at::kCPU));
    CHECK((run(frozen_evaluators(at::kCPU)) == outcomes));
    CHECK((run(reference_evaluators(at::kCPU)) == outcomes));
}
