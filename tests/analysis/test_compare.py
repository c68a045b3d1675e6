"""surf_sweep/compare.py: against counts and sums made by hand, on random trials and on files."""

from math import comb, inf
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from conftest import SEED, THREE, hit_evaluations, pixel_errors
from scipy import stats

from surf_sweep import compare, files, nested, results

TRAININGS, TRIALS = [3, 5, 9], 40
METHODS = ["lm", "surfing-lm"]


def random_trials(random: np.random.Generator) -> pd.DataFrame:
    """Two methods on two problems with x* and one without, over three trainings; trials in no order.

    Of surfing-lm, the last trials are not done yet. Some trials that hit do not end there.
    """
    rows = []
    for task, k in (("inversion", 5), ("recovery", 5), ("approximation", 5)):
        for training in TRAININGS:
            for number, method in enumerate(METHODS):
                for trial in range(TRIALS - number * training):
                    hit = random.random() < 0.4 + 0.2 * number and task != "approximation"
                    rows.append({
                        "experiment": "a", "task": task, "model": "dcgan", "latent_dim": k, "operator": "identity",
                        "measurements": 784, "training": training, "trial": trial, "method": method,
                        "success": pd.NA if task == "approximation" else bool(hit and trial % 5),
                        "hit_evaluations": float(random.integers(50, 500)) if hit else np.nan,
                        "distance": np.nan if task == "approximation" else float(not (hit and trial % 5)),
                        "pixel_error": np.nan if random.random() < 0.1 else round(random.random(), 1),
                    })
    order = random.permutation(len(rows))
    return pd.DataFrame([rows[row] for row in order]).astype({"success": "boolean"})


def outcomes(trials: pd.DataFrame, task: str, training: int, name: str) -> list[tuple]:
    """The outcomes of both methods in every pair."""
    of_method = [{}, {}]
    for _, of_row in trials.iterrows():
        if of_row.task == task and of_row.training == training:
            of_method[METHODS.index(of_row.method)][int(of_row.trial)] = of_row[name]
    return [(of_method[0][trial], of_method[1][trial]) for trial in of_method[0].keys() & of_method[1].keys()]


def sign_test(one: int, other: int) -> float:
    """The two-sided p-value of fair coins, exactly."""
    tail = sum(comb(one + other, count) for count in range(min(one, other) + 1))
    return min(1.0, 2 * tail / 2 ** (one + other))


@pytest.fixture(scope="module")
def trials() -> pd.DataFrame:
    return random_trials(np.random.default_rng(7))


def compared(trials: pd.DataFrame, task: str, evaluations: float) -> compare.Comparison:
    pairs = compare.paired(trials, {}, *METHODS)
    [problem] = [problem for problem in pairs if problem.task == task]
    return compare.compare(problem, pairs[problem], evaluations)


@pytest.mark.parametrize("evaluations", [20, 250, 1000, inf])
@pytest.mark.parametrize("task", ["inversion", "recovery"])
def test_solved_trials_are_counted_in_pairs(trials: pd.DataFrame, task: str, evaluations: float) -> None:
    found = compared(trials, task, evaluations)
    assert found.measure == "hits" and found.counts.index.tolist() == TRAININGS
    rates, of_trainings = [], []
    for training in TRAININGS:
        hits = outcomes(trials, task, training, "hit_evaluations")
        solved = [tuple(hit <= evaluations for hit in pair) for pair in hits]
        if evaluations == inf:
            solved = [tuple(bool(success) for success in pair) for pair in outcomes(trials, task, training, "success")]
            assert solved != [tuple(hit <= evaluations for hit in pair) for pair in hits]
        only_a, only_b = solved.count((True, False)), solved.count((False, True))
        counts = found.counts.loc[training]
        assert (counts.pairs, counts.only_a, counts.only_b) == (TRIALS - training, only_a, only_b)
        of_trainings.append((only_a, only_b, len(solved)))
        rates.append(np.mean(solved, axis=0))
    only_a, only_b, pairs = np.transpose(of_trainings)
    assert found.p == pytest.approx(sign_test(int(only_a.sum()), int(only_b.sum())))
    np.testing.assert_allclose(found.rates, np.mean(rates, axis=0))
    assert found.difference == pytest.approx(np.subtract(*np.transpose(rates)).mean())
    np.testing.assert_allclose(found.interval, nested.difference_interval(only_a, only_b, pairs))
    if evaluations == 20:
        assert (found.p, found.rates) == (1, (0, 0))  # nothing is solved so early


