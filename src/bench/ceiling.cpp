#include "bench/ceiling.hpp"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <fmt/format.h>

#include <optional>
#include <string_view>

namespace surf::bench
{
namespace
{

enum class Tf32
{
    off,
    on,
};

enum class Threads
{
    compute,
    training,
};

struct Precision
{
    std::string_view name;
    at::ScalarType type;
    Tf32 tf32 = Tf32::off;
    Threads threads = Threads::compute;
};

constexpr Precision float32 = {"float32", at::kFloat};
constexpr Precision tf32 = {"tf32", at::kFloat, Tf32::on};
constexpr Precision float32_training = {"float32_training", at::kFloat, Tf32::off,
                                        Threads::training};
constexpr Precision bfloat16 = {"bfloat16", at::kBFloat16};

/// Lets float32 products on CUDA round to TF32, for as long as it lives.
class Tf32Guard
{
  public:
    explicit Tf32Guard(Tf32 mode)
        : blas_(at::globalContext().allowTF32CuBLAS()),
          convolution_(at::globalContext().allowTF32CuDNN())
    {
        set(mode == Tf32::on, mode == Tf32::on);
    }
    ~Tf32Guard() { set(blas_, convolution_); }
    Tf32Guard(Tf32Guard const&) = delete;
    Tf32Guard& operator=(Tf32Guard const&) = delete;

  private:
    static void set(bool blas, bool convolution)
    {
        at::globalContext().setAllowTF32CuBLAS(blas);
        at::globalContext().setAllowTF32CuDNN(convolution);
    }

    bool blas_;
    bool convolution_;
};

/// Adds the rate of `work`, which is `flop` operations.
void add_rate(Session& session, std::string const& name, double flop,
              std::function<void()> const& work)
{
    Spread const seconds = time_call(work, session.device, session.options.min_time);
    session.report.add({"ceiling", name, seconds.under(flop / 1e9), "GFLOP/s"});
}

/// A product of two square matrices.
void measure_product(Session& session, std::string const& name, Precision precision,
                     std::int64_t size)
{
    c10::InferenceMode const no_autograd;
    Tf32Guard const guard(precision.tf32);
    auto const options = at::TensorOptions(session.device).dtype(at::kFloat);
    at::Tensor const left = at::randn({size, size}, options).to(precision.type);
    at::Tensor const right = at::randn({size, size}, options).to(precision.type);
    at::Tensor product = at::empty_like(left);
    auto const extent = static_cast<double>(size);
    add_rate(session, name, 2 * extent * extent * extent,
             [&] { at::mm_out(product, left, right); });
}

/// 3 × 3 kernels on 64 images of 256 × 28 × 28, 256 channels out, all channels-last.
void measure_convolution(Session& session, std::string const& name, Precision precision)
{
    constexpr std::int64_t images = 64, channels = 256, side = 28, kernel = 3;
    constexpr double flop = 2.0 * images * side * side * channels * channels * kernel * kernel;
    c10::InferenceMode const no_autograd;
    Tf32Guard const guard(precision.tf32);
    auto const options = at::TensorOptions(session.device).dtype(at::kFloat);
    auto const random = [&](at::IntArrayRef shape) {
        return at::randn(shape, options)
            .to(precision.type)
            .contiguous(at::MemoryFormat::ChannelsLast);
    };
    at::Tensor const input = random({images, channels, side, side});
    at::Tensor const weight = random({channels, channels, kernel, kernel});
    add_rate(session, name, flop,
             [&] { at::conv2d(input, weight, {}, /*stride=*/1, /*padding=*/1); });
}

void add_case(Cases& cases, Precision precision, std::string const& what,
              std::function<void(Session&, std::string const& name)> const& measure)
{
    std::string const name = fmt::format("ceiling/{}/{}", precision.name, what);
    cases.push_back({name, Ranks::first, [=](Session& session) {
                         std::optional<TrainingThreads> threads;
                         if (precision.threads == Threads::training)
                         {
                             threads.emplace(session.options);
                         }
                         measure(session, name);
                     }});
}

void add_cases(Cases& cases, Precision precision, std::vector<std::int64_t> const& sizes)
{
    for (std::int64_t const size : sizes)
    {
        add_case(cases, precision, fmt::format("gemm{}", size),
                 [=](Session& session, std::string const& name) {
                     measure_product(session, name, precision, size);
                 });
    }
    add_case(cases, precision, "conv2d", [=](Session& session, std::string const& name) {
        measure_convolution(session, name, precision);
    });
}

}  // namespace

Cases ceiling_cases(at::Device device)
{
    Cases cases;
    if (device.is_cpu())
    {
        add_cases(cases, float32, {1024, 2048, 4096});
        add_cases(cases, float32_training, {2048});
        add_cases(cases, bfloat16, {1024, 2048});  // slow without units for it
        return cases;
    }
    for (Precision const precision : {float32, tf32, bfloat16})
    {
        add_cases(cases, precision, {1024, 2048, 4096, 8192});
    }
    return cases;
}

}  // namespace surf::bench
