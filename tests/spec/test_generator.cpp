#include <catch2/catch.hpp>
#include <limits>
#include <memory>

#include "base/error.hpp"
#include "spec/architecture.hpp"
#include "spec/generator.hpp"

using namespace surf;
using Catch::Contains;

namespace
{

GeneratorSpec generator()
{
    return {.label = "my-model_2",
            .latent_dim = 7,
            .prior = Prior::normal,
            .image = {3, 8, 12},
            .range = {-1, 1},
            .network = infogan_generator({{3, 8, 12}, 7})};
}

GeneratorSpec program()
{
    GeneratorSpec spec = generator();
    spec.network = Program{{"fc.weight"}, std::make_shared<std::string const>("code")};
    return spec;
}

/// The error of a generator with one thing changed.
template <class Change>
std::string refusal(GeneratorSpec spec, Change change)
{
    change(spec);
    try
    {
        require_valid(spec, "a.h5: /generator");
    }
    catch (InputError const& error)
    {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("A generator that makes sense is accepted", "[generator]")
{
    CHECK(refusal(generator(), [](GeneratorSpec&) {}) == "accepted");
    CHECK(refusal(program(), [](GeneratorSpec&) {}) == "accepted");
    CHECK(generator().pixels() == 288);
    CHECK(generator().layers() != nullptr);
    CHECK(generator().program() == nullptr);
    CHECK(program().layers() == nullptr);
    CHECK(program().program() != nullptr);
}

TEST_CASE("What a generator says must fit its network and be in range", "[generator]")
{
    double const nan = std::numeric_limits<double>::quiet_NaN();
    auto const refused = [&](auto change, std::string const& why) {
        std::string const text = refusal(generator(), change);
        CHECK_THAT(text, Catch::StartsWith("a.h5: /generator: ") && Contains(why));
    };
    refused([](GeneratorSpec& spec) { spec.latent_dim = 6; },
            "the network takes 7 numbers, but latent_dim = 6");
    refused([](GeneratorSpec& spec) { spec.latent_dim = 0; }, "latent_dim = 0: must be at least 1");
    refused(
        [](GeneratorSpec& spec) {
            spec.image = {3, 12, 8};
        },
        "the network's output is 3 x 8 x 12, but the image is 3 x 12 x 8");
    refused([](GeneratorSpec& spec) { spec.image = {288}; }, "but the image is 288 x 1 x 1");
    refused([](GeneratorSpec& spec) { spec.image.channels = 0; }, "image = 0 x 8 x 12");
    refused([](GeneratorSpec& spec) { spec.range = {1, -1}; }, "range = 1 to -1: must ascend");
    refused([](GeneratorSpec& spec) { spec.range = {1, 1}; }, "must ascend");
    refused([=](GeneratorSpec& spec) { spec.range = {0, nan}; }, "must ascend");
    refused([](GeneratorSpec& spec) { spec.label = ""; }, "label = : must be a name");
    refused([](GeneratorSpec& spec) { spec.label = "a b"; }, "label = a b: must be a name");
    refused([](GeneratorSpec& spec) { spec.network = NetworkSpec{}; }, "without layers");
}

TEST_CASE("A program needs code and the names of its tensors", "[generator]")
{
    auto const refused = [](auto change) {
        CHECK_THAT(refusal(program(), change), Contains("a program needs its code and the names"));
    };
    refused([](GeneratorSpec& spec) { spec.network = Program{{"a"}, nullptr}; });
    refused([](GeneratorSpec& spec) {
        spec.network = Program{{}, std::make_shared<std::string const>("code")};
    });
    CHECK_THAT(refusal(program(), [](GeneratorSpec& spec) { spec.latent_dim = 0; }),
               Contains("latent_dim = 0"));
}

TEST_CASE("Labels are letters, digits, - and _", "[generator]")
{
    for (char const* const label : {"dcgan", "wgan-gp", "my_model2", "A"})
    {
        CHECK(is_label(label));
    }
    for (char const* const label : {"", "a b", "a/b", "a.b", "ä", "a\n"})
    {
        CHECK_FALSE(is_label(label));
    }
}

TEST_CASE("Pixels are scaled to the values that a generator gives", "[generator]")
{
    CHECK(ValueRange{0, 1}.value_of(0) == 0);
    CHECK(ValueRange{0, 1}.value_of(255) == 1);
    CHECK(ValueRange{-1, 1}.value_of(0) == -1);
    CHECK(ValueRange{-1, 1}.value_of(255) == 1);
    CHECK(ValueRange{-1, 1}.value_of(51) == Approx(-0.6));
}
