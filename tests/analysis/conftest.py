"""A small results file, written with h5py alone in the layout of hdf5_schema/results.json."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "analysis"))

# Of each experiment: the tasks. "figure1" has no trials.
EXPERIMENTS = {"table1": ["inversion"], "figure1": [], "figures3and4": ["recovery", "approximation"]}
TASKS = ["inversion", "recovery", "approximation"]
OPERATORS = ["identity", "gaussian"]
MODELS = ["dcgan", "wgan"]
METHODS = ["adam", "surfing", "restarts"]
LATENT_DIMS = [2, 5]
MEASUREMENTS = [20, 50, 784]
QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]
TRIALS = 20
# Successes of each method in every cell of the job.
SUCCESSES = {"inversion": (9, 20, 14), "recovery": (4, 0, 6), "approximation": (0, 0, 0)}


def cells() -> list[tuple[int, int, int, int, int]]:
    """Indices (experiment, task, model, latent_dim, measurements) of the job.

    Inversion has m = 784; the others less, only k = 5, and only DCGAN.
    """
    inversion = [(0, 0, model, k, 2) for model in (0, 1) for k in (0, 1)]
    return inversion + [(2, task, 0, 1, m) for task in (1, 2) for m in (0, 1)]


def pixel_error_quantile(method: int, m: int) -> list[float]:
    """Of approximation; Adam's last one is infinite: some of its trials were not."""
    errors = [(1 + number + method) * 0.02 / (1 + m) for number in range(5)]
    return [*errors[:4], np.inf] if method == 0 else errors


def wilson(successes: int, trials: int) -> tuple[float, float]:
    z, p = 1.959964, successes / trials
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    return centre - half, centre + half


def scale(group: h5py.Group, name: str, values: list) -> h5py.Dataset:
    kinds = {str: h5py.string_dtype(), float: "f8", int: "i8"}
    dataset = group.create_dataset(name, data=values, dtype=kinds[type(values[0])])
    dataset.make_scale(name)
    return dataset


def add_flags(dataset: h5py.Dataset, meanings: list[str]) -> None:
    dataset.attrs["flag_values"] = np.arange(len(meanings), dtype=dataset.dtype)
    dataset.attrs["flag_meanings"] = " ".join(meanings)


def write_summary(group: h5py.Group, experiments: list[str]) -> None:
    coordinates = {
        "experiment": experiments,
        "task": TASKS,
        "model": MODELS,
        "latent_dim": LATENT_DIMS,
        "measurements": MEASUREMENTS,
        "method": METHODS,
        "quantile": QUANTILES,
    }
    scales = [scale(group, name, values) for name, values in coordinates.items()]
    shape = [len(s) for s in scales]
    values = {name: np.full(shape[:-1], np.nan) for name in ("success_rate", "success_low", "success_high")}
    values |= {name: np.full(shape[:-1], -1, "i8") for name in ("trials", "successes")}
    values["operator"] = np.full(shape[:-1], -1, "i1")
    values["pixel_error_quantile"] = np.full(shape, np.nan)
    for cell in cells():
        task, m = cell[1], cell[4]
        for method, successes in enumerate(SUCCESSES[TASKS[task]]):
            at = (*cell, method)
            values["trials"][at] = TRIALS
            values["operator"][at] = min(task, 1)
            if TASKS[task] == "approximation":
                values["pixel_error_quantile"][at] = pixel_error_quantile(method, m)
                continue
            values["successes"][at] = successes
            values["success_rate"][at] = successes / TRIALS
            values["success_low"][at], values["success_high"][at] = wilson(successes, TRIALS)
    for name, array in values.items():
        dataset = group.create_dataset(name, data=array)
        if array.dtype.kind == "i":
            dataset.attrs["_FillValue"] = np.array(-1, array.dtype)
        for dimension, dimension_scale in zip(dataset.dims, scales):
            dimension.attach_scale(dimension_scale)
    add_flags(group["operator"], OPERATORS)


def write_trials(group: h5py.Group, experiments: list[str]) -> None:
    """Trials that succeed end at distance 0, the others at 4 − k·0.1; one adam trial at NaN a cell."""
    rows = []
    for experiment, task, model, k, m in cells():
        for method, successes in enumerate(SUCCESSES[TASKS[task]]):
            for trial in range(TRIALS):
                lost = method == 0 and trial == TRIALS - 1
                distance = 0.0 if trial < successes else 4 - 0.1 * LATENT_DIMS[k]
                if lost or TASKS[task] == "approximation":
                    distance = np.nan
                enumerations = (experiment, task, model, min(task, 1), method, 2 if lost else 0)
                rows.append((*enumerations, LATENT_DIMS[k], MEASUREMENTS[m], trial, distance))
    row = scale(group, "row", list(range(len(rows))))
    columns = list(zip(*rows))
    meanings = {"experiment": experiments, "task": TASKS, "model": MODELS, "operator": OPERATORS, "method": METHODS}
    meanings["stop_reason"] = ["converged", "iteration_cap", "non_finite"]
    for name, column in zip([*meanings, "latent_dim", "measurements", "trial", "distance"], columns):
        kind = "i4" if name in ("experiment", "model") else "i1" if name in meanings else "f8" if name == "distance" else "i8"
        dataset = group.create_dataset(name, data=np.array(column, kind))
        dataset.dims[0].attach_scale(row)
        if name in meanings:
            add_flags(dataset, meanings[name])


@pytest.fixture
def results_file(tmp_path: Path) -> Path:
    path = tmp_path / "results.h5"
    experiments = list(EXPERIMENTS)
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["filetype"] = "surf_sweep/results"
        file.attrs["schema_version"] = "3.0"
        write_summary(file.create_group("summary", track_order=True), experiments)
        write_trials(file.create_group("trials", track_order=True), experiments)
        settings = file.create_group("experiments", track_order=True)
        for name, tasks in EXPERIMENTS.items():
            settings.create_group(name, track_order=True).attrs["trials.tasks"] = ",".join(tasks)
    return path
