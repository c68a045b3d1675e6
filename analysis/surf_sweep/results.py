"""Reads results files (results.h5): the one module that knows their layout."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from . import files

FILETYPE = "surf_sweep/results"
SCHEMA_MAJORS = (4, 5)
PLACE = ["experiment", "task", "model", "latent_dim", "training", "measurements", "method"]  # of a cell
ORIGIN = "surf_sweep run writes it as results.h5 in its output folder"


class Results:
    """What one results file or several hold, read when it is asked for.

    Tables are pandas DataFrames: names as text, yes and no as booleans, what is missing as missing (<NA> or NaN). Of
    several files they lie under each other, with the column `file` first.
    """

    def __init__(self, *paths: str | Path) -> None:
        self.paths = [Path(path) for path in paths]
        for number, path in enumerate(self.paths):
            check(path)
            if any(path.samefile(other) for other in self.paths[:number]):
                raise files.UnreadableError(f"{path} is named twice; its trials would count twice")

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row for each cell that has trials planned, with its statistics."""
        return self._stacked(cells)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """A row for each trial. Those of a cell of two experiments are there under both.

        Raises files.UnreadableError if two files hold the same trials, which would count twice.
        """
        table = self._stacked(trials)
        if len(self.paths) > 1:
            _require_different(table)
        return table

    @cached_property
    def blocks(self) -> pd.DataFrame:
        """A row for each stored block of trials: host, rank, start, seconds. None in files of schema 4."""
        return self._stacked(blocks)

    @cached_property
    def chains(self) -> pd.DataFrame:
        """A row for each checkpoint chain. None in files of schema 4."""
        return self._stacked(chains)

    @cached_property
    def experiments(self) -> dict[str, dict[str, str]]:
        """The settings of every experiment, of the first file."""
        return experiments(self.paths[0])

    @cached_property
    def provenance(self) -> dict[str, str]:
        """How the first file was computed: versions, seed, times, the job."""
        return provenance(self.paths[0])

    def _stacked(self, read) -> pd.DataFrame:
        tables = [read(path) for path in self.paths]
        if len(tables) == 1:
            return tables[0]
        for path, table in zip(self.paths, tables):
            table.insert(0, "file", str(path))
        return pd.concat(tables, ignore_index=True)


def open(*paths: str | Path) -> Results:
    """Opens results files, of this version of surf_sweep or schema 4. Raises files.UnreadableError."""
    return Results(*paths)


def cells(path: Path) -> pd.DataFrame:
    """A row for each cell, with all of its statistics that are one number."""
    if _major(path) == 4:
        return _cells_of_summary(_group(path, "summary"))
    table = _group(path, "cells").reset_index("cell", drop=True)
    return _tidy(table.drop_vars([name for name in table if name.endswith("_code")]))


def trials(path: Path) -> pd.DataFrame:
    """A row for each trial.

    Trials of two methods on one problem and training are a pair if their number `trial` is the same.
    """
    group = _group(path, "trials")
    vectors = [name for name in group if group[name].ndim > 1]  # in schema 4
    table = _tidy(group.drop_vars([*vectors, "row", *set(group.coords) - {"row"}]))
    if _major(path) == 4:
        table["success"] = table.success.mask(table.task == "approximation")
    return table


def latents(path: Path) -> xr.Dataset:
    """Where each row of trials() ended and, from schema 5 on, began and should have ended; NaN beyond the cell's k."""
    if _major(path) == 4:
        group = _group(path, "trials")
        return group[["latent", "best_latent"]]
    return _group(path, "latents")


def blocks(path: Path) -> pd.DataFrame:
    """A row for each stored block: its cell's place, trials, rank, start (UTC), seconds, host, device."""
    if _major(path) == 4:
        return pd.DataFrame(columns=[*PLACE, "first", "trials", "rank", "start", "seconds", "host", "device"])
    group = _group(path, "blocks")
    table = _tidy(group.drop_vars("block"))
    table["start"] = pd.to_datetime(table.start, unit="s", utc=True)
    places = cells(path)[PLACE]
    return pd.concat([places.loc[table.pop("cell")].reset_index(drop=True), table], axis=1)


def chains(path: Path) -> pd.DataFrame:
    """A row for each chain: model, latent_dim, training, snapshots, quality."""
    if _major(path) == 4:
        return pd.DataFrame(columns=["model", "latent_dim", "training", "snapshots"])
    return _tidy(_group(path, "chains").drop_vars("chain"))


def summary(path: Path) -> xr.Dataset:
    """Statistics of every cell, over (experiment, task, model, latent_dim, training, measurements, method).

    Enumerations as names. Cells that the job does not have hold no trials.
    """
    return _with_names(_group(path, "summary"))


def pooled(path: Path) -> xr.Dataset:
    """Statistics over all trainings of a cell, over the dimensions of summary() but `training`.

    With one training, the intervals are NaN: summary() has those of its trials.
    """
    return _with_names(_group(path, "pooled"))


