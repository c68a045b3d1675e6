#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "spec/architecture.hpp"
#include "spec/network.hpp"

using namespace surf;
using Catch::Contains;

namespace
{

using Extents = std::vector<std::int64_t>;

/// Every kind of layer and every setting, from 6 numbers to an image of 2 × 5 × 11.
NetworkSpec all_kinds()
{
    return {{.name = "fc",
             .kind = LayerKind::linear,
             .input = {6},
             .output = {24},
             .bias = Bias::trained,
             .batch_norm = BatchNorm{"fc_bn", 1e-3},
             .activation = Activation::leaky_relu,
             .slope = 0.1},
            {.name = "", .kind = LayerKind::reshape, .input = {24}, .output = {4, 2, 3}},
            {.name = "conv",
             .kind = LayerKind::conv,
             .input = {4, 2, 3},
             .output = {5, 2, 3},
             .kernel = 3,
             .padding = 1,
             .activation = Activation::relu},
            {.name = "up",
             .kind = LayerKind::upsample,
             .input = {5, 2, 3},
             .output = {5, 4, 6},
             .stride = 2,
             .activation = Activation::tanh},
            {.name = "strided",
             .kind = LayerKind::conv,
             .input = {5, 4, 6},
             .output = {3, 2, 3},
             .kernel = 2,
             .stride = 2},
            {.name = "deconv",
             .kind = LayerKind::conv_transpose,
             .input = {3, 2, 3},
             .output = {2, 5, 8},
             .kernel = 4,
             .stride = 3,
             .padding = 1,
             .bias = Bias::trained,
             .activation = Activation::sigmoid}};
}

/// A description with one linear layer and then this text.
std::string text_with(std::string const& layers)
{
    return R"({"input": 4, "layers": [{"kind": "linear", "name": "a", "output": [12]})" + layers +
           "]}";
}

void check_refused(std::string const& text, std::vector<std::string> const& parts)
{
    INFO(text);
    CHECK_THROWS_AS(parse_network(text, "a.json"), InputError);
    for (std::string const& part : parts)
    {
        CHECK_THROWS_WITH(parse_network(text, "a.json"),
                          Catch::StartsWith("a.json: ") && Contains(part) && !Contains("\n"));
    }
}

Extents output_padding_of(Shape const& input, Shape const& output, std::int64_t kernel,
                          std::int64_t stride, std::int64_t padding)
{
    return output_padding({.name = "",
                           .kind = LayerKind::conv_transpose,
                           .input = input,
                           .output = output,
                           .kernel = kernel,
                           .stride = stride,
                           .padding = padding});
}

}  // namespace

TEST_CASE("a network is what its description says", "[network]")
{
    Shape const image{3, 12, 8};
    for (NetworkSpec const& network :
         {all_kinds(), infogan_generator({image, 5}), relu_generator({image, 5, 2})})
    {
        std::string const text = network_text(network);
        INFO(text);
        CHECK_NOTHROW(require_valid(network, "test"));
        NetworkSpec const parsed = parse_network(text, "test");
        REQUIRE(parsed.size() == network.size());
        CHECK(network_text(parsed) == text);
        for (std::size_t i = 0; i < network.size(); ++i)
        {
            INFO("layer " << i);
            // A slope or a bias that means nothing is not written.
            LayerSpec expected = network[i];
            expected.slope = parsed[i].slope;
            CHECK((parsed[i] == expected));
        }
    }
    CHECK(parse_network(network_text(all_kinds()), "test").front().slope == 0.1);
}

TEST_CASE("a description leaves out what says nothing", "[network]")
{
    CHECK(network_text({all_kinds()[1]}) ==
          R"({"input":24,"layers":[{"kind":"reshape","output":[4,2,3]}]})");
    LayerSpec const layer = parse_network(text_with(""), "test").front();
    CHECK((layer.bias == Bias::trained));
    CHECK((layer.activation == Activation::none));
    CHECK_FALSE(layer.batch_norm.has_value());
    CHECK(parse_network(text_with(R"(, {"kind": "reshape", "output": [3, 2, 2],
                        "batch_norm": {"name": "b"}})"),
                        "test")
              .back()
              .batch_norm->epsilon == 1e-5);
}

