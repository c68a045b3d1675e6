"""surf_sweep/atlas.py: the numbers of the map."""

from math import inf
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import THREE, hit_evaluations
from matplotlib.figure import Figure

from surf_sweep import atlas, files, results
from surf_sweep.compare import Comparison, Problem


def comparison(experiment: str, model: str, k: int, only_a: list[int], only_b: list[int], m: int = 784) -> Comparison:
    task = "inversion" if m == 784 else "recovery"
    counts = pd.DataFrame({"pairs": [50] * len(only_a), "only_a": only_a, "only_b": only_b})
    return Comparison(Problem(experiment, task, model, k, m), "hits", inf, counts)


def numbers(figure: Figure) -> dict[tuple[float, float], str]:
    """The texts of the cells by (column, row)."""
    return {text.get_position(): text.get_text() for text in figure.axes[0].texts}


def test_holm() -> None:
    # Holm's procedure: sorted, 3 × 0.01, 2 × 0.02, and 1 × 0.03 that may not fall below its predecessor.
    np.testing.assert_allclose(atlas.holm([0.03, 0.01, 0.02]), [0.04, 0.03, 0.04])
    np.testing.assert_allclose(atlas.holm([0.6, 0.7]), [1, 1])
    random = np.random.default_rng(1)
    p = random.random(9) ** 3
    # A hypothesis is rejected at a level if all smaller p-values are, each at the level over the number that is left.
    for level in (0.01, 0.05, 0.2, 0.7):
        rejected = set()
        for place, number in enumerate(np.argsort(p)):
            if p[number] > level / (len(p) - place):
                break
            rejected.add(int(number))
        assert set(np.flatnonzero(atlas.holm(p) <= level)) == rejected


def test_the_map_has_models_over_latent_dimensions() -> None:
    compared = [
        comparison("table1", "dcgan", 20, [10, 12], [0, 0]),
        comparison("table1", "dcgan", 5, [3, 2], [1, 4]),
        comparison("table1", "wgan", 5, [1, 2], [13, 12]),
        comparison("table1", "wgan", 20, [6, 0], [0, 0]),
    ]
    figure = atlas.atlas_figure(compared, "a", "b")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["5", "20"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["dcgan", "wgan"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0, 22], [-22, 6]])
    assert axes.images[0].get_clim() == (-22, 22)
    # 6 : 0 has p = 0.03, which Holm's correction doubles.
    assert numbers(figure) == {(1, 0): "+22*", (0, 0): "+0", (0, 1): "-22*", (1, 1): "+6"}
    assert "a\nminus b" in axes.get_title()


def test_rows_say_in_what_they_differ() -> None:
    compared = [
        comparison("table1", "dcgan", 5, [3], [1]),
        comparison("figure3", "dcgan", 5, [3], [1], m=20),
        comparison("figure3", "dcgan", 5, [2], [1], m=50),
    ]
    figure = atlas.atlas_figure(compared, "a", "b")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["dcgan, table1, inversion"] + [f"dcgan, figure3, recovery, m = {m}" for m in (20, 50)]


def run(monkeypatch: pytest.MonkeyPatch, *arguments) -> int:
    monkeypatch.setattr("sys.argv", ["atlas.py", *map(str, arguments)])
    return atlas.main()


def differences(task: str, first: int, second: int, evaluations: float) -> list[float]:
    """The difference in the rates of two methods in each training of THREE."""
    rates = [
        [np.mean((hits >= 0) & (hits <= evaluations)) for hits in (hit_evaluations(m, s[m]) for m in (first, second))]
        for s in THREE.successes[task]
    ]
    return np.subtract(*np.transpose(rates)).tolist()


@pytest.mark.parametrize("evaluations", [None, 510, 595])
def test_the_map_of_a_file(trainings_file: Path, evaluations: float | None) -> None:
    trials, pooled = results.trials(trainings_file), results.pooled(trainings_file)
    compared = atlas.comparisons(trials, pooled, results.experiments(trainings_file), *atlas.METHODS, evaluations)
    assert len(compared) == 6  # approximation has no x*
    for of_problem in compared:
        # The mean network evaluations of the second method, as the file has it; the first one's are 595.
        assert of_problem.evaluations == (evaluations or 495)
        expected = np.mean(differences(of_problem.problem.task, 4, 3, evaluations or 495))
        assert of_problem.difference == pytest.approx(expected, abs=1e-12)
    [axes, _] = atlas.atlas_figure(compared, *atlas.METHODS).axes
    inversion, recovery = (
        round(100 * np.mean(differences(task, 4, 3, evaluations or 495)), 9) for task in ("inversion", "recovery")
    )
    expected = [[inversion, inversion]] * 2 + [[np.nan, recovery]] * 2
    np.testing.assert_allclose(axes.images[0].get_array().filled(np.nan), expected)


def test_each_problem_has_the_smaller_mean_of_the_two_methods(trainings_file: Path) -> None:
    trials, pooled = results.trials(trainings_file), results.pooled(trainings_file)
    experiments = results.experiments(trainings_file)
    for first, second in (("adam", "restarts"), ("restarts", "adam")):
        compared = atlas.comparisons(trials, pooled, experiments, first, second)
        assert [of_problem.evaluations for of_problem in compared] == [195] * 6
    # The second method's mean is that in its own experiment.
    of_table1 = trials[trials.experiment == "table1"]
    trials = pd.concat([trials, of_table1.assign(experiment="figure1")])
    means = pooled.network_evaluations_mean
    means = means.where(means.experiment != "figure1", means.sel(experiment="table1", drop=True) - 60)
    pooled = pooled.assign(network_evaluations_mean=means)
    compared = atlas.comparisons(trials, pooled, experiments, "table1:adam", "figure1:surfing")
    assert [of_problem.evaluations for of_problem in compared] == [195] * 4
    compared = atlas.comparisons(trials, pooled, experiments, "table1:surfing", "figure1:adam")
    assert [of_problem.evaluations for of_problem in compared] == [135] * 4


def test_command_prints_and_draws(
    trainings_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, trainings_file) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "A: restarts-surfing-lm, B: restarts-lm" and lines[1].endswith("p p (Holm)")
    assert len(lines) == 2 + 6 + 1
    output = trainings_file.with_name("trainings-atlas.png")
    assert lines[-1] == str(output) and output.read_bytes().startswith(b"\x89PNG")


def test_command_on_other_methods(
    results_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, results_file) == 4
    problem = "no trials of method restarts-surfing-lm; use one of adam, surfing, restarts"
    assert capsys.readouterr().err == f"atlas: {problem}\n"
    output = tmp_path / "map.png"
    arguments = ("--methods", "table1:surfing", "adam", "--evaluations", "300", "--output", output)
    assert run(monkeypatch, results_file, *arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 4 + 1 and lines[-1] == str(output)
    # p = 2 · 2^-2 for 2 : 0 pairs, four times by Holm's correction.
    assert lines[2].split()[-2:] == ["0.5", "1"]


def test_a_map_needs_a_known_latent(trainings_file: Path) -> None:
    trials, pooled = results.trials(trainings_file), results.pooled(trainings_file)
    trials = trials[trials.task == "approximation"]
    with pytest.raises(files.UnreadableError, match="surfing and adam have no trials with a known latent"):
        atlas.comparisons(trials, pooled, {}, "surfing", "adam")