def experiments(path: Path) -> dict[str, dict[str, str]]:
    """The settings of every experiment, in the job's order: keys of the job file with their values.

    An experiment without a `trials.seed` of its own has the job's.
    """
    check(path)
    with h5py.File(path) as file:
        names = [_text(name) for name in file["summary/experiment"][...].ravel()]
        seed = {"trials.seed": _text(file["provenance"].attrs["seed"])}
        return {name: seed | _texts(file["experiments"][name].attrs) for name in names}


def provenance(path: Path) -> dict[str, str]:
    """Versions, revision, hosts, seed, times, and the job file's text as `job`."""
    check(path)
    with h5py.File(path) as file:
        return _texts(file["provenance"].attrs)


def check(path: Path) -> None:
    """Raises files.UnreadableError unless the file holds results in a schema version that is read here."""
    files.check(path, {FILETYPE: SCHEMA_MAJORS}, ORIGIN)


def _major(path: Path) -> int:
    check(path)
    with h5py.File(path) as file:
        return int(_text(file.attrs["schema_version"]).split(".")[0])


def _group(path: Path, name: str) -> xr.Dataset:
    check(path)
    try:
        # Times stay numbers; NaN stands for what is missing.
        with xr.open_dataset(path, group=name, engine="h5netcdf", decode_times=False) as dataset:
            return dataset.load()
    except (OSError, KeyError, ValueError) as error:
        raise files.UnreadableError(
            f"{path}: group {name} is not as surf_sweep wrote it ({error}); use the file that it wrote"
        ) from error


def _require_different(trials: pd.DataFrame) -> None:
    """Of several files: trials of one number, place and outcome are the same trial."""
    same = [*PLACE[1:], "trial", "objective", "pixel_error"]
    known = trials[[name for name in [*same, "file"] if name in trials]].drop_duplicates()
    again = known[known.duplicated([name for name in known if name != "file"], keep=False)]
    if len(again):
        first, second = again.file.unique()[:2]
        raise files.UnreadableError(f"{first} and {second} hold {len(again) // 2} trials that are the same; name one of them")


def _cells_of_summary(summary: xr.Dataset) -> pd.DataFrame:
    """What schema 5 has as a table."""
    scalars = [name for name, data in summary.items() if set(data.dims) == set(PLACE)]
    table = summary[scalars]
    for name in ("distance", "pixel_error"):
        for share in summary["quantile"].values:
            quantile = summary[f"{name}_quantile"].sel(quantile=share, drop=True)
            table[f"{name}_p{round(100 * share):02}"] = quantile
    for reason in summary.stop_reason.values:
        count = summary.trials_by_stop_reason.sel(stop_reason=reason, drop=True)
        table[f"stopped_{reason}"] = count.assign_attrs(summary.trials_by_stop_reason.attrs)
    planned = table.trials_planned.stack(cell=PLACE)
    chosen = table.stack(cell=PLACE).isel(cell=np.flatnonzero(planned.notnull())).reset_index("cell")
    table = _tidy(chosen)
    return table[PLACE + [name for name in table if name not in PLACE]]


def _with_names(dataset: xr.Dataset) -> xr.Dataset:
    """With an enumeration's names in place of its numbers (CF conventions, section 3.5), "" where it is missing."""
    coded = {name: _names(data) for name, data in dataset.items() if "flag_meanings" in data.attrs}
    return dataset.drop_vars(coded).assign({name.removesuffix("_code"): data for name, data in coded.items()})


def _names(data: xr.DataArray) -> xr.DataArray:
    names = _meanings(data)
    of_values = ["" if np.isnan(value) else names[value] for value in data.values.flat]
    return data.copy(data=np.array(of_values, dtype=object).reshape(data.shape))


def _meanings(data: xr.DataArray) -> dict[int, str]:
    meanings = data.attrs["flag_meanings"].split()
    return dict(zip(np.atleast_1d(data.attrs["flag_values"]).tolist(), meanings, strict=True))


def _tidy(dataset: xr.Dataset) -> pd.DataFrame:
    """The columns of a dataset of one dimension, with names, booleans and whole numbers for what they are."""
    columns = {}
    for name, data in dataset.variables.items():
        if data.ndim != 1:
            continue
        values, whole = pd.Series(data.values), np.issubdtype(data.encoding.get("dtype", data.dtype), np.integer)
        meanings = _meanings(data) if "flag_meanings" in data.attrs else None
        if meanings == {0: "no", 1: "yes"}:
            values = values.map({0: False, 1: True}).astype("boolean")
        elif meanings is not None and data.dtype.kind not in "OUT":
            name, values = name.removesuffix("_code"), values.map(meanings)
        elif data.dtype.kind == "O":
            values = values.map(_text)
        elif whole and data.dtype.kind == "f":
            values = values.astype("Int64")
        columns[name] = values
    return pd.DataFrame(columns)


def _text(value) -> str:
    """A string attribute or element; netCDF tools make attributes lists of one."""
    value = np.asarray(value).item() if np.ndim(value) else value
    return value.decode() if isinstance(value, bytes) else str(value)


def _texts(attributes: h5py.AttributeManager) -> dict[str, str]:
    return {name: _text(value) for name, value in attributes.items() if np.size(value) == 1}
