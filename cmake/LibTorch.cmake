# Target LibTorch::cpu: the C++ libraries of a PyTorch 2.x wheel.
#
# Not find_package(Torch): on a wheel with CUDA that demands an installed CUDA toolkit, and beside
# Debian's libtorch it mixes two versions. Only torch_cpu and c10 are linked; CUDA is loaded at
# run time where there is a driver. LibTorch::cuda, where the wheel has CUDA, is for the plugin
# that is loaded with it.
set(SURF_TORCH_DIR "" CACHE PATH
    "Folder of a PyTorch 2.x wheel (the one with lib/libtorch_cpu.so); empty: the one in .venv")

if(SURF_TORCH_DIR)
  set(torch_root ${SURF_TORCH_DIR})
else()
  file(GLOB torch_candidates ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
  list(GET torch_candidates 0 torch_root)
endif()
if(NOT EXISTS ${torch_root}/lib/libtorch_cpu.so OR NOT EXISTS ${torch_root}/include/ATen/ATen.h)
  message(FATAL_ERROR "No PyTorch wheel in \"${torch_root}\". ${setup_advice} "
                      "Or name one: -DSURF_TORCH_DIR=.../site-packages/torch")
endif()
file(STRINGS ${torch_root}/version.py torch_version REGEX "^__version__")
string(REGEX REPLACE ".*['\"]([0-9.]+).*" "\\1" torch_version "${torch_version}")
if(torch_version VERSION_LESS 2.11 OR torch_version VERSION_GREATER_EQUAL 3)
  message(FATAL_ERROR "PyTorch ${torch_version} in ${torch_root}: 2.11 or a later 2.x is needed. ${setup_advice}")
endif()
message(STATUS "LibTorch ${torch_version}: ${torch_root}")

# The wheel carries headers of another fmt than the one we link: ours must be found first.
get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/first)
file(CREATE_LINK ${fmt_include}/fmt ${CMAKE_BINARY_DIR}/first/fmt SYMBOLIC)

add_library(LibTorch::cpu INTERFACE IMPORTED)
target_include_directories(LibTorch::cpu SYSTEM INTERFACE
  ${CMAKE_BINARY_DIR}/first
  ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
target_link_libraries(LibTorch::cpu INTERFACE ${torch_root}/lib/libtorch_cpu.so ${torch_root}/lib/libc10.so)
set(SURF_TORCH_LIB_DIR ${torch_root}/lib)

file(GLOB cuda_candidates ${torch_root}/../nvidia/*/include)
find_path(SURF_CUDA_INCLUDE cuda_runtime_api.h HINTS ${cuda_candidates} /usr/local/cuda/include)
if(SURF_CUDA_INCLUDE AND EXISTS ${torch_root}/lib/libtorch_cuda.so)
  add_library(LibTorch::cuda INTERFACE IMPORTED)
  target_include_directories(LibTorch::cuda SYSTEM INTERFACE ${SURF_CUDA_INCLUDE})
  target_link_libraries(LibTorch::cuda INTERFACE
    LibTorch::cpu ${torch_root}/lib/libtorch_cuda.so ${torch_root}/lib/libc10_cuda.so)
else()
  message(STATUS "No CUDA in this LibTorch, or no cuda_runtime_api.h: GPUs will do without CUDA graphs")
endif()
