#include "mpi/communicator.hpp"
#include "mpi/environment.hpp"
#include "support/session.hpp"

/// Rank 0 prints, the others print failures only; every rank returns the worst code of all.
int main(int argc, char** argv)
{
    using surf::test::Output;
    surf::mpi::Environment const environment(argc, argv);
    auto const world = surf::mpi::Communicator::world();
    int const code = surf::test::run_session(
        argc, argv, world.rank() == 0 ? Output::everything : Output::failures);
    return world.max(code);
}
