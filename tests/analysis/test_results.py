"""surf_sweep/results.py: what it decodes and what it refuses."""

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from conftest import BLOCKS, SEED, THREE, hit_evaluations

from surf_sweep import files, results

SCHEMA = json.loads((Path(__file__).parents[2] / "hdf5_schema/results.json").read_text())


@pytest.mark.parametrize("file", ["results_file", "trainings_file"])
def test_what_the_tests_write_is_in_the_schema(file: str, request: pytest.FixtureRequest) -> None:
    def check(name: str, entry: h5py.Dataset | h5py.Group) -> None:
        if name == "provenance":
            assert set(SCHEMA["groups"]["/provenance"]["attributes"]) - {"*"} <= entry.attrs.keys()
        if isinstance(entry, h5py.Dataset):
            described = SCHEMA["datasets"][f"/{name}"]
            dims = [scales[0].name.split("/")[-1] if len(scales) else name.split("/")[-1] for scales in entry.dims]
            kind = "string" if h5py.check_string_dtype(entry.dtype) else entry.dtype.name
            assert (dims, kind) == (described["dims"], described["type"]), name
            for attribute in ("_FillValue", "flag_values", "flag_meanings"):
                assert (attribute in entry.attrs) == (attribute in described["attributes"]), (name, attribute)

    with h5py.File(request.getfixturevalue(file)) as written:
        assert written.attrs["schema_version"] == SCHEMA["schema_version"]
        written.visititems(check)


def test_every_dataset_of_the_schema_is_described() -> None:
    for name, dataset in SCHEMA["datasets"].items():
        assert {"units", "long_name"} <= dataset["attributes"].keys(), name
        of_group = [f"{name.rpartition('/')[0]}/{dimension}" for dimension in dataset["dims"]]
        assert all(dimension in SCHEMA["datasets"] for dimension in of_group), name
        assert dataset["attributes"].get("_FillValue", dataset["type"]) == dataset["type"], name


def test_summary_is_labelled(results_file: Path) -> None:
    summary = results.summary(results_file)
    dims = ("experiment", "task", "model", "latent_dim", "training", "measurements", "method")
    assert summary.success_rate.dims == dims
    # As a dictionary: `method` is also a parameter of sel.
    where = {"experiment": "table1", "task": "inversion", "model": "wgan", "latent_dim": 5, "training": 1}
    where |= {"measurements": 784}
    cell = summary.sel({**where, "method": "adam"})
    assert (cell.trials, cell.successes, cell.success_rate, cell.operator) == (20, 9, 0.45, "identity")
    assert summary.operator.sel({**where, "experiment": "figure1", "method": "adam"}) == ""


def test_pooled_is_over_all_dimensions_but_the_training(trainings_file: Path) -> None:
    pooled, summary = results.pooled(trainings_file), results.summary(trainings_file)
    assert pooled.success_rate.dims == ("experiment", "task", "model", "latent_dim", "measurements", "method")
    assert pooled.hits_within.dims == (*pooled.success_rate.dims, "evaluations")
    where = {"experiment": "table1", "task": "inversion", "model": "wgan", "latent_dim": 5, "measurements": 784}
    cell = pooled.sel({**where, "method": "adam"})
    assert (cell.trainings, cell["trials"], cell.success_rate) == (3, 60, pytest.approx((9 + 7 + 12) / 60))
    assert cell.complete == "yes"
    assert summary.successes.sel({**where, "method": "adam"}).values.tolist() == [9, 7, 12]
    assert summary.training.values.tolist() == [7, 8, 11]
    nothing = pooled.sel({**where, "experiment": "figure1", "method": "adam"})
    assert np.isnan(nothing.trainings) and nothing.complete == ""


def test_trials_of_several_trainings(trainings_file: Path) -> None:
    trials = results.trials(trainings_file)
    assert len(trials) == 8 * 3 * 5 * 20
    chosen = (trials.task == "recovery") & (trials.measurements == 50) & (trials.training == 11)
    chosen &= trials.method == "restarts-lm"
    hits = hit_evaluations(3, THREE.successes["recovery"][2][3]).astype(float)
    np.testing.assert_array_equal(trials.hit_evaluations[chosen].astype(float), np.where(hits < 0, np.nan, hits))


def test_trials_have_names_for_numbers(results_file: Path) -> None:
    trials = results.trials(results_file)
    assert len(trials) == 8 * 3 * 20
    assert trials.task.iloc[0] == "inversion" and trials.task.iloc[-1] == "approximation"
    assert set(trials.method) == {"adam", "surfing", "restarts"}
    inversion = trials.task == "inversion"
    np.testing.assert_array_equal(trials.experiment, np.where(inversion, "table1", "figures3and4"))
    np.testing.assert_array_equal(trials.operator, np.where(inversion, "identity", "gaussian"))
    lost = (trials.stop_reason == "non_finite") | (trials.task == "approximation")
    np.testing.assert_array_equal(lost, trials.distance.isna())


def test_success_is_true_false_or_missing(results_file: Path) -> None:
    trials = results.trials(results_file)
    assert trials.success.dtype == "boolean"
    undefined = trials.task == "approximation"
    assert trials.success[undefined].isna().all()
    np.testing.assert_array_equal(trials.success[~undefined].astype(bool), trials.distance[~undefined] == 0)