def test_the_p_value_is_that_of_all_outcomes_as_rare_in_the_strata() -> None:
    """The sums over strata are fair coins, as counted over all ways in which the differing pairs can fall."""
    strata = [(4, 1), (3, 0), (2, 2)]
    ways: dict[int, int] = {0: 1}
    for only_a, only_b in strata:
        size = only_a + only_b
        ways = {
            total: sum(ways.get(total - count, 0) * comb(size, count) for count in range(size + 1))
            for total in range(max(ways) + size + 1)
        }
    observed, differing = 9, 12
    extreme = sum(count for total, count in ways.items() if abs(total - differing / 2) >= abs(observed - differing / 2))
    frame = {"pairs": [20] * 3, "only_a": [a for a, _ in strata], "only_b": [b for _, b in strata]}
    problem = compare.Problem("a", "inversion", "dcgan", 5, 784)
    found = compare.Comparison(problem, "hits", inf, pd.DataFrame(frame))
    assert found.p == pytest.approx(extreme / 2**differing)


def test_pixel_errors_are_compared_without_a_known_latent(trials: pd.DataFrame) -> None:
    found = compared(trials, "approximation", 20)
    assert found.measure == "pixel error" and np.isnan(found.rates).all()
    differences, sums = [], np.zeros(2, int)
    for training in TRAININGS:
        pairs = np.nan_to_num(outcomes(trials, "approximation", training, "pixel_error"), nan=inf)
        smaller, larger = (pairs[:, 0] < pairs[:, 1]).sum(), (pairs[:, 0] > pairs[:, 1]).sum()
        assert (smaller, larger) == tuple(found.counts.loc[training, ["only_a", "only_b"]])
        sums += smaller, larger
        differences.append((smaller - larger) / len(pairs))
    assert found.p == pytest.approx(sign_test(*map(int, sums)))
    assert found.difference == pytest.approx(np.mean(differences))


@pytest.mark.parametrize("evaluations", [250, inf])
def test_a_problem_in_which_no_trial_hits_is_compared_by_hits(trials: pd.DataFrame, evaluations: float) -> None:
    without = trials.assign(hit_evaluations=np.nan, success=trials.success & False)
    found = compared(without, "inversion", evaluations)
    assert (found.measure, found.p, found.rates) == ("hits", 1, (0, 0))


# Files and the command. -------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, *arguments) -> int:
    monkeypatch.setattr("sys.argv", ["compare.py", *map(str, arguments)])
    return compare.main()


def test_command_prints_a_row_for_each_problem(
    trainings_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, trainings_file, "surfing", "adam", "--evaluations", "300") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("A: surfing, B: adam;") and len(lines) == 3 + 8
    each = []
    for adam, surfing, *_ in THREE.successes["inversion"]:
        solved = [(hits >= 0) & (hits <= 300) for hits in (hit_evaluations(1, surfing), hit_evaluations(0, adam))]
        each.append(((solved[0] & ~solved[1]).sum(), (solved[1] & ~solved[0]).sum()))
    only_a, only_b = np.sum(each, axis=0)
    differences = [100 * (a - b) / 20 for a, b in each]
    low, high = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    counts = [str(only_a), str(only_b), *(f"{a}:{b}" for a, b in each)]
    ends = [f"{np.mean(differences):+.1f}", f"{low:+.1f}", "to", f"{high:+.1f}"]
    problem = ["table1", "inversion", "dcgan", "2", "784", "hits", "300", "60"]
    p = f"{sign_test(int(only_a), int(only_b)):.2g}"
    assert lines[3].split() == [*problem, "50.0", "46.7", *counts, *ends, p]
    words = lines[-1].split()
    assert words[:10] == ["figures3and4", "approximation", "dcgan", "5", "50", "pixel", "error", "all", "60", "-"]
    errors = [[np.nan_to_num(pixel_errors(method, 1, training), nan=inf) for training in range(3)] for method in (1, 0)]
    assert int(words[11]) == np.sum(np.less(*errors)) and int(words[12]) == np.sum(np.greater(*errors))


def test_command_with_one_training_has_no_interval(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, results_file, "surfing", "adam") == 0
    row = capsys.readouterr().out.splitlines()[3].split()
    assert row[6:] == ["all", "20", "100.0", "45.0", "11", "0", "11:0", "+55.0", "-", f"{sign_test(11, 0):.2g}"]


