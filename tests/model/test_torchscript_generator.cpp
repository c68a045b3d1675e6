#include <c10/core/InferenceMode.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "base/error.hpp"
#include "model/frozen_generator.hpp"
#include "model/heap.hpp"
#include "model/make_evaluator.hpp"
#include "model/random_network.hpp"
#include "model/script_program.hpp"
#include "model/torchscript_generator.hpp"

using namespace surf;
using namespace surf::model;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;

namespace
{

constexpr std::int64_t latent_dim = 3;

/// InfoGAN's generator of small colour images.
NetworkSpec const& colour_network()
{
    static NetworkSpec const network = infogan_generator({{3, 8, 8}, latent_dim});
    return network;
}

/// The same generator as a layer list does, as a program.
GeneratorSpec scripted(NetworkSpec const& network)
{
    GeneratorSpec generator = test::generator_of(network, "scripted");
    generator.network = test::program_of(network);
    return generator;
}

/// A generator of 2 × 2 images from 2 latents, by the methods of a program without tensors.
GeneratorSpec written(std::string const& methods)
{
    GeneratorSpec generator;
    generator.label = "written";
    generator.latent_dim = 2;
    generator.image = {1, 2, 2};
    generator.network = Program{{}, test::code_of(methods)};
    return generator;
}

/// What is said about the program when that throws FileError; everything must fit in a line.
template <class Action>
std::string complaint(Action const& action)
{
    try
    {
        action();
    }
    catch (FileError const& error)
    {
        std::string const text = error.what();
        CHECK(text.find('\n') == std::string::npos);
        return text;
    }
    return "it throws nothing";
}

struct Errors
{
    double image = 0;
    double gradient = 0;
    double jacobian = 0;
};

Errors errors_of(Evaluator& program, Evaluator& expected, at::Tensor const& latents,
                 at::Tensor const& gradient)
{
    Errors errors;
    errors.image = test::relative_error(program.forward(latents), expected.forward(latents));
    errors.gradient =
        test::relative_error(program.backward(gradient), expected.backward(gradient.clone()));
    errors.jacobian = test::relative_error(program.jacobian(), expected.jacobian());
    return errors;
}

}  // namespace

TEST_CASE("A program equals the frozen generator of the same weights, whatever its own were")
{
    for (NetworkSpec const& network : {colour_network(), relu_generator({{1, 4, 4}, 2, 2})})
    {
        GeneratorSpec const generator = scripted(network);
        auto const parameters = test::random_parameters(network, 3);
        std::int64_t const k = generator.latent_dim;
        for (at::ScalarType const type : {at::kFloat, at::kDouble})
        {
            TorchScriptGenerator program(generator, parameters, at::kCPU, type);
            FrozenGenerator frozen(network, parameters, at::kCPU, type);
            for (std::int64_t const batch : {7, 6, 1, 7})
            {
                at::Tensor const latents = test::random_tensor({batch, k}, 4).to(type);
                at::Tensor const gradient =
                    test::random_tensor({batch, generator.pixels()}, 5).to(type);
                Errors const errors = errors_of(program, frozen, latents, gradient);
                INFO("k = " << k << ", batch " << batch << ", " << c10::toString(type));
                double const bound = type == at::kFloat ? 1e-5 : 1e-10;
                CHECK(errors.image < bound);
                CHECK(errors.gradient < bound);
                CHECK(errors.jacobian < bound);
                CHECK(program.forward(latents).scalar_type() == type);
                CHECK((program.jacobian().sizes() ==
                       at::IntArrayRef({batch, k, generator.pixels()})));
            }
        }
    }
}

