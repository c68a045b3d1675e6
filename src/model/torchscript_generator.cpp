#include "model/torchscript_generator.hpp"

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/forward_grad.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <map>
#include <mutex>
#include <sstream>
#include <string_view>
#include <vector>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "model/heap.hpp"
#include "model/network.hpp"

namespace surf::model
{
namespace
{

/// Rows that go through the program at a time for a Jacobian: it bounds the memory.
constexpr std::int64_t tangents_at_a_time = 4096;

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

std::string line_of(std::exception const& error)
{
    auto const* const of_torch = dynamic_cast<c10::Error const*>(&error);
    return line_of(of_torch != nullptr ? of_torch->what_without_backtrace() : error.what());
}

/// Whether an error is none of the program's.
bool is_from_outside(std::exception const& error)
{
    return dynamic_cast<Error const*>(&error) != nullptr || is_out_of_memory(error);
}

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

/// Has the programs run operator by operator. LibTorch's default compiles a program anew while it
/// runs, for batches of every size, and trials leave their batch all the time.
void run_as_written()
{
    torch::jit::getProfilingMode() = false;
}

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

/// Forward-mode differentiation while it lives. LibTorch has but one for the whole process.
class ForwardMode
{
  public:
    ForwardMode() : lock_(mutex()), level_(torch::autograd::ForwardADLevel::get_next_idx()) {}
    ~ForwardMode() { torch::autograd::ForwardADLevel::release_idx(level_); }
    ForwardMode(ForwardMode const&) = delete;
    ForwardMode& operator=(ForwardMode const&) = delete;

    at::Tensor with_tangent(at::Tensor const& value, at::Tensor const& tangent) const
    {
        return at::_make_dual(value, tangent, static_cast<std::int64_t>(level_));
    }
    at::Tensor tangent_of(at::Tensor const& dual) const
    {
        auto const [value, tangent] = at::_unpack_dual(dual, static_cast<std::int64_t>(level_));
        return tangent.defined() ? tangent : at::zeros_like(value);
    }

  private:
    static std::mutex& mutex()
    {
        static std::mutex only;
        return only;
    }

    std::scoped_lock<std::mutex> lock_;
    std::uint64_t level_;
};

}  // namespace

struct TorchScriptGenerator::Impl
{
    /// What comes out for these latents: [batch × n].
    at::Tensor run(at::Tensor const& input);
    at::Tensor images_of(c10::IValue const& result, std::int64_t batch) const;
    at::Tensor pull_back(at::Tensor const& gradient) const;
    at::Tensor jacobian_in_forward_mode();
    at::Tensor jacobian_by_rows() const;

