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
    values |= {name: np.full(shape[:-1], -1, "i8") for name in ("trials", "trials_planned", "successes")}
    values["iterations_p75"] = np.full(shape[:-1], np.nan)
    values["operator_code"] = np.full(shape[:-1], -1, "i1")
    for experiment, task, model, k, m in cells():
        for training, of_training in enumerate(job.successes[TASKS[task]]):
            for method, successes in enumerate(of_training):
                at = (experiment, task, model, k, training, m, method)
                values["trials"][at] = values["trials_planned"][at] = TRIALS
                values["operator_code"][at] = min(task, 1)
                if TASKS[task] == "approximation":
                    continue
                values["successes"][at] = successes
                values["iterations_p75"][at] = 100 * (1 + method) + successes
                hits = hit_evaluations(method, successes)
                within = ((hits[:, None] >= 0) & (hits[:, None] <= EVALUATIONS)).sum(axis=0)
                for name, count in (("success", successes), ("hits_within", within)):
                    names = rates if name == "success" else profiles
                    for end, value in zip(names, (count / TRIALS, *wilson(count, TRIALS)), strict=True):
                        values[end][at] = value
    group = file.create_group("summary", track_order=True)
    write_cells(group, coordinates, values)
    add_flags(group["operator_code"], OPERATORS)

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


def write_names(group: h5py.Group, over: h5py.Dataset, codes: dict[str, list[int]], meanings: dict[str, list[str]]) -> None:
    """Writes a column NAME_code for each enumeration."""
    for name, column in codes.items():
        dataset = group.create_dataset(f"{name}_code", data=np.array(column, "i4"))
        dataset.dims[0].attach_scale(over)
        add_flags(dataset, meanings[name])


def add_column(group: h5py.Group, over: h5py.Dataset, name: str, values, fill: float | None = None) -> h5py.Dataset:
    kind = {"dtype": h5py.string_dtype()} if isinstance(values[0], str) else {}
    dataset = group.create_dataset(name, data=values, **kind)
    dataset.dims[0].attach_scale(over)
    if fill is not None:
        dataset.attrs["_FillValue"] = np.array(fill, dataset.dtype)
    return dataset


def meanings_of(job: Job) -> dict[str, list[str]]:
    return {"experiment": list(EXPERIMENTS), "task": TASKS, "model": MODELS, "operator": OPERATORS, "method": job.methods}


def write_cells_table(file: h5py.File, job: Job) -> None:
    """Writes /cells: what /summary says, a row for each of cells(), trainings and methods."""
    group, summary = file.create_group("cells", track_order=True), file["summary"]
    places = [
        (experiment, task, model, k, training, m, method)
        for experiment, task, model, k, m in cells()
        for training in range(len(job.trainings))
        for method in range(len(job.methods))
    ]
    row = scale(group, "cell", list(range(len(places))))
    experiment, task, model, k, training, m, method = zip(*places)
    operator = [min(each, 1) for each in task]
    codes = {"experiment": experiment, "task": task, "model": model, "operator": operator, "method": method}
    write_names(group, row, codes, meanings_of(job))
    for name, column in codes.items():
        add_column(group, row, name, [meanings_of(job)[name][code] for code in column])
    for name, indices, values in (("latent_dim", k, LATENT_DIMS), ("training", training, job.trainings),
                                  ("measurements", m, MEASUREMENTS)):
        add_column(group, row, name, [values[index] for index in indices])
    for name in ("trials", "trials_planned", "successes", "success_rate", "success_low", "success_high", "iterations_p75"):
        values = summary[name][...]
        add_column(group, row, name, [values[place] for place in places], summary[name].attrs["_FillValue"])
    add_flags(add_column(group, row, "complete", np.ones(len(places), "i1"), -1), ["no", "yes"])


def write_trials(file: h5py.File, job: Job) -> None:
    """Trials that succeed end at distance 0, the others at 4 − k·0.1; one adam trial at NaN a cell."""
    group = file.create_group("trials", track_order=True)
    rows = []
    number = 0
    for experiment, task, model, k, m in cells():
        for training, of_training in enumerate(job.successes[TASKS[task]]):
            for method, successes in enumerate(of_training):
                hits = hit_evaluations(method, successes)
                for trial in range(TRIALS):
                    lost = method == 0 and trial == TRIALS - 1
                    distance = 0.0 if hits[trial] >= 0 else 4 - 0.1 * LATENT_DIMS[k]
                    success = int(distance == 0)
                    if lost or TASKS[task] == "approximation":
                        distance = np.nan
                    if TASKS[task] == "approximation":
                        success = -1
                    error = pixel_errors(method, m, training)[trial]
                    names = (experiment, task, model, min(task, 1), method, 2 if lost else 0, success)
                    numbers = (LATENT_DIMS[k], job.trainings[training], MEASUREMENTS[m], trial, hits[trial])
                    rows.append((*names, *numbers, number, distance, error))
                number += 1
    row = scale(group, "row", list(range(len(rows))))
    *codes, reason, success, k, training, m, trial, hits, cell, distance, error = map(np.array, zip(*rows))
    write_names(group, row, dict(zip(meanings_of(job), codes)), meanings_of(job))
    numbers = {"cell": cell, "latent_dim": k, "training": training, "measurements": m, "trial": trial}
    numbers |= {"distance": distance, "pixel_error": error}
    for name, values in numbers.items():
        add_column(group, row, name, values)
    add_column(group, row, "hit_evaluations", hits, -1)
    add_flags(add_column(group, row, "stop_reason_code", reason.astype("i1")), ["converged", "iteration_cap", "non_finite"])
    add_flags(add_column(group, row, "success", success.astype("i1"), -1), ["no", "yes"])


# Of the blocks: rank, start and end in seconds. Rank 0 waits from 30 to 50.
BLOCKS = [(0, 0, 30), (1, 0, 45), (0, 50, 60), (1, 45, 60)]
EPOCH = 1.5e9  # 2017-07-14 02:40:00 UTC


def write_blocks(file: h5py.File) -> None:
    group = file.create_group("blocks", track_order=True)
    row = scale(group, "block", list(range(len(BLOCKS))))
    ranks, starts, ends = map(np.array, zip(*BLOCKS))
    add_column(group, row, "cell", np.arange(len(BLOCKS)))
    add_column(group, row, "first", 0 * ranks)
    add_column(group, row, "trials", 0 * ranks + TRIALS)
    add_column(group, row, "rank", ranks, -1)
    add_column(group, row, "start", EPOCH + starts, np.nan)
    add_column(group, row, "seconds", (ends - starts).astype("f8"))
    add_column(group, row, "host", ["node7"] * len(BLOCKS))
    add_column(group, row, "device", ["cpu"] * len(BLOCKS))


def write_chains(file: h5py.File, job: Job) -> None:
    group = file.create_group("chains", track_order=True)
    places = [(model, k, training) for model in MODELS for k in LATENT_DIMS for training in job.trainings]
    row = scale(group, "chain", list(range(len(places))))
    for name, values in zip(("model", "latent_dim", "training"), zip(*places)):
        add_column(group, row, name, list(values))
    add_column(group, row, "snapshots", [101] * len(places))
    add_column(group, row, "diversity", [0.5] * (len(places) - 1) + [np.nan], np.nan)


def write_results(path: Path, job: Job) -> Path:
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["filetype"] = "surf_sweep/results"
        file.attrs["schema_version"] = "5.0"
        write_summary(file, job)
        write_cells_table(file, job)
        write_trials(file, job)
        write_blocks(file)
        write_chains(file, job)
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
