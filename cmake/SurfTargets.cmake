# surf_library(NAME SOURCES … [LINK …] [ATEN]): one folder of src, as library surf_NAME.
#
# ATEN: most sources include LibTorch, whose headers take longer to read than ours to compile: they
# are read once, precompiled with surf_model.

add_library(surf_options INTERFACE)
target_compile_options(surf_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  $<$<BOOL:${SURF_WERROR}>:-Werror>)
target_compile_definitions(surf_options INTERFACE $<$<BOOL:${SURF_CONTRACTS}>:SURF_CONTRACTS>)
if(SURF_SANITIZE)
  target_compile_options(surf_options INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer)
  target_link_options(surf_options INTERFACE -fsanitize=address,undefined)
endif()

function(surf_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ATEN" "" "SOURCES;LINK")
  add_library(surf_${name} STATIC ${arg_SOURCES})
  target_include_directories(surf_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(surf_${name} PUBLIC ${arg_LINK} PRIVATE surf_options)
  if(arg_ATEN AND name STREQUAL "model")
    target_precompile_headers(surf_model PRIVATE <ATen/ATen.h>)
  elseif(arg_ATEN)
    target_precompile_headers(surf_${name} REUSE_FROM surf_model)
  endif()
endfunction()
