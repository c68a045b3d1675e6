"""Draws a chain file: what its generator makes along the training, and the training's log."""

import argparse
import sys
from pathlib import Path

import h5py
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import files

FILETYPE = "surf_sweep/chain"
SCHEMA_MAJOR = 3
BLUE = "#0072B2"  # Okabe and Ito's, as in figures.py


def read(path: Path) -> tuple[xr.Dataset, xr.Dataset]:
    """The sample images, if there are any, with their steps, and the log; both over `index`.

    The attributes `low` and `high` of the first are the values of black and white.
    """
    files.check(path, {FILETYPE: SCHEMA_MAJOR}, "surf_sweep run writes chains as <id>.h5 in its folder of chains")
    with h5py.File(path) as file:
        values = {name: float(file["generator"].attrs[name]) for name in ("low", "high")}
    with xr.open_dataset(path, engine="h5netcdf") as chain, xr.open_dataset(path, group="log", engine="h5netcdf") as log:
        drawn = [name for name in ("samples", "step") if name in chain]
        return chain[drawn].load().assign_attrs(values), log.load()


def samples_figure(chain: xr.Dataset, log: xr.Dataset) -> Figure:
    """The samples at the last snapshot, smaller those on the way there, and a panel for each entry of the log.

    A place in the grid has the same latent at all snapshots.
    """
    if "samples" not in chain:
        raise files.UnreadableError("this chain has no sample images: nothing to draw")
    last = chain.sizes["index"] - 1
    earlier = sorted({last * quarter // 4 for quarter in range(4)} - {last})
    figure = Figure(figsize=(10, 7.5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(6, 4))
    mosaic = [["last"] * max(len(earlier), 1)] + ([earlier] if earlier else [])
    axes = left.subplot_mosaic(mosaic, height_ratios=[max(len(earlier), 1), 1][: len(mosaic)])
    draw_samples(axes["last"], chain, last)
    for index in earlier:
        draw_samples(axes[index], chain, index)
    if log.data_vars:
        panels = right.subplots(len(log.data_vars), 1, sharex=True, squeeze=False)[:, 0]
        for panel, name in zip(panels, log.data_vars):
            draw_log(panel, chain.step, log[name])
        panels[-1].set_xlabel("training step")
    return figure


def draw_samples(axes: Axes, chain: xr.Dataset, index: int) -> None:
    """The sample images of a snapshot in a grid, row by row."""
    low, high = chain.attrs["low"], chain.attrs["high"]
    files.draw_image(axes, grid_of(chain.samples.values[index], low), low, high)
    axes.set_title(f"t = {chain.index.values[index]} (step {chain.step.values[index]})", fontsize="small")
    axes.set_axis_off()


def draw_log(axes: Axes, step: xr.DataArray, entry: xr.DataArray) -> None:
    """An entry of the log over the training steps; it may begin after step 0."""
    known = np.isfinite(entry.values)
    axes.plot(step.values[known], entry.values[known], color=BLUE, marker="." if known.sum() < 20 else "")
    axes.set_title(entry.name.replace("_", " "), fontsize="small", loc="left")
    axes.margins(x=0.01)


def grid_of(images: np.ndarray, black: float) -> np.ndarray:
    """Images [count, channels, rows, columns] side by side, as one image [channels, rows, columns].

    In as many rows as columns or fewer; missing ones are black.
    """
    count, channels, rows, columns = images.shape
    across = int(np.ceil(np.sqrt(count)))
    down = -(-count // across)
    places = np.full((down * across, channels, rows, columns), black, images.dtype)
    places[:count] = images
    grid = places.reshape(down, across, channels, rows, columns).transpose(2, 0, 3, 1, 4)
    return grid.reshape(channels, down * rows, across * columns)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chain", type=Path, help="a chain of surf_sweep, or a snapshot of one in the making")
    parser.add_argument("--output", type=Path, help="the figure; default: beside the chain, as .png")
    options = parser.parse_args()
    output = options.output or options.chain.with_suffix(".png")
    try:
        files.save(samples_figure(*read(options.chain)), output)
    except files.UnreadableError as error:
        print(f"samples: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
