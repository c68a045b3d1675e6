#include <catch2/catch.hpp>

#include "base/error.hpp"

using namespace surf;

TEST_CASE("an error is one printable line, whatever a file says", "[error]")
{
    FileError const error("x.h5: task \x1B[2J\r\nsurf_sweep: all is well\x7F (é)");
    CHECK(std::string(error.what()) == "x.h5: task ?[2J??surf_sweep: all is well? (é)");
    CHECK(error.code() == ExitCode::bad_file);
}
