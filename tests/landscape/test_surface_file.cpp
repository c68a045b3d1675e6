#include <catch2/catch.hpp>

#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"
#include "landscape/surface_file.hpp"

using namespace surf;
using namespace surf::landscape;
using namespace surf::test;

namespace
{

/// 2 targets, 2 levels, 5 × 5 points: value = −(100 target + 10 level + x1² + 2 (x2 − 1)² + shift).
Surfaces made_up(std::string const& model, double shift)
{
    Surfaces surfaces;
    surfaces.spec = {.targets = 2, .levels = 2, .extent = 2, .points = 5};
    surfaces.seed = 77;
    surfaces.model = model;
    CanonicalText chain;
    chain.add("model", model);
    surfaces.chain = ChainId::of(chain);
    surfaces.test_checksum = "abc";
    surfaces.test_index = {4321, 17};
    surfaces.shape = {3, 4, 5};
    for (int i = 0; i < 2 * 60; ++i)
    {
        surfaces.images.push_back(static_cast<float>(i) / 2048);
    }
    surfaces.snapshots = {0, 100};
    surfaces.steps = {0, model == "vae" ? 4000 : 8000};
    auto const axis = grid_axis(surfaces.spec);
    for (double const part : {0.0, 10.0, 100.0, 110.0})
    {
        for (double const x2 : axis)
        {
            for (double const x1 : axis)
            {
                surfaces.values.push_back(-(part + x1 * x1 + 2 * (x2 - 1) * (x2 - 1) + shift));
            }
        }
    }
    return surfaces;
}

}  // namespace

TEST_CASE("xarray and netCDF4 open a surface file as it is", "[landscape]")
{
    ScratchFolder const folder;
    auto const path = folder.path / "surface.h5";
    std::vector const surfaces = {made_up("vae", 0), made_up("dcgan", 0.5)};
    write_surfaces(path, surfaces, {{"revision", "abc1234"}});
    CHECK(h5::violations(path).empty());
    python(R"(
import h5py, netCDF4, numpy as np, xarray
for engine in ("h5netcdf", "netcdf4"):
    file = xarray.open_dataset(path, engine=engine, decode_times=False)
    assert file.attrs["filetype"] == "surf_sweep/surface" and file.attrs["schema_version"] == "2.0"
    assert file.attrs["seed"] == 77
    assert file.value.dims == ("model", "target", "level", "x2", "x1"), file.value.dims
    assert list(file.model.values) == ["vae", "dcgan"]
    assert np.array_equal(file.x1, [-2, -1, 0, 1, 2]) and np.array_equal(file.x2, file.x1)
    for shift, model in enumerate(("vae", "dcgan")):
        for t in (0, 1):
            for l in (0, 1):
                surface = file.value.sel(model=model, target=t, level=l)
                x1, x2 = np.meshgrid(file.x1, file.x2)
                assert np.array_equal(surface, -(100*t + 10*l + x1**2 + 2*(x2 - 1)**2 + shift/2))
                assert surface.sel(x1=2, x2=-1) == -(100*t + 10*l + 4 + 8 + shift/2)
                place = dict(model=model, target=t, level=l)
                assert file.best_value.sel(place) == surface.max()
                assert file.best_x1.sel(place) == 0 and file.best_x2.sel(place) == 1
    assert list(file.snapshot.values) == [0, 100] and file.snapshot.dims == ("level",)
    assert file.step.sel(model="vae").values.tolist() == [0, 4000]
    assert file.step.sel(model="dcgan").values.tolist() == [0, 8000]
    assert list(file.test_index.values) == [4321, 17]
    assert file.image.dims == ("target", "channel", "row", "column")
    assert np.array_equal(file.image, np.arange(120, dtype="f4").reshape(2, 3, 4, 5) / 2048)
    assert all(len(str(c)) == 32 for c in file.chain_id.values) and file.chain_id.dims == ("model",)
    for name, variable in file.variables.items():
        assert variable.attrs["long_name"] and variable.attrs["units"] == "1", name
attributes = h5py.File(path)
assert attributes["configuration"].attrs["surface.points"] == "5"
assert attributes["configuration"].attrs["seed"] == "77"
assert attributes["configuration"].attrs["chain.vae"] == file.chain_id.values[0]
assert attributes["provenance"].attrs["revision"] == "abc1234"
)",
           path);
}

TEST_CASE("Equal surfaces give equal bytes", "[landscape]")
{
    ScratchFolder const folder;
    Surfaces const surfaces = made_up("vae", 0);
    write_surfaces(folder.path / "a.h5", {&surfaces, 1});
    write_surfaces(folder.path / "b.h5", {&surfaces, 1});
    CHECK(bytes_of(folder.path / "a.h5") == bytes_of(folder.path / "b.h5"));
    CHECK(folder.files() == 2);
}
