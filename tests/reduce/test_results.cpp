#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "base/error.hpp"
#include "hdf5/file.hpp"
#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"
#include "reduce/small_results.hpp"

using namespace surf;
using namespace surf::test;
namespace fs = std::filesystem;

TEST_CASE("xarray and netCDF4 show the sweep by its coordinates", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_results(folder.path);
    CHECK(h5::violations(path).empty());
    python(R"(
import numpy as np, xarray
for engine in ("h5netcdf", "netcdf4"):
    summary = xarray.open_dataset(path, group="summary", engine=engine)
    trials = xarray.open_dataset(path, group="trials", engine=engine)
    dims = ("experiment", "task", "model", "latent_dim", "training", "measurements", "method")
    assert summary.success_rate.dims == dims and summary.success_rate.shape == (3, 3, 2, 2, 2, 2, 3)
    assert list(summary.experiment.values) == ["table1", "figure3", "aside"]
    assert list(summary.task.values) == ["inversion", "recovery", "approximation"]
    assert list(summary.model.values) == ["dcgan", "vae"]
    assert list(summary.latent_dim.values) == [5, 20] and list(summary.training.values) == [1, 2] and list(summary.measurements.values) == [100, 784]
    assert list(summary.method.values) == ["adam", "surfing", "restarts"]
    assert int(np.isfinite(summary.trials.values).sum()) == 12
    assert list(summary.trials.sum(dims[1:]).values) == [460, 391, 0]
    assert trials.sizes["row"] == 851
    key = np.stack([trials[name].values for name in dims + ("trial",)])
    assert (np.lexsort(key[::-1]) == np.arange(851)).all()
    assert trials.experiment.attrs["flag_meanings"] == "table1 figure3 aside"
    assert list(trials.experiment.attrs["flag_values"]) == [0, 1, 2] and trials.experiment.dtype == np.int32
    latent = trials.latent.values
    assert latent.shape == (851, 20) and latent.dtype == np.float32
    short = trials.latent_dim.values == 5
    assert np.isnan(latent[short, 5:]).all() and np.isfinite(latent[short, :5]).all()
    assert np.isfinite(latent[~short]).all()
)",
           path);
}

TEST_CASE("an experiment's slice is what a job of this experiment alone gives", "[results]")
{
    ScratchFolder const folder;
    reduce::write_results(folder.path / "all.h5", small_results());
    for (std::string const name : {"table1", "figure3"})
    {
        reduce::ResultsInput alone = small_results();
        std::erase_if(alone.experiments, [&](auto const& each) { return each.name != name; });
        std::erase_if(alone.cells,
                      [&](auto const& cell) { return cell.result.experiment != name; });
        reduce::write_results(folder.path / (name + ".h5"), alone);
    }
    python(R"(
import numpy as np, xarray
for place, name in enumerate(["table1", "figure3"]):
    def group(file, group):
        return xarray.open_dataset(f"{path}/{file}.h5", group=group).load()
    alone = group(name, "summary")
    everything = group("all", "summary").sel(experiment=[name])
    cut = everything.sel({d: alone[d] for d in ("task", "model", "latent_dim", "training", "measurements", "method")})
    xarray.testing.assert_identical(cut, alone)
    assert int(alone.trials.count()) == int(everything.trials.count()) > 0  # and nothing beyond the cut
    def labelled(trials):  # experiments and models are numbered in their file
        model = trials.model
        labels = dict(zip(np.atleast_1d(model.attrs["flag_values"]), model.attrs["flag_meanings"].split()))
        labels = ("row", [labels[value] for value in model.values])
        return trials.drop_vars(["row", "experiment", "model"]).assign(model=labels)
    trials = group("all", "trials")
    trials = labelled(trials.isel(row=trials.experiment.values == place))
    own = labelled(group(name, "trials"))
    k = own.sizes["latent_component"]
    xarray.testing.assert_identical(trials.isel(latent_component=slice(k)), own)
)",
           folder.path);
}

