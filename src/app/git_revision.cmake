# cmake -DSOURCE=FOLDER -DOUTPUT=FILE -P git_revision.cmake
# Writes the revision of FOLDER as a C++ source; leaves an up-to-date FILE alone.
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD
  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  set(revision unknown)
else()
  execute_process(COMMAND git -C ${SOURCE} diff --quiet HEAD RESULT_VARIABLE changed ERROR_QUIET)
  if(changed)
    string(APPEND revision -dirty)
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "app/versions.hpp"

char const* surf::app::git_revision()
{
    return "@revision@";
}
]])
