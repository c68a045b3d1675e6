"""Draws a results file, a figure for each experiment: how far trials end from the truth, and how many reach it.

With --profiles: how many trials are solved within so many network evaluations.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

import files
import results

# Okabe and Ito's palette, safe for colour-blind readers, and two of Tol's; blue and red as in the paper.
COLOURS = {"adam": "#0072B2", "surfing": "#D55E00", "restarts": "#009E73", "projected": "#CC79A7",
           "lm": "#56B4E9", "surfing-lm": "#E69F00", "restarts-lm": "#332288", "restarts-surfing": "#000000",
           "restarts-surfing-lm": "#882255"}
LABELS = {"adam": "regular Adam", "surfing": "surfing", "restarts": "restarts", "projected": "projected surfing",
          "lm": "Levenberg-Marquardt", "surfing-lm": "surfing with Levenberg-Marquardt",
          "restarts-lm": "restarts, Levenberg-Marquardt", "restarts-surfing": "restarts, surfing",
          "restarts-surfing-lm": "restarts, surfing with L.-M."}
MARKERS = {"adam": "o", "surfing": "s", "restarts": "^", "projected": "D", "lm": "v", "surfing-lm": "P",
           "restarts-lm": "<", "restarts-surfing": "X", "restarts-surfing-lm": ">"}
INTERVALS = ["success_low", "success_high", "hits_within_low", "hits_within_high"]
BINS = 25
BAD_FILE = 4  # exit code, as surf_sweep's


def experiment_figure(summary: xr.Dataset, pooled: xr.Dataset, trials: xr.Dataset, experiment: str) -> Figure:
    """A row of panels for each model of the experiment.

    Task inversion: for each k the distribution of the distance to the truth (the paper's figure 2), then the success
    rates over k (its table 1). Recovery: for each k the success rates over m (figure 3). Approximation: for each k the
    quantiles of the per-pixel error over m (figure 4). Several trainings of a model are drawn together.
    """
    cells = over_trainings(summary, pooled).sel(experiment=experiment)
    trials = _where(trials, trials.experiment == experiment)
    panels = _panels(cells, trials)
    if not panels:
        raise files.UnreadableError(f"experiment {experiment} has no trials in these results: nothing to draw")
    models = [model for model in cells.model.values if model in trials.model.values]
    figure = Figure(figsize=(3.4 * len(panels), 0.6 + 2.8 * len(models)), layout="constrained")
    grid = figure.subplots(len(models), len(panels), squeeze=False)
    for row, model in zip(grid, models):
        for axes, draw in zip(row, panels):
            draw(axes, model)
            if not axes.has_data():  # a cell that this model does not have
                axes.set_axis_off()
    _show_legend(figure)
    return figure


def over_trainings(summary: xr.Dataset, pooled: xr.Dataset) -> xr.Dataset:
    """The pooled statistics and `operator`; a cell with one training has the intervals of that training's trials."""
    several = pooled.trainings > 1
    # The maximum over one training and missing ones is that of the one.
    only = summary[INTERVALS].max("training")
    intervals = {name: pooled[name].where(several, only[name]) for name in INTERVALS}
    return pooled.assign(intervals | {"operator": summary.operator.reduce(np.max, "training")})


def _panels(cells: xr.Dataset, trials: xr.Dataset) -> list[Callable[[Axes, str], None]]:
    def latent_dims(task: str) -> list[int]:
        return np.unique(trials.latent_dim.values[trials.task.values == task]).tolist()

    panels: list[Callable[[Axes, str], None]] = []
    for k in latent_dims("inversion"):
        panels.append(lambda axes, model, k=k: draw_distances(axes, trials, model, k))
    if panels:
        panels.append(lambda axes, model: draw_success(axes, cells, model))
    for k in latent_dims("recovery"):
        panels.append(lambda axes, model, k=k: draw_recovery(axes, cells, model, k))
    for k in latent_dims("approximation"):
        panels.append(lambda axes, model, k=k: draw_approximation(axes, trials, model, k))
    return panels


# Figure 2. --------------------------------------------------------------------------------------


def draw_distances(axes: Axes, trials: xr.Dataset, model: str, latent_dim: int) -> None:
    """The share of inversion trials that end at each distance from the truth."""
    chosen = _problem(trials, "inversion", model, latent_dim)
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


def draw_success(axes: Axes, cells: xr.Dataset, model: str) -> None:
    """The share of inversion trials that succeed, over k, with 95 % intervals."""
    cells = _cells(cells, "inversion", model)
    latent_dims = np.unique(cells.latent_dim)
    methods = list(_by_method(cells))
    width = 0.8 / max(len(methods), 1)
    for number, (method, of_method) in enumerate(methods):
        offset = (number - (len(methods) - 1) / 2) * width
        place = np.searchsorted(latent_dims, of_method.latent_dim) + offset
        axes.bar(place, of_method.success_rate, 0.95 * width, color=COLOURS[method], label=LABELS[method])
        axes.errorbar(place, of_method.success_rate, _bars(of_method), fmt="none", ecolor="black", capsize=3)
    axes.set_xticks(range(len(latent_dims)), [str(k) for k in latent_dims])
    axes.set(title=f"{model}: success", xlabel="latent dimension k", ylabel="success rate (95 % interval)")
    _show_rates(axes)


# Figure 3. --------------------------------------------------------------------------------------


def draw_recovery(axes: Axes, cells: xr.Dataset, model: str, latent_dim: int) -> None:
    """The share of recovery trials that succeed, over m, with 95 % intervals."""
    cells = _cells(cells, "recovery", model, latent_dim)
    methods = list(_by_method(cells))
    for number, (method, of_method) in enumerate(methods):
        axes.errorbar(
            _beside(of_method.measurements.values, number, len(methods)),
            of_method.success_rate,
            _bars(of_method),
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


def draw_approximation(axes: Axes, trials: xr.Dataset, model: str, latent_dim: int) -> None:
    """The per-pixel error of approximated test images over m: median, quartiles (thick) and 5 % to 95 % (thin)."""
    chosen = _problem(trials, "approximation", model, latent_dim)
    counts = np.unique(chosen.measurements)
    errors = {
        method: [_quantiles(_where(of_method, of_method.measurements == m).pixel_error) for m in counts]
        for method, of_method in _by_method(chosen)
    }
    finite = np.concatenate([np.ravel(of_method) for of_method in errors.values()])
    # Trials without an error count as infinity: their bars go out of the panel.
    top = 1.1 * np.max(finite, initial=0.01, where=np.isfinite(finite))
    for number, (method, of_method) in enumerate(errors.items()):
        place = _beside(counts, number, len(errors))
        style = {"color": COLOURS[method]}
        low, lower, median, upper, high = np.minimum(np.transpose(of_method), 2 * top)
        axes.vlines(place, low, high, linewidth=1, **style)
        axes.vlines(place, lower, upper, linewidth=4, **style)
        axes.plot(place, median, marker=MARKERS[method], markersize=4, label=LABELS[method], **style)
    axes.set(title=f"{model}, k = {latent_dim}: approximation", ylabel="error per pixel √(‖G(x̂) − y‖²/n)")
    _show_measurements(axes, chosen)
    axes.set_ylim(0, top)


def _quantiles(errors: xr.DataArray) -> np.ndarray:
    """The quantiles that draw_approximation() shows, a missing error as infinity."""
    values, shares = errors.fillna(np.inf).values, (0.05, 0.25, 0.5, 0.75, 0.95)
    next_above = np.quantile(values, shares, method="higher")
    with np.errstate(invalid="ignore"):  # numpy interpolates to NaN where there is infinity
        return np.where(np.isfinite(next_above), np.quantile(values, shares), next_above)


# Data profiles. ---------------------------------------------------------------------------------


def data_profiles(summary: xr.Dataset, pooled: xr.Dataset, experiment: str) -> Figure:
    """A panel for each problem with an x*: the share of trials solved within N network evaluations, for each method.

    A trial is solved once its latent is within the success distance (data profiles: Moré & Wild 2009). Bands are 95 %
    intervals. The figure fits a column of 5.5 inches.
    """
    cells = over_trainings(summary, pooled).sel(experiment=experiment)
    problems = _profiled(cells)
    if not problems:
        raise files.UnreadableError(f"experiment {experiment} has no trials with a known latent: no profiles to draw")
    columns = min(len(problems), 2)
    rows = -(-len(problems) // columns)
    figure = Figure(figsize=(2.75 * columns, 0.7 + 1.9 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, problem in zip(grid.flat, problems):
        draw_profiles(axes, cells, *problem)
    for axes in grid.flat[len(problems) :]:
        axes.set_axis_off()
    figure.supxlabel("network evaluations N", fontsize="small")
    figure.supylabel("share of trials solved within N (95 % interval)", fontsize="small")
    _show_legend(figure, 8)
    return figure


def draw_profiles(axes: Axes, cells: xr.Dataset, task: str, model: str, latent_dim: int, measurements: int) -> None:
    """The share of trials solved within N network evaluations, over N, with 95 % intervals as bands."""
    problem = {"task": task, "model": model, "latent_dim": latent_dim, "measurements": measurements}
    chosen = cells.sel(problem).dropna("method", how="all", subset=["hits_within"])
    for method, of_method in _by_method(chosen):
        shares, low, high = (of_method[f"hits_within{end}"].values[0] for end in ("", "_low", "_high"))
        style = {"color": COLOURS[method], "linestyle": "--" if method.startswith("restarts") else "-"}
        axes.plot(chosen.evaluations, shares, linewidth=1.2, label=LABELS[method], **style)
        axes.fill_between(chosen.evaluations, low, high, color=COLOURS[method], alpha=0.15, linewidth=0)
    name = "" if task == "inversion" else f", m = {measurements}"
    axes.set_title(f"{model}, k = {latent_dim}: {task}{name}", fontsize="small")
    axes.tick_params(labelsize=7)
    axes.set(xscale="log", xlim=_rise(chosen.hits_within))
    axes.xaxis.set_minor_formatter(NullFormatter())
    _show_rates(axes)


def _profiled(cells: xr.Dataset) -> list[tuple[str, str, int, int]]:
    """The problems (task, model, latent_dim, measurements) that draw_profiles() has something to show for."""
    known = cells.hits_within.notnull().any(["method", "evaluations"])
    stacked = known.stack(problem=("model", "latent_dim", "task", "measurements"))
    return [(task, model, k, m) for model, k, task, m in stacked.problem.values[stacked.values]]


def _rise(shares: xr.DataArray) -> tuple[float, float]:
    """The decades from where the first share leaves 0 to where the last reaches its end."""
    values, places = shares.transpose("method", "evaluations").values, shares.evaluations.values
    if not values.any():
        return places[0], places[-1]
    first = places[np.argmax((values > 0).any(axis=0))]
    last = places[np.argmax((values == values[:, -1:]).all(axis=0))]
    return 10 ** np.ceil(np.log10(first) - 1), 10 ** np.floor(np.log10(last) + 1)


# What they share. -------------------------------------------------------------------------------


def _problem(trials: xr.Dataset, task: str, model: str, latent_dim: int) -> xr.Dataset:
    """The trials of a task, a model and a latent dimension."""
    return _where(trials, (trials.task == task) & (trials.model == model) & (trials.latent_dim == latent_dim))


def _cells(cells: xr.Dataset, task: str, model: str, latent_dim: int | None = None) -> xr.Dataset:
    """The cells of a task, a model and perhaps a latent dimension that hold trials, in one dimension."""
    cells = cells.sel(task=task, model=model).stack(cell=("latent_dim", "measurements", "method"))
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


def _bars(cells: xr.Dataset) -> np.ndarray:
    """Lengths of the error bars below and above the success rate."""
    # Rounding can put a bound of 0 or 1 a hair beyond the rate.
    return np.clip([cells.success_rate - cells.success_low, cells.success_high - cells.success_rate], 0, None)


def _beside(measurements: np.ndarray, number: int, count: int) -> np.ndarray:
    """Places on a logarithmic axis at which `count` methods' bars stand side by side."""
    return measurements * 1.05 ** (number - (count - 1) / 2)


def _show_measurements(axes: Axes, cells: xr.Dataset) -> None:
    """A logarithmic axis of the measurement counts, each with its tick."""
    counts = np.unique(cells.measurements)
    axes.set_xscale("log")
    axes.set_xticks(counts, [str(m) for m in counts], fontsize="small")
    axes.set_xticks([], minor=True)
    axes.set_xlabel(f"measurements m ({', '.join(np.unique(cells.operator))})")


def _show_rates(axes: Axes) -> None:
    axes.set_ylim(-0.02, 1.05)


def _show_legend(figure: Figure, fontsize: float = 10) -> None:
    """A legend of all panels above them, in as many columns as fit."""
    found = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels())}
    labels = [label for label in LABELS.values() if label in found]
    entry_width = fontsize / 10 * (0.6 + 0.08 * max(map(len, labels)))  # about so many inches
    columns = max(1, min(len(labels), int(figure.get_figwidth() / entry_width)))
    handles = [found[label] for label in labels]
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False, fontsize=fontsize)


# The command. -----------------------------------------------------------------------------------


def _outputs(options: argparse.Namespace, known: list[str], drawable: list[str]) -> dict[str, Path]:
    """The file of each experiment that is drawn; all names of experiments are known."""
    chosen = [options.experiment] if options.experiment else drawable
    if not chosen:
        what = "trials with a known latent" if options.profiles else "trials"
        raise files.UnreadableError(f"{options.results} has no {what}: nothing to draw")
    ending = "-profiles.png" if options.profiles else ".png"
    path = options.output or options.results.with_name(options.results.stem + ending)
    if len(known) == 1 or (options.output and len(chosen) == 1):
        return {chosen[0]: path}
    return {name: path.with_stem(f"{path.stem}-{name}") for name in chosen}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a results.h5 of surf_sweep")
    parser.add_argument("--experiment", help="draw this one; default: each that has trials")
    parser.add_argument("--profiles", action="store_true", help="draw the share solved over network evaluations")
    parser.add_argument(
        "--output",
        type=Path,
        help="the figure; default: beside the results, as .png, with the experiment's name if the file has several",
    )
    options = parser.parse_args()
    try:
        summary, pooled = results.summary(options.results), results.pooled(options.results)
        trials = results.trials(options.results)
        known = summary.experiment.values.tolist()
        if options.experiment not in [None, *known]:
            parser.error(f"no experiment {options.experiment} in {options.results}; use one of {', '.join(known)}")
        drawable = [name for name in known if name in trials.experiment.values]
        if options.profiles:
            drawable = [name for name in drawable if _profiled(pooled.sel(experiment=name))]
        for experiment, path in _outputs(options, known, drawable).items():
            if options.profiles:
                figure = data_profiles(summary, pooled, experiment)
            else:
                figure = experiment_figure(summary, pooled, trials, experiment)
            files.save(figure, path)
    except files.UnreadableError as error:
        print(f"figures: {error}", file=sys.stderr)
        return BAD_FILE
    return 0


if __name__ == "__main__":
    sys.exit(main())
