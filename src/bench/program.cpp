#include "bench/program.hpp"

#include <torch/script.h>

#include <map>
#include <sstream>
#include <string>

#include "bench/plain_dcgan.hpp"
#include "bench/random_generator.hpp"
#include "bench/trial_load.hpp"
#include "model/network.hpp"
#include "model/torchscript_generator.hpp"

namespace surf::bench
{
namespace
{

constexpr TrialSetting program_setting = {};

/// InfoGAN's generator as people write it.
constexpr char const* infogan_forward = R"(
def forward(self, x):
    x = torch.matmul(x, self.fc1.weight.t()) + self.fc1.bias
    x = torch.relu(self.fc1_bn.forward(x))
    x = torch.matmul(x, self.fc2.weight.t()) + self.fc2.bias
    x = torch.relu(self.fc2_bn.forward(x)).reshape([-1, 128, 7, 7])
    x = torch.conv_transpose2d(x, self.deconv1.weight, self.deconv1.bias, [2, 2], [1, 1])
    x = torch.relu(self.deconv1_bn.forward(x))
    x = torch.conv_transpose2d(x, self.deconv2.weight, self.deconv2.bias, [2, 2], [1, 1])
    return torch.sigmoid(x)
)";

constexpr char const* batch_norm_forward = R"(
def forward(self, x):
    return torch.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var, False, 0.1, 1e-5, True)
)";

/// InfoGAN's generator with these parameters as torch.jit.save writes it.
Program infogan_program(Parameters const& parameters)
{
    Program program;
    std::map<std::string, torch::jit::Module> parts;
    for (NamedArray const& array : parameters)
    {
        program.tensors.push_back(array.name);
        auto const dot = array.name.rfind('.');
        auto const part = parts.try_emplace(array.name.substr(0, dot), "part").first;
        std::string const name = array.name.substr(dot + 1);
        part->second.register_parameter(name, model::to_tensor(array, at::kCPU, at::kFloat),
                                        /*is_buffer=*/name.starts_with("running_"));
    }
    torch::jit::Module module("generator");
    for (auto& [name, part] : parts)
    {
        if (name.ends_with("_bn"))
        {
            part.define(batch_norm_forward);
        }
        module.register_module(name, part);
    }
    module.define(infogan_forward);
    std::ostringstream stream;
    module.save(stream);
    program.code = std::make_shared<std::string const>(stream.str());
    return program;
}

/// The same trials in a plain loop: autograd and Adam, no stopping rules.
class PlainTrials
{
  public:
    PlainTrials(std::string const& code, at::Device device)
        : inputs_(trial::draw_inputs(cell_of(program_setting), 0, program_setting.batch)),
          device_(device)
    {
        std::istringstream stream(code);
        module_ = torch::jit::load(stream, device);
        module_.eval();
        for (at::Tensor const& parameter : module_.parameters())
        {
            parameter.requires_grad_(false);
        }
        target_ = module_.forward({inputs_.target_latent.to(device)}).toTensor();
    }

    void run(std::int64_t iterations)
    {
        AdamSettings const settings;
        Hyperparameters hyper;
        hyper.beta1 = settings.beta1;
        at::Tensor const latents =
            inputs_.initial_latent.to(device_, /*non_blocking=*/false, /*copy=*/true);
        latents.set_requires_grad(true);
        PlainAdam adam({latents}, hyper, settings.learning_rate);
        for (std::int64_t i = 0; i < iterations; ++i)
        {
            adam.zero_gradients();
            at::Tensor const error = module_.forward({latents}).toTensor() - target_;
            (error.square().sum() * 0.5).backward();
            adam.step();
        }
    }

  private:
    trial::TrialInputs inputs_;
    at::Device device_;
    torch::jit::Module module_;
    at::Tensor target_;
};

void measure_program(Session& session, std::string const& name)
{
    GeneratorSpec generator = infogan(program_setting.latent_dim);
    Parameters const parameters = random_parameters(generator);
    Program const program = infogan_program(parameters);
    generator.network = program;
    auto const evaluator = [&] {
        return std::make_unique<model::TorchScriptGenerator>(generator, parameters, session.device);
    };
    // What the load draws for the layer list are the program's parameters.
    TrialLoad load(
        program_setting, [&](auto const&, auto const&, auto const&) { return evaluator(); },
        session.device);
    PlainTrials plain(*program.code, session.device);
    auto const iteration_of = [&](auto& trials) {
        constexpr std::int64_t iterations = 10;
        auto const time = [&](std::int64_t count) {
            return seconds_of([&] { trials.run(count); }, session.device);
        };
        return (time(iterations + 1) - time(1)) / static_cast<double>(iterations);
    };
    iteration_of(load);
    iteration_of(plain);
    // Both in one sample, so that what slows the machine down for a while slows both.
    Spread const ratio =
        repeat([&] { return iteration_of(plain) / iteration_of(load); }, session.options.min_time);
    Spread const prepare =
        time_call([&] { evaluator(); }, session.device, session.options.min_time);
    session.report.add(
        {"program", name + "/rate", load.rate(session.options.min_time), "trial iterations/s"});
    session.report.add({"program", name + "/autograd_ratio", ratio, "x plain autograd"});
    session.report.add({"program", name + "/prepare", prepare.times(1e3), "ms"});
}

}  // namespace

Cases program_cases()
{
    std::string const name = "program";
    return {{name, Ranks::first, [=](Session& session) { measure_program(session, name); }}};
}

}  // namespace surf::bench
