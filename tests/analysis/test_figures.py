"""analysis/figures.py: the numbers that are drawn."""

from pathlib import Path

import numpy as np
import pytest
from conftest import pixel_error_quantile, wilson
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import figures
import results


def draw(results_file: Path, experiment: str) -> Figure:
    return figures.experiment_figure(results.summary(results_file), results.trials(results_file), experiment)


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
    assert set(figures.COLOURS) == set(figures.LABELS) == set(figures.MARKERS) > {"projected"}
    assert len(set(figures.COLOURS.values())) == len(figures.COLOURS)


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


def test_approximation(results_file: Path) -> None:
    axes = panel(draw(results_file, "figures3and4"), "dcgan, k = 5: approximation")
    assert len(axes.lines) == 3
    top = axes.get_ylim()[1]
    for method, line in enumerate(axes.lines):
        np.testing.assert_allclose(line.get_xdata(), np.array([20, 50]) * 1.05 ** (method - 1))
        thin, thick = (collection.get_segments() for collection in axes.collections[2 * method : 2 * method + 2])
        for m in (0, 1):
            low, lower, median, upper, high = pixel_error_quantile(method, m)
            assert line.get_ydata()[m] == pytest.approx(median)
            np.testing.assert_allclose(thick[m][:, 1], [lower, upper])
            assert thin[m][0, 1] == pytest.approx(low)
            assert thin[m][1, 1] == pytest.approx(high) if method else thin[m][1, 1] > top
    assert top == pytest.approx(1.1 * 0.14)  # the largest finite quantile, of restarts at m = 20


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


def test_command_on_the_only_experiment(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, trials = results.summary(results_file), results.trials(results_file)
    monkeypatch.setattr(results, "summary", lambda path: whole.sel(experiment=["table1"]))
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
