#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <set>

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
    coded = ("experiment", "task", "model", "method")
    key = np.stack([trials[name + "_code" if name in coded else name].values for name in dims + ("trial",)])
    assert (np.lexsort(key[::-1]) == np.arange(851)).all()
    experiment = trials.experiment_code
    assert experiment.attrs["flag_meanings"] == "table1 figure3 aside"
    assert list(experiment.attrs["flag_values"]) == [0, 1, 2] and experiment.dtype == np.int32
    assert not hasattr(trials, "method")  # numbers that one might compare with names
    latents = xarray.open_dataset(path, group="latents", engine=engine)
    latent = latents.latent.values
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
    def labelled(trials):  # cells, experiments and models are numbered in their file
        model = trials.model_code
        labels = dict(zip(np.atleast_1d(model.attrs["flag_values"]), model.attrs["flag_meanings"].split()))
        labels = ("row", [labels[value] for value in model.values])
        return trials.drop_vars(["row", "cell", "experiment_code", "model_code"]).assign(model=labels)
    trials = group("all", "trials")
    rows = trials.experiment_code.values == place
    xarray.testing.assert_identical(labelled(trials.isel(row=rows)), labelled(group(name, "trials")))
    own = group(name, "latents").drop_vars("row")
    latents = group("all", "latents").drop_vars("row").isel(row=rows)
    xarray.testing.assert_identical(latents.isel(latent_component=slice(own.sizes["latent_component"])), own)
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
assert file.attrs["filetype"] == "surf_sweep/results" and file.attrs["schema_version"] == "5.0"
provenance = dict(file["provenance"].attrs)
assert provenance == dict(job="[sweep]\nmodel = vae, dcgan\nlatent-dim = 5, 20\n", git_revision="e5bcf7d",
                          ranks="5", device="cpu — 2 Kerne")
experiments = {name: dict(group.attrs) for name, group in file["experiments"].items()}
assert experiments == {"table1": {"trials.count": "80", "trials.tasks": "inversion"}, "figure3": {"trials.count": "80"},
                       "aside": {}}
summary, pooled, trials = file["summary"], file["pooled"], file["trials"]
assert list(summary["model"].asstr()) == ["dcgan", "vae"] and summary["latent_dim"].dtype == np.int64
assert summary["trials"].dtype == np.int64 and (summary["trials"][...] == -1).sum() == 432 - 12
method = trials["method_code"]
assert method.dtype == np.int32 and method.attrs["flag_meanings"] == "adam surfing restarts projected lm surfing-lm restarts-lm restarts-surfing restarts-surfing-lm"
assert list(trials["task_code"].attrs["flag_values"]) == [0, 1, 2]
model = trials["model_code"]
assert model.dtype == np.int32 and model.attrs["flag_values"].dtype == np.int32
assert list(model.attrs["flag_values"]) == [0, 1] and model.attrs["flag_meanings"] == "dcgan vae"
assert "/cells" in file.attrs["contents"]
for group in (file["cells"], summary, pooled, trials, file["latents"], file["blocks"], file["chains"]):
    for data in group.values():
        assert {"units", "long_name"} <= set(data.attrs)
        assert data.is_scale or all(len(dim) == 1 for dim in data.dims)
)",
           path);
}

TEST_CASE("a row of /cells has the names of its cell and what /summary says of it", "[results]")
{
    ScratchFolder const folder;
    fs::path const path = write_small_results(folder.path);
    python(R"(
import numpy as np, xarray
for engine in ("h5netcdf", "netcdf4"):
    cells = xarray.open_dataset(path, group="cells", engine=engine).load()
    summary = xarray.open_dataset(path, group="summary", engine=engine).load()
    trials = xarray.open_dataset(path, group="trials", engine=engine).load()
    table = cells.to_dataframe()
    assert len(table) == cells.sizes["cell"] == 12
    assert list(table.task.unique()) == ["inversion", "recovery", "approximation"]
    dims = ("experiment", "task", "model", "latent_dim", "training", "measurements", "method")
    compared = 0
    for number, row in table.iterrows():
        cell = summary.sel({d: row[d] for d in dims})
        for name in cells.data_vars:
            if name in summary and name not in dims:
                np.testing.assert_array_equal(row[name], cell[name].item(), err_msg=name)
                compared += 1
        for reason in summary.stop_reason.values:
            assert row["stopped_" + reason] == cell.trials_by_stop_reason.sel(stop_reason=reason)
        for q in (5, 25, 50, 75, 95):
            for name in ("distance", "pixel_error"):
                expected = cell[name + "_quantile"].sel(quantile=q / 100).item()
                np.testing.assert_array_equal(row[f"{name}_p{q:02}"], expected)
        assert row.operator == ("identity" if row.task == "inversion" else "gaussian")
        for name in ("experiment", "task", "model", "operator", "method"):
            flags = cells[name + "_code"].attrs
            codes = dict(zip(flags["flag_values"], flags["flag_meanings"].split()))
            assert codes[row[name + "_code"]] == row[name]
        rows = trials.cell.values == number
        assert rows.sum() == row.trials and (trials.method_code.values[rows] == row.method_code).all()
        if row.task == "approximation":
            assert np.isnan(trials.success.values[rows]).all()
        else:
            assert set(trials.success.values[rows]) <= {0, 1} and trials.success.values[rows].sum() == row.successes
    assert compared > 12 * 25
    assert (table.cell_id[table.experiment == "table1"].isin(table.cell_id[table.experiment == "figure3"])).sum() == 1
)",
           path);
}

