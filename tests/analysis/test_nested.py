"""analysis/nested.py: against scipy, against hand calculation, and how often its intervals hold the truth."""

import numpy as np
import pytest
from scipy import stats

import nested

SUCCESSES, TRIALS = np.array([150, 180, 210]), 300  # rates 0.5, 0.6, 0.7

# The simulated trainings: rates from a Beta distribution with this mean and standard deviation.
MEAN, DEVIATION = 0.6, 0.06
SIMULATIONS = 3000


def anscombe(successes: np.ndarray, trials: int) -> np.ndarray:
    return np.arcsin(np.sqrt((successes + 0.375) / (trials + 0.75)))


def test_t_interval_is_scipys() -> None:
    values = np.array([0.1, 0.25, -0.05, 0.3])
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    np.testing.assert_allclose(nested.t_interval(values), expected)


def test_success_interval_is_a_t_interval_of_angles() -> None:
    expected = np.sin(stats.ttest_1samp(anscombe(SUCCESSES, TRIALS), 0).confidence_interval(0.95)) ** 2
    np.testing.assert_allclose(nested.success_interval(SUCCESSES, TRIALS), expected)
    angles = anscombe(SUCCESSES, TRIALS)
    half = 4.302653 * np.std(angles, ddof=1) * np.sqrt(4 / 3)  # t with 2 degrees of freedom, from a table
    expected = np.sin([angles.mean() - half, angles.mean() + half]) ** 2
    np.testing.assert_allclose(nested.success_prediction(SUCCESSES, TRIALS), expected, rtol=1e-6)


@pytest.mark.parametrize(("interval", "share"), [(nested.success_interval, 1 / 4), (nested.success_prediction, 5 / 4)])
def test_intervals_are_as_wide_as_the_number_of_trials_leaves_them(interval, share: float) -> None:
    angles = anscombe(np.array([12, 12]), 20).mean() + 1.959964 / np.sqrt(82) * np.sqrt(share) * np.array([-1, 1])
    np.testing.assert_allclose(interval([12, 12, 12, 12], 20), np.sin(angles) ** 2, rtol=1e-6)


def test_intervals_stay_between_0_and_1() -> None:
    for interval in (nested.success_interval, nested.success_prediction):
        assert interval([0, 0], 20)[0] == 0 and 0 < interval([0, 0], 20)[1] < 1
        assert interval([20, 20], 20)[1] == 1 and 0 < interval([20, 20], 20)[0] < 1
        assert interval([0, 20], 20) == (0, 1)


def test_trainings_are_the_last_axis() -> None:
    several = np.array([SUCCESSES, SUCCESSES[::-1] // 2])
    for function in (nested.success_interval, nested.success_prediction):
        for number, successes in enumerate(several):
            np.testing.assert_allclose(np.array(function(several, TRIALS))[:, number], function(successes, TRIALS))


def test_deviations() -> None:
    within = (0.25 + 0.24 + 0.21) / 3 / 300
    assert nested.within_deviation(SUCCESSES, TRIALS) == pytest.approx(np.sqrt(within))
    assert nested.between_deviation(SUCCESSES, TRIALS) == pytest.approx(np.sqrt(0.01 - within))
    assert nested.between_deviation([180, 181, 180], TRIALS) == 0  # less spread than chance gives


def test_one_training_has_no_interval() -> None:
    for ends in (nested.success_interval([12], 20), nested.success_prediction([12], 20), nested.t_interval([0.3])):
        assert np.isnan(ends).all()
    assert np.isnan(nested.between_deviation([12], 20)) and nested.within_deviation([12], 20) > 0


# How often intervals hold the truth. ------------------------------------------------------------


def simulate(random: np.random.Generator, trainings: int) -> np.ndarray:
    """Successes [SIMULATIONS × trainings] of nested data: a rate for each training, trials with that rate."""
    size = MEAN * (1 - MEAN) / DEVIATION**2 - 1
    rates = random.beta(MEAN * size, (1 - MEAN) * size, (SIMULATIONS, trainings))
    return random.binomial(TRIALS, rates)


def share_holding(truth: np.ndarray | float, ends: tuple[np.ndarray, np.ndarray]) -> float:
    return np.mean((ends[0] <= truth) & (truth <= ends[1]))


def five_sigma(share: float) -> float:
    """Five standard deviations of a share of all simulations."""
    return 5 * np.sqrt(share * (1 - share) / SIMULATIONS)


def percentile_bootstrap(random: np.random.Generator, successes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the cluster bootstrap's percentile interval: trainings are drawn again, then trials of each."""
    trainings = successes.shape[-1]
    means = []
    for _ in range(400):
        drawn = np.take_along_axis(successes, random.integers(trainings, size=successes.shape), axis=-1)
        means.append(random.binomial(TRIALS, drawn / TRIALS).mean(axis=-1) / TRIALS)
    return tuple(np.quantile(means, [0.025, 0.975], axis=0))


@pytest.mark.parametrize("trainings", [3, 5, 10])
def test_the_t_interval_holds_the_mean(trainings: int) -> None:
    random = np.random.default_rng(trainings)
    successes = simulate(random, trainings)
    assert five_sigma(0.95) < 0.02  # so that the bounds are within 93 % and 97 %
    assert share_holding(MEAN, nested.success_interval(successes, TRIALS)) == pytest.approx(0.95, abs=five_sigma(0.95))
    one_more = simulate(random, 1)[:, 0] / TRIALS
    prediction = nested.success_prediction(successes, TRIALS)
    assert share_holding(one_more, prediction) == pytest.approx(0.95, abs=five_sigma(0.95))


@pytest.mark.parametrize("trainings", [3, 5])
def test_the_percentile_bootstrap_does_not(trainings: int) -> None:
    random = np.random.default_rng(trainings)
    share = share_holding(MEAN, percentile_bootstrap(random, simulate(random, trainings)))
    assert share + five_sigma(share) < 0.93
