#pragma once

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/script.h>

#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/named_array.hpp"
#include "spec/generator.hpp"

/// For TorchScriptGenerator alone.
namespace surf::model
{

/// A program as it was loaded, of which every snapshot takes a copy: that is several times faster
/// than to load it, and what is made ready at the first evaluation is shared.
struct LoadedProgram
{
    std::weak_ptr<std::string const> code;
    at::Device device;
    at::ScalarType type;
    torch::jit::Module module;
    std::atomic<bool> lacks_forward_mode = false;
};

/// The program of a generator, loaded once for a device and a type. Throws FileError.
std::shared_ptr<LoadedProgram> loaded_program(GeneratorSpec const& generator, at::Device device,
                                              at::ScalarType type);

/// Copies into `module` the tensors that change from snapshot to snapshot. Throws FileError for one
/// that it does not have.
void put_tensors(torch::jit::Module const& module, GeneratorSpec const& generator,
                 Parameters const& parameters);

/// What an error of LibTorch says, in one line.
std::string line_of(std::exception const& error);

/// Whether an error is none of the program's.
bool is_from_outside(std::exception const& error);

/// Does something with a program of that label. Its errors become FileErrors of one line.
template <class Action>
auto with_program(std::string const& label, std::string_view what_fails, Action const& action)
{
    try
    {
        return action();
    }
    catch (std::exception const& error)
    {
        if (is_from_outside(error))
        {
            throw;
        }
        throw FileError(
            fmt::format("{}: its TorchScript program {}: {}", label, what_fails, line_of(error)));
    }
}

}  // namespace surf::model
