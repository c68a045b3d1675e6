#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/pending_file.hpp"
#include "base/stop_signal.hpp"
#include "base/wait_policy.hpp"
#include "bench/case_list.hpp"
#include "bench/context.hpp"
#include "model/heap.hpp"
#include "mpi/environment.hpp"
#include "mpi/topology.hpp"

namespace surf::bench
{
namespace
{

void print_names(Cases const& cases)
{
    for (Case const& it : cases)
    {
        fmt::print("{}\n", it.name);
    }
}

void run(Options const& options, mpi::Communicator const& world)
{
    bool const first = world.rank() == 0;
    if (options.help)
    {
        fmt::print("{}", first ? help_text() : "");
        return;
    }
    int const node_rank = mpi::node_topology(world).node_rank;
    at::Device const device = model::choose_device(options.device, node_rank);
    Cases const cases = chosen_cases(all_cases(device, world.size(), options), options);
    if (options.list)
    {
        print_names(first ? cases : Cases{});
        return;
    }
    catch_stop_signals(patience_of_work);
    model::set_compute_threads(options.threads);
    Session session{options, device, world, Report(first ? Output::table : Output::silent)};
    measure(cases, session);
    if (first && options.json)
    {
        publish_text(*options.json, session.report.to_json(context_of(session)).dump(2) + "\n");
    }
}

ExitCode fail(std::exception const& error, mpi::Communicator const& world)
{
    ExitCode const code = exit_code_of(error);
    bool const everywhere = code == ExitCode::bad_input;  // all ranks read the same command line
    if (!everywhere || world.rank() == 0)
    {
        fmt::print(stderr, "surf_bench: {}: {}\n",
                   code == ExitCode::internal_error ? "internal error" : "error", error.what());
    }
    if (!everywhere && world.size() > 1)
    {
        mpi::abort(code);  // the others may be waiting for this rank
    }
    return code;
}

ExitCode run_main(std::vector<std::string> const& arguments, mpi::Communicator const& world)
{
    try
    {
        setup_logging(world.rank(), "warn");
        run(parse_options(arguments), world);
        return ExitCode::success;
    }
    catch (std::exception const& error)
    {
        return fail(error, world);
    }
}

}  // namespace
}  // namespace surf::bench

int main(int argc, char** argv)
{
    surf::settle_threads(argv);
    surf::model::prepare_heap();
    surf::mpi::Environment const environment(argc, argv);
    auto const world = surf::mpi::Communicator::world();
    return static_cast<int>(surf::bench::run_main({argv + 1, argv + argc}, world));
}
