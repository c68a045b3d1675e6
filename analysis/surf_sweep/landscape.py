"""Draws a surface file (figure 1 of the paper) or a theory file (theorem 3.1), whichever it is given."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from mpl_toolkits.mplot3d import Axes3D

from . import files

SURFACE_LINES = 50  # of a drawn surface along each latent, as many as the eye tells apart

# Okabe and Ito's palette, safe for colour-blind readers.
NORM_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
SEARCH_LINES = {"uniform": "-", "climbed": "--"}
SEARCHES = {"uniform": "random directions", "climbed": "worse directions, searched for"}


def read(path: Path) -> xr.Dataset:
    """A surface or theory file as it is; the attribute `filetype` says which."""
    files.check(path, SCHEMA_MAJORS, "surf_sweep surface and surf_sweep theory write them in their output folder")
    # Nothing here is a time, whatever its units are.
    with xr.open_dataset(path, engine="h5netcdf", decode_times=False) as dataset:
        return dataset.load()


# Figure 1. --------------------------------------------------------------------------------------


def surface_figure(surfaces: xr.Dataset) -> Figure:
    """A row for each model and target: the surfaces from the random to the trained network, and y.

    Each surface has a vertical axis of its own: that of a random network is far flatter than what
    it becomes.
    """
    rows = [(model, target) for model in range(surfaces.sizes["model"]) for target in range(surfaces.sizes["target"])]
    columns = surfaces.sizes["level"]
    figure = Figure(figsize=(3 * columns + 1.5, 0.3 + 2.7 * len(rows)), layout="constrained")
    grid = figure.add_gridspec(len(rows), columns + 1, width_ratios=[3] * columns + [1.2])
    for row, (model, target) in enumerate(rows):
        chosen = surfaces.isel(model=model, target=target)
        for level in range(columns):
            axes = figure.add_subplot(grid[row, level], projection="3d")
            draw_surface(axes, chosen, level)
            if surfaces.sizes["model"] > 1:
                axes.set_title(f"{chosen.model.item()}: {axes.get_title()}", fontsize=9)
        axes = figure.add_subplot(grid[row, columns])
        files.draw_image(axes, chosen.image.values, surfaces.attrs["low"], surfaces.attrs["high"])
        axes.set(title=f"target y\n(test image {chosen.test_index.item()})", xticks=[], yticks=[])
        axes.title.set_fontsize(9)
    return figure


def draw_surface(axes: Axes3D, of_target: xr.Dataset, level: int) -> None:
    """One surface over (x1, x2), with a point at its highest grid point."""
    chosen = of_target.isel(level=level)
    x1, x2 = np.meshgrid(chosen.x1, chosen.x2)
    axes.plot_surface(
        x1, x2, chosen.value.values, cmap="viridis", linewidth=0, rcount=SURFACE_LINES, ccount=SURFACE_LINES
    )
    axes.plot(chosen.best_x1, chosen.best_x2, chosen.best_value, "o", color="#D55E00", markersize=4, zorder=10)
    ticks = [float(chosen.x1[0]), 0.0, float(chosen.x1[-1])]
    axes.set(xlabel="x1", ylabel="x2", xticks=ticks, yticks=ticks)
    axes.tick_params(labelsize=7)
    axes.set_title(_level_name(level, of_target.sizes["level"], chosen.step.item()), fontsize=9)


def _level_name(level: int, levels: int, step: int) -> str:
    if level == 0:
        return "random network" if step == 0 else f"step {step}"
    return f"trained network (step {step})" if level == levels - 1 else f"step {step}"


# Theorem 3.1. -----------------------------------------------------------------------------------


def theory_figure(theory: xr.Dataset) -> Figure:
    """A row for A = I and for each Gaussian A: shares over the radius for each |y|, and the ball.

    The shares are of points whose derivative along -x/|x| is negative. The last panel has the
    radius from which on all sampled derivatives of a network are negative, over the width.
    """
    shape = (theory.sizes["measurements"], theory.sizes["target_norm"] + 1)
    figure = Figure(figsize=(3.2 * shape[1], 0.6 + 2.8 * shape[0]), layout="constrained")
    grid = figure.subplots(*shape, squeeze=False)
    for row, measurements in zip(grid, theory.measurements.values):
        chosen = theory.sel(measurements=measurements)
        name = "A = I" if measurements == 0 else f"m = {measurements}"
        for axes, norm in zip(row, theory.target_norm.values):
            draw_shares(axes, chosen.sel(target_norm=norm))
            axes.set_title(f"{name}, ‖y‖ = {norm:g}")
        draw_balls(row[-1], chosen)
        row[-1].set_title(f"{name}: the ball")
    handles, _ = grid[0, 0].get_legend_handles_labels()
    handles += [Line2D([], [], color="black", linestyle=line, label=SEARCHES[s]) for s, line in SEARCH_LINES.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
    grid[0, -1].legend(fontsize=7)
    return figure


def draw_shares(axes: Axes, theory: xr.Dataset) -> None:
    """Shares of points with a negative derivative, over radius, search and expansion alone.

    A line for each width: solid for uniform directions, with its Wilson interval as a band, dashed
    for those climbed to.
    """
    colours = colormaps["viridis_r"](np.linspace(0.1, 1, theory.sizes["expansion"]))
    for expansion, colour in zip(theory.expansion.values, colours):
        for search, line in SEARCH_LINES.items():
            chosen = theory.sel(expansion=expansion, search=search)
            label = f"n_d = {_last_width(chosen)}" if search == "uniform" else None
            axes.plot(chosen.radius, chosen.negative_share, line, color=colour, linewidth=1.5, label=label)
            if search == "uniform":
                axes.fill_between(chosen.radius, chosen.negative_low, chosen.negative_high, color=colour, alpha=0.2)
    axes.set(xscale="log", ylim=(-0.02, 1.02), xlabel="‖x‖ / (1 + ‖y‖)", ylabel="share that falls towards 0")


def draw_balls(axes: Axes, theory: xr.Dataset) -> None:
    """The median over the networks of the ball's radius, over the width n_d.

    Networks without such a radius count as infinity, and a median that is infinite is left out. The
    grey line falls as the theorem's ε does, up to logarithms and a factor that is not known.
    """
    widths = np.array([_last_width(theory.sel(expansion=e)) for e in theory.expansion.values])
    for norm, colour in zip(theory.target_norm.values, NORM_COLOURS * theory.sizes["target_norm"]):
        for search, line in SEARCH_LINES.items():
            balls = ball_medians(theory.sel(target_norm=norm, search=search))
            label = f"‖y‖ = {norm:g}" if search == "uniform" else None
            axes.plot(widths, balls, line, color=colour, marker="o", markersize=4, label=label)
    expansions = theory.expansion.values
    guide = theory.radius.values.max() * np.sqrt(expansions[0] / expansions)
    axes.plot(widths, guide, ":", color="grey", label="∝ 1 / √expansion")
    axes.set(xscale="log", yscale="log", xlabel="width n_d", ylabel="radius / (1 + ‖y‖), median")


def ball_medians(theory: xr.Dataset) -> np.ndarray:
    """The median over the networks for each expansion; NaN where it is infinite."""
    # "higher" is one of the values: the mean of a number and infinity would say nothing.
    medians = np.quantile(theory.ball_radius.transpose("expansion", "network"), 0.5, axis=1, method="higher")
    return np.where(np.isfinite(medians), medians, np.nan)


def _last_width(theory: xr.Dataset) -> int:
    """n_d of one expansion: the layer before the output."""
    return int(theory.width.isel(layer=-2))


# ------------------------------------------------------------------------------------------------

FIGURES: dict[str, Callable[[xr.Dataset], Figure]] = {
    "surf_sweep/surface": surface_figure,
    "surf_sweep/theory": theory_figure,
}
SCHEMA_MAJORS = {"surf_sweep/surface": 2, "surf_sweep/theory": 1}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="what surf_sweep surface or surf_sweep theory wrote")
    parser.add_argument("--output", type=Path, help="the figure; default: beside the file, as .png")
    options = parser.parse_args()
    output = options.output or options.file.with_suffix(".png")
    try:
        dataset = read(options.file)
        files.save(FIGURES[dataset.attrs["filetype"]](dataset), output)
    except files.UnreadableError as error:
        print(f"landscape: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
