#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "model/device.hpp"

using namespace surf;
using namespace surf::model;

TEST_CASE("The CPU can always be chosen")
{
    CHECK(choose_device(DeviceChoice::cpu, 0).is_cpu());
    CHECK(device_name(choose_device(DeviceChoice::cpu, 3)) == "cpu");
}

TEST_CASE("Automatic takes CUDA where it is listed; asking for it elsewhere is an error")
{
    bool const listed = describe_devices().back().starts_with("cuda:0");
    CHECK(choose_device(DeviceChoice::automatic, 0).is_cuda() == listed);
    if (listed)
    {
        CHECK(choose_device(DeviceChoice::cuda, 0).is_cuda());
    }
    else
    {
        CHECK_THROWS_AS(choose_device(DeviceChoice::cuda, 0), EnvironmentError);
        CHECK_THROWS_WITH(choose_device(DeviceChoice::cuda, 0),
                          Catch::Contains("device = cuda") && Catch::Contains("--device cpu"));
    }
}

TEST_CASE("Compute threads are what was asked for")
{
    set_compute_threads(1);
    CHECK(at::get_num_threads() == 1);
}

TEST_CASE("Versions are found")
{
    CHECK(libtorch_version().starts_with("2."));
    CHECK_THAT(blas_version(), !Catch::Contains("unknown"));
}
