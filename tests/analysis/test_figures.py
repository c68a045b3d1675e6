"""analysis/figures.py: the numbers that are drawn."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import EVALUATIONS, ONE, THREE, hit_evaluations, pixel_errors, wilson
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import figures
import files
import results


def draw(file: Path, experiment: str) -> Figure:
    return figures.experiment_figure(results.summary(file), results.pooled(file), results.trials(file), experiment)


def draw_profiles(file: Path, experiment: str) -> Figure:
    return figures.data_profiles(results.summary(file), results.pooled(file), experiment)


def panel(figure: Figure, title: str):
    [axes] = [axes for axes in figure.axes if axes.get_title() == title]
    return axes


def test_a_panel_for_each_cell_of_an_experiment(results_file: Path) -> None:
    titles = [axes.get_title() for axes in draw(results_file, "table1").axes]
    assert titles == [f"{model}{t}" for model in ("dcgan", "wgan") for t in (", k = 2", ", k = 5", ": success")]
    titles = [axes.get_title() for axes in draw(results_file, "figures3and4").axes]
    assert titles == ["dcgan, k = 5: recovery", "dcgan, k = 5: approximation"]  # it has no WGAN


def test_a_colour_for_each_method(results_file: Path) -> None:
    [legend] = draw(results_file, "table1").legends
    assert [text.get_text() for text in legend.get_texts()] == ["regular Adam", "surfing", "restarts"]
    assert list(figures.COLOURS) == list(figures.LABELS) == list(figures.MARKERS) == [
        "adam", "surfing", "restarts", "projected", "lm", "surfing-lm", "restarts-lm", "restarts-surfing",
        "restarts-surfing-lm"]
    for of_method in (figures.COLOURS, figures.LABELS, figures.MARKERS):
        assert len(set(of_method.values())) == len(of_method)


def test_the_legend_fits_the_figure(trainings_file: Path) -> None:
    for figure in (draw(trainings_file, "figures3and4"), draw_profiles(trainings_file, "table1")):
        figure.draw_without_rendering()
        [legend] = figure.legends
        assert len(legend.get_texts()) == 5
        box = legend.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1


@pytest.mark.parametrize(("latent_dim", "farthest"), [(2, 3.8), (5, 3.5)])
def test_distances(results_file: Path, latent_dim: int, farthest: float) -> None:
    axes = panel(draw(results_file, "table1"), f"dcgan, k = {latent_dim}")
    adam, surfing, restarts = (patch.get_data() for patch in axes.patches)
    # Adam: 9 of 20 at 0, 10 far away, 1 not finite; surfing: all at 0; restarts: 14 and 6.
    between = [0] * (figures.BINS - 2)
    assert len(adam.values) == figures.BINS
    np.testing.assert_allclose(adam.values, [0.45, *between, 0.5])
    np.testing.assert_allclose(surfing.values, [1, *between, 0])
    np.testing.assert_allclose(restarts.values, [0.7, *between, 0.3])
    assert adam.edges[-1] == pytest.approx(farthest)


def test_success_rates(results_file: Path) -> None:
    axes = panel(draw(results_file, "table1"), "wgan: success")
    bars = [c for c in axes.containers if hasattr(c, "patches")]
    assert [[bar.get_height() for bar in method] for method in bars] == [[0.45, 0.45], [1, 1], [0.7, 0.7]]
    assert [to_hex(method[0].get_facecolor()).upper() for method in bars] == list(figures.COLOURS.values())[:3]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "5"]
    adam, surfing, _ = (collection.get_segments() for collection in axes.collections)
    np.testing.assert_allclose(adam[0][:, 1], wilson(9, 20))
    np.testing.assert_allclose(surfing[0][:, 1], [wilson(20, 20)[0], 1], atol=1e-12)
    # Side by side around the place of their k.
    edges = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for method in bars for bar in method)
    assert all(right <= left for (_, right), (left, _) in zip(edges, edges[1:]))
    assert np.mean([np.mean(edge) for edge in edges[:3]]) == pytest.approx(0, abs=1e-12)


def test_recovery(results_file: Path) -> None:
    axes = panel(draw(results_file, "figures3and4"), "dcgan, k = 5: recovery")
    adam, surfing, restarts = (container.lines[0] for container in axes.containers)
    for method, line in enumerate((adam, surfing, restarts)):
        np.testing.assert_allclose(line.get_xdata(), np.array([20, 50]) * 1.05 ** (method - 1))
    for line, rate in ((adam, 0.2), (surfing, 0), (restarts, 0.3)):
        np.testing.assert_array_equal(line.get_ydata(), [rate, rate])
    np.testing.assert_allclose(axes.collections[0].get_segments()[1][:, 1], wilson(4, 20))
    assert axes.get_xlabel() == "measurements m (gaussian)"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["20", "50"]


def quantile(errors: np.ndarray, share: float) -> float:
    """By linear interpolation between the sorted errors, of which a missing one is infinite."""
    errors = np.sort(np.nan_to_num(errors, nan=np.inf))
    place = share * (len(errors) - 1)
    below = int(place)
    low, high = errors[below], errors[int(np.ceil(place))]
    return high if np.isinf(high) else low + (place - below) * (high - low)


def test_approximation(results_file: Path) -> None:
    axes = panel(draw(results_file, "figures3and4"), "dcgan, k = 5: approximation")
    assert len(axes.lines) == 3
    top = axes.get_ylim()[1]
    for method, line in enumerate(axes.lines):
        np.testing.assert_allclose(line.get_xdata(), np.array([20, 50]) * 1.05 ** (method - 1))
        thin, thick = (collection.get_segments() for collection in axes.collections[2 * method : 2 * method + 2])
        for m in (0, 1):
            low, lower, median, upper, high = (
                quantile(pixel_errors(method, m), share) for share in (0.05, 0.25, 0.5, 0.75, 0.95)
            )
            assert line.get_ydata()[m] == pytest.approx(median)
            np.testing.assert_allclose(thick[m][:, 1], [lower, upper])
            assert thin[m][0, 1] == pytest.approx(low)
            assert thin[m][1, 1] == pytest.approx(high) if method else thin[m][1, 1] > top
    assert top == pytest.approx(1.1 * quantile(pixel_errors(2, 0), 0.95))  # of restarts at m = 20


# Several trainings. -----------------------------------------------------------------------------


def test_success_rates_of_several_trainings(trainings_file: Path) -> None:
    axes = panel(draw(trainings_file, "table1"), "wgan: success")
    bars = [[bar.get_height() for bar in c] for c in axes.containers if hasattr(c, "patches")]
    means = np.mean(THREE.successes["inversion"], axis=0) / 20
    np.testing.assert_allclose(bars, np.transpose([means, means]))
    for mean, collection in zip(means, axes.collections, strict=True):
        for segment in collection.get_segments():
            np.testing.assert_allclose(segment[:, 1], [mean - 0.07, mean + 0.03])  # as the file has it


def test_recovery_of_several_trainings(trainings_file: Path) -> None:
    axes = panel(draw(trainings_file, "figures3and4"), "dcgan, k = 5: recovery")
    for mean, container in zip(np.mean(THREE.successes["recovery"], axis=0) / 20, axes.containers, strict=True):
        np.testing.assert_allclose(np.array(container.lines[0].get_ydata(), float), [mean, mean])
        np.testing.assert_allclose(container.lines[2][0].get_segments()[1][:, 1], [mean - 0.07, mean + 0.03])


def test_distances_and_errors_are_those_of_all_trainings(trainings_file: Path) -> None:
    axes = panel(draw(trainings_file, "table1"), "dcgan, k = 2")
    shares = [patch.get_data().values for patch in axes.patches]
    np.testing.assert_allclose([values[0] for values in shares], np.mean(THREE.successes["inversion"], axis=0) / 20)
    axes = panel(draw(trainings_file, "figures3and4"), "dcgan, k = 5: approximation")
    for method, line in enumerate(axes.lines):
        for m in (0, 1):
            errors = np.concatenate([pixel_errors(method, m, training) for training in range(3)])
            assert line.get_ydata()[m] == pytest.approx(quantile(errors, 0.5))


def test_a_cell_with_one_training_has_that_trainings_interval(trainings_file: Path) -> None:
    summary, pooled = results.summary(trainings_file), results.pooled(trainings_file)
    wgan = summary.model == "wgan"
    summary = summary.assign(success_low=summary.success_low.where(~wgan | (summary.training == 8)))
    pooled = pooled.assign(trainings=pooled.trainings.where(pooled.model != "wgan", 1))
    cells = figures.over_trainings(summary, pooled)
    where = {"experiment": "table1", "task": "inversion", "latent_dim": 2, "measurements": 784, "method": "adam"}
    assert cells.success_low.sel({**where, "model": "wgan"}) == pytest.approx(wilson(7, 20)[0])
    assert cells.success_low.sel({**where, "model": "dcgan"}) == pytest.approx(28 / 60 - 0.07)


# Data profiles. ---------------------------------------------------------------------------------


def shares_within(method: int, successes: list[int]) -> np.ndarray:
    """The mean over trainings of the share of trials solved within each number of EVALUATIONS."""
    hits = np.array([hit_evaluations(method, count) for count in successes])
    return np.array([np.mean((hits >= 0) & (hits <= most)) for most in EVALUATIONS])


def band(axes, number: int) -> np.ndarray:
    """The lower and upper ends of a band over EVALUATIONS."""
    [path] = axes.collections[number].get_paths()
    places = np.arange(len(EVALUATIONS))
    ends = {}
    for x, y in path.vertices:
        ends.setdefault(int(np.argmin(np.abs(EVALUATIONS - x))), []).append(y)
    return np.array([[min(ends[place]) for place in places], [max(ends[place]) for place in places]])


def test_a_profile_for_each_problem(results_file: Path) -> None:
    titles = [axes.get_title() for axes in draw_profiles(results_file, "table1").axes]
    assert titles == [f"{model}, k = {k}: inversion" for model in ("dcgan", "wgan") for k in (2, 5)]
    titles = [axes.get_title() for axes in draw_profiles(results_file, "figures3and4").axes]
    assert titles == ["dcgan, k = 5: recovery, m = 20", "dcgan, k = 5: recovery, m = 50"]  # no x* in approximation


@pytest.mark.parametrize(("file", "job"), [("results_file", ONE), ("trainings_file", THREE)])
def test_profiles(file: str, job, request: pytest.FixtureRequest) -> None:
    figure = draw_profiles(request.getfixturevalue(file), "figures3and4")
    axes = panel(figure, "dcgan, k = 5: recovery, m = 50")
    assert (axes.get_xscale(), axes.get_xlim()) == ("log", (10, 1000))
    for method, (name, line) in enumerate(zip(job.methods, axes.lines, strict=True)):
        assert line.get_label() == figures.LABELS[name] and line.get_color() == figures.COLOURS[name]
        np.testing.assert_allclose(line.get_xdata(), EVALUATIONS)
        shares = shares_within(method, [of_training[method] for of_training in job.successes["recovery"]])
        np.testing.assert_allclose(line.get_ydata(), shares)
        if job is ONE:
            expected = np.array([wilson(round(20 * share), 20) for share in shares]).T
        else:
            expected = [shares - 0.07, shares + 0.03]  # as the file has it
        np.testing.assert_allclose(band(axes, method), expected, atol=1e-12)


def test_profiles_fit_a_column(trainings_file: Path) -> None:
    for experiment in ("table1", "figures3and4"):
        figure = draw_profiles(trainings_file, experiment)
        assert figure.get_figwidth() <= 5.5
        sizes = [label.get_size() for axes in figure.axes for label in [axes.title, *axes.get_xticklabels()]]
        assert min(sizes + [text.get_size() for text in figure.legends[0].get_texts()]) >= 7


def test_profiles_need_a_known_latent(results_file: Path) -> None:
    with pytest.raises(files.UnreadableError, match="experiment figure1 has no trials with a known latent"):
        draw_profiles(results_file, "figure1")


# The command. -----------------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, *arguments) -> int:
    monkeypatch.setattr("sys.argv", ["figures.py", *map(str, arguments)])
    return figures.main()


def test_command_draws_every_experiment_with_trials(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [results_file.with_name(f"results-{name}.png") for name in ("table1", "figures3and4")]
    assert run(monkeypatch, results_file) == 0
    assert capsys.readouterr().out == "".join(f"{path}\n" for path in expected)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in expected)
    assert run(monkeypatch, results_file) == 0
    assert capsys.readouterr().out == "".join(f"{path} (replaced)\n" for path in expected)


def test_command_draws_one_experiment(
    results_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, results_file, "--experiment", "table1", "--output", tmp_path / "bars.png") == 0
    assert run(monkeypatch, results_file, "--experiment", "figures3and4") == 0
    assert capsys.readouterr().out == f"{tmp_path}/bars.png\n{tmp_path}/results-figures3and4.png\n"
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, results_file, "--experiment", "table2")
    assert ended.value.code == 2
    assert "no experiment table2" in (text := capsys.readouterr().err) and "table1, figure1, figures3and4" in text
    assert run(monkeypatch, results_file, "--experiment", "figure1") == 4
    assert "experiment figure1 has no trials" in capsys.readouterr().err


def test_command_draws_profiles(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [results_file.with_name(f"results-profiles-{name}.png") for name in ("table1", "figures3and4")]
    assert run(monkeypatch, results_file, "--profiles") == 0
    assert capsys.readouterr().out == "".join(f"{path}\n" for path in expected)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in expected)
    assert run(monkeypatch, results_file, "--profiles", "--experiment", "figure1") == 4
    assert "experiment figure1 has no trials with a known latent" in capsys.readouterr().err
    pooled = results.pooled(results_file)
    monkeypatch.setattr(results, "pooled", lambda path: pooled.assign(hits_within=pooled.hits_within * np.nan))
    assert run(monkeypatch, results_file, "--profiles") == 4
    assert "results.h5 has no trials with a known latent: nothing to draw" in capsys.readouterr().err


def test_command_on_the_only_experiment(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = results.trials(results_file)

    def of_one(read: Callable[[Path], xr.Dataset]) -> Callable[[Path], xr.Dataset]:
        return lambda path: read(path).sel(experiment=["table1"])

    for name in ("summary", "pooled"):
        monkeypatch.setattr(results, name, of_one(getattr(results, name)))
    monkeypatch.setattr(results, "trials", lambda path: trials.isel(row=trials.experiment.values == "table1"))
    assert run(monkeypatch, results_file) == 0
    assert capsys.readouterr().out == f"{results_file.with_suffix('.png')}\n"


def test_command_on_a_wrong_file(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, tmp_path / "absent.h5") == 4
    assert "absent.h5: no such file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_command_on_results_without_trials(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = results.trials(results_file)
    monkeypatch.setattr(results, "trials", lambda path: trials.isel(row=[]))
    assert run(monkeypatch, results_file) == 4
    assert "has no trials" in capsys.readouterr().err
