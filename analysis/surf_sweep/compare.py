"""Compares two methods on the same trials at equal network evaluations.

A trial is solved if its latent was within the success distance after at most N network evaluations; without N, if it
ended there. A and B are compared by the pairs that one alone solved, with the exact McNemar test stratified by
training: its p says whether they differ on these trainings, the interval of the difference what to expect of trainings
like these. For tasks without x*, the pixel errors at the end are compared with a sign test.
"""

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from . import files, nested, results

PAIRED_BY = ["file", "task", "model", "latent_dim", "operator", "measurements", "training", "trial"]
OUTCOMES = ["success", "hit_evaluations", "distance", "pixel_error"]
# What must be equal in two experiments for their trials of one number to be the same problem, beside all of [train] that
# does not tell chains of one experiment apart.
PROBLEM_SETTINGS = ["trials.seed", "trials.target_scale", "trials.draw", "trials.noise", "stop.success_distance"]
TELL_CHAINS_APART = {"train.models", "train.latent_dims", "train.seeds"}
BAD_FILE = 4  # exit code, as surf_sweep's


class Problem(NamedTuple):
    experiment: str  # the first method's
    task: str
    model: str
    latent_dim: int
    measurements: int


@dataclass(frozen=True)
class Comparison:
    """Two methods on one problem, over all its trainings."""

    problem: Problem
    measure: str  # "hits" within `evaluations`, or "pixel error" at the end
    evaluations: float
    counts: pd.DataFrame  # a row for each training: pairs, solved_a and solved_b (NaN by pixel error), only_a, only_b

    @property
    def p(self) -> float:
        """The exact McNemar test's, stratified by training.

        Given the pairs in which A and B differ, each stratum's are fair coins if the methods are equal, and so are all
        together.
        """
        only_a, differing = int(self.counts.only_a.sum()), int((self.counts.only_a + self.counts.only_b).sum())
        return stats.binomtest(only_a, differing).pvalue if differing else 1.0

    @property
    def rates(self) -> tuple[float, float]:
        """The success rates of A and B, means over trainings."""
        return tuple(float((self.counts[name] / self.counts.pairs).mean()) for name in ("solved_a", "solved_b"))

    @property
    def difference(self) -> float:
        """The rate of A minus that of B, mean over trainings; by pixel error, of being the smaller one."""
        return float(self._differences.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """The difference's 95 % t interval over trainings; NaN with one."""
        counts = self.counts
        return tuple(map(float, nested.difference_interval(counts.only_a, counts.only_b, counts.pairs)))

    @property
    def _differences(self) -> np.ndarray:
        return ((self.counts.only_a - self.counts.only_b) / self.counts.pairs).values


def paired(
    trials: pd.DataFrame, experiments: dict[str, dict[str, str]], first: str, second: str
) -> dict[Problem, pd.DataFrame]:
    """The pairs of trials of two methods, by problem; outcomes have the endings _a and _b.

    Trials of several files are pairs within their file.

    A method may be written EXPERIMENT:METHOD. Without an experiment the first stands for all that have it, the second
    for the same experiment as the first.
    """
    if first == second:
        raise files.UnreadableError(f"{first} is compared with itself; name two methods")
    keys = [name for name in PAIRED_BY if name in trials]
    table = trials[["experiment", "method", *keys, *OUTCOMES]]
    a, b = (_of_method(table, name) for name in (first, second))
    if ":" in second:
        for experiment in a.experiment.unique():
            _require_same_problems(experiments, experiment, b.experiment.iloc[0])
        b = b.drop(columns="experiment")
    else:
        keys = ["experiment", *keys]
    pairs = a.merge(b, on=keys, suffixes=("_a", "_b"))
    if pairs.empty:
        raise files.UnreadableError(f"{first} and {second} have no trials of the same problem: nothing to compare")
    return {Problem(*key): of_problem for key, of_problem in pairs.groupby(list(Problem._fields), sort=False)}


def compare(problem: Problem, pairs: pd.DataFrame, evaluations: float = math.inf) -> Comparison:
    """Counts in whose pairs which method solved the problem within so many network evaluations."""
    has_latent = pairs[["success_a", "success_b"]].notna().any(axis=None)
    if has_latent and math.isinf(evaluations):
        solved_a, solved_b = (pairs[f"success_{end}"].fillna(False).astype(bool) for end in "ab")
        only_a, only_b = solved_a & ~solved_b, solved_b & ~solved_a
    elif has_latent:
        solved_a, solved_b = (pairs[f"hit_evaluations_{end}"].astype(float) <= evaluations for end in "ab")
        only_a, only_b = solved_a & ~solved_b, solved_b & ~solved_a
    else:
        error_a, error_b = (pairs[f"pixel_error_{end}"].fillna(math.inf) for end in "ab")
        solved_a = solved_b = math.nan
        only_a, only_b = error_a < error_b, error_b < error_a
    columns = {"pairs": 1, "solved_a": solved_a, "solved_b": solved_b, "only_a": only_a, "only_b": only_b}
    trainings = [pairs[name] for name in ("file", "training") if name in pairs]
    counts = pd.DataFrame(columns, index=pairs.index).groupby(trainings).sum(min_count=1)
    return Comparison(problem, "hits" if has_latent else "pixel error", evaluations, counts)


def table(comparisons: list[Comparison], **more: list[str]) -> str:
    """A row for each comparison; `more` are further columns."""
    columns = {**{name: [] for name in Problem._fields}, "by": [], "N": [], "pairs": [], "A %": [], "B %": [],
               "only A": [], "only B": [], "of each training": [], "A - B %": [], "95 % interval": [], "p": []}
    for of_problem in comparisons:
        counts, by_hits = of_problem.counts, of_problem.measure == "hits"
        each = " ".join(f"{a}:{b}" for a, b in zip(counts.only_a, counts.only_b))
        rates = [f"{100 * rate:.1f}" if by_hits else "-" for rate in of_problem.rates]
        whole = not by_hits or math.isinf(of_problem.evaluations)
        several = len(counts) > 1
        low, high = of_problem.interval
        row = [*of_problem.problem, of_problem.measure, "all" if whole else f"{of_problem.evaluations:,.0f}",
               counts.pairs.sum(), *rates, counts.only_a.sum(), counts.only_b.sum(), each,
               f"{100 * of_problem.difference:+.1f}", f"{100 * low:+.1f} to {100 * high:+.1f}" if several else "-",
               f"{of_problem.p:.2g}"]
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return pd.DataFrame(columns | more).to_string(index=False)


def evaluation_count(text: str) -> float:
    """Reads a positive number of network evaluations."""
    try:
        count = float(text)
    except ValueError:
        count = math.nan
    if not count > 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return count


def end_with(name: str, command: Callable[[], None]) -> int:
    """Runs a command and returns its exit code, with one line about what cannot be read, drawn or written."""
    try:
        command()
    except files.UnreadableError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return BAD_FILE
    return 0


def _of_method(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The trials of METHOD or EXPERIMENT:METHOD."""
    experiment, _, method = name.rpartition(":")
    if experiment:
        _require_known("experiment", experiment, table.experiment)
        table = table[table.experiment == experiment]
    _require_known("method", method, table.method)
    return table[table.method == method].drop(columns="method")


def _require_known(kind: str, name: str, known: pd.Series) -> None:
    if name not in known.values:
        raise files.UnreadableError(f"no trials of {kind} {name}; use one of {', '.join(known.unique())}")


def _require_same_problems(experiments: dict[str, dict[str, str]], first: str, second: str) -> None:
    settings = [experiments[name] for name in (first, second)]
    of_trials = [key for key in PROBLEM_SETTINGS if all(key in known for known in settings)]  # else one heeds it not
    of_chains = {key for known in settings for key in known if key.startswith("train.")} - TELL_CHAINS_APART
    for key in [*of_trials, *sorted(of_chains)]:
        values = [known.get(key, "not given") for known in settings]
        if values[0] != values[1]:
            raise files.UnreadableError(
                f"{key} is {values[0]} in experiment {first} and {values[1]} in {second} (their trials are not of the "
                "same problems); compare experiments in which it is equal"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="results.h5 of surf_sweep, one or several")
    parser.add_argument("method_a", help="a method, or EXPERIMENT:METHOD")
    parser.add_argument("method_b", help="the method to compare it with, or EXPERIMENT:METHOD")
    parser.add_argument(
        "--evaluations", type=evaluation_count, default=math.inf, help="N, of the network; default: the whole of both"
    )
    parser.add_argument("--experiment-b", help="the experiment of METHOD_B; default: that of METHOD_A")
    options = parser.parse_args()
    first, second = options.method_a, options.method_b
    if options.experiment_b:
        if ":" in second:
            parser.error("METHOD_B has an experiment already; leave --experiment-b out")
        second = f"{options.experiment_b}:{second}"

    def command() -> None:
        opened = results.open(*options.results)
        pairs = paired(opened.trials, opened.experiments, first, second)
        comparisons = [compare(problem, of_problem, options.evaluations) for problem, of_problem in pairs.items()]
        print(f"A: {first}, B: {second}; N: network evaluations; only A, only B: pairs that one alone solved,")
        print("or, by pixel error, pairs in which it ended with the smaller one")
        print(table(comparisons))

    return end_with("compare", command)


if __name__ == "__main__":
    sys.exit(main())
