#include <catch2/catch.hpp>
#include <limits>
#include <set>

#include "model/frozen_generator.hpp"
#include "model/graph_recorders.hpp"
#include "model/graphed_evaluator.hpp"
#include "model/random_network.hpp"

using namespace surf;
using namespace surf::model;

namespace
{

constexpr int until_recorded = 12;  ///< evaluations after which a batch size is surely recorded

/// With its weights packed: until then bits depend on how often it was called.
std::unique_ptr<Evaluator> frozen(at::ScalarType type = at::kFloat)
{
    auto const spec = test::relu_network(5, 2);
    auto generator =
        std::make_unique<FrozenGenerator>(spec, test::random_parameters(spec, 44), at::kCPU, type);
    test::use_often(*generator, 5);
    return generator;
}

GraphedEvaluator graphed(std::unique_ptr<Evaluator> plain, int& recordings)
{
    return {std::move(plain), std::make_unique<test::CallingRecorder>(recordings)};
}

struct Result
{
    at::Tensor image;
    at::Tensor pulled;

    bool operator==(Result const& other) const
    {
        return at::equal(image, other.image) && at::equal(pulled, other.pulled);
    }
};

/// A forward and a backward pass, as copies.
Result evaluate(Evaluator& evaluator, at::Tensor const& latents, at::Tensor const& gradient)
{
    at::Tensor const image = evaluator.forward(latents).clone();
    return {image, evaluator.backward(gradient.clone()).clone()};
}

}  // namespace

TEST_CASE("Recorded batches are few, and not much larger than what they hold")
{
    CHECK(recorded_batch(1) == 16);
    CHECK(recorded_batch(16) == 16);
    CHECK(recorded_batch(17) == 24);
    CHECK(recorded_batch(100) == 128);
    CHECK(recorded_batch(300) == 384);
    std::set<std::int64_t> sizes;
    for (std::int64_t batch = 1; batch <= 4096; ++batch)
    {
        std::int64_t const recorded = recorded_batch(batch);
        CHECK(recorded >= batch);
        CHECK((recorded == 16 || 2 * recorded < 3 * batch));
        sizes.insert(recorded);
    }
    CHECK(sizes.size() == 17);  // 16, 24, 32, 48, ... 4096
}

TEST_CASE("Recorded at the same batch, an evaluator gives the same bits")
{
    for (at::ScalarType const type : {at::kDouble, at::kFloat, at::kBFloat16})
    {
        int recordings = 0;
        auto const plain = frozen(type);
        GraphedEvaluator replayed = graphed(frozen(type), recordings);
        for (std::uint64_t i = 0; i < 2 * until_recorded; ++i)
        {
            auto const values = at::promote_types(type, at::kFloat);
            at::Tensor const latents = test::random_tensor({25, 5}, 100 + i).to(values);
            at::Tensor const gradient = test::random_tensor({25, 784}, 200 + i).to(values);
            CHECK((evaluate(replayed, latents, gradient) == evaluate(*plain, latents, gradient)));
        }
        CHECK(recordings == 2);
    }
}

TEST_CASE("A batch that shrinks is evaluated up to rounding, from few recordings")
{
    int recordings = 0;
    auto const plain = frozen();
    GraphedEvaluator replayed = graphed(frozen(), recordings);
    for (std::int64_t batch = 40; batch > 0; batch -= 3)
    {
        at::Tensor const latents = test::random_tensor({batch, 5}, 1);
        at::Tensor const gradient = test::random_tensor({batch, 784}, 2);
        Result const expected = evaluate(*plain, latents, gradient);
        for (int i = 0; i < until_recorded; ++i)
        {
            Result const result = evaluate(replayed, latents, gradient);
            CHECK(test::relative_error(result.image, expected.image) < 1e-5);
            CHECK(test::relative_error(result.pulled, expected.pulled) < 1e-5);
        }
    }
    CHECK(recordings == 2 * 4);  // of 40, 32, 24 and 16
}

