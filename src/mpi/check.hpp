#pragma once

#include <string>

#include "base/error.hpp"

namespace surf::mpi
{

/// An MPI call that failed: this rank cannot go on.
class MpiError : public Error
{
  public:
    explicit MpiError(std::string const& text) : Error(ExitCode::rank_failed, text) {}
};

/// Throws MpiError with the call's name and MPI's own text unless `code` is MPI_SUCCESS.
void check(int code, char const* call);

}  // namespace surf::mpi
