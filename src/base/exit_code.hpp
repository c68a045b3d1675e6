#pragma once

namespace surf
{

/// Exit codes of surf_sweep: an interface that batch scripts rely on. 1 is not among them: it is
/// what mpirun ends with when a signal ended it.
enum class ExitCode : int
{
    success = 0,
    bad_input = 2,        ///< command line or job file; nothing was started
    environment = 3,      ///< missing data, unwritable folder, absent device, full disk
    bad_file = 4,         ///< a file of ours that is damaged, of another version or another job
    blocks_failed = 5,    ///< finished, but some chains or blocks could not be computed
    rank_failed = 6,      ///< a rank could not go on; all stored segments are intact
    not_connected = 7,    ///< processes that were started together cannot find each other
    internal_error = 70,  ///< a bug: an exception that nobody expected
    interrupted = 75,     ///< stopped by a signal; the same command resumes
};

}  // namespace surf
