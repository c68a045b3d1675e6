#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <optional>

#include "base/error.hpp"
#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"
#include "hdf5/python.hpp"
#include "model/random_network.hpp"
#include "support/scratch_folder.hpp"
#include "train/quality.hpp"
#include "train/small_training.hpp"
#include "train/train_chain.hpp"
#include "train/trainer.hpp"

using namespace surf;
using namespace surf::train;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

void ignore_progress(std::int64_t, std::int64_t) {}

data::DataSet noise_data()
{
    return {test::noise_images(),
            data::TestImages(static_cast<data::Images const&>(test::noise_images()))};
}

void provide(TrainSpec const& spec, fs::path const& chains)
{
    // Not in a CHECK, which would take what it throws.
    auto const provision = provide_chain(spec, noise_data, chains, at::kCPU, ignore_progress, {});
    REQUIRE(provision == Provision::published);
}

fs::path partial_folder(TrainSpec const& spec, fs::path const& chains)
{
    return chain::chain_path(chains, spec.id()).replace_extension(".partial");
}

std::vector<chain::Snapshot> train_to_end(TrainSpec const& spec, fs::path const& chains)
{
    provide(spec, chains);
    chain::Reader const reader(chain::chain_path(chains, spec.id()), chain_header(spec));
    std::vector<chain::Snapshot> snapshots;
    for (std::int64_t t = 0; t < reader.snapshots(); ++t)
    {
        snapshots.push_back(reader.read(t));
        // In memory of their own: these are compared after the file has been damaged.
        snapshots.back().samples.values.data();
        for (NamedArray& array : snapshots.back().generator)
        {
            array.values.data();
        }
    }
    return snapshots;
}

bool same_bits(std::vector<chain::Snapshot> const& one, std::vector<chain::Snapshot> const& other)
{
    return std::ranges::equal(one, other, [](chain::Snapshot const& a, chain::Snapshot const& b) {
        return a.step == b.step && a.log == b.log && a.samples.values == b.samples.values &&
               std::ranges::equal(a.generator, b.generator,
                                  [](NamedArray const& x, NamedArray const& y) {
                                      return x.name == y.name && x.values == y.values;
                                  });
    });
}

/// A training that is over but for its judgement: what it left ends in this generator.
void write_trained(TrainSpec const& spec, fs::path const& chains, model::Network const& generator)
{
    auto const [log, samples] = SampleQuality(spec, noise_data().test, at::kCPU).judge(generator);
    auto const images = test::noise_images();
    chain::PartialChain partial(chains, chain_header(spec));
    for (std::int64_t t = 0; t <= spec.intervals; ++t)
    {
        partial.write_snapshot(
            {t, t * spec.steps_per_snapshot, generator.parameters(), log, samples});
    }
    partial.write_state(
        {spec.steps(), spec.intervals + 1, make_trainer(spec, images, at::kCPU)->state()});
}

}  // namespace

TEST_CASE("A training that is stopped at any step resumes and ends with the same bits")
{
    for (ModelEntry const& entry : model_table)
    {
        INFO(entry.name);
        auto const spec = test::small_training(entry.kind);
        test::ScratchFolder const uninterrupted;
        auto const expected = train_to_end(spec, uninterrupted.path);
        REQUIRE(std::ssize(expected) == spec.intervals + 1);
        CHECK(expected.front().step == 0);
        CHECK(expected.back().step == spec.steps());

        // Before the first snapshot, at one, between two; the models differ only in their trainer.
        using Steps = std::vector<std::int64_t>;
        for (std::int64_t const stop_after :
             entry.kind == test::models::vae ? Steps{1, 2, 5} : Steps{5})
        {
            test::ScratchFolder const folder;
            std::stop_source stop;
            CHECK_THROWS_AS(provide_chain(
                                spec, noise_data, folder.path, at::kCPU,
                                [&](std::int64_t done, std::int64_t) {
                                    if (done == stop_after)
                                    {
                                        stop.request_stop();
                                    }
                                },
                                stop.get_token()),
                            Interrupted);
            CHECK_FALSE(fs::exists(chain::chain_path(folder.path, spec.id())));
            CHECK(chain::PartialChain(folder.path, chain_header(spec)).load_state()->step ==
                  stop_after);  // nothing is lost
            CHECK(same_bits(train_to_end(spec, folder.path), expected));
            CHECK(folder.files() == 1);
        }
    }
}

TEST_CASE("Every snapshot has a log, and samples of the same latents, which h5py reads")
{
    auto const spec = test::small_training(test::models::vae);
    test::ScratchFolder const folder;
    auto const snapshots = train_to_end(spec, folder.path);
    SampleQuality const quality(spec, noise_data().test, at::kCPU);
    for (chain::Snapshot const& snapshot : snapshots)
    {
        model::Network const generator(*spec.generator().layers(), snapshot.generator, at::kCPU);
        auto const [scores, shown] = quality.judge(generator);
        CHECK(snapshot.samples.values == shown.values);
        CHECK(snapshot.log.at("diversity") == scores.at("diversity"));
        CHECK(snapshot.log.at("pixel_frechet_distance") == scores.at("pixel_frechet_distance"));
        CHECK(snapshot.log.contains("reconstruction") == (snapshot.index > 0));
    }
    test::python(R"(
import h5py, numpy as np
file = h5py.File(path)
assert sorted(file["log"]) == ["divergence", "diversity", "pixel_frechet_distance", "reconstruction"]
for name, entry in file["log"].items():
    known = np.isfinite(entry[...])
    assert list(known) == [name in ("diversity", "pixel_frechet_distance"), True, True, True], name
samples = file["samples"][...]
assert samples.shape == (4, 64, 1, 8, 12) and samples.min() > 0 and samples.max() < 1
assert all(np.abs(later - former).max() > 1e-3 for former, later in zip(samples, samples[1:]))  # it moves
)",
                 chain::chain_path(folder.path, spec.id()));
}

