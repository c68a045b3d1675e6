"""Draws a results file: how far trials end from the truth, and how many reach it."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import results

# Okabe and Ito's palette, safe for colour-blind readers; blue and red as in the paper.
COLOURS = {"adam": "#0072B2", "surfing": "#D55E00"}
LABELS = {"adam": "regular Adam", "surfing": "surfing"}
BINS = 25


def comparison_figure(summary: xr.Dataset, trials: xr.Dataset) -> Figure:
    """A row of panels for each model.

    First the distribution of the distance to the truth for each k and the success rates over k
    (task inversion; the paper's figure 2 and table 1), then for each k the success rates over the
    number of measurements (task recovery; figure 3).
    """
    panels = _panels(summary, trials)
    if not panels:
        raise results.NotResultsError("no trials of inversion or recovery in these results: nothing to draw")
    models = summary.model.values
    figure = Figure(figsize=(3.4 * len(panels), 0.6 + 2.8 * len(models)), layout="constrained")
    grid = figure.subplots(len(models), len(panels), squeeze=False)
    for row, model in zip(grid, models):
        for axes, draw in zip(row, panels):
            draw(axes, model)
            axes.set_ylim(-0.02, 1.05)  # shares and rates
    handles = {label: h for axes in grid.flat for h, label in zip(*axes.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=len(handles), frameon=False)
    return figure


def draw_distances(axes: Axes, trials: xr.Dataset, model: str, latent_dim: int) -> None:
    """The share of inversion trials that end at each distance from the truth."""
    chosen = _where(trials, (trials.task == "inversion") & (trials.model == model) & (trials.latent_dim == latent_dim))
    farthest = np.max(chosen.distance.values, initial=0.01, where=np.isfinite(chosen.distance.values))
    edges = np.linspace(0, farthest, BINS + 1)
    for method, colour in COLOURS.items():
        distances = _where(chosen, chosen.method == method).distance.values
        if distances.size:
            # Of all trials: those that ended at no finite distance lower the bars.
            shares = np.histogram(distances, edges)[0] / distances.size
            axes.stairs(
                shares, edges, fill=True, facecolor=(colour, 0.3), edgecolor=colour, linewidth=1.5, label=LABELS[method]
            )
    axes.set(title=f"{model}, k = {latent_dim}", xlabel="distance to the truth ‖x̂ − x*‖", ylabel="share of trials")


def draw_success(axes: Axes, summary: xr.Dataset, model: str) -> None:
    """The share of inversion trials that succeed, over k, with 95 % Wilson intervals."""
    cells = _cells(summary, "inversion", model)
    latent_dims = np.unique(cells.latent_dim)
    for offset, (method, colour) in zip((-0.2, 0.2), COLOURS.items()):
        of_method = _where(cells, cells.method == method)
        place = np.searchsorted(latent_dims, of_method.latent_dim) + offset
        axes.bar(place, of_method.success_rate, 0.38, color=colour, label=LABELS[method])
        axes.errorbar(place, of_method.success_rate, _wilson(of_method), fmt="none", ecolor="black", capsize=3)
    axes.set_xticks(range(len(latent_dims)), [str(k) for k in latent_dims])
    axes.set(title=f"{model}: success", xlabel="latent dimension k", ylabel="success rate (95 % interval)")


def draw_recovery(axes: Axes, summary: xr.Dataset, model: str, latent_dim: int) -> None:
    """The share of recovery trials that succeed, over m, with 95 % Wilson intervals."""
    cells = _cells(summary, "recovery", model)
    cells = _where(cells, cells.latent_dim == latent_dim)
    for method, colour in COLOURS.items():
        of_method = _where(cells, cells.method == method)
        axes.errorbar(
            of_method.measurements,
            of_method.success_rate,
            _wilson(of_method),
            color=colour,
            marker="o" if method == "adam" else "s",
            markersize=4,
            capsize=3,
            label=LABELS[method],
        )
    axes.set(title=f"{model}, k = {latent_dim}: recovery", xlabel="measurements m", ylabel="success rate (95 % interval)")


def _panels(summary: xr.Dataset, trials: xr.Dataset) -> list[Callable[[Axes, str], None]]:
    def latent_dims(task: str) -> list[int]:
        return np.unique(trials.latent_dim.values[trials.task.values == task]).tolist()

    panels: list[Callable[[Axes, str], None]] = []
    for k in latent_dims("inversion"):
        panels.append(lambda axes, model, k=k: draw_distances(axes, trials, model, k))
    if panels:
        panels.append(lambda axes, model: draw_success(axes, summary, model))
    for k in latent_dims("recovery"):
        panels.append(lambda axes, model, k=k: draw_recovery(axes, summary, model, k))
    return panels


def _cells(summary: xr.Dataset, task: str, model: str) -> xr.Dataset:
    """The cells of a task and a model that hold trials, in one dimension."""
    cells = summary.sel(task=task, model=model).stack(cell=("latent_dim", "measurements", "method"))
    return _where(cells, cells["trials"] > 0).reset_index("cell")


def _where(dataset: xr.Dataset, chosen: xr.DataArray) -> xr.Dataset:
    """The rows or cells where a one-dimensional mask is true, with their types."""
    return dataset.isel({chosen.dims[0]: np.flatnonzero(chosen)})


def _wilson(cells: xr.Dataset) -> np.ndarray:
    """Lengths of the error bars below and above the success rate."""
    # Rounding can put a bound of 0 or 1 a hair beyond the rate.
    return np.clip([cells.success_rate - cells.success_low, cells.success_high - cells.success_rate], 0, None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a results.h5 of surf_sweep")
    parser.add_argument("--output", type=Path, help="the figure; default: beside the results, as .png")
    options = parser.parse_args()
    output = options.output or options.results.with_suffix(".png")
    try:
        figure = comparison_figure(results.summary(options.results), results.trials(options.results))
    except results.NotResultsError as error:
        print(f"figures: {error}", file=sys.stderr)
        return 4
    replaces = output.exists()
    figure.savefig(output, dpi=150)
    print(f"{output}{' (replaced)' if replaces else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
