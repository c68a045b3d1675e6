"""Draws a results file, a figure for each experiment: how far trials end from the truth, and how many reach it.

Figures are as wide as a column (--width 3.3) or a page (7 in, the default); --output FILE.pdf or .svg gives vectors. With
--profiles: how many trials are solved within so many network evaluations.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from . import baselines, files, paper, results, style
from .style import COLOURS, LABELS, MARKERS

INTERVALS = ["success_low", "success_high", "hits_within_low", "hits_within_high"]
NEAREST = 1e-4  # left end of the axis of distances
SUCCESS_DISTANCE = 0.01  # the default's
BAD_FILE = 4  # exit code, as surf_sweep's


@dataclass(frozen=True)
class Sweep:
    """What of a results file is drawn; several trainings of a model together."""

    cells: pd.DataFrame  # a row for each problem and method: rates with intervals, `trials`, `complete`
    trials: pd.DataFrame
    profiles: xr.Dataset  # hits_within with its interval
    success_distances: dict[str, float]  # of each experiment
    baselines: pd.DataFrame | None = None  # errors without a generator, of the command baselines

    def of(self, experiment: str) -> "Sweep":
        tables = [table[table.experiment == experiment] for table in (self.cells, self.trials)]
        return replace(self, cells=tables[0], trials=tables[1], profiles=self.profiles.sel(experiment=experiment))


def read(path: Path) -> Sweep:
    cells = over_trainings(results.summary(path), results.pooled(path))
    rates = ["trials", "complete", "success_rate", "success_low", "success_high", "operator"]
    table = cells[rates].to_dataframe().reset_index()
    table = table[table.trials > 0].assign(complete=table.complete == "yes").reset_index(drop=True)
    distances = {
        name: float(settings.get("stop.success_distance", SUCCESS_DISTANCE))
        for name, settings in results.experiments(path).items()
    }
    profiles = cells[[name for name in cells if name.startswith("hits_within")]]
    return Sweep(table, results.trials(path), profiles, distances)


def over_trainings(summary: xr.Dataset, pooled: xr.Dataset) -> xr.Dataset:
    """The pooled statistics and `operator`; a cell with one training has the intervals of that training's trials."""
    several = pooled.trainings > 1
    # The maximum over one training and missing ones is that of the one.
    only = summary[INTERVALS].max("training")
    intervals = {name: pooled[name].where(several, only[name]) for name in INTERVALS}
    return pooled.assign(intervals | {"operator": summary.operator.reduce(np.max, "training")})


def experiment_figure(sweep: Sweep, experiment: str, width: float = style.PAGE) -> Figure:
    """What an experiment found, in panels under each other.

    Task inversion: for each model and k the share of trials that end within a distance of the truth (the paper's figure
    2), then for each model the success rates over k, the paper's beside them (its table 1). Recovery: the success rates
    over m (figure 3). Approximation: the quantiles of the per-pixel error over m (figure 4).
    """
    sweep = sweep.of(experiment)
    if sweep.trials.empty:
        raise files.UnreadableError(f"experiment {experiment} has no trials in these results: nothing to draw")
    parts = [part for part in PARTS if part.panels(sweep)]
    with style.sized():
        shapes = [part.shape(sweep, width) for part in parts]
        heights = [0.35 + 1.3 * rows for rows, _ in shapes]
        figure = Figure(figsize=(width, 0.4 + sum(heights)), layout="constrained")
        for part, shape, place in zip(parts, shapes, figure.subfigures(len(parts), 1, height_ratios=heights, squeeze=False)):
            part.draw_all(place[0], sweep, shape)
        style.show_legend(figure, _extra_entries(figure, sweep))
    return figure


def _extra_entries(figure: Figure, sweep: Sweep) -> dict[str, Line2D]:
    """Of the legend: the marks that belong to no method."""
    entries = {}
    if any(axes.get_gid() == "paper" for axes in figure.axes):
        entries["the paper's"] = Line2D([], [], color="black", linestyle="", marker="_", markersize=7)
    for axes in figure.axes:
        entries |= {line.get_label(): line for line in axes.lines if line.get_gid() == "baseline"}
    if not sweep.cells.complete.all():
        entries["not all trials done"] = Line2D([], [], linestyle="", marker="o", color="grey", markerfacecolor="white")
    return entries


# Figure 2. --------------------------------------------------------------------------------------


