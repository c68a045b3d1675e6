#include "mpi/check.hpp"

#include <fmt/format.h>
#include <mpi.h>

#include <array>

namespace surf::mpi
{

void check(int code, char const* call)
{
    if (code == MPI_SUCCESS)
    {
        return;
    }
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw MpiError(
        fmt::format("{} failed: {} (ranks cannot work together); see the log of the rank "
                    "that failed first, then start again: stored work is kept",
                    call, text.data()));
}

}  // namespace surf::mpi
