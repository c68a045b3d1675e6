"""A package for Spack: copy it to REPOSITORY/packages/surf_sweep/package.py. Not tried yet."""

from spack.package import *


class SurfSweep(CMakePackage):
    """Latent recovery along the training paths of generators, swept over MPI ranks."""

    # Of a checkout: spack develop --path FOLDER surf_sweep@main
    version("main")

    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("boost@1.74: +program_options +math")
    depends_on("eigen@3.4:")
    depends_on("fmt")
    depends_on("hdf5@1.10: +mpi +hl")
    depends_on("mpi")
    depends_on("nlohmann-json")
    depends_on("py-torch@2.11:2")
    depends_on("random123")
    depends_on("spdlog +fmt_external")
    depends_on("xxhash")
    depends_on("zlib-api")

    def cmake_args(self):
        return [
            self.define("SURF_TORCH_DIR", join_path(python_platlib_of(self.spec["py-torch"]), "torch")),
            self.define("SURF_TESTS", False),
        ]


def python_platlib_of(package):
    return join_path(package.prefix, package["python"].package.platlib)
