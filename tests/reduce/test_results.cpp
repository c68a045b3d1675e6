#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "hdf5/file.hpp"
#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"
#include "reduce/random_outcomes.hpp"
#include "reduce/results.hpp"

using namespace surf;
using namespace surf::test;
namespace fs = std::filesystem;

namespace
{

reduce::CellResult cell(trial::Task task, model::ModelKind model, std::int64_t latent_dim,
                        std::int64_t measurements, trial::Method method, std::int64_t done,
                        double success_chance)
{
    reduce::CellResult result;
    result.spec.problem = {1, model, latent_dim, task, measurements};
    result.spec.method = method;
    result.planned = 80;
    result.budget = method == trial::Method::surfing ? 471 : 0;
    auto const seed = static_cast<std::uint32_t>(latent_dim + measurements + done);
    result.outcomes = random_outcomes(seed, done, success_chance, latent_dim);
    return result;
}

/// Six of sixteen combinations; one cell incomplete, one without successes, one without trials.
reduce::ResultsInput sweep()
{
    using enum trial::Task;
    using enum trial::Method;
    using enum model::ModelKind;
    reduce::ResultsInput input;
    input.cells = {
        cell(inversion, dcgan, 5, 784, surfing, 80, 0.85),
        cell(recovery, vae, 20, 100, adam, 80, 0),
        cell(inversion, dcgan, 5, 784, adam, 80, 0.55),
        cell(inversion, vae, 5, 784, adam, 71, 0.6),
        cell(recovery, vae, 5, 100, adam, 80, 0.99),
        cell(recovery, vae, 5, 100, surfing, 0, 0),
    };
    input.provenance = {{"git_revision", "e5bcf7d"}, {"ranks", "5"}, {"device", "cpu — 2 Kerne"}};
    input.job = "[sweep]\nmodel = vae, dcgan\nlatent-dim = 5, 20\n";
    return input;
}

fs::path write_sweep(fs::path const& folder)
{
    reduce::write_results(folder / "results.h5", sweep());
    return folder / "results.h5";
}

}  // namespace

TEST_CASE("numpy and scipy find the statistics in the trials", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = write_sweep(folder.path);
    CHECK(h5::violations(path).empty());
    python(R"(
import numpy as np, xarray
from scipy.stats import binomtest

def percentile(values, q):
    # numpy's own, but with 0 * inf = 0 and inf - inf = 0 in its interpolation
    low, high = (np.percentile(values, q, method=method) for method in ("lower", "higher"))
    return low if low == high else high if np.isinf(high) else np.percentile(values, q)

for engine in ("h5netcdf", "netcdf4"):
    summary = xarray.open_dataset(path, group="summary", engine=engine)
    trials = xarray.open_dataset(path, group="trials", engine=engine)
    dims = ("task", "model", "latent_dim", "measurements", "method")
    assert summary.success_rate.dims == dims and summary.success_rate.shape == (2, 2, 2, 2, 2)
    assert list(summary.task.values) == ["inversion", "recovery"]
    assert list(summary.model.values) == ["vae", "dcgan"]
    assert list(summary.latent_dim.values) == [5, 20] and list(summary.measurements.values) == [100, 784]
    assert list(summary.method.values) == ["adam", "surfing"]
    assert int(np.isfinite(summary.trials.values).sum()) == 6
    assert float(summary.trials.sum()) == trials.sizes["row"] == 391
    key = np.stack([trials[name].values for name in dims + ("trial",)])
    assert (np.lexsort(key[::-1]) == np.arange(391)).all()

    def names(column):
        flags = dict(zip(trials[column].attrs["flag_values"], trials[column].attrs["flag_meanings"].split()))
        return np.array([flags[value] for value in trials[column].values])

    text = {column: names(column) for column in ("task", "model", "method", "stop_reason")}
    seen = 0
    for index in np.ndindex(summary.success_rate.shape):
        where = {d: summary[d].values[i] for d, i in zip(dims, index)}
        cell = summary.isel({d: i for d, i in zip(dims, index)})
        rows = np.logical_and.reduce([(text[d] if d in text else trials[d].values) == v for d, v in where.items()])
        t = trials.isel(row=rows)
        n = t.sizes["row"]
        if n == 0:
            assert np.isnan(cell.success_rate) and np.isnan(cell.iterations_p75), where
            assert np.isnan(cell.trials) or float(cell.trials) == 0
            continue
        seen += 1
        assert list(t.trial.values) == list(range(n))
        k = int(t.success.sum())
        assert float(cell.trials) == n and float(cell.successes) == k
        assert float(cell.complete) == (n == 80) and float(cell.trials_planned) == 80
        assert float(cell.budget) == (471 if where["method"] == "surfing" else 0)
        assert np.isclose(float(cell.success_rate), k / n, rtol=1e-15)
        interval = binomtest(k, n).proportion_ci(method="wilson")
        assert np.allclose([float(cell.success_low), float(cell.success_high)], interval, rtol=1e-13, atol=1e-15)
        hits = t.first_hit.values[t.success.values == 1]
        assert np.isnan(t.first_hit.values[t.success.values == 0]).all()
        if k:
            assert np.isclose(float(cell.iterations_p75), np.percentile(hits, 75), rtol=1e-15)
        else:
            assert np.isnan(cell.iterations_p75)
        censored = np.concatenate([hits, np.full(n - k, np.inf)])
        assert np.isclose(float(cell.iterations_p75_censored), percentile(censored, 75), rtol=1e-14)
        assert np.isclose(float(cell.total_iterations_p75), np.percentile(t.iterations, 75), rtol=1e-15)
        assert np.isclose(float(cell.total_iterations_mean), t.iterations.values.mean(), rtol=1e-14)
        for column in ("distance", "pixel_error"):
            values = np.where(np.isnan(t[column].values), np.inf, t[column].values)
            expected = [percentile(values, 100 * q) for q in summary["quantile"].values]
            assert np.allclose(cell[column + "_quantile"].values, expected, rtol=1e-13), (where, column)
        for reason in summary.stop_reason.values:
            count = float(cell.trials_by_stop_reason.sel(stop_reason=reason))
            assert count == (text["stop_reason"][rows] == reason).sum()
    assert seen == 5
    latent = trials.latent.values
    assert latent.shape == (391, 20) and latent.dtype == np.float32
    short = trials.latent_dim.values == 5
    assert np.isnan(latent[short, 5:]).all() and np.isfinite(latent[short, :5]).all()
    assert np.isfinite(latent[~short]).all()
)",
           path);
}

