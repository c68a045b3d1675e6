"""analysis/results.py: what it decodes and what it refuses."""

from pathlib import Path

import h5py
import numpy as np
import pytest

import files
import results


def test_summary_is_labelled(results_file: Path) -> None:
    summary = results.summary(results_file)
    dims = ("experiment", "task", "model", "latent_dim", "measurements", "method")
    assert summary.success_rate.dims == dims
    # As a dictionary: `method` is also a parameter of sel.
    where = {"experiment": "table1", "task": "inversion", "model": "wgan", "latent_dim": 5, "measurements": 784}
    cell = summary.sel({**where, "method": "adam"})
    assert (cell.trials, cell.successes, cell.success_rate, cell.operator) == (20, 9, 0.45, "identity")
    assert summary.operator.sel({**where, "experiment": "figure1", "method": "adam"}) == ""


def test_trials_have_names_for_numbers(results_file: Path) -> None:
    trials = results.trials(results_file)
    assert trials.sizes["row"] == 8 * 3 * 20
    assert trials.task.values[0] == "inversion" and trials.task.values[-1] == "approximation"
    assert set(trials.method.values) == {"adam", "surfing", "restarts"}
    inversion = trials.task == "inversion"
    np.testing.assert_array_equal(trials.experiment, np.where(inversion, "table1", "figures3and4"))
    np.testing.assert_array_equal(trials.operator, np.where(inversion, "identity", "gaussian"))
    lost = (trials.stop_reason == "non_finite") | (trials.task == "approximation")
    np.testing.assert_array_equal(lost, np.isnan(trials.distance))


def test_experiments_in_the_order_of_the_job(results_file: Path) -> None:
    experiments = results.experiments(results_file)
    assert list(experiments) == ["table1", "figure1", "figures3and4"]
    assert experiments["figures3and4"] == {"trials.tasks": "recovery,approximation"}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(files.UnreadableError, match="absent.h5: no such file"):
        results.summary(tmp_path / "absent.h5")


def test_not_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "text.h5"
    path.write_text("text")
    with pytest.raises(files.UnreadableError, match="text.h5 is not an HDF5 file"):
        results.trials(path)


@pytest.mark.parametrize("read", [results.summary, results.trials, results.experiments])
@pytest.mark.parametrize(
    ("attribute", "value", "problem"),
    [
        ("filetype", "surf_sweep/chain", "filetype surf_sweep/chain, not surf_sweep/results"),
        ("schema_version", "1.0", "schema version 1.0, this module reads 3.x"),
        ("schema_version", "4.1", "schema version 4.1, this module reads 3.x"),
    ],
)
def test_other_files(results_file: Path, read, attribute: str, value: str, problem: str) -> None:
    with h5py.File(results_file, "a") as file:
        file.attrs[attribute] = value
    with pytest.raises(files.UnreadableError, match=problem):
        read(results_file)