TEST_CASE("a bad description is refused by layer and key", "[network]")
{
    check_refused("{", {"not JSON"});
    std::string const deep(1 << 20, '[');
    check_refused(deep, {"more than 8 deep"});
    check_refused(text_with(R"(, {"kind": "reshape", "output": )" + deep +
                            std::string(deep.size(), ']') + "}"),
                  {"more than 8 deep"});
    check_refused("[]", {"\"input\"", "\"layers\""});
    check_refused(R"({"input": 4})", {"\"layers\""});
    check_refused(R"({"input": 0, "layers": []})", {"\"input\""});
    check_refused(R"({"input": "4", "layers": []})", {"\"input\""});
    check_refused(R"({"input": 4, "layers": []})", {"without layers"});
    check_refused(R"({"input": 4, "layers": [7]})", {"layer 0: is not an object"});
    check_refused(text_with(", {}"), {"layer 1: has no kind"});
    check_refused(text_with(R"(, {"kind": "pool", "output": [12]})"),
                  {"layer 1: kind", "pool", "conv_transpose"});
    check_refused(text_with(R"(, {"kind": "reshape"})"), {"layer 1: has no output"});
    check_refused(text_with(R"(, {"kind": "linear", "output": [3]})"), {"layer 1: has no name"});
    check_refused(text_with(R"(, {"kind": "reshape", "output": [12], "colour": 1})"),
                  {"layer 1: has the unknown key colour"});
    check_refused(text_with(R"(, {"kind": "linear", "name": "b", "output": [3], "kernel": 2})"),
                  {"layer 1: has the unknown key kernel"});
    for (char const* const output :
         {"[]", "[3, 4]", "[0]", "[-1]", "12", "[1, 2, 3, 4]", "[1e99]", "[99999999]", "\"12\""})
    {
        check_refused(text_with(std::string(R"(, {"kind": "reshape", "output": )") + output + "}"),
                      {"layer 1: output = "});
    }
}

TEST_CASE("a value of the wrong kind or out of range is refused by its key", "[network]")
{
    auto const linear = [](std::string const& more) {
        return text_with(R"(, {"kind": "linear", "name": "b", "output": [3], )" + more + "}");
    };
    check_refused(linear(R"("bias": 1)"), {"layer 1: bias = 1"});
    check_refused(linear(R"("activation": "gelu")"), {"layer 1: activation", "gelu", "leaky_relu"});
    check_refused(linear(R"("activation": "leaky_relu")"), {"layer 1: has no slope"});
    check_refused(linear(R"("activation": "leaky_relu", "slope": 1)"), {"layer 1 (b): slope = 1"});
    check_refused(linear(R"("activation": "relu", "slope": 0.1)"), {"unknown key slope"});
    check_refused(linear(R"("batch_norm": "b")"), {"layer 1, batch_norm: is not an object"});
    check_refused(linear(R"("batch_norm": {})"), {"layer 1, batch_norm: has no name"});
    check_refused(linear(R"("batch_norm": {"name": "n", "eps": 1})"),
                  {"layer 1, batch_norm: has the unknown key eps"});
    check_refused(linear(R"("batch_norm": {"name": "n", "epsilon": -1})"),
                  {"layer 1 (b): batch_norm.epsilon = -1"});
    auto const conv = [](std::string const& more) {
        return text_with(R"(, {"kind": "reshape", "output": [3, 2, 2]},
            {"kind": "conv", "name": "b", "output": [3, 2, 2], )" +
                         more + "}");
    };
    check_refused(conv(R"("kernel": 0)"), {"layer 2: kernel = 0"});
    check_refused(conv(R"("stride": 0)"), {"layer 2: stride = 0"});
    check_refused(conv(R"("padding": -1)"), {"layer 2: padding = -1"});
}

TEST_CASE("layers that do not fit together are refused with their shapes", "[network]")
{
    check_refused(text_with(R"(, {"kind": "reshape", "output": [13]})"),
                  {"layer 1: reshape of 12 x 1 x 1 does not give 13 x 1 x 1"});
    check_refused(text_with(R"(, {"kind": "linear", "name": "b", "output": [3, 2, 2]})"),
                  {"layer 1 (b): linear layers go from vectors to vectors", "put a reshape"});
    auto const behind_image = [](std::string const& layer) {
        return text_with(R"(, {"kind": "reshape", "output": [3, 2, 2]}, )" + layer);
    };
    check_refused(behind_image(R"({"kind": "linear", "name": "b", "output": [3]})"),
                  {"layer 2 (b): linear", "from 3 x 2 x 2"});
    check_refused(behind_image(R"({"kind": "upsample", "stride": 2, "output": [3, 4, 5]})"),
                  {"layer 2: upsample by 2 of 3 x 2 x 2 does not give 3 x 4 x 5"});
    check_refused(behind_image(R"({"kind": "conv", "name": "b", "output": [3, 2, 2],
                                   "kernel": 2})"),
                  {"layer 2 (b): conv with kernel 2, stride 1, padding 0"});
    check_refused(behind_image(R"({"kind": "conv", "name": "b", "output": [3, 1, 1],
                                   "kernel": 5})"),
                  {"layer 2 (b): conv with kernel 5"});
    for (int const side : {3, 6})  // kernel 4, stride 2, padding 1 gives 4 or 5
    {
        check_refused(behind_image(R"({"kind": "conv_transpose", "name": "b", "kernel": 4,
            "stride": 2, "padding": 1, "output": [1, )" +
                                   std::to_string(side) + ", 4]}"),
                      {"layer 2 (b): conv_transpose with kernel 4, stride 2, padding 1"});
    }
    NetworkSpec network = all_kinds();
    network.erase(network.begin() + 1);
    CHECK_THROWS_WITH(require_valid(network, "x"),
                      Contains("x: layer 1 (conv): takes 4 x 2 x 3, but the layer before gives "
                               "24 x 1 x 1"));
}