def copy_experiment(path: Path, table1: dict[str, str], figure1: dict[str, str]) -> None:
    """Gives figure1 the trials of table1, which succeed one evaluation later, and both some settings."""
    with h5py.File(path, "a") as file:
        trials = file["trials"]
        rows = trials["experiment_code"][...] == 0
        for name, dataset in trials.items():
            if name != "row":
                values = dataset[...]
                copied = values[rows]
                copied = np.ones_like(copied) if name == "experiment_code" else copied
                copied = np.where(copied < 0, copied, copied + 1) if name == "hit_evaluations" else copied
                attributes = dict(dataset.attrs)
                del trials[name]
                trials[name] = np.concatenate([values, copied])
                for key in attributes.keys() & {"flag_values", "flag_meanings", "_FillValue"}:
                    trials[name].attrs[key] = attributes[key]
        del trials["row"]
        trials["row"] = np.arange(len(trials["trial"]))
        trials["row"].make_scale("row")
        for name in trials:
            if name != "row":
                trials[name].dims[0].attach_scale(trials["row"])
        file["experiments/table1"].attrs.update(table1)
        file["experiments/figure1"].attrs.update(figure1)


def test_command_compares_two_experiments(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other chains of the same training, the default's seed, and a setting that table1's trials do not heed.
    chains = {"train.models": "dcgan,wgan", "train.latent_dims": "2,5", "train.seeds": "1", "train.intervals": "40"}
    others = {"train.models": "dcgan,vae", "train.latent_dims": "5", "train.intervals": "40"}
    copy_experiment(results_file, chains, {**others, "trials.seed": SEED, "trials.noise": "0.1"})
    # Adam's first trial hits at 100 evaluations in table1, and at 101 in figure1.
    arguments = (results_file, "table1:adam", "adam", "--experiment-b", "figure1", "--evaluations", "100")
    assert run(monkeypatch, *arguments) == 0
    first = capsys.readouterr().out
    rows = [line.split() for line in first.splitlines()[3:]]
    assert len(rows) == 4 and all(row[:2] == ["table1", "inversion"] for row in rows)
    assert all(row[8:13] == ["5.0", "0.0", "1", "0", "1:0"] for row in rows)
    assert run(monkeypatch, results_file, "table1:adam", "figure1:adam", "--evaluations", "100") == 0
    assert capsys.readouterr().out == first
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, results_file, "adam", "table1:adam", "--experiment-b", "figure1")
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("table1", "figure1", "problem"),
    [
        ({"trials.seed": "3"}, {"trials.seed": "2"}, "trials.seed is 3 in experiment table1 and 2 in figure1"),
        ({}, {"trials.seed": "2"}, f"trials.seed is {SEED} in experiment table1 and 2 in figure1"),
        ({"trials.seed": "2"}, {}, f"trials.seed is 2 in experiment table1 and {SEED} in figure1"),
        ({"trials.noise": "0"}, {"trials.noise": "1"}, "trials.noise is 0 in experiment table1 and 1 in figure1"),
        ({"train.intervals": "40"}, {"train.intervals": "50"}, "train.intervals is 40 in experiment table1 and 50 in"),
        ({"train.clip": "0.1"}, {}, "train.clip is 0.1 in experiment table1 and not given in figure1"),
        ({}, {"train.clip": "0.1"}, "train.clip is not given in experiment table1 and 0.1 in figure1"),
    ],
)
def test_command_refuses_experiments_with_other_problems(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, table1, figure1, problem: str
) -> None:
    copy_experiment(results_file, table1, figure1)
    assert run(monkeypatch, results_file, "table1:adam", "figure1:adam") == 4
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("methods", "problem"),
    [
        (("surfing", "lm"), "no trials of method lm; use one of adam, surfing, restarts"),
        (("table2:surfing", "adam"), "no trials of experiment table2; use one of table1, figures3and4"),
        (("table1:lm", "adam"), "no trials of method lm; use one of adam, surfing, restarts"),
        (("adam", "adam"), "adam is compared with itself; name two methods"),
        (("table1:adam", "figures3and4:surfing"), "have no trials of the same problem"),
    ],
)
def test_command_says_in_one_line_what_is_wrong(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, methods, problem: str
) -> None:
    assert run(monkeypatch, results_file, *methods) == 4
    error = capsys.readouterr().err
    assert error.startswith("compare: ") and problem in error and error.count("\n") == 1


@pytest.mark.parametrize("evaluations", ["0", "-3", "many", "nan"])
def test_command_wants_a_positive_number(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, evaluations: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, results_file, "adam", "surfing", f"--evaluations={evaluations}")
    assert ended.value.code == 2 and f"{evaluations} is not a positive number" in capsys.readouterr().err


def test_pairs_are_those_of_the_file(trainings_file: Path) -> None:
    pairs = compare.paired(results.trials(trainings_file), results.experiments(trainings_file), "surfing", "restarts")
    assert len(pairs) == 8 and all(len(of_problem) == 60 for of_problem in pairs.values())
    with pytest.raises(files.UnreadableError, match="no trials of method lm"):
        compare.paired(results.trials(trainings_file), {}, "surfing", "lm")
