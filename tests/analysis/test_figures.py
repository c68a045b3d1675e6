"""surf_sweep/figures.py: the numbers that are drawn."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import EVALUATIONS, ONE, THREE, hit_evaluations, pixel_errors, wilson
from matplotlib.figure import Figure
from matplotlib.text import Text

from surf_sweep import figures, files, results, style


def draw(file: Path, experiment: str) -> Figure:
    return figures.experiment_figure(figures.read(file), experiment)


def draw_profiles(file: Path, experiment: str) -> Figure:
    return figures.data_profiles(figures.read(file), experiment)


def panel(figure: Figure, title: str):
    [axes] = [axes for axes in figure.axes if axes.get_title() == title]
    return axes


def points(axes, method: str) -> list[tuple[float, float]]:
    """The marks of a method in a panel of success rates."""
    lines = [line for line in axes.lines if line.get_marker() == style.MARKERS[method] and line.get_linestyle() == "None"]
    return [tuple(point) for line in lines for point in line.get_xydata()]


def bars(axes) -> list[np.ndarray]:
    """The ends of the error bars, of each method."""
    return [np.array(container.lines[2][0].get_segments())[:, :, 1] for container in axes.containers]


def test_a_panel_for_each_cell_of_an_experiment(results_file: Path) -> None:
    titles = [axes.get_title() for axes in draw(results_file, "table1").axes]
    models = ("dcgan", "wgan")
    assert titles == [*(f"{model}, k = {k}" for model in models for k in (2, 5)), *(f"{model}: success" for model in models)]
    titles = [axes.get_title() for axes in draw(results_file, "figures3and4").axes]
    assert titles == ["dcgan, k = 5: recovery", "dcgan, k = 5: approximation"]  # it has no WGAN


def test_a_colour_for_each_method(results_file: Path) -> None:
    [legend] = draw(results_file, "table1").legends
    assert [text.get_text() for text in legend.get_texts()] == ["regular Adam", "surfing", "restarts", "the paper's"]
    assert list(style.COLOURS) == list(style.LABELS) == list(style.MARKERS) == [
        "adam", "surfing", "restarts", "projected", "lm", "surfing-lm", "restarts-lm", "restarts-surfing",
        "restarts-surfing-lm"]
    for of_method in (style.COLOURS, style.LABELS, style.MARKERS):
        assert len(set(of_method.values())) == len(of_method)


@pytest.mark.parametrize("width", [style.COLUMN, style.PAGE])
def test_figures_are_legible_at_their_width(trainings_file: Path, width: float) -> None:
    sweep = figures.read(trainings_file)
    drawn = [figures.experiment_figure(sweep, name, width) for name in ("table1", "figures3and4")]
    drawn.append(figures.data_profiles(sweep, "table1", width))
    for figure in drawn:
        figure.draw_without_rendering()
        assert figure.get_figwidth() == width
        [legend] = figure.legends
        assert legend.get_window_extent().x0 >= 0 and legend.get_window_extent().x1 <= figure.bbox.x1
        texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        assert min(text.get_size() for text in texts) >= 7 * 0.7 - 1e-9  # exponents are smaller
        for axes in figure.axes:
            ticks = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
            ticks = sorted((box for box in ticks if axes.bbox.x0 - 1 <= (box.x0 + box.x1) / 2 <= axes.bbox.x1 + 1), key=lambda b: b.x0)
            assert all(left.x1 < right.x0 for left, right in zip(ticks, ticks[1:])), axes.get_title()
            assert axes.title.get_window_extent().x1 <= figure.bbox.x1


@pytest.mark.parametrize("latent_dim", [2, 5])
def test_distances(results_file: Path, latent_dim: int) -> None:
    axes = panel(draw(results_file, "table1"), f"dcgan, k = {latent_dim}")
    curves = {line.get_label(): line.get_xydata() for line in axes.lines}
    trials = results.trials(results_file)
    for method in ("adam", "surfing", "restarts"):
        chosen = trials[(trials.task == "inversion") & (trials.model == "dcgan") & (trials.latent_dim == latent_dim)]
        distances = chosen.distance[chosen.method == method]
        for x, share in curves[style.LABELS[method]]:
            assert share <= (distances <= x + 1e-12).mean() + 1e-12
            if x > 1:
                assert share > 0.9 * (distances < x).mean()
        assert curves[style.LABELS[method]][-1][1] == pytest.approx(distances.notna().mean())
    # Adam: 9 of 20 at 0, 10 far away, 1 not finite; surfing: all at 0; restarts: 14 and 6.
    at_success = [curve[curve[:, 0] <= 0.01][-1][1] for curve in list(curves.values())[:3]]
    np.testing.assert_allclose(at_success, [0.45, 1, 0.7])
    assert curves["regular Adam"][-1][1] == pytest.approx(0.95)
    assert all(tuple(curve[0]) == (figures.NEAREST, 0) for curve in list(curves.values())[:3])


def test_the_success_distance_is_the_experiments(results_file: Path) -> None:
    def line(figure: Figure) -> float:
        [line] = [line for line in panel(figure, "dcgan, k = 2").lines if line.get_color() == "grey"]
        return line.get_xdata()[0]

    assert line(draw(results_file, "table1")) == 0.01
    with h5py.File(results_file, "a") as file:
        file["experiments/table1"].attrs["stop.success_distance"] = "0.5"
    assert line(draw(results_file, "table1")) == 0.5


def test_success_rates(results_file: Path) -> None:
    axes = panel(draw(results_file, "table1"), "wgan: success")
    for method, rate in (("adam", 0.45), ("surfing", 1), ("restarts", 0.7)):
        assert [y for _, y in points(axes, method)] == [rate, rate]
    np.testing.assert_allclose(bars(axes)[0][0], wilson(9, 20))
    np.testing.assert_allclose(bars(axes)[1][0], [wilson(20, 20)[0], 1], atol=1e-12)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "5"]
    # Side by side around the place of their k.
    places = [points(axes, method)[0][0] for method in ("adam", "surfing", "restarts")]
    assert places == sorted(places) and np.mean(places) == pytest.approx(0, abs=1e-12)


def test_the_papers_values_stand_at_their_method(results_file: Path) -> None:
    axes = panel(draw(results_file, "table1"), "wgan: success")
    marks = sorted(tuple(point) for line in axes.lines if line.get_color() == "black" for point in line.get_xydata())
    expected = [(points(axes, method)[1][0], rate) for method, rate in (("adam", 0.56), ("surfing", 0.817))]  # k = 5
    np.testing.assert_allclose(marks, sorted(expected))


def test_points_of_incomplete_cells_are_hollow(results_file: Path) -> None:
    sweep = figures.read(results_file)
    partial = (sweep.cells.method == "surfing") & (sweep.cells.task != "approximation") & (sweep.cells.latent_dim == 5)
    sweep = replace(sweep, cells=sweep.cells.assign(complete=~partial))
    for experiment, title in (("table1", "wgan: success"), ("figures3and4", "dcgan, k = 5: recovery")):
        figure = figures.experiment_figure(sweep, experiment)
        axes = panel(figure, title)
        hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white" and line.get_marker() != "None"]
        assert hollow and all(line.get_marker() == style.MARKERS["surfing"] for line in hollow)
        assert "not all trials done" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_recovery(results_file: Path) -> None:
    figure = draw(results_file, "figures3and4")
    axes = panel(figure, "dcgan, k = 5: recovery")
    for number, (method, rate) in enumerate((("adam", 0.2), ("surfing", 0), ("restarts", 0.3))):
        places, rates = zip(*points(axes, method))
        np.testing.assert_allclose(places, np.array([20, 50]) * 1.05 ** (number - 1))
        assert rates == (rate, rate)
    np.testing.assert_allclose(bars(axes)[0][1], wilson(4, 20))
    assert "measurements m (gaussian)" in [text.get_text() for text in figure.findobj(Text)]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["20", "50"]


def test_numbers_on_an_axis_do_not_touch() -> None:
    counts = np.array([10, 20, 30, 40, 50, 70, 100, 200, 400])
    shown = style.spaced(np.log10(counts), [str(m) for m in counts], 1.2)
    assert shown[0] == 0 and 1 < len(shown) < len(counts)
    assert style.spaced(np.log10(counts), [str(m) for m in counts], 12) == list(range(9))


def quantile(errors: np.ndarray, share: float) -> float:
    """By linear interpolation between the sorted errors, of which a missing one is infinite."""
    errors = np.sort(np.nan_to_num(errors, nan=np.inf))
    place = share * (len(errors) - 1)
    below = int(place)
    low, high = errors[below], errors[int(np.ceil(place))]
    return high if np.isinf(high) else low + (place - below) * (high - low)


def test_approximation(results_file: Path) -> None:
    axes = panel(draw(results_file, "figures3and4"), "dcgan, k = 5: approximation")
    curves = [line for line in axes.lines if line.get_linestyle() == "-"]
    assert len(curves) == 3
    top = axes.get_ylim()[1]
    for method, line in enumerate(curves):
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


@pytest.mark.parametrize(
    ("experiment", "task", "title"),
    [("table1", "inversion", "wgan: success"), ("figures3and4", "recovery", "dcgan, k = 5: recovery")],
)
def test_rates_of_several_trainings(trainings_file: Path, experiment: str, task: str, title: str) -> None:
    axes = panel(draw(trainings_file, experiment), title)
    means = np.mean(THREE.successes[task], axis=0) / 20
    for method, mean, ends in zip(THREE.methods, means, bars(axes), strict=True):
        np.testing.assert_allclose([y for _, y in points(axes, method)], [mean, mean])
        np.testing.assert_allclose(ends, [[mean - 0.07, mean + 0.03]] * 2)  # as the file has it


def test_distances_and_errors_are_those_of_all_trainings(trainings_file: Path) -> None:
    axes = panel(draw(trainings_file, "table1"), "dcgan, k = 2")
    shares = [line.get_xydata() for line in axes.lines if line.get_label() in style.LABELS.values()]
    near = [curve[curve[:, 0] <= 0.01][-1][1] for curve in shares]
    np.testing.assert_allclose(near, np.mean(THREE.successes["inversion"], axis=0) / 20)
    axes = panel(draw(trainings_file, "figures3and4"), "dcgan, k = 5: approximation")
    for method, line in enumerate(line for line in axes.lines if line.get_linestyle() == "-"):
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
        assert line.get_label() == style.LABELS[name] and line.get_color() == style.COLOURS[name]
        np.testing.assert_allclose(line.get_xdata(), EVALUATIONS)
        shares = shares_within(method, [of_training[method] for of_training in job.successes["recovery"]])
        np.testing.assert_allclose(line.get_ydata(), shares)
        if job is ONE:
            expected = np.array([wilson(round(20 * share), 20) for share in shares]).T
        else:
            expected = [shares - 0.07, shares + 0.03]  # as the file has it
        np.testing.assert_allclose(band(axes, method), expected, atol=1e-12)


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
    sweep = figures.read(results_file)
    monkeypatch.setattr(figures, "read", lambda path: replace(sweep, profiles=sweep.profiles * np.nan))
    assert run(monkeypatch, results_file, "--profiles") == 4
    assert "results.h5 has no trials with a known latent: nothing to draw" in capsys.readouterr().err


def test_command_on_the_only_experiment(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "experiments", lambda path: {"table1": {}})
    assert run(monkeypatch, results_file) == 0
    assert capsys.readouterr().out == f"{results_file.with_suffix('.png')}\n"


@pytest.mark.parametrize(("ending", "begin"), [("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_command_draws_vectors_of_a_width(
    results_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, begin: bytes
) -> None:
    path = tmp_path / f"bars.{ending}"
    assert run(monkeypatch, results_file, "--experiment", "table1", "--width", "3.3", "--output", path) == 0
    assert path.read_bytes().startswith(begin)


def test_command_on_an_ending_that_is_none(
    results_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, results_file, "--experiment", "table1", "--output", tmp_path / "x.foo") == 4
    error = capsys.readouterr().err
    assert "x.foo: its ending names no format of figures" in error and error.count("\n") == 1


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
    monkeypatch.setattr(results, "trials", lambda path: trials.iloc[:0])
    assert run(monkeypatch, results_file) == 4
    assert "has no trials" in capsys.readouterr().err