TEST_CASE("What surplus rows hold does not matter")
{
    at::Tensor const latents = test::random_tensor({20, 5}, 1);
    at::Tensor const gradient = test::random_tensor({20, 784}, 2);
    std::vector<Result> results;
    for (double const surplus : {0.0, 1e30, std::numeric_limits<double>::quiet_NaN()})
    {
        int recordings = 0;
        GraphedEvaluator replayed = graphed(frozen(), recordings);
        for (int i = 0; i < until_recorded; ++i)
        {
            evaluate(replayed, at::full({24, 5}, surplus), at::full({24, 784}, surplus));
        }
        results.push_back(evaluate(replayed, latents, gradient));
        CHECK(recordings == 2);
    }
    CHECK(results[0].image.isfinite().all().item<bool>());
    CHECK((results[1] == results[0]));
    CHECK((results[2] == results[0]));
}

TEST_CASE("Replayed operations act on the tensors of their own batch size")
{
    test::Tape tape;
    at::Tensor const weight = test::random_tensor({3, 7}, 1);
    test::TapedEvaluator plain(weight, tape);
    GraphedEvaluator replayed(std::make_unique<test::TapedEvaluator>(weight, tape),
                              std::make_unique<test::TapeRecorder>(tape));
    for (int i = 0; i < until_recorded; ++i)
    {
        for (std::int64_t const batch : {32, 24, 16})  // images alone
        {
            replayed.forward(test::random_tensor({batch, 3}, 2));
        }
    }
    for (std::uint64_t i = 0; i < 20; ++i)
    {
        std::int64_t const batch = std::vector{32, 24, 30, 16, 32, 7}[i % 6];
        at::Tensor const latents = test::random_tensor({batch, 3}, 100 + i);
        at::Tensor const gradient = test::random_tensor({batch, 7}, 200 + i);
        Result const expected = evaluate(plain, latents, gradient);
        Result const result = evaluate(replayed, latents, gradient);
        CHECK(test::relative_error(result.image, expected.image) < 1e-6);
        CHECK(test::relative_error(result.pulled, expected.pulled) < 1e-6);
    }
}

TEST_CASE("The Jacobian is that at the latents of the last forward pass, replayed or not")
{
    int recordings = 0;
    auto evaluator = graphed(frozen(), recordings);
    auto const plain = frozen();
    at::Tensor const gradient = test::random_tensor({20, 784}, 3);
    for (int i = 0; i < until_recorded; ++i)
    {
        evaluate(evaluator, test::random_tensor({20, 5}, 50 + i), gradient);
    }
    CHECK(recordings > 0);
    for (std::int64_t const batch : {20, 19, 3})
    {
        at::Tensor const latents = test::random_tensor({batch, 5}, 4);
        evaluator.forward(latents);
        plain->forward(latents);
        CHECK(test::relative_error(evaluator.jacobian(), plain->jacobian()) < 1e-6);
        at::Tensor const rows = at::tensor({batch - 1, std::int64_t{1}}, at::kLong);
        at::Tensor const of_rows = plain->jacobian_of(rows);
        CHECK(test::relative_error(evaluator.jacobian_of(rows), of_rows) < 1e-6);
        at::Tensor const image = plain->forward(latents);
        auto const [images, jacobians] = evaluator.linearise(latents, rows);
        CHECK(test::relative_error(images, image) < 1e-6);
        CHECK(test::relative_error(jacobians, of_rows) < 1e-6);
    }
}

TEST_CASE("Work that is soon over is not recorded")
{
    int recordings = 0;
    GraphedEvaluator replayed = graphed(frozen(), recordings);
    for (int i = 0; i < 5; ++i)
    {
        evaluate(replayed, test::random_tensor({16, 5}, 1), test::random_tensor({16, 784}, 2));
    }
    CHECK(recordings == 0);
}

TEST_CASE("Where recording fails, evaluation goes on without")
{
    for (int const most : {0, 1, 2, 3})
    {
        int recordings = 0;
        auto const plain = frozen();
        GraphedEvaluator replayed(frozen(),
                                  std::make_unique<test::CallingRecorder>(recordings, most));
        for (std::int64_t const batch : {32, 24, 16, 32})
        {
            for (int i = 0; i < until_recorded; ++i)
            {
                at::Tensor const latents = test::random_tensor({batch, 5}, 1);
                at::Tensor const gradient = test::random_tensor({batch, 784}, 2);
                CHECK(
                    (evaluate(replayed, latents, gradient) == evaluate(*plain, latents, gradient)));
            }
        }
        CHECK(recordings == most);
    }
}

TEST_CASE("On a CPU there are no graphs")
{
    auto evaluator = frozen();
    Evaluator const* const before = evaluator.get();
    CHECK(with_graphs(std::move(evaluator), at::kCPU).get() == before);
}
