"""analysis/figures.py: the numbers that are drawn."""

from pathlib import Path

import numpy as np
import pytest
from conftest import wilson
from matplotlib.figure import Figure

import figures
import results


@pytest.fixture
def figure(results_file: Path) -> Figure:
    return figures.comparison_figure(results.summary(results_file), results.trials(results_file))


def panel(figure: Figure, title: str):
    [axes] = [axes for axes in figure.axes if axes.get_title() == title]
    return axes


def test_a_panel_for_each_cell(figure: Figure) -> None:
    titles = ["k = 2", "k = 5", "success", "k = 5: recovery"]
    separators = [", ", ", ", ": ", ", "]
    expected = [f"{model}{s}{t}" for model in ("dcgan", "wgan") for s, t in zip(separators, titles)]
    assert [axes.get_title() for axes in figure.axes] == expected


@pytest.mark.parametrize(("latent_dim", "farthest"), [(2, 3.8), (5, 3.5)])
def test_distances(figure: Figure, latent_dim: int, farthest: float) -> None:
    axes = panel(figure, f"dcgan, k = {latent_dim}")
    adam, surfing = (patch.get_data() for patch in axes.patches)
    # Adam: 9 of 20 at 0, 10 far away, 1 not finite; surfing: all at 0.
    assert len(adam.values) == figures.BINS
    np.testing.assert_allclose(adam.values, [0.45] + [0] * (figures.BINS - 2) + [0.5])
    np.testing.assert_allclose(surfing.values, [1] + [0] * (figures.BINS - 1))
    assert adam.edges[-1] == pytest.approx(farthest)


def test_success_rates(figure: Figure) -> None:
    axes = panel(figure, "wgan: success")
    bars = [c for c in axes.containers if hasattr(c, "patches")]
    assert [[bar.get_height() for bar in method] for method in bars] == [[0.45, 0.45], [1, 1]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "5"]
    adam, surfing = (axes.collections[i].get_segments() for i in (0, 1))
    np.testing.assert_allclose(adam[0][:, 1], wilson(9, 20))
    np.testing.assert_allclose(surfing[0][:, 1], [wilson(20, 20)[0], 1], atol=1e-12)


def test_recovery(figure: Figure) -> None:
    axes = panel(figure, "dcgan, k = 5: recovery")
    adam, surfing = (container.lines[0] for container in axes.containers)
    np.testing.assert_array_equal(adam.get_xdata(), [20, 50])
    np.testing.assert_array_equal(adam.get_ydata(), [0.2, 0.2])
    np.testing.assert_array_equal(surfing.get_ydata(), [0, 0])


def test_command(results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["figures.py", str(results_file)])
    expected = results_file.with_suffix(".png")
    assert figures.main() == 0
    assert capsys.readouterr().out == f"{expected}\n"
    assert expected.read_bytes().startswith(b"\x89PNG")
    assert figures.main() == 0
    assert capsys.readouterr().out == f"{expected} (replaced)\n"


def test_command_on_a_wrong_file(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["figures.py", str(tmp_path / "absent.h5")])
    assert figures.main() == 4
    assert "absent.h5: no such file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
