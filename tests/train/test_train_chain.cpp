#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "base/error.hpp"
#include "chain/reader.hpp"
#include "support/scratch_folder.hpp"
#include "train/small_training.hpp"
#include "train/train_chain.hpp"
#include "train/trainer.hpp"

using namespace surf;
using namespace surf::train;

namespace
{

void ignore_progress(std::int64_t, std::int64_t) {}

std::vector<chain::Snapshot> train_to_end(TrainSpec const& spec,
                                          std::filesystem::path const& output)
{
    provide_chain(spec, test::noise_images(), output, at::kCPU, ignore_progress, {});
    chain::Reader const reader(chain::chain_path(output, spec.id()), chain_header(spec));
    std::vector<chain::Snapshot> snapshots;
    for (std::int64_t t = 0; t < reader.snapshots(); ++t)
    {
        snapshots.push_back(reader.read(t));
    }
    return snapshots;
}

bool same_bits(std::vector<chain::Snapshot> const& one, std::vector<chain::Snapshot> const& other)
{
    return std::ranges::equal(one, other, [](chain::Snapshot const& a, chain::Snapshot const& b) {
        return a.step == b.step && a.losses == b.losses &&
               std::ranges::equal(a.generator, b.generator,
                                  [](NamedArray const& x, NamedArray const& y) {
                                      return x.name == y.name && x.values == y.values;
                                  });
    });
}

}  // namespace

TEST_CASE("A training that is stopped at any step resumes and ends with the same bits")
{
    for (model::ModelEntry const& entry : model::model_table)
    {
        INFO(entry.name);
        auto const spec = test::small_training(entry.kind);
        test::ScratchFolder const uninterrupted;
        auto const expected = train_to_end(spec, uninterrupted.path);
        REQUIRE(std::ssize(expected) == spec.intervals + 1);
        CHECK(expected.front().step == 0);
        CHECK(expected.back().step == spec.steps());
        CHECK_FALSE(expected.back().losses.empty());

        for (std::int64_t const stop_after : {1, 2, 5})
        {
            test::ScratchFolder const folder;
            std::stop_source stop;
            CHECK_THROWS_AS(provide_chain(
                                spec, test::noise_images(), folder.path, at::kCPU,
                                [&](std::int64_t done, std::int64_t) {
                                    if (done == stop_after)
                                    {
                                        stop.request_stop();
                                    }
                                },
                                stop.get_token()),
                            Interrupted);
            CHECK_FALSE(std::filesystem::exists(chain::chain_path(folder.path, spec.id())));
            CHECK(same_bits(train_to_end(spec, folder.path), expected));
        }
    }
}

TEST_CASE("A sound chain is left alone, a damaged one is trained again")
{
    auto const spec = test::small_training(model::ModelKind::vae);
    test::ScratchFolder const folder;
    auto const expected = train_to_end(spec, folder.path);
    auto const path = chain::chain_path(folder.path, spec.id());
    auto const written = std::filesystem::last_write_time(path);
    train_to_end(spec, folder.path);
    CHECK(std::filesystem::last_write_time(path) == written);

    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
        file.put('\x55');
        file.put('\x66');
    }
    CHECK(same_bits(train_to_end(spec, folder.path), expected));
    CHECK(std::filesystem::exists(path.string() + ".bad"));
}

TEST_CASE("Training lowers the VAE's loss on the real objective")
{
    auto spec = test::small_training(model::ModelKind::vae);
    spec.hyper.batch = 32;
    auto const images = test::noise_images();
    auto const trainer = make_trainer(spec, images, at::kCPU);
    auto const mean_loss = [&](std::int64_t first) {
        for (std::int64_t step = first; step < first + 5; ++step)
        {
            trainer->step(step);
        }
        auto const losses = trainer->losses().take();
        return losses.at("reconstruction") + losses.at("divergence");
    };
    double const before = mean_loss(0);
    mean_loss(5);
    mean_loss(10);
    CHECK(mean_loss(15) < before);
}

TEST_CASE("A GAN step moves both networks; each by its own loss alone")
{
    auto const spec = test::small_training(model::ModelKind::dcgan);
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