TEST_CASE("a trial's x*, start and image are those that its streams give", "[results]")
{
    ScratchFolder const folder;
    reduce::ResultsInput input = small_results();
    std::map<std::string, CellSpec> specs;
    for (reduce::SummarisedCell& cell : input.cells)
    {
        CellSpec& spec = cell.result.spec;
        spec.problem.target_scale = 2;
        cell.result.test_images = spec.method == Method::adam ? 7 : reduce::CellResult::unknown;
        specs.emplace(spec.id().hex(), spec);
    }
    reduce::write_results(folder.path / "results.h5", input);
    h5::FileReader const file(folder.path / "results.h5", reduce::results_type);
    h5::Group const trials = file.root().group("trials");
    h5::Group const latents = file.root().group("latents");
    auto const ids = file.root().group("cells").dataset("cell_id").read<std::string>();
    auto const cells = trials.dataset("cell").read<std::int64_t>();
    auto const numbers = trials.dataset("trial").read<std::int64_t>();
    auto const images = trials.dataset("target_index").read<std::int64_t>();
    auto const targets = latents.dataset("target_latent").read<float>();
    auto const starts = latents.dataset("initial_latent").read<float>();
    constexpr std::size_t width = 20;
    REQUIRE(targets.size() == numbers.size() * width);
    std::set<std::int64_t> chosen;
    for (std::size_t row = 0; row < numbers.size(); ++row)
    {
        CellSpec const& spec = specs.at(ids[static_cast<std::size_t>(cells[row])]);
        std::vector<float> drawn(static_cast<std::size_t>(spec.generator.latent_dim));
        std::size_t const last = row * width + drawn.size() - 1;
        spec.stream(Purpose::initial_latent, numbers[row]).fill_uniform(drawn, -1, 1);
        CHECK(starts[last] == drawn.back());
        CHECK((drawn.size() == width || std::isnan(starts[last + 1])));
        spec.stream(Purpose::target_latent, numbers[row]).fill_uniform(drawn, -1, 1);
        bool const searched = has_latent(spec.problem.task);
        CHECK((searched ? targets[last] == 2 * drawn.back() : std::isnan(targets[last])));
        if (searched || spec.method != Method::adam)
        {
            CHECK(images[row] == reduce::CellResult::unknown);
            continue;
        }
        auto stream = spec.stream(Purpose::target_image, numbers[row]);
        CHECK(images[row] == static_cast<std::int64_t>(stream.below(7)));
        chosen.insert(images[row]);
    }
    CHECK(chosen.size() == 7);  // of 80 trials
}

TEST_CASE("blocks and chains say how a result came about", "[results]")
{
    ScratchFolder const folder;
    reduce::ResultsInput input = small_results();
    CellSpec const& shared = input.cells[3].result.spec;  // of two experiments
    input.blocks = {{BlockId::of({}), shared.id(), 50, 10, {"node7", "cpu", 12.5, 3, 1.5e9, 100}},
                    {BlockId::of({}), shared.id(), 60, 10, {"node8", "cpu — 2 Kerne", 2}}};
    input.chains = {{shared.chain, "vae", 5, 1, 101, 0.25, 0.75},
                    {shared.chain, "wgan", 5, 1, 101}};
    reduce::write_results(folder.path / "results.h5", input);
    CHECK(h5::violations(folder.path / "results.h5").empty());
    python(R"(
import numpy as np, xarray
for engine in ("h5netcdf", "netcdf4"):
    blocks = xarray.open_dataset(path, group="blocks", engine=engine).load()
    assert str(blocks.start.values[0])[:19] == "2017-07-14T02:40:00" and np.isnat(blocks.start.values[1])
    assert blocks["rank"].values[0] == 3 and np.isnan(blocks["rank"].values[1])
    assert list(blocks["first"]) == [50, 60] and list(blocks.trials) == [10, 10] and list(blocks.seconds) == [12.5, 2]
    assert list(blocks.host.values) == ["node7", "node8"] and blocks.device.values[1] == "cpu — 2 Kerne"
    cells = xarray.open_dataset(path, group="cells", engine=engine).load()
    of_block = cells.sel(cell=blocks.cell.values[0])
    assert (of_block.experiment, of_block.model, of_block.method) == ("table1", "vae", "adam")
    chains = xarray.open_dataset(path, group="chains", engine=engine).load()
    assert list(chains.model.values) == ["vae", "wgan"] and list(chains.snapshots) == [101, 101]
    assert chains.pixel_frechet_distance[0] == 0.25 and chains.diversity[0] == 0.75
    assert np.isnan(chains.diversity[1]) and chains.chain_id[0] == of_block.chain_id
)",
           folder.path / "results.h5");
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

TEST_CASE("a table of many blocks is compressed, but for its texts", "[results]")
{
    ScratchFolder const folder;
    reduce::ResultsInput input = small_results();
    input.blocks.assign(5'000, {.id = BlockId::of({}),
                                .cell = input.cells.front().result.spec.id(),
                                .run = {.host = "node7", .device = "cpu"}});
    reduce::write_results(folder.path / "results.h5", input);
    python(R"(
import h5py
blocks = h5py.File(path)["blocks"]
assert blocks["seconds"].compression == "gzip" and blocks["host"].compression is None
assert set(blocks["host"].asstr()) == {"node7"} and len(blocks["host"]) == 5000
)",
           folder.path / "results.h5");
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
