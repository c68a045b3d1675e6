#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "base/error.hpp"
#include "hdf5/file.hpp"
#include "hdf5/python.hpp"
#include "support/scratch_folder.hpp"
#include "train/quality.hpp"
#include "train/small_training.hpp"
#include "train/trainer.hpp"

using namespace surf;
using namespace surf::train;
using namespace surf::test;

namespace
{

at::Tensor read_matrix(h5::FileReader const& file, std::string const& name)
{
    h5::Dataset const dataset = file.root().dataset(name);
    auto values = dataset.read<double>();
    return at::from_blob(values.data(), dataset.shape(), at::kDouble).clone();
}

double read_number(h5::FileReader const& file, std::string const& name)
{
    return file.root().dataset(name).read<double>().front();
}

at::Tensor matrix(std::vector<double> values, std::vector<std::int64_t> const& shape)
{
    return at::from_blob(values.data(), shape, at::kDouble).clone();
}

/// Images whose pixels are all alike: one image a value of 0 … 255.
data::TestImages flat_images(std::vector<std::uint8_t> const& values)
{
    data::Images images;
    images.count = std::ssize(values);
    images.shape = {1, 28, 28};
    for (std::uint8_t const value : values)
    {
        images.pixels.insert(images.pixels.end(), 784, value);
    }
    return data::TestImages(std::move(images));
}

at::Tensor flat_samples(std::vector<float> const& values)
{
    return at::tensor(values).unsqueeze(1).expand({-1, 784});
}

/// The noise images as if nothing were trained on them.
data::TestImages held_out_noise()
{
    return data::TestImages(static_cast<data::Images const&>(noise_images()));
}

/// Test images as a network's output has them.
at::Tensor pixels_of(data::Images const& images)
{
    auto* const bytes = const_cast<std::uint8_t*>(images.pixels.data());
    return at::from_blob(bytes, {images.count, images.shape.size()}, at::kByte)
        .to(at::kFloat)
        .div(255.0);
}

bool same(Parameters const& left, Parameters const& right)
{
    return std::ranges::equal(left, right, [](NamedArray const& a, NamedArray const& b) {
        return a.name == b.name && a.values == b.values;
    });
}

}  // namespace

TEST_CASE("the Frechet distance is that of scipy's matrix root", "[quality]")
{
    ScratchFolder const folder;
    std::filesystem::path const path = folder.path / "sets.h5";
    python(R"(
import h5py, numpy as np, scipy.linalg
rng = np.random.default_rng(7)
file = h5py.File(path, "w")
for case, (rank, shift) in enumerate([(12, 0.3), (12, 0.0), (5, 1.0)]):
    sets = [rng.normal(size=(n, rank)) @ rng.normal(size=(rank, 12)) + s for n, s in ((500, 0), (40, shift))]
    means = [np.mean(s, axis=0) for s in sets]
    one, other = (np.cov(s, rowvar=False) for s in sets)
    root = scipy.linalg.sqrtm(one @ other + 1e-13 * (rank < 12) * np.eye(12)).real
    for name, values in (("one", sets[0]), ("other", sets[1]), ("mean", means[0]), ("covariance", one)):
        file[f"{name}{case}"] = values
    file[f"distance{case}"] = [np.sum((means[0] - means[1]) ** 2) + np.trace(one + other - 2 * root)]
)",
           path);
    h5::FileReader const file(path, h5::Author::anyone);
    for (std::string const test : {"0", "1", "2"})
    {
        INFO("case " << test);
        Moments const one = moments_of(read_matrix(file, "one" + test));
        Moments const other = moments_of(read_matrix(file, "other" + test));
        CHECK(at::allclose(one.mean, read_matrix(file, "mean" + test), 1e-12, 1e-14));
        CHECK(at::allclose(one.covariance, read_matrix(file, "covariance" + test), 1e-12, 1e-12));
        double const expected = read_number(file, "distance" + test);
        CHECK(frechet_distance(one, other) == Approx(expected).epsilon(1e-6));
        CHECK(frechet_distance(other, one) == Approx(expected).epsilon(1e-6));
        CHECK(frechet_distance(one, one) < 1e-6);
    }
}

