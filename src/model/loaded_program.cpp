#include "model/loaded_program.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "base/contract.hpp"
#include "model/heap.hpp"
#include "model/network.hpp"

namespace surf::model
{
namespace
{

std::vector<std::string> lines_of(std::string const& text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
    {
        if (std::ranges::any_of(line, [](unsigned char c) { return std::isspace(c) == 0; }))
        {
            lines.push_back(line);
        }
    }
    return lines;
}

/// What an error of LibTorch says, in one line: what stands behind the traceback if there is one.
std::string line_of(std::string const& message)
{
    constexpr std::string_view behind_traceback = "RuntimeError: ";
    auto const lines = lines_of(message);
    for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    {
        if (line->starts_with(behind_traceback))
        {
            return line->substr(behind_traceback.size());
        }
    }
    return lines.empty() ? "no reason is given" : lines.front();
}

/// Has the programs run operator by operator. LibTorch's default compiles a program anew while it
/// runs, for batches of every size, and trials leave their batch all the time.
void run_as_written()
{
    torch::jit::getProfilingMode() = false;
}

std::shared_ptr<LoadedProgram> load(std::shared_ptr<std::string const> const& code,
                                    at::Device device, at::ScalarType type)
{
    run_as_written();
    std::istringstream stream(*code);
    auto loaded = std::make_shared<LoadedProgram>(
        code, device, type, torch::jit::load(stream, device, /*load_debug_files=*/false));
    torch::jit::Module& module = loaded->module;
    module.eval();
    auto const convert = [&](at::Tensor const& tensor) {
        tensor.requires_grad_(false);
        if (tensor.is_floating_point())
        {
            tensor.set_data(tensor.to(type));
        }
    };
    for (at::Tensor const& parameter : module.parameters())
    {
        convert(parameter);
    }
    for (at::Tensor const& buffer : module.buffers())
    {
        convert(buffer);
    }
    if (!module.find_method("forward"))
    {
        throw std::runtime_error("it has no method forward");
    }
    return loaded;
}

/// Programs that have been loaded, as long as anyone else keeps their code.
class LoadedPrograms
{
  public:
    std::shared_ptr<LoadedProgram> get(std::shared_ptr<std::string const> const& code,
                                       at::Device device, at::ScalarType type)
    {
        std::scoped_lock const lock(mutex_);
        std::erase_if(programs_, [](auto const& program) { return program->code.expired(); });
        auto const found = std::ranges::find_if(programs_, [&](auto const& program) {
            return program->code.lock() == code && program->device == device &&
                   program->type == type;
        });
        return found != programs_.end() ? *found : programs_.emplace_back(load(code, device, type));
    }

  private:
    std::mutex mutex_;
    std::vector<std::shared_ptr<LoadedProgram>> programs_;
};

}  // namespace

std::string line_of(std::exception const& error)
{
    auto const* const of_torch = dynamic_cast<c10::Error const*>(&error);
    return line_of(of_torch != nullptr ? of_torch->what_without_backtrace() : error.what());
}

bool is_from_outside(std::exception const& error)
{
    return dynamic_cast<Error const*>(&error) != nullptr || is_out_of_memory(error);
}

std::shared_ptr<LoadedProgram> loaded_program(GeneratorSpec const& generator, at::Device device,
                                              at::ScalarType type)
{
    static LoadedPrograms programs;
    EXPECT(generator.program() != nullptr);
    return with_program(generator.label, "cannot be loaded",
                        [&] { return programs.get(generator.program()->code, device, type); });
}

void put_tensors(torch::jit::Module const& module, GeneratorSpec const& generator,
                 Parameters const& parameters)
{
    at::NoGradGuard const no_autograd;
    std::map<std::string, at::Tensor> tensors;
    for (auto const& parameter : module.named_parameters())
    {
        tensors.emplace(parameter.name, parameter.value);
    }
    for (auto const& buffer : module.named_buffers())
    {
        tensors.emplace(buffer.name, buffer.value);
    }
    for (std::string const& name : generator.program()->tensors)
    {
        auto const tensor = tensors.find(name);
        if (tensor == tensors.end())
        {
            throw FileError(fmt::format(
                "{}: its TorchScript program has no parameter or buffer {} (which changes from "
                "snapshot to snapshot)",
                generator.label, name));
        }
        NamedArray const& array = find_array(parameters, name, tensor->second.sizes().vec());
        tensor->second.copy_(view_of(array));
    }
}

}  // namespace surf::model