def draw_distances(axes: Axes, sweep: Sweep, model: str, latent_dim: int) -> None:
    """The share of inversion trials that end within each distance from the truth, and the success distance."""
    chosen = _problem(sweep.trials, "inversion", model, latent_dim)
    cells = _problem(sweep.cells, "inversion", model, latent_dim)
    farthest = max(1.0, chosen.distance[np.isfinite(chosen.distance)].max())
    for method, of_method in _by_method(chosen):
        # Of all trials: those that ended at no finite distance never arrive.
        distances = np.sort(of_method.distance[np.isfinite(of_method.distance)])
        shares = np.arange(len(distances) + 1) / len(of_method)
        x = [NEAREST, *np.maximum(distances, NEAREST), farthest]
        complete = cells.complete[cells.method == method].all()
        axes.step(x, [*shares, shares[-1]], where="post", color=COLOURS[method], label=LABELS[method],
                  linestyle="-" if complete else ":")
    [experiment] = chosen.experiment.unique() if len(chosen) else [None]
    axes.axvline(sweep.success_distances.get(experiment, SUCCESS_DISTANCE), color="grey", linewidth=0.6, zorder=0)
    axes.set(title=f"{model}, k = {latent_dim}", xscale="log", xlim=(NEAREST, 1.2 * farthest))
    axes.set_xticks([1e-4, 1e-2, 1])
    axes.xaxis.set_minor_formatter(NullFormatter())
    style.show_rates(axes)


# Table 1. ---------------------------------------------------------------------------------------


def draw_success(axes: Axes, sweep: Sweep, model: str) -> None:
    """The share of inversion trials that succeed, over k, with 95 % intervals and the paper's as dashes."""
    cells = _problem(sweep.cells, "inversion", model)
    latent_dims = np.unique(cells.latent_dim)
    methods = list(_by_method(cells))
    width = 0.7 / max(len(methods), 1)
    for number, (method, of_method) in enumerate(methods):
        place = np.searchsorted(latent_dims, of_method.latent_dim) + (number - (len(methods) - 1) / 2) * width
        _draw_rates(axes, place, of_method, method)
        known = [paper.TABLE1.get((model, k, method)) for k in of_method.latent_dim]
        found = [(x, cell.success / 100) for x, cell in zip(place, known) if cell]
        if found:
            axes.set_gid("paper")
            axes.plot(*zip(*found), linestyle="", marker="_", markersize=7, color="black", zorder=3)
    axes.set_xticks(range(len(latent_dims)), [str(k) for k in latent_dims])
    axes.set(title=f"{model}: success", xlim=(-0.5, len(latent_dims) - 0.5))
    style.show_rates(axes)


# Figure 3. --------------------------------------------------------------------------------------


def draw_recovery(axes: Axes, sweep: Sweep, model: str, latent_dim: int) -> None:
    """The share of recovery trials that succeed, over m, with 95 % intervals."""
    cells = _problem(sweep.cells, "recovery", model, latent_dim)
    methods = list(_by_method(cells))
    for number, (method, of_method) in enumerate(methods):
        place = _beside(of_method.measurements.values, number, len(methods))
        axes.plot(place, of_method.success_rate, color=COLOURS[method], linewidth=0.8)
        _draw_rates(axes, place, of_method, method)
    axes.set_title(f"{model}, k = {latent_dim}: recovery")
    _show_measurements(axes, cells)
    style.show_rates(axes)


# Figure 4. --------------------------------------------------------------------------------------


def draw_approximation(axes: Axes, sweep: Sweep, model: str, latent_dim: int) -> None:
    """The per-pixel error of approximated test images over m: median, quartiles (thick) and 5 % to 95 % (thin)."""
    chosen = _problem(sweep.trials, "approximation", model, latent_dim)
    cells = _problem(sweep.cells, "approximation", model, latent_dim)
    counts = np.unique(chosen.measurements)
    errors = {
        method: [_quantiles(of_method.pixel_error[of_method.measurements == m]) for m in counts]
        for method, of_method in _by_method(chosen)
    }
    finite = np.concatenate([np.ravel(of_method) for of_method in errors.values()])
    # Trials without an error count as infinity: their bars go out of the panel.
    top = 1.1 * np.max(finite, initial=0.01, where=np.isfinite(finite))
    for number, (method, of_method) in enumerate(errors.items()):
        place, colour = _beside(counts, number, len(errors)), COLOURS[method]
        low, lower, median, upper, high = np.minimum(np.transpose(of_method), 2 * top)
        axes.vlines(place, low, high, linewidth=0.6, color=colour)
        axes.vlines(place, lower, upper, linewidth=2, color=colour)
        done = cells[cells.method == method].groupby("measurements").complete.all()
        axes.plot(place, median, color=colour, linewidth=0.8, label=LABELS[method])
        for x, y, m in zip(place, median, counts):
            axes.plot(x, y, linestyle="", marker=MARKERS[method], markersize=4, markeredgewidth=0.6,
                      color=style.face(method, done.get(m, True)),
                      markeredgecolor="white" if done.get(m, True) else colour)
    if sweep.baselines is not None:
        baselines.draw(axes, sweep.baselines, counts)
    axes.set_title(f"{model}, k = {latent_dim}: approximation")
    _show_measurements(axes, cells)
    axes.set_ylim(0, top)


