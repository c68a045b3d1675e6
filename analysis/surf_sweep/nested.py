"""Computes intervals over trainings that have trials of their own; the last axis of all arrays is the trainings'.

A training is the unit that was drawn at random: resampling trials alone, or few trainings, gives intervals that are
too narrow. All intervals are at 95 % and NaN with one training.
"""

import numpy as np
from scipy import stats

Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


def success_interval(successes: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The interval for the mean success rate over trainings like these.

    The mean of sin² is not sin² of the mean: an end is the outer one of sin² of its end on Anscombe's scale and of the
    mean of sin² of normal angles around it, of the variance that the number of trials does not explain.
    """
    angles, least = _angles(successes, trials)
    ends = [np.clip(end, 0, np.pi / 2) for end in _around(angles, 1 / angles.shape[-1], Z * np.sqrt(least))]
    spread = np.exp(-2 * np.maximum(_variance(angles) - least, 0))
    plain, shifted = np.sin(ends) ** 2, (1 - spread * np.cos(2 * np.asarray(ends))) / 2
    outer = [np.minimum(plain[0], shifted[0]), np.maximum(plain[1], shifted[1])]
    return _bounded(outer, successes, trials)


def success_prediction(successes: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The prediction interval for the rate that one more training will show in as many trials."""
    angles, least = _angles(successes, trials)
    ends = _around(angles, 1 + 1 / angles.shape[-1], Z * np.sqrt(least))
    return _bounded([np.sin(np.clip(end, 0, np.pi / 2)) ** 2 for end in ends], successes, trials)


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


def _angles(successes: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rates on Anscombe's scale (1948), and the variance that their number of trials gives them there."""
    successes, trials = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    angles = np.arcsin(np.sqrt((successes + 3 / 8) / (trials + 3 / 4)))
    return angles, np.mean(1 / (4 * trials + 2), axis=-1)


def _bounded(ends: list[np.ndarray], successes: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ends, but 0 below rates that are all 0 and 1 above rates that are all 1."""
    low = np.where(np.all(np.asarray(successes) == 0, axis=-1), np.minimum(ends[0], 0), ends[0])
    high = np.where(np.all(np.asarray(successes) == trials, axis=-1), np.maximum(ends[1], 1), ends[1])
    return low, high


def _around(values: np.ndarray, share: float, floor: np.ndarray | float = 0) -> tuple[np.ndarray, np.ndarray]:
    """The mean, and to both sides of it t standard deviations or `floor`, times the root of `share`."""
    count = values.shape[-1]
    width = stats.t.ppf(0.975, count - 1) * np.sqrt(_variance(values))  # NaN with one training
    half = np.maximum(width, floor) * np.sqrt(share)
    mean = values.mean(axis=-1)
    return mean - half, mean + half


def _variance(values: np.ndarray) -> np.ndarray:
    return values.var(axis=-1, ddof=1) if values.shape[-1] > 1 else np.full(values.shape[:-1], np.nan)
