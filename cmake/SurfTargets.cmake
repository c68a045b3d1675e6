# surf_library(NAME SOURCES … [LINK …]): one folder of src, as library surf_NAME.
# surf_test(NAME SOURCES … [LINK …]): one folder of tests, as program test_NAME run by CTest.

add_library(surf_options INTERFACE)
target_compile_options(surf_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  $<$<BOOL:${SURF_WERROR}>:-Werror>)
target_compile_definitions(surf_options INTERFACE $<$<BOOL:${SURF_CONTRACTS}>:SURF_CONTRACTS>)
if(SURF_SANITIZE)
  target_compile_options(surf_options INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer)
  target_link_options(surf_options INTERFACE -fsanitize=address,undefined)
endif()

function(surf_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  add_library(surf_${name} STATIC ${arg_SOURCES})
  target_include_directories(surf_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(surf_${name} PUBLIC ${arg_LINK} PRIVATE surf_options)
endfunction()
