"""surf_sweep/nested.py: against scipy, against hand calculation, and how often its intervals hold the truth."""

import numpy as np
import pytest
from scipy import stats

from surf_sweep import nested

SUCCESSES, TRIALS = np.array([150, 180, 210]), 300  # rates 0.5, 0.6, 0.7

# The simulated trainings: rates from a Beta distribution with this mean and standard deviation.
RATES = (0.6, 0.06)
HIGH_RATES = (0.95, 0.05)
SIMULATIONS = 3000


def anscombe(successes: np.ndarray, trials: int) -> np.ndarray:
    return np.arcsin(np.sqrt((successes + 0.375) / (trials + 0.75)))


def test_difference_interval_is_scipys_t_interval() -> None:
    only_a, only_b = np.array([60, 90, 20, 100]), np.array([20, 40, 40, 10])
    expected = stats.ttest_1samp((only_a - only_b) / 200, 0).confidence_interval(0.95)
    np.testing.assert_allclose(nested.difference_interval(only_a, only_b, np.full(4, 200)), expected)


def test_difference_interval_is_as_wide_as_the_number_of_pairs_leaves_it() -> None:
    # 50 pairs, and half a pair for each of the four kinds: 15 differ, and 10 - 4 = 6 more are A's than B's.
    deviation = np.sqrt(15 / 52 - (6 / 52) ** 2) / np.sqrt(52)
    expected = 6 / 50 + 1.959964 * deviation / np.sqrt(4) * np.array([-1, 1])
    np.testing.assert_allclose(nested.difference_interval([10] * 4, [4] * 4, [50] * 4), expected, rtol=1e-6)


def test_success_interval_is_a_t_interval_of_angles() -> None:
    """Its ends are means of rates whose angles are normal around the ends of the t interval, or the rates there."""
    angles = anscombe(SUCCESSES, TRIALS)
    between = np.var(angles, ddof=1) - 1 / 1202
    points, weights = np.polynomial.hermite_e.hermegauss(20)
    ends = stats.ttest_1samp(angles, 0).confidence_interval(0.95)
    means = [weights @ np.sin(end + np.sqrt(between) * points) ** 2 / weights.sum() for end in ends]
    plain = np.sin(ends) ** 2
    expected = [min(plain[0], means[0]), max(plain[1], means[1])]
    assert between > 0.005
    np.testing.assert_allclose(nested.success_interval(SUCCESSES, TRIALS), expected)


def test_success_prediction_is_a_t_interval_of_angles() -> None:
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
        for trainings in (2, 10):
            none, all_of_them = np.full(trainings, 0), np.full(trainings, 20)
            assert interval(none, 20)[0] == 0 and 0 < interval(none, 20)[1] < 1
            assert interval(all_of_them, 20)[1] == 1 and 0 < interval(all_of_them, 20)[0] < 1
    assert nested.success_interval([0] * 9 + [1], 20)[0] > 0 and nested.success_interval([20] * 9 + [19], 20)[1] < 1
    assert nested.success_prediction([0, 20], 20) == (0, 1)


def test_trainings_are_the_last_axis() -> None:
    several = np.array([SUCCESSES, SUCCESSES[::-1] // 2, 0 * SUCCESSES, np.full(3, TRIALS)])
    for function in (nested.success_interval, nested.success_prediction):
        for number, successes in enumerate(several):
            np.testing.assert_allclose(np.array(function(several, TRIALS))[:, number], function(successes, TRIALS))


def test_deviations() -> None:
    within = (0.25 + 0.24 + 0.21) / 3 / 300
    assert nested.within_deviation(SUCCESSES, TRIALS) == pytest.approx(np.sqrt(within))
    assert nested.between_deviation(SUCCESSES, TRIALS) == pytest.approx(np.sqrt(0.01 - within))
    assert nested.between_deviation([180, 181, 180], TRIALS) == 0  # less spread than chance gives


def test_one_training_has_no_interval() -> None:
    for successes in ([0], [12], [20]):
        for interval in (nested.success_interval, nested.success_prediction):
            assert np.isnan(interval(successes, 20)).all()
    assert np.isnan(nested.difference_interval([5], [3], [20])).all()
    assert np.isnan(nested.between_deviation([12], 20)) and nested.within_deviation([12], 20) > 0


# How often intervals hold the truth. ------------------------------------------------------------


def simulate(random: np.random.Generator, trainings: int, mean: float, deviation: float) -> np.ndarray:
    """Successes [SIMULATIONS × trainings] of nested data: a rate for each training, trials with that rate."""
    size = mean * (1 - mean) / deviation**2 - 1
    rates = random.beta(mean * size, (1 - mean) * size, (SIMULATIONS, trainings))
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
    successes = simulate(random, trainings, *RATES)
    assert five_sigma(0.95) < 0.02  # so that the bounds are within 93 % and 97 %
    share = share_holding(RATES[0], nested.success_interval(successes, TRIALS))
    assert share == pytest.approx(0.95, abs=five_sigma(0.95))
    one_more = simulate(random, 1, *RATES)[:, 0] / TRIALS
    prediction = nested.success_prediction(successes, TRIALS)
    assert share_holding(one_more, prediction) == pytest.approx(0.95, abs=five_sigma(0.95))


@pytest.mark.parametrize("trainings", [3, 5, 10])
def test_the_t_interval_holds_a_mean_near_1_less_often(trainings: int) -> None:
    """Rates of such a distribution, most of them near 1 and a few far below, have angles that are far from normal."""
    random = np.random.default_rng(trainings)
    successes = simulate(random, trainings, *HIGH_RATES)
    assert share_holding(HIGH_RATES[0], nested.success_interval(successes, TRIALS)) >= 0.87
    one_more = simulate(random, 1, *HIGH_RATES)[:, 0] / TRIALS
    prediction = nested.success_prediction(successes, TRIALS)
    assert share_holding(one_more, prediction) == pytest.approx(0.95, abs=five_sigma(0.95))


@pytest.mark.parametrize("trainings", [3, 5])
def test_the_percentile_bootstrap_does_not(trainings: int) -> None:
    random = np.random.default_rng(trainings)
    share = share_holding(RATES[0], percentile_bootstrap(random, simulate(random, trainings, *RATES)))
    assert share + five_sigma(share) < 0.93