def test_cells_have_a_row_each(results_file: Path) -> None:
    cells, trials = results.cells(results_file), results.trials(results_file)
    assert len(cells) == 8 * 3 and cells.complete.dtype == "boolean" and cells.complete.all()
    for number, cell in cells.iterrows():
        of_cell = trials[trials.cell == number]
        assert len(of_cell) == cell.trials
        for name in results.PLACE:
            assert set(of_cell[name]) == {cell[name]}
        if cell.task == "approximation":
            assert pd.isna(cell.successes) and np.isnan(cell.success_rate)
        else:
            assert cell.successes == of_cell.success.sum() and cell.success_rate == cell.successes / cell.trials


def test_several_files_lie_under_each_other(results_file: Path, trainings_file: Path) -> None:
    both = results.open(results_file, trainings_file)
    for name, count in (("cells", 24 + 120), ("trials", 480 + 2400)):
        table = getattr(both, name)
        assert len(table) == count and list(table.file.unique()) == [str(results_file), str(trainings_file)]
    assert "file" not in results.open(results_file).cells


def test_blocks_say_when_and_where(results_file: Path) -> None:
    blocks = results.blocks(results_file)
    assert list(blocks["rank"]) == [rank for rank, _, _ in BLOCKS]
    assert list(blocks.seconds) == [end - start for _, start, end in BLOCKS]
    assert str(blocks.start[2]) == "2017-07-14 02:40:50+00:00"
    assert set(blocks.experiment) == {"table1"} and set(blocks.host) == {"node7"}


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "results").glob("*/*.h5")), ids=lambda path: path.name)
def test_kept_results_are_read_whatever_their_schema(path: Path) -> None:
    sweep = results.open(path)
    assert set(results.PLACE) <= set(sweep.cells) and set(results.PLACE) <= set(sweep.trials)
    rates = sweep.trials.groupby(results.PLACE).success.mean()
    cells = sweep.cells.set_index(results.PLACE)
    np.testing.assert_allclose(cells.success_rate.astype(float), rates.reindex(cells.index).astype(float))
    assert (cells.complete == (cells.trials == cells.trials_planned)).all()
    medians = sweep.trials.groupby(results.PLACE).distance.quantile(0.5)
    np.testing.assert_allclose(cells.distance_p50, medians.reindex(cells.index))
    with h5py.File(path) as file:
        assert sweep.blocks.empty == file.attrs["schema_version"].startswith("4.")  # that knows no blocks
    assert sweep.provenance["job_id"]


def as_netcdf_tools_write_it(path: Path) -> None:
    """Strings of attributes as lists of one, as nccopy leaves them."""
    with h5py.File(path, "a") as file:
        def rewrite(_: str, entry: h5py.Group | h5py.Dataset) -> None:
            for name, value in entry.attrs.items():
                if isinstance(value, str):
                    entry.attrs[name] = np.array([value], h5py.string_dtype())

        rewrite("/", file)
        file.visititems(rewrite)


def test_files_that_netcdf_tools_rewrote_are_read(results_file: Path) -> None:
    expected = results.open(results_file)
    cells, trials, experiments, provenance = expected.cells, expected.trials, expected.experiments, expected.provenance
    as_netcdf_tools_write_it(results_file)
    rewritten = results.open(results_file)
    pd.testing.assert_frame_equal(rewritten.cells, cells)
    pd.testing.assert_frame_equal(rewritten.trials, trials)
    assert (rewritten.experiments, rewritten.provenance) == (experiments, provenance)
    assert results.summary(results_file).equals(results.summary(results_file))


def test_a_group_that_is_missing_is_said_in_one_line(results_file: Path) -> None:
    with h5py.File(results_file, "a") as file:
        del file["cells"]
    with pytest.raises(files.UnreadableError, match="group cells is not as surf_sweep wrote it"):
        results.cells(results_file)


def test_experiments_in_the_order_of_the_job(results_file: Path) -> None:
    experiments = results.experiments(results_file)
    assert list(experiments) == ["table1", "figure1", "figures3and4"]
    assert experiments["figures3and4"] == {"trials.tasks": "recovery,approximation", "trials.seed": SEED}


def test_an_experiment_may_have_a_seed_of_its_own(results_file: Path) -> None:
    with h5py.File(results_file, "a") as file:
        file["experiments/figures3and4"].attrs["trials.seed"] = "202"
    seeds = {name: settings["trials.seed"] for name, settings in results.experiments(results_file).items()}
    assert seeds == {"table1": SEED, "figure1": SEED, "figures3and4": "202"}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(files.UnreadableError, match="absent.h5: no such file"):
        results.summary(tmp_path / "absent.h5")


def test_not_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "text.h5"
    path.write_text("text")
    with pytest.raises(files.UnreadableError, match="text.h5 is not an HDF5 file"):
        results.trials(path)


@pytest.mark.parametrize("read", [results.summary, results.pooled, results.trials, results.cells, results.experiments])
@pytest.mark.parametrize(
    ("attribute", "value", "problem"),
    [
        ("filetype", "surf_sweep/chain", "filetype surf_sweep/chain, not surf_sweep/results"),
        ("schema_version", "1.0", "schema version 1.0, this module reads 4.x and 5.x"),
        ("schema_version", "3.0", "schema version 3.0, this module reads 4.x and 5.x"),
        ("schema_version", "6.1", "schema version 6.1, this module reads 4.x and 5.x"),
    ],
)
def test_other_files(results_file: Path, read, attribute: str, value: str, problem: str) -> None:
    with h5py.File(results_file, "a") as file:
        file.attrs[attribute] = value
    with pytest.raises(files.UnreadableError, match=problem):
        read(results_file)