TEST_CASE("Snapshots of one program have tensors of their own")
{
    GeneratorSpec const generator = scripted(colour_network());
    auto const evaluator = [&](std::uint64_t seed) {
        return make_evaluator(generator, test::random_parameters(colour_network(), seed), at::kCPU);
    };
    at::Tensor const latents = test::random_tensor({4, latent_dim}, 1);
    auto const first = evaluator(1);
    at::Tensor const image = first->forward(latents);
    auto const second = evaluator(2);
    CHECK(test::relative_error(second->forward(latents), image) > 0.01);
    CHECK(at::equal(first->forward(latents), image));
    CHECK(at::equal(evaluator(1)->forward(latents), image));
}

TEST_CASE("A tensor that does not change keeps the program's own value")
{
    GeneratorSpec generator = scripted(colour_network());
    at::Tensor const latents = test::random_tensor({4, latent_dim}, 1);
    auto program = std::get<Program>(generator.network);
    program.tensors = {"deconv2.weight"};
    generator.network = program;
    auto own = test::random_parameters(colour_network(), 12345);
    auto parameters = test::random_parameters(colour_network(), 3);
    for (std::size_t i = 0; i < own.size(); ++i)
    {
        if (own[i].name == program.tensors.front())
        {
            own[i] = parameters[i];
        }
    }
    TorchScriptGenerator one(generator, parameters, at::kCPU);
    FrozenGenerator frozen(colour_network(), own, at::kCPU);
    CHECK(test::relative_error(one.forward(latents), frozen.forward(latents)) < 1e-5);
}

TEST_CASE("A program's derivatives are those at the last latents, as often as they are asked for")
{
    auto const parameters = test::random_parameters(colour_network(), 3);
    GeneratorSpec const generator = scripted(colour_network());
    TorchScriptGenerator program(generator, parameters, at::kCPU, at::kDouble);
    at::Tensor const latents = test::random_doubles({4, latent_dim}, 1);
    at::Tensor const gradient = test::random_doubles({4, generator.pixels()}, 2);
    program.forward(latents + 1);
    program.forward(latents);
    at::Tensor const pulled = program.backward(gradient);
    at::Tensor const jacobian = program.jacobian();
    CHECK(at::equal(program.backward(gradient), pulled));
    CHECK(at::equal(program.jacobian(), jacobian));
    CHECK(test::relative_error(at::bmm(jacobian, gradient.unsqueeze(2)).squeeze(2), pulled) <
          1e-12);
    CHECK_FALSE(pulled.requires_grad());
    CHECK_FALSE(jacobian.requires_grad());
    for (at::Tensor const& rows : {at::tensor({3, 1}, at::kLong), at::arange(4)})
    {
        at::Tensor const of_rows = jacobian.index_select(0, rows);
        CHECK(test::relative_error(program.jacobian_of(rows), of_rows) < 1e-12);
        CHECK(at::equal(program.backward(gradient), pulled));
        auto const [images, jacobians] = program.linearise(latents, rows);
        CHECK(at::equal(images, program.forward(latents)));
        CHECK(test::relative_error(jacobians, of_rows) < 1e-12);
    }
}

TEST_CASE("A program may overwrite its latents")
{
    auto const generator = written(
        "def forward(self, x):\n"
        "    x.tanh_()\n"
        "    return torch.cat([x, x], 1)\n");
    TorchScriptGenerator program(generator, {}, at::kCPU, at::kDouble);
    at::Tensor const latents = test::random_doubles({4, 2}, 1);
    at::Tensor const before = latents.clone();
    at::Tensor const slope = (1 - at::square(at::tanh(latents))) * 2;
    for (int i = 0; i < 2; ++i)
    {
        program.forward(latents);
        CHECK(test::relative_error(program.backward(at::ones({4, 4}, at::kDouble)), slope) < 1e-12);
        CHECK(test::relative_error(program.jacobian().sum(2), slope) < 1e-12);
    }
    CHECK(at::equal(latents, before));
}

