"""Small results files, written with h5py alone in the layout of hdf5_schema/results.json."""

import sys
from dataclasses import dataclass
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
LATENT_DIMS = [2, 5]
MEASUREMENTS = [20, 50, 784]
EVALUATIONS = np.logspace(0, 7, 71)
TRIALS = 20
SEED = "1"


@dataclass(frozen=True)
class Job:
    """What a results file has besides the names above."""

    trainings: list[int]
    methods: list[str]
    # Of each task and training: successes of each method in every cell.
    successes: dict[str, list[tuple[int, ...]]]


ONE = Job(
    [1],
    ["adam", "surfing", "restarts"],
    {"inversion": [(9, 20, 14)], "recovery": [(4, 0, 6)], "approximation": [(0, 0, 0)]},
)
THREE = Job(
    [7, 8, 11],
    ["adam", "surfing", "restarts", "restarts-lm", "restarts-surfing-lm"],
    {
        "inversion": [(9, 20, 14, 8, 19), (7, 19, 15, 5, 18), (12, 18, 16, 9, 18)],
        "recovery": [(4, 0, 6, 5, 5), (5, 1, 6, 6, 6), (3, 2, 9, 7, 6)],
        "approximation": [(0,) * 5] * 3,
    },
)


def cells() -> list[tuple[int, int, int, int, int]]:
    """Indices (experiment, task, model, latent_dim, measurements) of the job.

    Inversion has m = 784; the others less, only k = 5, and only DCGAN.
    """
    inversion = [(0, 0, model, k, 2) for model in (0, 1) for k in (0, 1)]
    return inversion + [(2, task, 0, 1, m) for task in (1, 2) for m in (0, 1)]


def pixel_errors(method: int, m: int, training: int = 0) -> np.ndarray:
    """Of an approximation's trials, in no order; adam has none in its last two."""
    errors = (1 + np.arange(TRIALS) * 7 % TRIALS + method + 5 * training) * 0.01 / (1 + m)
    if method == 0:
        errors[-2:] = np.nan
    return errors


def solved(method: int, successes: int) -> np.ndarray:
    """Which trials succeed: the first, or with every other method the last, so that pairs differ both ways."""
    trial = np.arange(TRIALS)
    return trial < successes if method % 2 == 0 else trial >= TRIALS - successes


def hit_evaluations(method: int, successes: int) -> np.ndarray:
    """Of each trial; -1 for those that do not succeed."""
    return np.where(solved(method, successes), 100 * (1 + method) + 10 * np.arange(TRIALS), -1)


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


def write_cells(group: h5py.Group, coordinates: dict[str, list], values: dict[str, np.ndarray]) -> None:
    """Variables over all coordinates but `evaluations`, which is the last, or over all of them."""
    scales = [scale(group, name, coordinate) for name, coordinate in coordinates.items()]
    for name, array in values.items():
        dataset = group.create_dataset(name, data=array)
        dataset.attrs["_FillValue"] = np.array(-1 if array.dtype.kind == "i" else np.nan, array.dtype)
        for dimension, dimension_scale in zip(dataset.dims, scales):
            dimension.attach_scale(dimension_scale)


