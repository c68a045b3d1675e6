#pragma once

#include <fmt/format.h>
#include <torch/script.h>

#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "model/network.hpp"
#include "model/random_network.hpp"
#include "spec/generator.hpp"

/// TorchScript programs for tests. Its headers take long to compile.
namespace surf::test
{

/// What torch.jit.save writes.
inline std::shared_ptr<std::string const> code_of(torch::jit::Module const& module)
{
    std::ostringstream stream;
    module.save(stream);
    return std::make_shared<std::string const>(stream.str());
}

/// The code of a module without tensors.
inline std::shared_ptr<std::string const> code_of(std::string const& methods)
{
    torch::jit::Module module("generator");
    module.define(methods);
    return code_of(module);
}

/// The lines of forward() that a layer is, each of which overwrites x.
inline std::string lines_of(LayerSpec const& layer)
{
    Shape const& out = layer.output;
    std::string const bias = layer.bias == Bias::none ? "None" : "self." + layer.name + ".bias";
    std::string lines;
    auto const add = [&](std::string const& value) { lines += "    x = " + value + "\n"; };
    bool const takes_vectors = layer.kind == LayerKind::linear;
    add(takes_vectors ? fmt::format("x.reshape([-1, {}])", layer.input.size())
                      : fmt::format("x.reshape([-1, {}, {}, {}])", layer.input.channels,
                                    layer.input.height, layer.input.width));
    switch (layer.kind)
    {
        case LayerKind::linear:
            add(fmt::format("torch.matmul(x, self.{}.weight.t())", layer.name));
            if (layer.bias == Bias::trained)
            {
                add("x + " + bias);
            }
            break;
        case LayerKind::conv:
            add(fmt::format("torch.conv2d(x, self.{0}.weight, {1}, [{2}, {2}], [{3}, {3}])",
                            layer.name, bias, layer.stride, layer.padding));
            break;
        case LayerKind::conv_transpose:
            add(fmt::format(
                "torch.conv_transpose2d(x, self.{0}.weight, {1}, [{2}, {2}], [{3}, {3}], "
                "[{4}, {5}])",
                layer.name, bias, layer.stride, layer.padding, output_padding(layer)[0],
                output_padding(layer)[1]));
            break;
        case LayerKind::upsample:
            add(fmt::format("x.repeat_interleave({0}, 2).repeat_interleave({0}, 3)", layer.stride));
            break;
        case LayerKind::reshape:
            add(out.is_vector() ? fmt::format("x.reshape([-1, {}])", out.channels)
                                : fmt::format("x.reshape([-1, {}, {}, {}])", out.channels,
                                              out.height, out.width));
            break;
    }
    if (layer.batch_norm)
    {
        add(fmt::format(
            "torch.batch_norm(x, self.{0}.weight, self.{0}.bias, self.{0}.running_mean, "
            "self.{0}.running_var, False, 0.1, {1}, False)",
            layer.batch_norm->name, layer.batch_norm->epsilon));
    }
    switch (layer.activation)
    {
        case Activation::none:
            break;
        case Activation::relu:
            add("torch.relu(x)");
            break;
        case Activation::leaky_relu:
            add(fmt::format("torch.nn.functional.leaky_relu(x, {})", layer.slope));
            break;
        case Activation::tanh:
            add("torch.tanh(x)");
            break;
        case Activation::sigmoid:
            add("torch.sigmoid(x)");
            break;
    }
    return lines;
}

/// A program that does what a layer list does. Its arrays have the same names, and values that a
/// snapshot's are unlikely to have.
inline Program program_of(NetworkSpec const& network)
{
    torch::jit::Module module("generator");
    std::map<std::string, torch::jit::Module> parts;
    Program program;
    for (NamedArray const& array : random_parameters(network, /*seed=*/12345))
    {
        auto const dot = array.name.rfind('.');
        std::string const part = array.name.substr(0, dot);
        std::string const name = array.name.substr(dot + 1);
        auto const place = parts.try_emplace(part, "part").first;
        place->second.register_parameter(name, model::to_tensor(array, at::kCPU, at::kFloat),
                                         /*is_buffer=*/name.starts_with("running_"));
        program.tensors.push_back(array.name);
    }
    for (auto const& [name, part] : parts)
    {
        module.register_module(name, part);
    }
    std::string forward = "def forward(self, x):\n";
    for (LayerSpec const& layer : network)
    {
        forward += lines_of(layer);
    }
    module.define(forward + "    return x\n");
    program.code = code_of(module);
    return program;
}

}  // namespace surf::test
