#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <utility>

#include "trial/engine.hpp"
#include "trial/line_chain.hpp"
#include "trial/prefetcher.hpp"
#include "trial/snapshots.hpp"
#include "trial/uninterrupted.hpp"

using namespace surf;
using namespace surf::trial;

namespace
{

/// Stands for a network.
struct Marker
{
    std::int64_t snapshot;
};

using Markers = Prefetcher<Marker>;

/// For what another thread is to do soon.
constexpr std::chrono::seconds patience{60};

std::unique_ptr<Marker> mark(std::int64_t snapshot)
{
    return std::make_unique<Marker>(Marker{snapshot});
}

/// What has become of a network.
struct Fate
{
    std::atomic<std::int64_t> uses = 0;
    std::binary_semaphore next_begun{0};
};

/// Counts the uses of its network; one of them begins only when the next network is being made.
class WatchedEvaluator final : public model::Evaluator
{
  public:
    WatchedEvaluator(std::unique_ptr<Evaluator> inner, Fate& fate, std::int64_t waiting_use)
        : inner_(std::move(inner)), fate_(fate), waiting_use_(waiting_use)
    {}
    at::Tensor forward(at::Tensor const& latents) override
    {
        if (fate_.uses + 1 == waiting_use_)
        {
            REQUIRE(fate_.next_begun.try_acquire_for(patience));
        }
        at::Tensor value = inner_->forward(latents);
        ++fate_.uses;
        return value;
    }
    at::Tensor backward(at::Tensor const& gradient) override { return inner_->backward(gradient); }
    at::Tensor jacobian() override { return inner_->jacobian(); }

  private:
    std::unique_ptr<Evaluator> inner_;
    Fate& fate_;
    std::int64_t waiting_use_;
};

constexpr std::int64_t snapshots = 4;

/// How often each snapshot but the last had been used when the next one was made, by a block that
/// surfs so many steps on each. 0: no use waits for the next network.
std::vector<std::int64_t> uses_before_next(std::int64_t steps, std::int64_t waiting_use = 0)
{
    test::LineChain const chain(test::dcgan_network(3), snapshots);
    BlockSpec block;
    block.cell.chain = chain.reader().id();
    block.cell.generator = chain.reader().header().generator;
    block.cell.problem = {.seed = 3, .task = Task::inversion};
    block.cell.method = Method::surfing;
    block.cell.surfing.schedule = Schedule::uniform;
    block.cell.stop.max_iterations = 0;
    block.count = 2;
    block.budget.steps = steps * (snapshots - 1);

    // Of each network that is made: the target's, the chain's.
    std::array<Fate, snapshots + 1> fates;
    std::size_t made = 0;
    std::vector<std::int64_t> before;
    run_block(
        block, {chain.reader()}, at::kCPU,
        [&](GeneratorSpec const& generator, Parameters const& parameters,
            model::MatrixTypes types) {
            if (made > 0)
            {
                before.push_back(fates.at(made - 1).uses);
                fates.at(made - 1).next_begun.release();
            }
            bool const surfed_on = made > 0 && made < snapshots - 1;
            Fate& fate = fates.at(made++);
            return std::make_unique<WatchedEvaluator>(
                frozen_evaluators(at::kCPU)(generator, parameters, types), fate,
                surfed_on ? waiting_use : 0);
        },
        uninterrupted());
    return {before.begin() + 1, before.end()};
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
    REQUIRE(begun.try_acquire_for(patience));  // nobody has asked for it yet
    CHECK(markers.next()->snapshot == 1);
}

TEST_CASE("A procession lets a network alone until it is told to make the next")
{
    for (int const told : {0, 1, 2})
    {
        std::atomic<int> made = 0;
        {
            Markers markers({0, 1, 2}, [&](std::int64_t t) {
                ++made;
                return mark(t);
            });
            markers.next_alone();
            for (int i = 0; i < told; ++i)
            {
                markers.prepare_next();
            }
        }  // waits for what has begun
        CHECK(made == (told == 0 ? 1 : 2));
    }
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
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
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
    // Each second use waits until the next network is being made. The final one comes afterwards.
    CHECK(uses_before_next(5, 2) == std::vector<std::int64_t>{1, 1, 5});
}