def write_summary(file: h5py.File, job: Job) -> None:
    """Writes /summary and /pooled."""
    coordinates = {
        "experiment": list(EXPERIMENTS),
        "task": TASKS,
        "model": MODELS,
        "latent_dim": LATENT_DIMS,
        "training": job.trainings,
        "measurements": MEASUREMENTS,
        "method": job.methods,
        "evaluations": EVALUATIONS.tolist(),
    }
    shape = [len(coordinate) for coordinate in coordinates.values()]
    profiles = ["hits_within", "hits_within_low", "hits_within_high"]
    rates = ["success_rate", "success_low", "success_high"]
    values = {name: np.full(shape[:-1], np.nan) for name in rates}
    values |= {name: np.full(shape, np.nan) for name in profiles}
    values |= {name: np.full(shape[:-1], -1, "i8") for name in ("trials", "successes")}
    values["operator"] = np.full(shape[:-1], -1, "i1")
    for experiment, task, model, k, m in cells():
        for training, of_training in enumerate(job.successes[TASKS[task]]):
            for method, successes in enumerate(of_training):
                at = (experiment, task, model, k, training, m, method)
                values["trials"][at] = TRIALS
                values["operator"][at] = min(task, 1)
                if TASKS[task] == "approximation":
                    continue
                values["successes"][at] = successes
                hits = hit_evaluations(method, successes)
                within = ((hits[:, None] >= 0) & (hits[:, None] <= EVALUATIONS)).sum(axis=0)
                for name, count in (("success", successes), ("hits_within", within)):
                    names = rates if name == "success" else profiles
                    for end, value in zip(names, (count / TRIALS, *wilson(count, TRIALS)), strict=True):
                        values[end][at] = value
    group = file.create_group("summary", track_order=True)
    write_cells(group, coordinates, values)
    add_flags(group["operator"], OPERATORS)

    counts = {"trainings": (values["trials"] > 0).sum(axis=4), "trials": np.maximum(values["trials"], 0).sum(axis=4)}
    pooled = {name: np.where(counts["trainings"] > 0, count, -1) for name, count in counts.items()}
    for names in (rates, profiles):
        mean = values[names[0]].mean(axis=4)
        # An interval that no formula gives: it can only be read.
        ends = (mean - 0.07, mean + 0.03) if len(job.trainings) > 1 else (mean * np.nan, mean * np.nan)
        pooled |= dict(zip(names, (mean, *ends), strict=True))
    means = 100.0 * (1 + np.arange(len(job.methods))) + 95
    pooled["network_evaluations_mean"] = np.where(counts["trainings"] > 0, means, np.nan)
    pooled["complete"] = np.where(counts["trainings"] > 0, 1, -1).astype("i1")
    del coordinates["training"]
    group = file.create_group("pooled", track_order=True)
    write_cells(group, coordinates, pooled)
    add_flags(group["complete"], ["no", "yes"])


def write_trials(group: h5py.Group, job: Job) -> None:
    """Trials that succeed end at distance 0, the others at 4 − k·0.1; one adam trial at NaN a cell."""
    rows = []
    for experiment, task, model, k, m in cells():
        for training, of_training in enumerate(job.successes[TASKS[task]]):
            for method, successes in enumerate(of_training):
                hits = hit_evaluations(method, successes)
                for trial in range(TRIALS):
                    lost = method == 0 and trial == TRIALS - 1
                    distance = 0.0 if hits[trial] >= 0 else 4 - 0.1 * LATENT_DIMS[k]
                    if lost or TASKS[task] == "approximation":
                        distance = np.nan
                    error = pixel_errors(method, m, training)[trial]
                    names = (experiment, task, model, min(task, 1), method, 2 if lost else 0, int(distance == 0))
                    numbers = (LATENT_DIMS[k], job.trainings[training], MEASUREMENTS[m], trial, hits[trial])
                    rows.append((*names, *numbers, distance, error))
    row = scale(group, "row", list(range(len(rows))))
    columns = list(zip(*rows))
    meanings = {"experiment": list(EXPERIMENTS), "task": TASKS, "model": MODELS, "operator": OPERATORS}
    meanings |= {"method": job.methods, "stop_reason": ["converged", "iteration_cap", "non_finite"]}
    meanings |= {"success": ["no", "yes"]}
    numbers = ["latent_dim", "training", "measurements", "trial", "hit_evaluations", "distance", "pixel_error"]
    kinds = {"experiment": "i4", "model": "i4", "distance": "f8", "pixel_error": "f8"}
    for name, column in zip([*meanings, *numbers], columns, strict=True):
        kind = kinds.get(name, "i1" if name in meanings else "i8")
        dataset = group.create_dataset(name, data=np.array(column, kind))
        dataset.dims[0].attach_scale(row)
        if name in meanings:
            add_flags(dataset, meanings[name])
    group["hit_evaluations"].attrs["_FillValue"] = np.int64(-1)


def write_results(path: Path, job: Job) -> Path:
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["filetype"] = "surf_sweep/results"
        file.attrs["schema_version"] = "4.0"
        write_summary(file, job)
        write_trials(file.create_group("trials", track_order=True), job)
        settings = file.create_group("experiments", track_order=True)
        for name, tasks in EXPERIMENTS.items():
            settings.create_group(name, track_order=True).attrs["trials.tasks"] = ",".join(tasks)
        file.create_group("provenance", track_order=True).attrs.update({"job": "", "seed": SEED})
    return path


@pytest.fixture
def results_file(tmp_path: Path) -> Path:
    """With one training."""
    return write_results(tmp_path / "results.h5", ONE)


@pytest.fixture
def trainings_file(tmp_path: Path) -> Path:
    """With three trainings."""
    return write_results(tmp_path / "trainings.h5", THREE)