TEST_CASE("h5py reads provenance, types and meanings", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = write_sweep(folder.path);
    python(R"(
import h5py, numpy as np
file = h5py.File(path)
assert file.attrs["filetype"] == "surf_sweep/results" and file.attrs["schema_version"] == "1.0"
provenance = dict(file["provenance"].attrs)
assert provenance == dict(job="[sweep]\nmodel = vae, dcgan\nlatent-dim = 5, 20\n", git_revision="e5bcf7d",
                          ranks="5", device="cpu — 2 Kerne")
summary, trials = file["summary"], file["trials"]
assert list(summary["model"].asstr()) == ["vae", "dcgan"] and summary["latent_dim"].dtype == np.int64
assert summary["trials"].dtype == np.int64 and (summary["trials"][...] == -1).sum() == 26
assert trials["method"].dtype == np.int8 and trials["method"].attrs["flag_meanings"] == "adam surfing"
assert list(trials["task"].attrs["flag_values"]) == [0, 1]
for group in (summary, trials):
    for data in group.values():
        assert {"units", "long_name"} <= set(data.attrs)
        assert data.is_scale or all(len(dim) == 1 for dim in data.dims)
)",
           path);
}

TEST_CASE("equal results have equal bytes, whatever the order they come in", "[results]")
{
    ScratchFolder const folder;
    fs::path const first = write_sweep(folder.path / "a");
    reduce::ResultsInput shuffled = sweep();
    std::mt19937 engine(3);
    std::shuffle(shuffled.cells.begin(), shuffled.cells.end(), engine);
    for (reduce::CellResult& cell : shuffled.cells)
    {
        std::shuffle(cell.outcomes.begin(), cell.outcomes.end(), engine);
    }
    reduce::write_results(folder.path / "b" / "results.h5", shuffled);
    CHECK(bytes_of(first) == bytes_of(folder.path / "b" / "results.h5"));
}

TEST_CASE("h5dump prints a column", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = write_sweep(folder.path);
    python(R"py(
import subprocess
command = ["h5dump", "-d", "/summary/complete", path]
text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
assert "H5T_STD_I8LE" in text and "SIMPLE { ( 2, 2, 2, 2, 2 )" in text, text
assert "(0,1,0,1,0): 1, 1" in text and "(1,0,0,0,0): 1, 0" in text, text
)py",
           path);
}

TEST_CASE("a sweep without any result makes a file all the same", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "results.h5";
    reduce::ResultsInput input = sweep();
    for (reduce::CellResult& cell : input.cells)
    {
        cell.outcomes.clear();
    }
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
    fs::path const path = write_sweep(folder.path);
    python("import h5py\nfile = h5py.File(path, 'r+')\ndel file['summary/budget']\n", path);
    CHECK(h5::violations(path) == std::vector<std::string>{"/summary/budget is missing"});
}
