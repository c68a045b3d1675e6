#pragma once

namespace surf::test
{

enum class Output
{
    everything,
    failures,  ///< nothing at all as long as every test passes
};

/// Runs the program's Catch2 tests as the command line asks. Returns an exit code: 0 if all passed,
/// not 0 if one failed or none was run.
int run_session(int argc, char** argv, Output output);

}  // namespace surf::test
