#pragma once

#include <array>
#include <string_view>

#include "base/exit_code.hpp"

namespace surf::app
{

struct ExitCodeEntry
{
    ExitCode code;
    std::string_view description;
};

inline constexpr std::array exit_code_table = {
    ExitCodeEntry{ExitCode::success, "success"},
    ExitCodeEntry{ExitCode::bad_input, "bad command line or job file; nothing was started"},
    ExitCodeEntry{ExitCode::environment,
                  "missing data, unwritable folder, absent device, full disk"},
    ExitCodeEntry{ExitCode::bad_file, "a file that is damaged, of another version or another job"},
    ExitCodeEntry{ExitCode::blocks_failed,
                  "finished, but some chains or blocks could not be computed"},
    ExitCodeEntry{ExitCode::rank_failed, "a rank could not go on; what is stored is intact"},
    ExitCodeEntry{
        ExitCode::not_connected,
        "srun started several processes that cannot find each other; nothing was started"},
    ExitCodeEntry{ExitCode::internal_error, "internal error: a bug, please report it"},
    ExitCodeEntry{ExitCode::interrupted, "stopped by a signal; the same command resumes"},
};

}  // namespace surf::app