    std::string label;
    Shape image;
    std::shared_ptr<LoadedProgram> program;
    torch::jit::Module module;
    at::Tensor latents = {};
    at::Tensor output = {};
};

at::Tensor TorchScriptGenerator::Impl::run(at::Tensor const& input)
{
    return images_of(module.forward({input}), input.size(0));
}

at::Tensor TorchScriptGenerator::Impl::images_of(c10::IValue const& result,
                                                 std::int64_t batch) const
{
    auto const refuse = [&](std::string const& what) {
        throw FileError(
            fmt::format("{}: its TorchScript program gives {} for {} latents (the images are {}); "
                        "it must give [batch, {}] or [batch, {}, {}, {}]",
                        label, what, batch, image.text(), image.size(), image.channels,
                        image.height, image.width));
    };
    if (!result.isTensor())
    {
        refuse("a value of type " + result.tagKind());
    }
    at::Tensor const& tensor = result.toTensor();
    bool const is_images =
        tensor.sizes() == at::IntArrayRef({batch, image.size()}) ||
        tensor.sizes() == at::IntArrayRef({batch, image.channels, image.height, image.width});
    if (!is_images)
    {
        refuse(fmt::format("a tensor of shape [{}]", fmt::join(tensor.sizes(), ", ")));
    }
    return tensor.flatten(1).to(program->type);
}

at::Tensor TorchScriptGenerator::Impl::pull_back(at::Tensor const& gradient) const
{
    return torch::autograd::grad({output}, {latents}, {gradient}, /*retain_graph=*/true).front();
}

at::Tensor TorchScriptGenerator::Impl::jacobian_in_forward_mode()
{
    at::NoGradGuard const no_autograd;
    ForwardMode const mode;
    std::int64_t const latent_dim = latents.size(1);
    at::Tensor const directions = at::eye(latent_dim, latents.options());
    std::vector<at::Tensor> parts;
    for (at::Tensor const& some :
         latents.detach().split(std::max<std::int64_t>(1, tangents_at_a_time / latent_dim)))
    {
        std::int64_t const trials = some.size(0);
        at::Tensor const repeated = some.repeat_interleave(latent_dim, 0);
        at::Tensor const tangents = directions.repeat({trials, 1});
        at::Tensor const images = run(mode.with_tangent(repeated, tangents));
        parts.push_back(mode.tangent_of(images).view({trials, latent_dim, image.size()}));
    }
    return at::cat(parts);
}

at::Tensor TorchScriptGenerator::Impl::jacobian_by_rows() const
{
    std::int64_t const pixels = image.size();
    at::Tensor rows = at::empty({latents.size(0), latents.size(1), pixels}, latents.options());
    at::Tensor const gradient = at::zeros_like(output);
    for (std::int64_t i = 0; i < pixels; ++i)
    {
        gradient.select(1, i).fill_(1);
        rows.select(2, i).copy_(pull_back(gradient));
        gradient.select(1, i).fill_(0);
    }
    return rows;
}

TorchScriptGenerator::TorchScriptGenerator(GeneratorSpec const& generator,
                                           Parameters const& parameters, at::Device device,
                                           at::ScalarType type)
{
    c10::InferenceMode const with_autograd(false);
    auto program = loaded_program(generator, device, type);
    torch::jit::Module module = program->module.deepcopy();
    put_tensors(module, generator, parameters);
    impl_ = std::make_unique<Impl>(generator.label, generator.image, std::move(program),
                                   std::move(module));
}

TorchScriptGenerator::~TorchScriptGenerator() = default;

at::Tensor TorchScriptGenerator::forward(at::Tensor const& latents)
{
    c10::InferenceMode const with_autograd(false);
    impl_->output.reset();  // its memory is wanted
    impl_->latents = latents
                         .to(impl_->program->device, impl_->program->type, /*non_blocking=*/false,
                             /*copy=*/true)
                         .detach()
                         .set_requires_grad(true);
    // A copy: it may overwrite what it gets.
    impl_->output = with_program(impl_->label, "cannot be evaluated",
                                 [&] { return impl_->run(impl_->latents.clone()); });
    return impl_->output.detach();
}

at::Tensor TorchScriptGenerator::backward(at::Tensor const& gradient)
{
    EXPECT(impl_->output.defined());
    c10::InferenceMode const with_autograd(false);
    return with_program(impl_->label, "cannot be differentiated", [&] {
        return impl_->pull_back(gradient.is_inference() ? gradient.clone() : gradient);
    });
}

at::Tensor TorchScriptGenerator::jacobian_of(at::Tensor const& rows)
{
    EXPECT(impl_->output.defined());
    if (rows.size(0) == impl_->latents.size(0))
    {
        return jacobian().index_select(0, rows);
    }
    // Of these rows alone, and then as if nothing had been between.
    c10::InferenceMode const with_autograd(false);
    at::Tensor const latents = impl_->latents;
    at::Tensor const output = impl_->output;
    forward(latents.detach().index_select(0, rows));
    at::Tensor const of_rows = jacobian();
    impl_->latents = latents;
    impl_->output = output;
    return of_rows;
}

at::Tensor TorchScriptGenerator::jacobian()
{
    EXPECT(impl_->output.defined());
    c10::InferenceMode const with_autograd(false);
    std::atomic<bool>& lacks_forward_mode = impl_->program->lacks_forward_mode;
    try
    {
        if (!lacks_forward_mode)
        {
            return impl_->jacobian_in_forward_mode();
        }
    }
    catch (std::exception const& error)
    {
        if (is_from_outside(error))
        {
            throw;
        }
        lacks_forward_mode = true;
        spdlog::warn(
            "{}: its TorchScript program has no forward-mode derivatives, so methods that need "
            "Jacobians are slow: {}",
            impl_->label, line_of(error));
    }
    return with_program(impl_->label, "cannot be differentiated",
                        [&] { return impl_->jacobian_by_rows(); });
}

}  // namespace surf::model
