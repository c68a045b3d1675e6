# surf_library(NAME SOURCES … [LINK …] [ATEN]): one folder of src, as library surf_NAME.
#
# ATEN: most sources include LibTorch, which must be read anyway.
#
# Headers take longer to read than our code to compile: those that many sources include are read
# once, precompiled with the lowest library that has them. Each source still names what it uses
# (-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON shows where it does not).
set(SURF_COMMON_HEADERS
  <algorithm> <array> <cmath> <cstdint> <filesystem> <fstream> <functional> <limits> <map> <memory>
  <numeric> <optional> <set> <span> <string> <string_view> <utility> <vector>
  <fmt/format.h> <fmt/ranges.h>)

add_library(surf_options INTERFACE)
target_compile_options(surf_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  $<$<BOOL:${SURF_WERROR}>:-Werror>)
target_compile_definitions(surf_options INTERFACE $<$<BOOL:${SURF_CONTRACTS}>:SURF_CONTRACTS>)
if(SURF_SANITIZE)
  target_compile_options(surf_options INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer)
  target_link_options(surf_options INTERFACE -fsanitize=address,undefined)
endif()
if(SURF_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SURF_FUZZ needs clang, which has libFuzzer: cmake --preset fuzz")
  endif()
  target_compile_options(surf_options INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined)
endif()

function(surf_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ATEN" "" "SOURCES;LINK")
  add_library(surf_${name} STATIC ${arg_SOURCES})
  target_include_directories(surf_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(surf_${name} PUBLIC ${arg_LINK} PRIVATE surf_options)
  if(name STREQUAL "base")
    target_precompile_headers(surf_base PRIVATE ${SURF_COMMON_HEADERS})
  elseif(name STREQUAL "model")
    target_precompile_headers(surf_model PRIVATE <ATen/ATen.h> ${SURF_COMMON_HEADERS})
  elseif(arg_ATEN)
    target_precompile_headers(surf_${name} REUSE_FROM surf_model)
  else()
    target_precompile_headers(surf_${name} REUSE_FROM surf_base)
  endif()
endfunction()
