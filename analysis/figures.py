"""Draws a results file, a figure for each experiment: how far trials end from the truth, and how many reach it."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import files
import results

# Okabe and Ito's palette, safe for colour-blind readers; blue and red as in the paper.
COLOURS = {"adam": "#0072B2", "surfing": "#D55E00", "restarts": "#009E73", "projected": "#CC79A7",
           "lm": "#56B4E9", "surfing-lm": "#E69F00"}
LABELS = {"adam": "regular Adam", "surfing": "surfing", "restarts": "restarts", "projected": "projected surfing",
          "lm": "Levenberg-Marquardt", "surfing-lm": "surfing with Levenberg-Marquardt"}
MARKERS = {"adam": "o", "surfing": "s", "restarts": "^", "projected": "D", "lm": "v", "surfing-lm": "P"}
BINS = 25
BAD_FILE = 4  # exit code, as surf_sweep's


def experiment_figure(summary: xr.Dataset, trials: xr.Dataset, experiment: str) -> Figure:
    """A row of panels for each model of the experiment.

    Task inversion: for each k the distribution of the distance to the truth (the paper's figure 2), then the success
    rates over k (its table 1). Recovery: for each k the success rates over m (figure 3). Approximation: for each k the
    quantiles of the per-pixel error over m (figure 4).
    """
    summary = summary.sel(experiment=experiment)
    trials = _where(trials, trials.experiment == experiment)
    panels = _panels(summary, trials)
    if not panels:
        raise files.UnreadableError(f"experiment {experiment} has no trials in these results: nothing to draw")
    models = [model for model in summary.model.values if model in trials.model.values]
    figure = Figure(figsize=(3.4 * len(panels), 0.6 + 2.8 * len(models)), layout="constrained")
    grid = figure.subplots(len(models), len(panels), squeeze=False)
    for row, model in zip(grid, models):
        for axes, draw in zip(row, panels):
            draw(axes, model)
            if not axes.has_data():  # a cell that this model does not have
                axes.set_axis_off()
    found = {label: handle for axes in grid.flat for handle, label in zip(*axes.get_legend_handles_labels())}
    labels = [label for label in LABELS.values() if label in found]
    handles = [found[label] for label in labels]
    figure.legend(handles, labels, loc="outside upper center", ncols=len(handles), frameon=False)
    return figure


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
    for k in latent_dims("approximation"):
        panels.append(lambda axes, model, k=k: draw_approximation(axes, summary, model, k))
    return panels


# Figure 2. --------------------------------------------------------------------------------------


def draw_distances(axes: Axes, trials: xr.Dataset, model: str, latent_dim: int) -> None:
    """The share of inversion trials that end at each distance from the truth."""
    chosen = _where(trials, (trials.task == "inversion") & (trials.model == model) & (trials.latent_dim == latent_dim))
    farthest = np.max(chosen.distance.values, initial=0.01, where=np.isfinite(chosen.distance.values))
    edges = np.linspace(0, farthest, BINS + 1)
    for method, of_method in _by_method(chosen):
        distances = of_method.distance.values
        # Of all trials: those that ended at no finite distance lower the bars.
        shares = np.histogram(distances, edges)[0] / distances.size
        colour = COLOURS[method]
        style = {"fill": True, "facecolor": (colour, 0.3), "edgecolor": colour, "linewidth": 1.5}
        axes.stairs(shares, edges, label=LABELS[method], **style)
    axes.set(title=f"{model}, k = {latent_dim}", xlabel="distance to the truth ‖x̂ − x*‖", ylabel="share of trials")
    _show_rates(axes)


# Table 1. ---------------------------------------------------------------------------------------


def draw_success(axes: Axes, summary: xr.Dataset, model: str) -> None:
    """The share of inversion trials that succeed, over k, with 95 % Wilson intervals."""
    cells = _cells(summary, "inversion", model)
    latent_dims = np.unique(cells.latent_dim)
    methods = list(_by_method(cells))
    width = 0.8 / max(len(methods), 1)
    for number, (method, of_method) in enumerate(methods):
        offset = (number - (len(methods) - 1) / 2) * width
        place = np.searchsorted(latent_dims, of_method.latent_dim) + offset
        axes.bar(place, of_method.success_rate, 0.95 * width, color=COLOURS[method], label=LABELS[method])
        axes.errorbar(place, of_method.success_rate, _wilson(of_method), fmt="none", ecolor="black", capsize=3)
    axes.set_xticks(range(len(latent_dims)), [str(k) for k in latent_dims])
    axes.set(title=f"{model}: success", xlabel="latent dimension k", ylabel="success rate (95 % interval)")
    _show_rates(axes)


# Figure 3. --------------------------------------------------------------------------------------


def draw_recovery(axes: Axes, summary: xr.Dataset, model: str, latent_dim: int) -> None:
    """The share of recovery trials that succeed, over m, with 95 % Wilson intervals."""
    cells = _cells(summary, "recovery", model, latent_dim)
    methods = list(_by_method(cells))
    for number, (method, of_method) in enumerate(methods):
        axes.errorbar(
            _beside(of_method.measurements, number, len(methods)),
            of_method.success_rate,
            _wilson(of_method),
            color=COLOURS[method],
            marker=MARKERS[method],
            markersize=4,
            capsize=3,
            label=LABELS[method],
        )
    axes.set(title=f"{model}, k = {latent_dim}: recovery", ylabel="success rate (95 % interval)")
    _show_measurements(axes, cells)
    _show_rates(axes)


# Figure 4. --------------------------------------------------------------------------------------


def draw_approximation(axes: Axes, summary: xr.Dataset, model: str, latent_dim: int) -> None:
    """The per-pixel error of approximated test images over m: median, quartiles (thick) and 5 % to 95 % (thin)."""
    cells = _cells(summary, "approximation", model, latent_dim)
    errors = cells.pixel_error_quantile
    # Trials without an error count as infinity: their bars go out of the panel.
    top = 1.1 * np.max(errors.values, initial=0.01, where=np.isfinite(errors.values))
    methods = list(_by_method(cells))
    for number, (method, of_method) in enumerate(methods):
        place = _beside(of_method.measurements, number, len(methods))
        style = {"color": COLOURS[method]}
        low, lower, median, upper, high = (
            np.minimum(of_method.pixel_error_quantile.sel(quantile=q), 2 * top) for q in (0.05, 0.25, 0.5, 0.75, 0.95)
        )
        axes.vlines(place, low, high, linewidth=1, **style)
        axes.vlines(place, lower, upper, linewidth=4, **style)
        axes.plot(place, median, marker=MARKERS[method], markersize=4, label=LABELS[method], **style)
    axes.set(title=f"{model}, k = {latent_dim}: approximation", ylabel="error per pixel √(‖G(x̂) − y‖²/n)")
    _show_measurements(axes, cells)
    axes.set_ylim(0, top)


# What they share. -------------------------------------------------------------------------------


def _cells(summary: xr.Dataset, task: str, model: str, latent_dim: int | None = None) -> xr.Dataset:
    """The cells of a task, a model and perhaps a latent dimension that hold trials, in one dimension."""
    cells = summary.sel(task=task, model=model).stack(cell=("latent_dim", "measurements", "method"))
    cells = _where(cells, cells["trials"] > 0).reset_index("cell")
    return cells if latent_dim is None else _where(cells, cells.latent_dim == latent_dim)


def _by_method(dataset: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """The rows or cells of each method that has any."""
    for method in COLOURS:
        of_method = _where(dataset, dataset.method == method)
        if of_method.method.size:
            yield method, of_method


def _where(dataset: xr.Dataset, chosen: xr.DataArray) -> xr.Dataset:
    """The rows or cells where a one-dimensional mask is true, with their types."""
    return dataset.isel({chosen.dims[0]: np.flatnonzero(chosen)})


def _wilson(cells: xr.Dataset) -> np.ndarray:
    """Lengths of the error bars below and above the success rate."""
    # Rounding can put a bound of 0 or 1 a hair beyond the rate.
    return np.clip([cells.success_rate - cells.success_low, cells.success_high - cells.success_rate], 0, None)


def _beside(measurements: xr.DataArray, number: int, count: int) -> np.ndarray:
    """Places on a logarithmic axis at which `count` methods' bars stand side by side."""
    return measurements.values * 1.05 ** (number - (count - 1) / 2)


def _show_measurements(axes: Axes, cells: xr.Dataset) -> None:
    """A logarithmic axis of the measurement counts, each with its tick."""
    counts = np.unique(cells.measurements)
    axes.set_xscale("log")
    axes.set_xticks(counts, [str(m) for m in counts], fontsize="small")
    axes.set_xticks([], minor=True)
    axes.set_xlabel(f"measurements m ({', '.join(np.unique(cells.operator))})")


def _show_rates(axes: Axes) -> None:
    axes.set_ylim(-0.02, 1.05)


# The command. -----------------------------------------------------------------------------------


def _outputs(options: argparse.Namespace, known: list[str], with_trials: list[str]) -> dict[str, Path]:
    """The file of each experiment that is drawn; all names of experiments are known."""
    chosen = [options.experiment] if options.experiment else with_trials
    if not chosen:
        raise files.UnreadableError(f"{options.results} has no trials: nothing to draw")
    path = options.output or options.results.with_suffix(".png")
    if len(known) == 1 or (options.output and len(chosen) == 1):
        return {chosen[0]: path}
    return {name: path.with_stem(f"{path.stem}-{name}") for name in chosen}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a results.h5 of surf_sweep")
    parser.add_argument("--experiment", help="draw this one; default: each that has trials")
    parser.add_argument(
        "--output",
        type=Path,
        help="the figure; default: beside the results, as .png, with the experiment's name if the file has several",
    )
    options = parser.parse_args()
    try:
        summary, trials = results.summary(options.results), results.trials(options.results)
        known = summary.experiment.values.tolist()
        if options.experiment not in [None, *known]:
            parser.error(f"no experiment {options.experiment} in {options.results}; use one of {', '.join(known)}")
        with_trials = [name for name in known if name in trials.experiment.values]
        for experiment, path in _outputs(options, known, with_trials).items():
            files.save(experiment_figure(summary, trials, experiment), path)
    except files.UnreadableError as error:
        print(f"figures: {error}", file=sys.stderr)
        return BAD_FILE
    return 0


if __name__ == "__main__":
    sys.exit(main())
