# Everything that the project links, checked with advice. `bash cmake/setup.sh` installs it on Debian 12.
set(setup_advice "On Debian 12 run: bash cmake/setup.sh. Elsewhere see \"On a cluster\" in README.md.")

find_program(ccache_program ccache)
if(ccache_program AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_program})
endif()

find_package(Threads REQUIRED)

find_package(MPI COMPONENTS CXX)
if(NOT MPI_CXX_FOUND)
  message(FATAL_ERROR "No MPI for C++ found. ${setup_advice}")
endif()

set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 1.10 COMPONENTS C)
if(NOT HDF5_FOUND)
  message(FATAL_ERROR "No HDF5 (1.10 or later) found. ${setup_advice}")
endif()
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "The HDF5 found (${HDF5_C_LIBRARIES}) was built without MPI; the parallel build is "
                      "needed (Debian: libhdf5-openmpi-dev, modules: hdf5-parallel or phdf5). ${setup_advice}")
endif()
add_library(surf_hdf5_c INTERFACE)
target_include_directories(surf_hdf5_c SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(surf_hdf5_c INTERFACE ${HDF5_C_LIBRARIES} ${HDF5_C_HL_LIBRARIES} MPI::MPI_CXX)
find_library(hdf5_hl_library NAMES hdf5_openmpi_hl hdf5_mpich_hl hdf5_hl PATH_SUFFIXES hdf5/openmpi hdf5/mpich)
if(NOT hdf5_hl_library)
  message(FATAL_ERROR "HDF5's high-level library (libhdf5_hl) was not found. ${setup_advice}")
endif()
target_link_libraries(surf_hdf5_c INTERFACE ${hdf5_hl_library})

find_package(Eigen3 3.4 NO_MODULE) # headers alone; its target's includes are system ones
if(NOT Eigen3_FOUND)
  message(FATAL_ERROR "No Eigen 3 (3.4 or later) with its CMake package found (Debian: libeigen3-dev, modules: eigen). "
                      "${setup_advice}")
endif()

set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.74 COMPONENTS program_options)
find_package(fmt)
find_package(spdlog)
find_package(nlohmann_json)
find_package(ZLIB)
foreach(name Boost fmt spdlog nlohmann_json ZLIB)
  if(NOT ${name}_FOUND)
    message(FATAL_ERROR "${name} was not found. ${setup_advice}")
  endif()
endforeach()

find_library(xxhash_library xxhash)
find_path(xxhash_include xxhash.h)
find_path(random123_include Random123/philox.h)
if(NOT xxhash_library OR NOT xxhash_include OR NOT random123_include)
  message(FATAL_ERROR "xxHash or Random123 was not found. ${setup_advice}")
endif()
add_library(surf_xxhash INTERFACE)
target_include_directories(surf_xxhash SYSTEM INTERFACE ${xxhash_include})
target_link_libraries(surf_xxhash INTERFACE ${xxhash_library})
add_library(surf_random123 INTERFACE)
target_include_directories(surf_random123 SYSTEM INTERFACE ${random123_include})

include(LibTorch)