TEST_CASE("arrays of one network have different names", "[network]")
{
    check_refused(text_with(R"(, {"kind": "linear", "name": "a", "output": [3]})"),
                  {"layer 1 (a): has the array a.weight of a layer before"});
    check_refused(text_with(R"(, {"kind": "linear", "name": "b", "output": [3],
                                  "batch_norm": {"name": "b"}})"),
                  {"layer 1 (b): has the array b.weight"});
    check_refused(text_with(R"(, {"kind": "linear", "name": "b/c", "output": [3]})"),
                  {"needs a name without /"});
    check_refused(text_with(R"(, {"kind": "linear", "name": "", "output": [3]})"),
                  {"needs a name without /"});
}

TEST_CASE("a network's arrays are named and shaped as torch's", "[network]")
{
    std::vector<std::pair<std::string, Extents>> const expected = {
        {"fc.weight", {24, 6}},          {"fc.bias", {24}},
        {"fc_bn.weight", {24}},          {"fc_bn.bias", {24}},
        {"fc_bn.running_mean", {24}},    {"fc_bn.running_var", {24}},
        {"conv.weight", {5, 4, 3, 3}},   {"strided.weight", {3, 5, 2, 2}},
        {"deconv.weight", {3, 2, 4, 4}}, {"deconv.bias", {2}}};
    auto const arrays = arrays_of(all_kinds());
    REQUIRE(arrays.size() == expected.size());
    for (std::size_t i = 0; i < arrays.size(); ++i)
    {
        CHECK(arrays[i].name == expected[i].first);
        CHECK(arrays[i].shape == expected[i].second);
    }
    LayerSpec upsample = all_kinds()[3];
    CHECK(arrays_of(upsample).empty());
    upsample.batch_norm = BatchNorm{"n"};
    REQUIRE(arrays_of(upsample).size() == 4);
    CHECK(arrays_of(upsample)[0].name == "n.weight");
    CHECK(arrays_of(upsample)[0].shape == Extents{5});
}

TEST_CASE("output padding is what a transposed convolution makes beyond the least", "[network]")
{
    // (in − 1) · stride − 2 · padding + kernel
    CHECK(output_padding_of({8, 7, 7}, {4, 14, 14}, 4, 2, 1) == Extents{0, 0});
    CHECK(output_padding_of({8, 7, 5}, {4, 14, 9}, 3, 2, 1) == Extents{1, 0});
    CHECK(output_padding_of({8, 2, 3}, {4, 6, 8}, 3, 3, 1) == Extents{2, 1});
    CHECK(output_padding_of({100}, {4, 4, 4}, 4, 1, 0) == Extents{0, 0});
}

TEST_CASE("multiplications are those counted by hand", "[network]")
{
    // fc 24 × 6; conv 5 × 4 × 3 × 3 at 2 × 3 places; strided 3 × 5 × 2 × 2 at 2 × 3; deconv 3 × 2 ×
    // 4 × 4 from 2 × 3.
    CHECK(multiplications(all_kinds()) == 144 + 180 * 6 + 60 * 6 + 96 * 6);
}

TEST_CASE("a network is piecewise linear up to a smooth output", "[network]")
{
    NetworkSpec network = all_kinds();
    CHECK_FALSE(is_piecewise_linear(network));  // tanh in between
    network[3].activation = Activation::leaky_relu;
    CHECK(is_piecewise_linear(network));
    network.back().activation = Activation::none;
    CHECK(is_piecewise_linear(network));
    network[2].activation = Activation::sigmoid;
    CHECK_FALSE(is_piecewise_linear(network));
}