TEST_CASE("h5py reads provenance, types and meanings", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_results(folder.path);
    python(R"(
import h5py, numpy as np
file = h5py.File(path)
assert file.attrs["filetype"] == "surf_sweep/results" and file.attrs["schema_version"] == "4.0"
provenance = dict(file["provenance"].attrs)
assert provenance == dict(job="[sweep]\nmodel = vae, dcgan\nlatent-dim = 5, 20\n", git_revision="e5bcf7d",
                          ranks="5", device="cpu — 2 Kerne")
experiments = {name: dict(group.attrs) for name, group in file["experiments"].items()}
assert experiments == {"table1": {"trials.count": "80", "trials.tasks": "inversion"}, "figure3": {"trials.count": "80"},
                       "aside": {}}
summary, pooled, trials = file["summary"], file["pooled"], file["trials"]
assert list(summary["model"].asstr()) == ["dcgan", "vae"] and summary["latent_dim"].dtype == np.int64
assert summary["trials"].dtype == np.int64 and (summary["trials"][...] == -1).sum() == 432 - 12
assert trials["method"].dtype == np.int8 and trials["method"].attrs["flag_meanings"] == "adam surfing restarts projected lm surfing-lm restarts-lm restarts-surfing restarts-surfing-lm"
assert list(trials["task"].attrs["flag_values"]) == [0, 1, 2]
model = trials["model"]
assert model.dtype == np.int32 and model.attrs["flag_values"].dtype == np.int32
assert list(model.attrs["flag_values"]) == [0, 1] and model.attrs["flag_meanings"] == "dcgan vae"
for group in (summary, pooled, trials):
    for data in group.values():
        assert {"units", "long_name"} <= set(data.attrs)
        assert data.is_scale or all(len(dim) == 1 for dim in data.dims)
)",
           path);
}

TEST_CASE("equal results have equal bytes, whatever the order they come in", "[results]")
{
    ScratchFolder const folder;
    fs::path const first = write_small_results(folder.path / "a");
    reduce::ResultsInput shuffled = small_results();
    std::mt19937 engine(3);
    auto cells = small_cells();
    std::shuffle(cells.begin(), cells.end(), engine);
    for (reduce::CellResult& cell : cells)
    {
        std::shuffle(cell.outcomes.begin(), cell.outcomes.end(), engine);
    }
    shuffled.cells = reduce::summarise(std::move(cells));
    reduce::write_results(folder.path / "b" / "results.h5", shuffled);
    CHECK(bytes_of(first) == bytes_of(folder.path / "b" / "results.h5"));
}

TEST_CASE("h5dump prints a column", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_results(folder.path);
    python(R"py(
import subprocess
command = ["h5dump", "-d", "/summary/complete", path]
text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
assert "H5T_STD_I8LE" in text and "SIMPLE { ( 3, 3, 2, 2, 2, 2, 3 )" in text, text
assert "(0,0,0,0,0,1,0): 1, 0, 1" in text and "(1,1,1,0,0,0,0): 1, 0, -1" in text, text
)py",
           path);
}

TEST_CASE("a sweep without any result makes a file all the same", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "results.h5";
    reduce::ResultsInput input = small_results();
    auto cells = small_cells();
    for (reduce::CellResult& cell : cells)
    {
        cell.outcomes.clear();
    }
    input.cells = reduce::summarise(std::move(cells));
    reduce::write_results(path, input);
    CHECK(h5::violations(path).empty());
    python(R"(
import xarray
for engine in ("h5netcdf", "netcdf4"):
    assert xarray.open_dataset(path, group="trials", engine=engine).sizes["row"] == 0
    assert float(xarray.open_dataset(path, group="summary", engine=engine).complete.max()) == 0
)",
           path);
}

TEST_CASE("results with a variable too few break their schema", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_results(folder.path);
    python("import h5py\nfile = h5py.File(path, 'r+')\ndel file['summary/budget_steps']\n", path);
    CHECK(h5::violations(path) == std::vector<std::string>{"/summary/budget_steps is missing"});
}

TEST_CASE("results of another major version are refused", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_results(folder.path);
    CHECK_NOTHROW(h5::FileReader(path, reduce::results_type));
    python("import h5py\nh5py.File(path, 'r+').attrs['schema_version'] = '1.0'\n", path);
    CHECK_THROWS_AS(h5::FileReader(path, reduce::results_type), FileError);
}
