"""A small results file, written with h5py alone in the layout of hdf5_schema/results.json."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "analysis"))

TASKS = ["inversion", "recovery"]
MODELS = ["dcgan", "wgan"]
METHODS = ["adam", "surfing"]
LATENT_DIMS = [2, 5]
MEASUREMENTS = [20, 50, 784]
TRIALS = 20
# Successes of (adam, surfing) in every cell of the job.
SUCCESSES = {"inversion": (9, 20), "recovery": (4, 0)}


def cells() -> list[tuple[int, int, int, int]]:
    """Indices (task, model, latent_dim, measurements) of the job: inversion has m = 784, recovery less and only k = 5."""
    inversion = [(0, model, k, 2) for model in (0, 1) for k in (0, 1)]
    recovery = [(1, model, 1, m) for model in (0, 1) for m in (0, 1)]
    return inversion + recovery


def wilson(successes: int, trials: int) -> tuple[float, float]:
    z, p = 1.959964, successes / trials
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    return centre - half, centre + half


def scale(group: h5py.Group, name: str, values: list) -> h5py.Dataset:
    dataset = group.create_dataset(name, data=values, dtype=h5py.string_dtype() if isinstance(values[0], str) else "i8")
    dataset.make_scale(name)
    return dataset


def write_summary(group: h5py.Group) -> None:
    scales = [
        scale(group, "task", TASKS),
        scale(group, "model", MODELS),
        scale(group, "latent_dim", LATENT_DIMS),
        scale(group, "measurements", MEASUREMENTS),
        scale(group, "method", METHODS),
    ]
    shape = [len(s) for s in scales]
    values = {name: np.full(shape, np.nan) for name in ("success_rate", "success_low", "success_high")}
    values |= {name: np.zeros(shape, "i8") for name in ("trials", "successes")}
    for cell in cells():
        for method, successes in enumerate(SUCCESSES[TASKS[cell[0]]]):
            low, high = wilson(successes, TRIALS)
            at = (*cell, method)
            values["trials"][at], values["successes"][at] = TRIALS, successes
            values["success_rate"][at] = successes / TRIALS
            values["success_low"][at], values["success_high"][at] = low, high
    for name, array in values.items():
        dataset = group.create_dataset(name, data=array)
        for dimension, dimension_scale in zip(dataset.dims, scales):
            dimension.attach_scale(dimension_scale)


def write_trials(group: h5py.Group) -> None:
    """Trials that succeed end at distance 0, the others at 4 − k·0.1; one adam trial at NaN a cell."""
    rows = []
    for task, model, k, m in cells():
        for method, successes in enumerate(SUCCESSES[TASKS[task]]):
            for trial in range(TRIALS):
                lost = method == 0 and trial == TRIALS - 1
                distance = np.nan if lost else 0.0 if trial < successes else 4 - 0.1 * LATENT_DIMS[k]
                rows.append((task, model, method, 2 if lost else 0, LATENT_DIMS[k], MEASUREMENTS[m], trial, distance))
    row = scale(group, "row", list(range(len(rows))))
    columns = list(zip(*rows))
    meanings = {"task": TASKS, "model": MODELS, "method": METHODS}
    meanings["stop_reason"] = ["converged", "iteration_cap", "non_finite"]
    names = ["task", "model", "method", "stop_reason", "latent_dim", "measurements", "trial", "distance"]
    for name, column in zip(names, columns):
        kind = "i1" if name in meanings else "f8" if name == "distance" else "i8"
        dataset = group.create_dataset(name, data=np.array(column, kind))
        dataset.dims[0].attach_scale(row)
        if name in meanings:
            dataset.attrs["flag_values"] = np.arange(len(meanings[name]), dtype="i1")
            dataset.attrs["flag_meanings"] = " ".join(meanings[name])


@pytest.fixture
def results_file(tmp_path: Path) -> Path:
    path = tmp_path / "results.h5"
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["filetype"] = "surf_sweep/results"
        file.attrs["schema_version"] = "1.0"
        write_summary(file.create_group("summary", track_order=True))
        write_trials(file.create_group("trials", track_order=True))
    return path