TEST_CASE("A program can be used where autograd is off")
{
    auto const parameters = test::random_parameters(colour_network(), 3);
    c10::InferenceMode const no_autograd;
    GeneratorSpec const generator = scripted(colour_network());
    TorchScriptGenerator program(generator, parameters, at::kCPU, at::kDouble);
    FrozenGenerator frozen(colour_network(), parameters, at::kCPU, at::kDouble);
    Errors const errors = errors_of(program, frozen, test::random_doubles({4, latent_dim}, 1),
                                    test::random_doubles({4, generator.pixels()}, 2));
    CHECK(errors.image < 1e-10);
    CHECK(errors.gradient < 1e-10);
    CHECK(errors.jacobian < 1e-10);
}

TEST_CASE("The Jacobian of more tangents than go through a program at a time is no other")
{
    auto const generator = written(
        "def forward(self, x):\n"
        "    return torch.cat([x * x, torch.sin(x)], 1)\n");
    TorchScriptGenerator program(generator, {}, at::kCPU, at::kDouble);
    at::Tensor const latents = test::random_doubles({3000, 2}, 1);
    program.forward(latents);
    at::Tensor const expected =
        at::cat({at::diag_embed(latents * 2), at::diag_embed(at::cos(latents))}, 2);
    CHECK(test::relative_error(program.jacobian(), expected) < 1e-12);
}

TEST_CASE("An operator without forward mode only makes the Jacobian slow")
{
    auto const generator = written(
        "def forward(self, x):\n"
        "    n = x.size(0)\n"
        "    picture = torch.arange(16, dtype=x.dtype).reshape([1, 1, 4, 4]).expand([n, 1, 4, 4])\n"
        "    corners = torch.tensor([-0.1, 0.1, 0.2, -0.3], dtype=x.dtype).reshape([2, 2, 1])\n"
        "    grid = 0.3 * torch.sin(x).reshape([n, 1, 1, 2]) + corners\n"
        "    return torch.grid_sampler(torch.sin(picture), grid, 0, 0, True)\n");
    TorchScriptGenerator program(generator, {}, at::kCPU, at::kDouble);
    for (std::int64_t const batch : {5, 3})
    {
        at::Tensor const latents = test::random_doubles({batch, 2}, 1);
        program.forward(latents);
        at::Tensor const jacobian = program.jacobian();
        REQUIRE((jacobian.sizes() == at::IntArrayRef({batch, 2, 4})));
        constexpr double step = 1e-6;
        for (std::int64_t i = 0; i < 2; ++i)
        {
            at::Tensor shift = at::zeros_like(latents);
            shift.select(1, i).fill_(step);
            at::Tensor const difference =
                (program.forward(latents + shift) - program.forward(latents - shift)) / (2 * step);
            CHECK(test::relative_error(jacobian.select(1, i), difference) < 1e-6);
        }
    }
}

TEST_CASE("Bytes that are no program are refused in one line")
{
    GeneratorSpec generator = scripted(colour_network());
    auto const parameters = test::random_parameters(colour_network(), 3);
    std::string const whole = *generator.program()->code;
    for (std::string const& code :
         {std::string("something else"), std::string(), whole.substr(0, whole.size() / 2),
          whole.substr(0, whole.size() - 1)})
    {
        generator.network = Program{{}, std::make_shared<std::string const>(code)};
        CHECK_THAT(complaint([&] { TorchScriptGenerator(generator, parameters, at::kCPU); }),
                   StartsWith("scripted: its TorchScript program cannot be loaded: "));
    }
}

TEST_CASE("A program without a forward of latents is refused")
{
    auto const none = written("def backward(self, x):\n    return x\n");
    CHECK_THAT(complaint([&] { TorchScriptGenerator(none, {}, at::kCPU); }),
               Equals("written: its TorchScript program cannot be loaded: it has no method "
                      "forward"));
    auto const generator = written("def forward(self, x, y):\n    return x\n");
    TorchScriptGenerator program(generator, {}, at::kCPU);
    CHECK_THAT(complaint([&] {
                   program.forward(at::zeros({3, 2}));
               }),
               StartsWith("written: its TorchScript program cannot be evaluated: forward() is "
                          "missing value"));
}

