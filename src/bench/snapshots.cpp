#include "bench/snapshots.hpp"

#include <ATen/ATen.h>
#include <stdlib.h>

#include <filesystem>
#include <system_error>

#include "base/error.hpp"
#include "bench/random_generator.hpp"
#include "bench/trial_load.hpp"
#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"
#include "model/frozen_layer.hpp"
#include "trial/engine.hpp"

namespace surf::bench
{
namespace fs = std::filesystem;

namespace
{

constexpr std::int64_t latent_dim = TrialSetting{}.latent_dim;

/// A folder for files that nobody needs afterwards.
class TemporaryFolder
{
  public:
    TemporaryFolder()
    {
        std::string name = (fs::temp_directory_path() / "surf_bench-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
        {
            throw EnvironmentError("cannot make folder " + name +
                                   " (chains of 26 MB a snapshot are written there); set TMPDIR");
        }
        path_ = name;
    }
    ~TemporaryFolder()
    {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    TemporaryFolder(TemporaryFolder const&) = delete;
    TemporaryFolder& operator=(TemporaryFolder const&) = delete;

    fs::path const& path() const { return path_; }

  private:
    fs::path path_;
};

/// A finished chain whose snapshots are all the same random generator.
class SmallChain
{
  public:
    explicit SmallChain(std::int64_t snapshots) : reader_(write(folder_.path(), snapshots)) {}

    chain::Reader const& reader() const { return reader_; }

  private:
    static fs::path write(fs::path const& folder, std::int64_t snapshots)
    {
        GeneratorSpec const generator = infogan(latent_dim);
        chain::ChainHeader header{{}, snapshots, generator, "surf_bench"};
        header.configuration.add("purpose", "bench").add("snapshots", snapshots);
        chain::PartialChain partial(folder, header);
        chain::Snapshot snapshot{.generator = random_parameters(generator)};
        for (std::int64_t t = 0; t < snapshots; ++t)
        {
            require_going_on();
            snapshot.index = snapshot.step = t;
            partial.write_snapshot(snapshot);
        }
        partial.finish();
        return chain::chain_path(folder, header.id());
    }

    TemporaryFolder folder_;
    chain::Reader reader_;
};

double bytes_of(Parameters const& parameters)
{
    double bytes = 0;
    for (NamedArray const& array : parameters)
    {
        bytes += static_cast<double>(sizeof(float)) * static_cast<double>(array.size());
    }
    return bytes;
}

void measure_prepare(Session& session, std::string const& name)
{
    GeneratorSpec const generator = infogan(latent_dim);
    Parameters const parameters = random_parameters(generator);
    auto const evaluators = trial::frozen_evaluators(session.device);
    Spread const seconds = time_call([&] { evaluators(generator, parameters, at::kFloat); },
                                     session.device, session.options.min_time);
    session.report.add({"snapshots", name, seconds.times(1e3), "ms"});
}

void measure_read(Session& session, std::string const& name)
{
    SmallChain const chain(3);
    std::int64_t reads = 0;
    auto const read = [&] { return chain.reader().read(reads++ % 3); };
    double const bytes = bytes_of(read().generator);
    Spread const seconds = time_call([&] { read(); }, session.device, session.options.min_time);
    session.report.add({"snapshots", name + "/time", seconds.times(1e3), "ms"});
    session.report.add({"snapshots", name + "/bandwidth", seconds.under(bytes / 1e9), "GB/s"});
}

constexpr std::int64_t steps_a_snapshot = 5;

/// A block of trials that surfs along the whole chain.
BlockSpec surfing_block(chain::Reader const& chain)
{
    TrialSetting const setting;
    BlockSpec block;
    block.cell = cell_of(setting);
    block.cell.chain = chain.id();
    block.cell.generator = chain.header().generator;
    block.cell.method = Method::surfing;
    block.cell.surfing.schedule = Schedule::uniform;
    block.cell.stop = endless_rule(steps_a_snapshot);
    block.count = setting.batch;
    block.budget.steps = steps_a_snapshot * (chain.snapshots() - 1);
    return block;
}

/// What snapshots that a block only passes cost beyond as many iterations on a network that has
/// been used for long: from the differences between a long and a short chain, and between many
/// iterations and one. (The latter's include looking for the end, which is small beside a network.)
void measure_surfing(Session& session, std::string const& name)
{
    constexpr std::int64_t few_snapshots = 5;
    constexpr std::int64_t more_snapshots = 15;
    constexpr std::int64_t iterations = (more_snapshots - few_snapshots) * steps_a_snapshot;
    SmallChain const short_chain(few_snapshots);
    SmallChain const long_chain(more_snapshots);
    auto const evaluators = trial::frozen_evaluators(session.device);
    auto const surf = [&](SmallChain const& chain) {
        auto const block = surfing_block(chain.reader());
        return seconds_of(
            [&] {
                trial::Checkpoint never;
                trial::run_block(block, {.chain = chain.reader()}, session.device, evaluators,
                                 never);
            },
            session.device);
    };
    TrialLoad load({}, evaluators, session.device);
    auto const stay = [&](std::int64_t count) {
        return seconds_of([&] { load.run(count); }, session.device);
    };
    surf(long_chain);
    stay(model::uses_before_packing + 1);
    // All in one sample, so that what slows the machine down for a while slows both.
    Spread const overhead = repeat(
        [&] {
            double const passing = surf(long_chain) - surf(short_chain);
            double const staying = stay(iterations + 1) - stay(1);
            return 100 * (passing / staying - 1);
        },
        session.options.min_time);
    session.report.add({"snapshots", name, overhead, "% of the iterations"});
}

}  // namespace

Cases snapshot_cases()
{
    Cases cases;
    auto const add = [&](std::string const& name, auto measure) {
        cases.push_back({name, Ranks::first, [=](Session& session) { measure(session, name); }});
    };
    add("snapshots/prepare", measure_prepare);
    add("snapshots/read", measure_read);
    add("snapshots/surfing", measure_surfing);
    return cases;
}

}  // namespace surf::bench