def _quantiles(errors: pd.Series) -> np.ndarray:
    """The quantiles that draw_approximation() shows, a missing error as infinity."""
    values, shares = errors.fillna(np.inf).values, (0.05, 0.25, 0.5, 0.75, 0.95)
    if not len(values):
        return np.full(len(shares), np.nan)
    next_above = np.quantile(values, shares, method="higher")
    with np.errstate(invalid="ignore"):  # numpy interpolates to NaN where there is infinity
        return np.where(np.isfinite(next_above), np.quantile(values, shares), next_above)


# The parts of a figure. -------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """Panels of one kind, which share their axes' labels and scales."""

    task: str
    draw: Callable
    x_label: str
    y_label: str
    of_each_k: bool  # a panel for each model and k, or one for each model

    def panels(self, sweep: Sweep) -> list[tuple]:
        """The arguments of draw() behind the axes."""
        problems = sweep.cells[sweep.cells.task == self.task]
        return sorted(set(zip(problems.model, problems.latent_dim) if self.of_each_k else zip(problems.model)))

    def shape(self, sweep: Sweep, width: float) -> tuple[int, int]:
        """Rows and columns: a column for each k where they fit, else as many as fit."""
        panels = self.panels(sweep)
        fitting = max(1, int(width / style.PANEL))
        of_k = len({panel[1:] for panel in panels})
        columns = of_k if 1 < of_k <= int(width / 1.0) and len(panels) == of_k * len({p[0] for p in panels}) else fitting
        columns = min(columns, len(panels))
        return -(-len(panels) // columns), columns

    def draw_all(self, figure: SubFigure, sweep: Sweep, shape: tuple[int, int]) -> None:
        panels = self.panels(sweep)
        grid = figure.subplots(*shape, squeeze=False, sharey=True)
        for axes, panel in zip(grid.flat, panels):
            self.draw(axes, sweep, *panel)
        for axes in grid.flat[len(panels) :]:
            axes.remove()
        operators = sorted(sweep.cells.operator[sweep.cells.task == self.task].unique())
        figure.supxlabel(self.x_label.format(operator=", ".join(operators)))
        figure.supylabel(self.y_label)


PARTS = [
    Part("inversion", draw_distances, "distance to the truth ‖x̂ − x*‖", "share of trials within", True),
    Part("inversion", draw_success, "latent dimension k", "success rate", False),
    Part("recovery", draw_recovery, "measurements m ({operator})", "success rate", True),
    Part("approximation", draw_approximation, "measurements m ({operator})", "error per pixel", True),
]


# Data profiles. ---------------------------------------------------------------------------------


def data_profiles(sweep: Sweep, experiment: str, width: float = style.PAGE) -> Figure:
    """A panel for each problem with an x*: the share of trials solved within N network evaluations, for each method.

    A trial is solved once its latent is within the success distance (data profiles: Moré & Wild 2009). Bands are 95 %
    intervals.
    """
    sweep = sweep.of(experiment)
    problems = profiled(sweep.profiles)
    if not problems:
        raise files.UnreadableError(f"experiment {experiment} has no trials with a known latent: no profiles to draw")
    columns = min(len(problems), max(1, int(width / style.PANEL)))
    rows = -(-len(problems) // columns)
    with style.sized():
        figure = Figure(figsize=(width, 0.7 + 1.4 * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for axes, problem in zip(grid.flat, problems):
            draw_profiles(axes, sweep, *problem)
        for axes in grid.flat[len(problems) :]:
            axes.remove()
        figure.supxlabel("network evaluations N")
        figure.supylabel("share of trials solved within N")
        style.show_legend(figure)
    return figure


def draw_profiles(axes: Axes, sweep: Sweep, task: str, model: str, latent_dim: int, measurements: int) -> None:
    """The share of trials solved within N network evaluations, over N, with 95 % intervals as bands."""
    problem = {"task": task, "model": model, "latent_dim": latent_dim, "measurements": measurements}
    chosen = sweep.profiles.sel(problem).dropna("method", how="all", subset=["hits_within"])
    for method in [method for method in COLOURS if method in chosen.method.values]:
        of_method = chosen.sel({"method": method})
        shares, low, high = (of_method[f"hits_within{end}"].values for end in ("", "_low", "_high"))
        line = {"color": COLOURS[method], "linestyle": "--" if method.startswith("restarts") else "-"}
        axes.plot(chosen.evaluations, shares, label=LABELS[method], **line)
        axes.fill_between(chosen.evaluations, low, high, color=COLOURS[method], alpha=0.15, linewidth=0)
    name = "" if task == "inversion" else f", m = {measurements}"
    axes.set_title(f"{model}, k = {latent_dim}: {task}{name}")
    axes.set(xscale="log", xlim=_rise(chosen.hits_within))
    axes.xaxis.set_minor_formatter(NullFormatter())
    style.show_rates(axes)


def profiled(profiles: xr.Dataset) -> list[tuple[str, str, int, int]]:
    """The problems (task, model, latent_dim, measurements) that draw_profiles() has something to show for."""
    known = profiles.hits_within.notnull().any(["method", "evaluations"])
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


def _problem(table: pd.DataFrame, task: str, model: str, latent_dim: int | None = None) -> pd.DataFrame:
    """The rows of a task, a model and perhaps a latent dimension."""
    chosen = table[(table.task == task) & (table.model == model)]
    return chosen if latent_dim is None else chosen[chosen.latent_dim == latent_dim]


def _by_method(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each method that has any."""
    for method in COLOURS:
        of_method = table[table.method == method]
        if len(of_method):
            yield method, of_method


def _draw_rates(axes: Axes, place: np.ndarray, cells: pd.DataFrame, method: str) -> None:
    """Success rates with their intervals, hollow where trials are missing."""
    # Rounding can put a bound of 0 or 1 a hair beyond the rate.
    bars = np.clip([cells.success_rate - cells.success_low, cells.success_high - cells.success_rate], 0, None)
    axes.errorbar(place, cells.success_rate, bars, fmt="none", ecolor=COLOURS[method], elinewidth=0.8, capsize=1.5,
                  capthick=0.8)
    for complete in (True, False):
        chosen = (cells.complete == complete).values
        if chosen.any():
            axes.plot(np.asarray(place)[chosen], cells.success_rate[chosen], linestyle="", marker=MARKERS[method],
                      color=COLOURS[method], markerfacecolor=style.face(method, complete), label=LABELS[method])


def _beside(measurements: np.ndarray, number: int, count: int) -> np.ndarray:
    """Places on a logarithmic axis at which `count` methods' bars stand side by side."""
    return measurements * 1.05 ** (number - (count - 1) / 2)


def _show_measurements(axes: Axes, cells: pd.DataFrame) -> None:
    """A logarithmic axis of the measurement counts, a tick for each, with the numbers that fit."""
    counts = np.unique(cells.measurements)
    axes.set_xscale("log")
    inches = 0.8 * axes.get_position().width * axes.figure.bbox.width / axes.figure.dpi
    shown = style.spaced(np.log10(counts), [str(m) for m in counts], inches)
    axes.set_xticks(counts, [str(m) if index in shown else "" for index, m in enumerate(counts)])
    axes.set_xticks([], minor=True)


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
    parser.add_argument("--baselines", type=Path, metavar="CSV", help="draw these beside figure 4 (the command baselines)")
    parser.add_argument("--width", type=style.figure_width, default=style.PAGE,
                        help=f"in inches; a column: {style.COLUMN}; default: %(default)s")
    parser.add_argument("--output", type=Path, help="the figure, .pdf, .svg, .png, …; default: beside the results, as "
                        ".png, with the experiment's name if the file has several")
    options = parser.parse_args()
    try:
        known = list(results.experiments(options.results))
        if options.experiment not in [None, *known]:
            parser.error(f"no experiment {options.experiment} in {options.results}; use one of {', '.join(known)}")
        sweep = replace(read(options.results), baselines=options.baselines and baselines.read(options.baselines))
        drawable = [name for name in known if name in sweep.trials.experiment.values]
        if options.profiles:
            drawable = [name for name in drawable if profiled(sweep.profiles.sel(experiment=name))]
        draw = data_profiles if options.profiles else experiment_figure
        for experiment, path in _outputs(options, known, drawable).items():
            files.save(draw(sweep, experiment, options.width), path)
    except files.UnreadableError as error:
        print(f"figures: {error}", file=sys.stderr)
        return BAD_FILE
    return 0
