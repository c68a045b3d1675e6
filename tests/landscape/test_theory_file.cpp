#include <catch2/catch.hpp>
#include <limits>

#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"
#include "landscape/theory_file.hpp"

using namespace surf;
using namespace surf::landscape;
using namespace surf::test;

namespace
{

/// 2 expansions, 2 measurement counts, 1 norm, 2 searches, 2 radii, 3 networks; sample i has i of
/// 20 points negative, ball i the radius 0.5, 1 or infinity in turn.
Theory made_up()
{
    Theory theory;
    theory.spec = {.latent_dim = 5,
                   .hidden_layers = 1,
                   .expansions = {2, 4},
                   .measurements = {0, 9},
                   .target_norms = {1.5},
                   .radii = {0.5, 1},
                   .networks = 3};
    theory.seed = 8;
    theory.widths = {{5, 10, 10}, {5, 20, 20}};
    for (int i = 0; i < 16; ++i)
    {
        theory.samples.push_back({20, i, 0.25 - i, -1.0 - i});
    }
    for (int i = 0; i < 24; ++i)
    {
        int const kind = (i + i / 3) % 3;
        theory.ball_radius.push_back(kind == 0   ? 0.5
                                     : kind == 1 ? 1
                                                 : std::numeric_limits<double>::infinity());
    }
    return theory;
}

}  // namespace

TEST_CASE("xarray and netCDF4 open a theory file as it is", "[landscape]")
{
    ScratchFolder const folder;
    auto const path = folder.path / "theory.h5";
    write_theory(path, made_up(), {{"revision", "abc1234"}});
    CHECK(h5::violations(path).empty());
    python(R"(
import h5py, netCDF4, numpy as np, xarray
from scipy.stats import binomtest
for engine in ("h5netcdf", "netcdf4"):
    file = xarray.open_dataset(path, engine=engine, decode_times=False)
    assert file.attrs["filetype"] == "surf_sweep/theory" and file.attrs["seed"] == 8
    dims = ("expansion", "measurements", "target_norm", "search", "radius")
    assert file.negative.dims == dims, file.negative.dims
    assert list(file.expansion) == [2, 4] and list(file.measurements) == [0, 9]
    assert list(file.search.values) == ["uniform", "climbed"] and list(file.radius) == [0.5, 1]
    assert list(file.target_norm) == [1.5] and list(file.network) == [0, 1, 2]
    assert np.array_equal(file.width, [[5, 10, 10], [5, 20, 20]])
    assert np.allclose(file.width_condition, [10 / (5 * np.log(10)), 20 / (5 * np.log(20))])
    count = np.arange(16).reshape(2, 2, 1, 2, 2)
    assert np.array_equal(file.negative, count) and np.all(file.points == 20)
    assert file.negative.sel(expansion=4, measurements=0, target_norm=1.5, search="climbed", radius=1) == 11
    assert np.array_equal(file.worst_derivative, 0.25 - count)
    assert np.array_equal(file.mean_derivative, -1.0 - count)
    assert np.allclose(file.negative_share, count / 20)
    balls = file.ball_radius
    assert balls.dims == dims[:4] + ("network",) and np.isposinf(balls.values).sum() == 8
    descending = sum((balls.isel(network=n) <= file.radius).astype(int) for n in range(3)).transpose(*dims)
    assert np.array_equal(file.networks_descending, descending) and set(descending.values.flat) == {1, 2}
    def check(held, of, low, high):
        for h, o, l, u in zip(held.values.flat, of.values.flat, low.values.flat, high.values.flat):
            interval = binomtest(int(h), int(o)).proportion_ci(method="wilson")
            assert np.isclose(l, interval.low) and np.isclose(u, interval.high), (h, o, l, u)
    check(file.negative, file.points, file.negative_low, file.negative_high)
    check(file.networks_descending, xarray.full_like(file.points, 3), file.networks_low, file.networks_high)
    assert np.allclose(file.networks_share, descending / 3)
    for name, variable in file.variables.items():
        assert variable.attrs["long_name"] and variable.attrs["units"] == "1", name
attributes = h5py.File(path)
assert attributes["configuration"].attrs["theory.expansions"] == "2,4"
assert attributes["configuration"].attrs["theory.hidden_layers"] == "1"
assert attributes["configuration"].attrs["seed"] == "8"
assert attributes["provenance"].attrs["revision"] == "abc1234"
)",
           path);
}

TEST_CASE("Equal samples give equal bytes", "[landscape]")
{
    ScratchFolder const folder;
    write_theory(folder.path / "a.h5", made_up());
    write_theory(folder.path / "b.h5", made_up());
    CHECK(bytes_of(folder.path / "a.h5") == bytes_of(folder.path / "b.h5"));
    CHECK(folder.files() == 2);
}