TEST_CASE("the Frechet distance of independent Gaussians is the sum of their own", "[quality]")
{
    // |m₁ − m₂|² + Σ (σ₁ − σ₂)² = 9 + 16 + (1 − 2)² + (3 − 3)² + (0 − 5)²
    Moments const one{matrix({0, 1, 2}, {3}), at::diag(matrix({1, 9, 0}, {3}))};
    Moments const other{matrix({3, 1, -2}, {3}), at::diag(matrix({4, 9, 25}, {3}))};
    CHECK(frechet_distance(one, other) == Approx(51).epsilon(1e-12));
    CHECK(frechet_distance(other, one) == Approx(51).epsilon(1e-12));
}

TEST_CASE("numpy and scipy give samples the same scores", "[quality]")
{
    ScratchFolder const folder;
    std::filesystem::path const path = folder.path / "images.h5";
    python(R"(
import h5py, numpy as np, scipy.linalg
rng = np.random.default_rng(3)
modes = rng.normal(size=(90, 784)) * np.linspace(30, 4, 90)[:, None]
held_out = np.clip(128 + rng.normal(size=(300, 90)) @ modes / 9, 0, 255).astype(np.uint8)
samples = np.clip(110 + rng.normal(size=(200, 90)) @ modes / 7, 0, 255) / 255
known = held_out / 255
_, _, components = np.linalg.svd(known - known.mean(0), full_matrices=False)
basis = components[:64].T
one, other = known @ basis, samples @ basis
c1, c2 = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
file = h5py.File(path, "w")
file["held_out"] = held_out.astype(float)
file["samples"] = samples
file["distance"] = [np.sum((one.mean(0) - other.mean(0)) ** 2) + np.trace(c1 + c2 - 2 * scipy.linalg.sqrtm(c1 @ c2).real)]
file["diversity"] = [samples.var(0, ddof=1).sum() / known.var(0, ddof=1).sum()]
)",
           path);
    h5::FileReader const file(path, h5::Author::anyone);
    data::Images images{300, {1, 28, 28}, {}, ""};
    for (double const value : file.root().dataset("held_out").read<double>())
    {
        images.pixels.push_back(static_cast<std::uint8_t>(value));
    }
    SampleQuality const quality(small_training(models::vae), data::TestImages(std::move(images)),
                                at::kCPU);
    chain::Log const scores = quality.score(read_matrix(file, "samples"));
    REQUIRE(scores.size() == 2);
    CHECK(scores.at("pixel_frechet_distance") ==
          Approx(read_number(file, "distance")).epsilon(1e-6));
    CHECK(scores.at("diversity") == Approx(read_number(file, "diversity")).epsilon(1e-9));
}

TEST_CASE("the held-out images themselves score best, and all that is less scores worse",
          "[quality]")
{
    auto const held_out = held_out_noise();
    SampleQuality const quality(small_training(models::dcgan), held_out, at::kCPU);
    at::Tensor const pixels = pixels_of(held_out);
    chain::Log const best = quality.score(pixels);
    CHECK(best.at("pixel_frechet_distance") < 1e-6);
    CHECK(best.at("diversity") == Approx(1).epsilon(1e-6));
    CHECK(quality.score(pixels + 0.1).at("pixel_frechet_distance") > 0.01);
    chain::Log const paler = quality.score((pixels + 0.5) / 2);
    CHECK(paler.at("pixel_frechet_distance") > 1);
    CHECK(paler.at("diversity") == Approx(0.25).epsilon(1e-6));
    CHECK(quality.score(pixels.narrow(0, 0, 1).expand({50, -1})).at("diversity") ==
          Approx(0).margin(1e-12));
}

TEST_CASE("diversity and distance of flat images, by hand", "[quality]")
{
    SampleQuality const quality(small_training(models::vae), flat_images({0, 0, 255, 255}),
                                at::kCPU);
    // Variance of a pixel: held out 4·(1/2)²/3 = 1/3, samples 2·(1/4)²/1 = 1/8. The one principal
    // component is the mean over the pixels times √784: |m|² = 784·(0.6 − 0.5)², and so on.
    chain::Log const scores = quality.score(flat_samples({0.35F, 0.85F}));
    CHECK(scores.at("diversity") == Approx(3.0 / 8).epsilon(1e-6));
    double const deviations = std::sqrt(1.0 / 3) - std::sqrt(1.0 / 8);
    CHECK(scores.at("pixel_frechet_distance") ==
          Approx(784 * (0.01 + deviations * deviations)).epsilon(1e-6));
    CHECK(quality.score(flat_samples({0.5F, 0.5F, 0.5F})).at("diversity") == 0);
}

