"""Draws where one method solves more trials than another at equal network evaluations, by model and latent dim."""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from . import files, results
from .compare import Comparison, Problem, compare, end_with, evaluation_count, paired, table

METHODS = ("restarts-surfing-lm", "restarts-lm")
SIGNIFICANCE = 0.05


def comparisons(
    trials: pd.DataFrame,
    pooled: xr.Dataset,
    experiments: dict[str, dict[str, str]],
    first: str,
    second: str,
    evaluations: float | None = None,
) -> list[Comparison]:
    """The comparisons of the map: of all problems with an x*.

    Without `evaluations`, each problem has the smaller one of the two methods' mean network evaluations: beyond it one
    of them may have ended.
    """
    found = []
    for problem, pairs in paired(trials, experiments, first, second).items():
        allowed = evaluations or min(_mean_evaluations(pooled, problem, name) for name in (first, second))
        found.append(compare(problem, pairs, allowed))
    found = [of_problem for of_problem in found if of_problem.measure == "hits"]
    if not found:
        raise files.UnreadableError(f"{first} and {second} have no trials with a known latent: no map to draw")
    return found


def holm(p: list[float]) -> np.ndarray:
    """The p-values corrected for their number (Holm 1979)."""
    order = np.argsort(p)
    factors = np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(factors * np.asarray(p)[order]), 1)
    return corrected


def atlas_figure(compared: list[Comparison], first: str, second: str) -> Figure:
    """A row for each model, a column for each k: the difference in success rate, in percentage points.

    Bold numbers with a star differ from 0: stratified McNemar test, Holm's correction over the map. The rows are those
    of each experiment, task and m too where there are several.
    """
    rows = list(dict.fromkeys(_row(of_problem.problem) for of_problem in compared))
    columns = sorted({of_problem.problem.latent_dim for of_problem in compared})
    values = np.full((len(rows), len(columns)), np.nan)
    figure = Figure(figsize=(3.2 + 0.5 * len(columns), 1.5 + 0.35 * len(rows)), layout="constrained")
    axes = figure.subplots()
    largest = max(max(abs(100 * of_problem.difference) for of_problem in compared), 1)
    for of_problem, p in zip(compared, holm([of_problem.p for of_problem in compared])):
        row, column = rows.index(_row(of_problem.problem)), columns.index(of_problem.problem.latent_dim)
        values[row, column] = value = 100 * of_problem.difference
        significant = p < SIGNIFICANCE
        axes.text(
            column, row, f"{round(value):+d}{'*' if significant else ''}", ha="center", va="center", fontsize=8,
            color="white" if abs(value) > 0.6 * largest else "black", weight="bold" if significant else "normal",
        )
    image = axes.imshow(values, cmap="PuOr_r", vmin=-largest, vmax=largest, aspect="auto")
    axes.set_xticks(range(len(columns)), [str(k) for k in columns])
    axes.set_yticks(range(len(rows)), _row_names(rows))
    axes.tick_params(labelsize=8)
    axes.set_xlabel("latent dimension k", fontsize=8)
    axes.set_title(f"success rate, {first}\nminus {second}\n(* p < {SIGNIFICANCE}, Holm)", fontsize=8)
    bar = figure.colorbar(image)
    bar.set_label("percentage points", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def _mean_evaluations(pooled: xr.Dataset, problem: Problem, name: str) -> float:
    """Of METHOD or EXPERIMENT:METHOD."""
    experiment, _, method = name.rpartition(":")
    cell = {**problem._asdict(), "experiment": experiment or problem.experiment, "method": method}
    return float(pooled.network_evaluations_mean.sel(cell))


def _row(problem: Problem) -> tuple:
    """What problems of one row have in common."""
    return problem._replace(latent_dim=None, measurements=None if problem.task == "inversion" else problem.measurements)


def _row_names(rows: list[Problem]) -> list[str]:
    """The model, and of experiment, task and m what differs between rows."""
    names = []
    for row in rows:
        parts = [row.model]
        parts += [row.experiment] if len({r.experiment for r in rows}) > 1 else []
        parts += [row.task] if len({r.task for r in rows}) > 1 else []
        parts += [f"m = {row.measurements}"] if row.measurements else []
        names.append(", ".join(parts))
    return names


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a results.h5 of surf_sweep")
    names = f"as for compare.py; default: {' '.join(METHODS)}"
    parser.add_argument("--methods", nargs=2, default=METHODS, metavar=("A", "B"), help=names)
    parser.add_argument(
        "--evaluations", type=evaluation_count, help="N for all problems; default: of each the smaller mean of A and B"
    )
    parser.add_argument("--output", type=Path, help="the figure; default: beside the results, as -atlas.png")
    options = parser.parse_args()

    def command() -> None:
        first, second = options.methods
        trials, pooled = results.trials(options.results), results.pooled(options.results)
        experiments = results.experiments(options.results)
        compared = comparisons(trials, pooled, experiments, first, second, options.evaluations)
        corrected = holm([of_problem.p for of_problem in compared])
        print(f"A: {first}, B: {second}")
        print(table(compared, **{"p (Holm)": [f"{p:.2g}" for p in corrected]}))
        output = options.output or options.results.with_name(f"{options.results.stem}-atlas.png")
        files.save(atlas_figure(compared, first, second), output)

    return end_with("atlas", command)


if __name__ == "__main__":
    sys.exit(main())
