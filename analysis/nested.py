"""Computes intervals over trainings that have trials of their own; the last axis of all arrays is the trainings'.

A training is the unit that was drawn at random: resampling trials alone, or few trainings, gives intervals that are
too narrow. All intervals are at 95 % and NaN with one training.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats

Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


def t_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The t interval for the mean of one value for each training."""
    values = np.asarray(values, float)
    return _around(values, 1 / values.shape[-1])


def success_interval(successes: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The interval for the mean success rate over trainings like these."""
    return _success(successes, trials, lambda count: 1 / count)


def success_prediction(successes: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The prediction interval for the rate that one more training will show in as many trials."""
    return _success(successes, trials, lambda count: 1 + 1 / count)


def difference_interval(only_a: np.ndarray, only_b: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The interval for the mean difference of two success rates in pairs of trials, over trainings like these.

    At least as wide as the pairs leave it, half a pair added to each of the four kinds (Agresti & Min 2005).
    """
    only_a, only_b, pairs = (np.asarray(counts, float) for counts in (only_a, only_b, pairs))
    won = only_a - only_b
    variance = (only_a + only_b + 1 - won**2 / (pairs + 2)) / (pairs + 2) ** 2
    differences = won / pairs
    return _around(differences, 1 / differences.shape[-1], Z * np.sqrt(np.mean(variance, axis=-1)))


def within_deviation(successes: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """The standard deviation that the finite number of trials gives a training's rate."""
    rates = np.asarray(successes) / trials
    return np.sqrt(np.mean(rates * (1 - rates) / trials, axis=-1))


def between_deviation(successes: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """The standard deviation of the rates between trainings, what the finite number of trials adds taken off."""
    rates = np.asarray(successes) / trials
    spread = _variance(rates) - within_deviation(successes, trials) ** 2
    return np.sqrt(np.maximum(spread, 0))


def _success(
    successes: np.ndarray, trials: np.ndarray, share_of: Callable[[int], float]
) -> tuple[np.ndarray, np.ndarray]:
    """The t interval on Anscombe's scale (1948), at least as wide as the number of trials leaves it."""
    successes, trials = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    angles = np.arcsin(np.sqrt((successes + 3 / 8) / (trials + 3 / 4)))
    floor = Z * np.sqrt(np.mean(1 / (4 * trials + 2), axis=-1))
    low, high = _around(angles, share_of(angles.shape[-1]), floor)
    return tuple(np.sin(np.clip(end, 0, np.pi / 2)) ** 2 for end in (low, high))


def _around(values: np.ndarray, share: float, floor: np.ndarray | float = 0) -> tuple[np.ndarray, np.ndarray]:
    """The mean, and to both sides of it t standard deviations or `floor`, times the root of `share`."""
    count = values.shape[-1]
    width = stats.t.ppf(0.975, count - 1) * np.sqrt(_variance(values))  # NaN with one training
    half = np.maximum(width, floor) * np.sqrt(share)
    mean = values.mean(axis=-1)
    return mean - half, mean + half


def _variance(values: np.ndarray) -> np.ndarray:
    return values.var(axis=-1, ddof=1) if values.shape[-1] > 1 else np.full(values.shape[:-1], np.nan)
