#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <semaphore>
#include <stdexcept>
#include <utility>

#include "trial/engine.hpp"
#include "trial/line_chain.hpp"
#include "trial/snapshots.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

/// Stands for a network.
struct Marker
{
    std::int64_t snapshot;
};

using Markers = Procession<Marker>;

std::unique_ptr<Marker> mark(std::int64_t snapshot)
{
    return std::make_unique<Marker>(Marker{snapshot});
}

/// Counts how often its network has been used.
class CountedEvaluator final : public model::Evaluator
{
  public:
    CountedEvaluator(std::unique_ptr<Evaluator> inner, std::atomic<std::int64_t>& uses)
        : inner_(std::move(inner)), uses_(uses)
    {}
    at::Tensor forward(at::Tensor const& latents) override
    {
        at::Tensor value = inner_->forward(latents);
        ++uses_;
        return value;
    }
    at::Tensor backward(at::Tensor const& gradient) override { return inner_->backward(gradient); }
    at::Tensor jacobian() override { return inner_->jacobian(); }

  private:
    std::unique_ptr<Evaluator> inner_;
    std::atomic<std::int64_t>& uses_;
};

constexpr std::int64_t snapshots = 4;

/// How often each snapshot but the last had been used when the next one was made, by a block that
/// surfs so many steps on each.
std::vector<std::int64_t> uses_before_next(std::int64_t steps)
{
    test::LineChain const chain(model::generator_spec(model::ModelKind::dcgan, 3, 0), snapshots);
    BlockSpec block;
    block.cell.chain = chain.reader().id();
    block.cell.problem = {.seed = 3,
                          .model = model::ModelKind::dcgan,
                          .latent_dim = 3,
                          .task = Task::inversion,
                          .measurements = 784};
    block.cell.method = Method::surfing;
    block.cell.surfing.schedule = Schedule::uniform;
    block.cell.stop.max_iterations = 0;
    block.count = 2;
    block.budget = steps * (snapshots - 1);

    // One for each network that is made: the target's, then the chain's.
    std::array<std::atomic<std::int64_t>, snapshots + 1> uses = {};
    std::size_t made = 0;
    std::vector<std::int64_t> before;
    run_block(block, {chain.reader()}, at::kCPU,
              [&](model::NetworkSpec const& spec, Parameters const& parameters,
                  model::MatrixTypes types) {
                  before.push_back(made == 0 ? 0 : uses.at(made - 1).load());
                  return std::make_unique<CountedEvaluator>(
                      frozen_evaluators(at::kCPU)(spec, parameters, types), uses.at(made++));
              },
              {});
    return {before.begin() + 2, before.end()};
}

}  // namespace

TEST_CASE("A procession gives the networks of its snapshots in their order, then none is left")
{
    std::vector<std::int64_t> made;
    Markers markers({4, 2, 7}, [&](std::int64_t t) {
        made.push_back(t);
        return mark(t);
    });
    CHECK(markers.next()->snapshot == 4);
    CHECK(markers.next()->snapshot == 2);
    CHECK(markers.next_alone()->snapshot == 7);
    markers.prepare_next();
    CHECK(made == std::vector<std::int64_t>{4, 2, 7});
}

TEST_CASE("A procession makes the next network while the one before is used")
{
    std::binary_semaphore begun(0);
    Markers markers({0, 1}, [&](std::int64_t t) {
        if (t == 1)
        {
            begun.release();
        }
        return mark(t);
    });
    auto const first = markers.next();
    begun.acquire();  // nobody has asked for it yet
    CHECK(markers.next()->snapshot == 1);
}

TEST_CASE("A procession lets a network alone until it is told to make the next")
{
    std::atomic<int> made = 0;
    Markers markers({0, 1, 2}, [&](std::int64_t t) {
        ++made;
        return mark(t);
    });
    auto const first = markers.next_alone();
    CHECK(made == 1);
    markers.prepare_next();
    markers.prepare_next();  // begun already
    CHECK(markers.next_alone()->snapshot == 1);
    CHECK(made == 2);
}

TEST_CASE("What goes wrong in making a network is thrown where it is asked for")
{
    Markers markers({0, 1}, [](std::int64_t t) {
        if (t == 1)
        {
            throw std::runtime_error("damaged");
        }
        return mark(t);
    });
    CHECK(markers.next()->snapshot == 0);
    CHECK_THROWS_WITH(markers.next(), "damaged");
}

TEST_CASE("A procession that is left early waits for what it has begun")
{
    std::atomic<bool> finished = false;
    {
        Markers const markers({0}, [&](std::int64_t t) {
            finished = true;
            return mark(t);
        });
    }
    CHECK(finished);
}

TEST_CASE("Surfing makes the next network ready once the one in use has packed, if it will")
{
    constexpr std::int64_t packing = model::uses_before_packing;
    for (std::int64_t const uses : uses_before_next(packing + 5))
    {
        CHECK(uses > packing);
    }
    for (std::int64_t const uses : uses_before_next(packing + 1))
    {
        CHECK(uses == packing + 1);  // it packs in its last step
    }
    for (std::int64_t const uses : uses_before_next(5))
    {
        CHECK(uses >= 1);
    }
}