TEST_CASE("What a program gives must be images of the generator's shape")
{
    auto const image = [](std::string const& value) {
        auto const generator = written("def forward(self, x):\n    return " + value + "\n");
        return TorchScriptGenerator(generator, {}, at::kCPU).forward(at::ones({3, 2}));
    };
    for (std::string const fine : {"torch.cat([x, x], 1)", "torch.cat([x, x], 1).view(-1, 1, 2, 2)",
                                   "torch.cat([x, x], 1).double()"})
    {
        CHECK(at::equal(image(fine), at::ones({3, 4})));
    }
    for (auto const& [value, what] : std::map<std::string, std::string>{
             {"x", "a tensor of shape [3, 2]"},
             {"torch.cat([x, x], 1).view(-1, 2, 2)", "a tensor of shape [3, 2, 2]"},
             {"torch.cat([x, x], 1)[0]", "a tensor of shape [4]"},
             {"(x, x)", "a value of type Tuple"}})
    {
        CHECK_THAT(complaint([&] { image(value); }),
                   Equals("written: its TorchScript program gives " + what +
                          " for 3 latents (the images are 1 x 2 x 2); it must give [batch, 4] or "
                          "[batch, 1, 2, 2]"));
    }
}

TEST_CASE("What goes wrong in a program is said in one line, without its traceback")
{
    auto const complaint_of = [](std::string const& body) {
        auto const generator = written("def forward(self, x):\n" + body);
        return complaint([&] {
            TorchScriptGenerator program(generator, {}, at::kCPU);
            program.forward(at::ones({3, 2}));
            program.backward(at::ones({3, 4}));
        });
    };
    std::string const start = "written: its TorchScript program cannot be ";
    CHECK_THAT(complaint_of("    return torch.matmul(x, x)\n"),
               StartsWith(start + "evaluated: mat1 and mat2 shapes cannot be multiplied"));
    CHECK_THAT(complaint_of("    assert x.size(0) < 3, 'too many'\n    return x\n"),
               Equals(start + "evaluated: AssertionError: too many"));
    CHECK_THAT(complaint_of("    return torch.cat([x, x], 1).detach()\n"),
               StartsWith(start + "differentiated: "));
}

TEST_CASE("A program that lacks memory is no bad program")
{
    auto const generator =
        written("def forward(self, x):\n    return torch.zeros([1125899906842624]) + x.sum()\n");
    TorchScriptGenerator program(generator, {}, at::kCPU);
    bool is_short = false;
    try
    {
        program.forward(at::ones({3, 2}));
    }
    catch (std::exception const& error)
    {
        is_short = is_out_of_memory(error);
        CHECK(dynamic_cast<FileError const*>(&error) == nullptr);
        CHECK_THAT(error.what(), Contains("tried to allocate 4503599627370496 bytes"));
    }
    CHECK(is_short);
}

TEST_CASE("Tensors that are not the program's are refused by name")
{
    GeneratorSpec generator = scripted(colour_network());
    auto parameters = test::random_parameters(colour_network(), 3);
    auto program = std::get<Program>(generator.network);
    auto const complaint_now = [&] {
        return complaint([&] { TorchScriptGenerator(generator, parameters, at::kCPU); });
    };

    SECTION("the program has none of that name")
    {
        program.tensors.push_back("fc9.weight");
        generator.network = program;
        CHECK_THAT(complaint_now(),
                   StartsWith("scripted: its TorchScript program has no parameter or buffer "
                              "fc9.weight"));
    }
    SECTION("the snapshot has none of that name")
    {
        std::string const name = parameters.back().name;
        parameters.pop_back();
        CHECK_THAT(complaint_now(), Contains(name));
    }
    SECTION("its shape is another")
    {
        parameters = test::random_parameters(infogan_generator({{3, 8, 8}, 7}), 3);
        CHECK_THAT(complaint_now(), Contains("fc1.weight") && Contains("[1024, 3]"));
    }
}
