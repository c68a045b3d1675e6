#include <fmt/format.h>

#include "app/command.hpp"
#include "app/versions.hpp"
#include "hdf5/file.hpp"
#include "model/device.hpp"
#include "mpi/environment.hpp"

namespace surf::app
{

Versions versions()
{
    return {.program = SURF_VERSION,
            .revision = git_revision(),
            .libtorch = model::libtorch_version(),
            .blas = model::blas_version(),
            .mpi = mpi::library_version(),
            .hdf5 = h5::library_version()};
}

std::map<std::string, std::string> version_attributes()
{
    Versions const all = versions();
    return {{"program_version", all.program},   {"git_revision", all.revision},
            {"libtorch_version", all.libtorch}, {"blas_version", all.blas},
            {"mpi_version", all.mpi},           {"hdf5_version", all.hdf5}};
}

ExitCode version_command(Options const&)
{
    Versions const all = versions();
    fmt::print("surf_sweep {} (revision {})\n", all.program, all.revision);
    fmt::print("LibTorch   {}\n", all.libtorch);
    fmt::print("BLAS       {}\n", all.blas);
    fmt::print("MPI        {}\n", all.mpi);
    fmt::print("HDF5       {}\n", all.hdf5);
    for (std::string const& device : model::describe_devices())
    {
        fmt::print("device     {}\n", device);
    }
    return ExitCode::success;
}

}  // namespace surf::app