TEST_CASE("a sample that is not finite gives scores that are not", "[quality]")
{
    SampleQuality const quality(small_training(models::vae), held_out_noise(), at::kCPU);
    at::Tensor const pixels = pixels_of(noise_images());
    pixels[3][5] = std::numeric_limits<float>::infinity();
    for (auto const& [name, value] : quality.score(pixels))
    {
        INFO(name);
        CHECK(std::isnan(value));
    }
}

TEST_CASE("held-out images that do not differ are refused", "[quality]")
{
    auto const spec = small_training(models::vae);
    for (auto const& values : {std::vector<std::uint8_t>{7, 7, 7}, {7}, {}})
    {
        CHECK_THROWS_WITH(SampleQuality(spec, flat_images(values), at::kCPU),
                          Catch::Contains("test images are all the same"));
    }
}

TEST_CASE("samples come from the model's own prior, one stream each", "[quality]")
{
    for (ModelEntry const& entry : model_table)
    {
        INFO(entry.name);
        auto spec = small_training(entry.kind);
        spec.hyper.batch = 64;
        bool const normal = entry.kind.training == Training::vae;
        std::int64_t const pixels = small_image.size();
        // Its first pixels are the latent.
        Parameters weights = {{"fc1.weight", {pixels, spec.latent_dim}, {}},
                              {"fc1.bias", {pixels}, {}}};
        weights[0].values.resize(static_cast<std::size_t>(weights[0].size()));
        weights[1].values.resize(static_cast<std::size_t>(weights[1].size()));
        for (std::int64_t i = 0; i < spec.latent_dim; ++i)
        {
            weights[0].values[static_cast<std::size_t>(i * spec.latent_dim + i)] = 1;
        }
        NetworkSpec const layers = {
            {.name = "fc1",
             .kind = LayerKind::linear,
             .input = {spec.latent_dim},
             .output = {pixels},
             .bias = Bias::trained},
            {.name = "", .kind = LayerKind::reshape, .input = {pixels}, .output = small_image}};
        model::Network const generator(layers, weights, at::kCPU);
        SampleQuality const quality(spec, held_out_noise(), at::kCPU);
        auto const [scores, shown] = quality.judge(generator);
        CHECK(shown.name == "samples");
        REQUIRE((shown.shape ==
                 std::vector<std::int64_t>{64, 1, small_image.height, small_image.width}));
        for (std::size_t i = 0; i < 64; ++i)
        {
            RandomStream stream(spec.seed, spec.stream_domain(), Purpose::sample_latent, i);
            std::vector<float> latent(static_cast<std::size_t>(spec.latent_dim));
            normal ? stream.fill_normal(latent, 0, 1) : stream.fill_uniform(latent, -1, 1);
            auto const first = shown.values.begin() + static_cast<std::ptrdiff_t>(i) * pixels;
            CHECK(std::equal(latent.begin(), latent.end(), first));
        }
        // Total variance of 1,024 latents: k, or k/3 for the uniform prior. 5σ: the variance of a
        // variance is (κ − 1)/n of its square, κ = 3 or 1.8; k = 3 of them are averaged.
        REQUIRE(quality.samples() == 1024);
        double const variance = pixels_of(held_out_noise()).var(0).sum().item<double>();
        double const bound = 5 * std::sqrt((normal ? 2.0 : 0.8) / 1024 / 3);
        CHECK(scores.at("diversity") * variance == Approx(normal ? 3.0 : 1.0).epsilon(bound));
    }
}

TEST_CASE("judging a generator disturbs neither it nor its training", "[quality]")
{
    auto const images = noise_images();
    for (Model const& kind : {models::dcgan, models::vae})
    {
        auto const spec = small_training(kind);
        SampleQuality const quality(spec, held_out_noise(), at::kCPU);
        CHECK(quality.samples() == 16 * spec.hyper.batch);
        auto const judged = make_trainer(spec, images, at::kCPU);
        auto const left_alone = make_trainer(spec, images, at::kCPU);
        for (std::int64_t step = 0; step < 2; ++step)
        {
            judged->step(step);
            left_alone->step(step);
            Parameters const before = judged->generator().parameters();
            auto const once = quality.judge(judged->generator());
            auto const again = quality.judge(judged->generator());
            CHECK(same(judged->generator().parameters(), before));
            CHECK((once.scores == again.scores));
            CHECK(once.shown.values == again.shown.values);
        }
        CHECK(same(judged->state(), left_alone->state()));
        CHECK((judged->log().take() == left_alone->log().take()));
    }
}