TEST_CASE("A sound chain is left alone, a damaged one is trained again")
{
    auto const spec = test::small_training(test::models::vae);
    test::ScratchFolder const folder;
    auto const expected = train_to_end(spec, folder.path);
    auto const path = chain::chain_path(folder.path, spec.id());
    auto const written = fs::last_write_time(path);
    train_to_end(spec, folder.path);
    CHECK(fs::last_write_time(path) == written);

    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(fs::file_size(path) / 2));
        file.put('\x55');
        file.put('\x66');
    }
    CHECK(same_bits(train_to_end(spec, folder.path), expected));
    CHECK(fs::exists(path.string() + ".bad"));
}

TEST_CASE("A chain that another process trains is left to it")
{
    auto const spec = test::small_training(test::models::relu);
    test::ScratchFolder const folder;
    auto elsewhere = std::make_optional<chain::PartialChain>(folder.path, chain_header(spec));
    auto const provide_it = [&] {
        return provide_chain(spec, noise_data, folder.path, at::kCPU, ignore_progress, {});
    };
    CHECK(provide_it() == Provision::busy);
    CHECK(fs::exists(partial_folder(spec, folder.path)));
    elsewhere.reset();
    CHECK(provide_it() == Provision::published);
    CHECK(folder.files() == 1);
}

TEST_CASE("A training that diverges is told by snapshot and quantity, and not published")
{
    auto spec = test::small_training(test::models::vae);
    spec.hyper.generator_rate = 1e3;
    spec.hyper.encoder_spread = EncoderSpread::log_variance;  // its exponential overflows
    test::ScratchFolder const folder;
    for (int attempt = 0; attempt < 2; ++attempt)
    {
        CHECK_THAT(test::error_of<chain::DivergedError>([&] { provide(spec, folder.path); }),
                   Contains("snapshot 1: ") && Contains("not finite (the training diverged) lower "
                                                        "train.generator_rate"));
        CHECK_FALSE(fs::exists(chain::chain_path(folder.path, spec.id())));
    }
    CHECK(fs::exists(partial_folder(spec, folder.path) / "snapshot-00000.h5"));
}

TEST_CASE("A generator that makes one image is not published, however often it is tried")
{
    auto spec = test::small_training(test::models::dcgan);
    spec.steps_per_snapshot = collapse_steps / spec.intervals + 1;
    auto const images = test::noise_images();
    Parameters weights = make_trainer(spec, images, at::kCPU)->generator().parameters();
    bool const collapsed = GENERATE(false, true);
    for (NamedArray& array : weights)
    {
        // Images as various as the noise is, or all the same.
        bool const last = array.name == "deconv2.weight";
        bool const weight = test::is_layer_weight(*spec.generator().layers(), array.name);
        float const scale = last && collapsed ? 0 : weight ? 30 : 1;
        std::ranges::transform(array.values, array.values.begin(),
                               [&](float value) { return scale * value; });
    }
    model::Network const generator(*spec.generator().layers(), weights, at::kCPU);
    test::ScratchFolder const folder;
    write_trained(spec, folder.path, generator);
    auto const path = chain::chain_path(folder.path, spec.id());
    if (!collapsed)
    {
        provide(spec, folder.path);
        CHECK(fs::exists(path));
        return;
    }
    for (int attempt = 0; attempt < 2; ++attempt)
    {
        CHECK_THAT(test::error_of<chain::DivergedError>([&] { provide(spec, folder.path); }),
                   Contains("snapshot 3: diversity is 0, below 0.02 (the generator has collapsed"));
        CHECK_FALSE(fs::exists(path));
    }
    CHECK(
        chain::PartialChain(folder.path, chain_header(spec)).read_snapshot(3).log.at("diversity") ==
        0);
}

TEST_CASE("Training lowers the VAE's loss on the real objective")
{
    auto spec = test::small_training(test::models::vae);
    spec.hyper.batch = 32;
    auto const images = test::noise_images();
    auto const trainer = make_trainer(spec, images, at::kCPU);
    auto const mean_loss = [&](std::int64_t first) {
        for (std::int64_t step = first; step < first + 5; ++step)
        {
            trainer->step(step);
        }
        auto const log = trainer->log().take();
        return log.at("reconstruction") + log.at("divergence");
    };
    double const before = mean_loss(0);
    mean_loss(5);
    mean_loss(10);
    CHECK(mean_loss(15) < before);
}

TEST_CASE("A GAN step moves both networks; each by its own loss alone")
{
    auto const spec = test::small_training(test::models::dcgan);
    auto const images = test::noise_images();
    auto const trainer = make_trainer(spec, images, at::kCPU);
    Parameters const before = trainer->state();
    trainer->step(0);
    Parameters const after = trainer->state();
    auto const steps_of = [&](std::string const& prefix) {
        for (NamedArray const& array : after)
        {
            if (array.name.starts_with(prefix + ".adam") && array.name.ends_with(".step"))
            {
                return array.values.front();
            }
        }
        return 0.0F;
    };
    CHECK(steps_of("generator") == 1);
    CHECK(steps_of("discriminator") == 1);
    for (std::size_t i = 0; i < before.size(); ++i)
    {
        if (before[i].name.ends_with("fc1.weight"))
        {
            INFO(before[i].name);
            CHECK(before[i].values != after[i].values);
        }
    }
}
