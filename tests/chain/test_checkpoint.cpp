#include <catch2/catch.hpp>
#include <fstream>

#include "base/error.hpp"
#include "chain/checkpoint.hpp"
#include "chain/safetensors.hpp"
#include "chain/small_chain.hpp"
#include "hdf5/python.hpp"

using namespace surf;
using namespace surf::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace
{

std::string refusal(fs::path const& path)
{
    return error_of<FileError>([&] { chain::read_checkpoint(path); });
}

}  // namespace

TEST_CASE("a checkpoint is read from safetensors and from HDF5", "[checkpoint]")
{
    ScratchFolder const folder;
    Parameters const tensors = {{"bn.num", {}, {3}},
                                {"fc.bias", {2}, {0.5F, 7}},
                                {"fc.weight", {2, 3}, {1, -2, 3e-40F, 0.1F, 5, 6}}};
    auto const check = [&](fs::path const& place) {
        Parameters const found = chain::read_checkpoint(place);
        REQUIRE(found.size() == tensors.size());
        for (std::size_t i = 0; i < found.size(); ++i)
        {
            INFO(found[i].name);
            CHECK(same(found[i], tensors[i]));
        }
    };
    SECTION("safetensors")
    {
        fs::path const path = folder.path / "x.safetensors";
        chain::write_safetensors(path, tensors);
        check(path);
    }
    SECTION("datasets in the root, one of them of float64, and a count of batches")
    {
        fs::path const path = folder.path / "x.h5";
        python(R"(
import h5py, numpy as np
with h5py.File(path, "w") as file:
    file["fc.weight"] = np.array([[1, -2, 3e-40], [0.1, 5, 6]], np.float32)
    file.create_dataset("fc.bias", data=np.array([0.5, 7], np.float64), compression="gzip", chunks=(1,))
    file["bn.num"] = np.float32(3)
    file["bn.num_batches_tracked"] = 5
)",
               path);
        check(path);
    }
    SECTION("datasets in groups of one group")
    {
        fs::path const path = folder.path / "x.hdf5";
        python(R"(
import h5py, numpy as np
with h5py.File(path, "w") as file:
    file["other"] = "text"
    file["epochs/7/fc/weight"] = np.array([[1, -2, 3e-40], [0.1, 5, 6]], np.float32)
    file["epochs/7/fc/bias"] = np.array([0.5, 7], np.float32)
    file["epochs/7/bn/num"] = np.float32(3)
)",
               path);
        check(path.string() + ":epochs/7");
    }
}

TEST_CASE("an HDF5 file that is no checkpoint is refused by name", "[checkpoint]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "x.h5";
    auto const make = [&](std::string const& lines) {
        python("import h5py, numpy as np\nfile = h5py.File(path, 'w')\n" + lines, path);
    };
    make("file['fc/w'] = 'text'\n");
    CHECK_THAT(refusal(path), Contains(path.string() + ": tensor fc.w is string"));
    make("file['w'] = np.zeros(2, np.int64)\n");
    CHECK_THAT(refusal(path), Contains("tensor w is int64 [2] (a network needs numbers)"));
    make("file['a/b'] = file['a.b'] = np.zeros(2)\n");
    CHECK_THAT(refusal(path), Contains("tensor a.b is there twice"));
    make("file['a'] = np.zeros(2)\nfile['g/up'] = file['/']\n");
    CHECK_THAT(refusal(path), Contains("lies too deep"));
    make("file.create_dataset('w', shape=(1 << 40,), dtype='f4')\n");
    CHECK_THAT(refusal(path), Contains("tensor w is float32 [1099511627776], more than the file"));
    make("file['w'] = np.zeros(2)\n");
    CHECK_THAT(refusal(path.string() + ":g"), Contains("g") && Contains(path.string()));
    fs::resize_file(path, fs::file_size(path) - 1);
    CHECK_THAT(refusal(path), Contains(path.string()));
    std::ofstream(path, std::ios::trunc) << "not HDF5";
    CHECK_THAT(refusal(path), Contains("is not an HDF5 file"));
    CHECK_THAT(error_of<EnvironmentError>([&] { chain::read_checkpoint(folder.path / "no.h5"); }),
               Contains("cannot open"));
}

TEST_CASE("a pickle is never read", "[checkpoint]")
{
    ScratchFolder const folder;
    for (char const* const name : {"x.pt", "x.pth", "x.pkl", "x"})
    {
        std::ofstream(folder.path / name) << "anything";
        CHECK_THAT(refusal(folder.path / name),
                   Contains(name) && Contains("pickles, which are code and never read"));
    }
}
