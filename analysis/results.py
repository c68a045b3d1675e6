"""Reads results files (results.h5): the one module that knows their layout."""

from pathlib import Path

import h5py
import numpy as np
import xarray as xr

import files

FILETYPE = "surf_sweep/results"
SCHEMA_MAJOR = 4


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


def trials(path: Path) -> xr.Dataset:
    """Every trial, over `row`; enumerations as names. Those of a cell of two experiments are there under both.

    Trials of two methods on one problem and training are a pair if their number `trial` is the same.
    """
    return _with_names(_group(path, "trials"))


def experiments(path: Path) -> dict[str, dict[str, str]]:
    """The settings of every experiment, in the job's order: keys of the job file with their values.

    An experiment without a `trials.seed` of its own has the job's.
    """
    _check(path)
    with h5py.File(path) as file:
        names = file["summary/experiment"].asstr()[...]
        seed = {"trials.seed": file["provenance"].attrs["seed"]}
        return {name: seed | dict(file["experiments"][name].attrs) for name in names}


def _group(path: Path, name: str) -> xr.Dataset:
    _check(path)
    # Nothing here is a time, whatever its units are.
    with xr.open_dataset(path, group=name, engine="h5netcdf", decode_times=False) as dataset:
        return dataset.load()


def _check(path: Path) -> None:
    files.check(path, {FILETYPE: SCHEMA_MAJOR}, "surf_sweep run writes it as results.h5 in its output folder")


def _with_names(dataset: xr.Dataset) -> xr.Dataset:
    """With an enumeration's names in place of its numbers (CF conventions, section 3.5), "" where it is missing."""
    return dataset.assign({name: _names(data) for name, data in dataset.items() if "flag_meanings" in data.attrs})


def _names(data: xr.DataArray) -> xr.DataArray:
    meanings = data.attrs["flag_meanings"].split()
    names = dict(zip(np.atleast_1d(data.attrs["flag_values"]).tolist(), meanings, strict=True))
    of_values = ["" if np.isnan(value) else names[value] for value in data.values.flat]
    return data.copy(data=np.array(of_values, dtype=object).reshape(data.shape))
