#include "model/torchscript_generator.hpp"

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/forward_grad.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "model/loaded_program.hpp"

namespace surf::model
{
namespace
{

/// Rows that go through the program at a time for a Jacobian: it bounds the memory.
constexpr std::int64_t tangents_at_a_time = 4096;

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
