#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <new>
#include <stdexcept>

#include "app/out_of_memory.hpp"
#include "base/error.hpp"

using namespace surf;
using namespace surf::app;

TEST_CASE("what lacks memory is an error of the environment", "[out_of_memory]")
{
    CHECK_THROWS_AS(naming_memory([] { throw std::bad_alloc(); }), EnvironmentError);
    constexpr std::int64_t pebibyte = std::int64_t{1} << 50;
    CHECK_THROWS_WITH(naming_memory([] { at::empty({pebibyte}, at::kByte).fill_(1); }),
                      Catch::Contains("(1073741824.0 MiB were asked for)"));
    // As the interpreter of TorchScript passes it on.
    CHECK_THROWS_WITH(naming_memory([] {
                          throw std::runtime_error(
                              "Traceback of TorchScript:\nRuntimeError: "
                              "DefaultCPUAllocator: can't allocate memory: "
                              "you tried to allocate 1048576 bytes.");
                      }),
                      Catch::Contains("(1.0 MiB were asked for)"));
}

TEST_CASE("other errors pass as they are", "[out_of_memory]")
{
    CHECK_THROWS_AS(naming_memory([] { throw FileError("damaged"); }), FileError);
    CHECK_THROWS_AS(naming_memory([] { throw std::logic_error("a bug"); }), std::logic_error);
    CHECK_THROWS_AS(naming_memory([] { at::zeros({2}).view({3}); }), c10::Error);
}
