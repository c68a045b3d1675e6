"""analysis/results.py: what it decodes and what it refuses."""

from pathlib import Path

import h5py
import numpy as np
import pytest

import results


def test_summary_is_labelled(results_file: Path) -> None:
    summary = results.summary(results_file)
    assert summary.success_rate.dims == ("task", "model", "latent_dim", "measurements", "method")
    # As a dictionary: `method` is also a parameter of sel.
    cell = summary.sel({"task": "inversion", "model": "wgan", "latent_dim": 5, "measurements": 784, "method": "adam"})
    assert (cell.trials, cell.successes, cell.success_rate) == (20, 9, 0.45)


def test_trials_have_names_for_numbers(results_file: Path) -> None:
    trials = results.trials(results_file)
    assert trials.sizes["row"] == 8 * 2 * 20
    assert trials.task.values[0] == "inversion" and trials.task.values[-1] == "recovery"
    assert set(trials.method.values) == {"adam", "surfing"}
    np.testing.assert_array_equal(trials.stop_reason == "non_finite", np.isnan(trials.distance))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(results.NotResultsError, match="absent.h5: no such file"):
        results.summary(tmp_path / "absent.h5")


def test_not_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "text.h5"
    path.write_text("text")
    with pytest.raises(results.NotResultsError, match="text.h5 is not an HDF5 file"):
        results.trials(path)


@pytest.mark.parametrize(
    ("attribute", "value", "problem"),
    [
        ("filetype", "surf_sweep/chain", "filetype surf_sweep/chain, not surf_sweep/results"),
        ("schema_version", "2.0", "schema version 2.0, this module reads 1.x"),
    ],
)
def test_other_files(results_file: Path, attribute: str, value: str, problem: str) -> None:
    with h5py.File(results_file, "a") as file:
        file.attrs[attribute] = value
    with pytest.raises(results.NotResultsError, match=problem):
        results.summary(results_file)
