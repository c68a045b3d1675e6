"""surf_sweep/trial.py: the numbers that are drawn, and what it refuses."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from surf_sweep import files, trial

ROWS, COLUMNS, MEASURED, POINTS = 3, 2, 4, 6
IMAGE = np.arange(ROWS * COLUMNS, dtype=np.float32).reshape(1, ROWS, COLUMNS) / 10


def write_trial(path: Path, method: str, shift: float = 0, distance: float = 0.5, measured: float = 1) -> Path:
    """A trial in the layout of hdf5_schema/trial.json; its first two points are on earlier networks."""
    sizes = {"channel": 1, "row": ROWS, "column": COLUMNS, "measurement": MEASURED, "point": POINTS}
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs.update(filetype="surf_sweep/trial", schema_version="1.0", method=method, low=0.0, high=1.0,
                          success=int(distance < 0.001), distance=distance, pixel_error=0.25)
        for name, size in sizes.items():
            file.create_dataset(name, data=np.arange(size)).make_scale(name)
        points = np.arange(POINTS)
        variables = {
            "target_image": (("channel", "row", "column"), IMAGE),
            "back_projection": (("channel", "row", "column"), -IMAGE),
            "reconstruction": (("channel", "row", "column"), IMAGE + np.float32(shift)),
            "measured": (("measurement",), np.full(MEASURED, measured)),
            "network_evaluations": (("point",), 10 * points),
            "snapshot": (("point",), np.array([0, 1, 2, 2, 2, 2])),
            "start": (("point",), np.zeros(POINTS, int)),
            "objective": (("point",), 1 / (1 + points + shift)),
            "distance": (("point",), np.full(POINTS, distance) / (1 + points)),
        }
        for name, (dimensions, values) in variables.items():
            dataset = file.create_dataset(name, data=values)
            for place, dimension in zip(dataset.dims, dimensions):
                place.attach_scale(file[dimension])
    return path


@pytest.fixture
def both(tmp_path: Path) -> list[Path]:
    return [write_trial(tmp_path / "a.h5", "adam"), write_trial(tmp_path / "s.h5", "surfing", 0.3, distance=1e-4)]


def test_images_stand_side_by_side(both: list[Path]) -> None:
    figure = trial.trial_figure(trial.read(both))
    shown = {axes.get_title(): axes.images[0] for axes in figure.axes if axes.images}
    assert list(shown) == ["target", "measured, m = 4", "regular Adam\nmissed", "surfing\nfound"]
    np.testing.assert_allclose(shown["target"].get_array(), IMAGE[0], rtol=1e-6)
    np.testing.assert_allclose(shown["surfing\nfound"].get_array(), IMAGE[0] + 0.3, rtol=1e-6)
    drawn = shown["measured, m = 4"].get_array()  # from its own least to its own greatest
    np.testing.assert_allclose(drawn, 1 - IMAGE[0] / IMAGE.max(), atol=1e-6)


def test_paths_are_dotted_before_the_final_network(both: list[Path]) -> None:
    figure = trial.trial_figure(trial.read(both))
    [axes] = [axes for axes in figure.axes if axes.get_title(loc="left") == "f on the final network"]
    before, after = axes.lines[2:]  # of the second trial
    np.testing.assert_array_equal(after.get_xdata(), 10 * np.arange(POINTS))
    np.testing.assert_allclose(after.get_ydata()[2:], 1 / (1.3 + np.arange(2, POINTS)))
    np.testing.assert_allclose(before.get_ydata()[:2], 1 / (1.3 + np.arange(2)))
    assert np.isnan(after.get_ydata()[:2]).all() and np.isnan(before.get_ydata()[2:]).all()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["regular Adam", "surfing"]


def test_without_a_true_latent_there_is_no_distance(tmp_path: Path) -> None:
    figure = trial.trial_figure(trial.read([write_trial(tmp_path / "a.h5", "adam", distance=np.nan)]))
    assert "regular Adam\nerror 0.25" in [axes.get_title() for axes in figure.axes]
    [axes] = [axes for axes in figure.axes if axes.get_title(loc="left") == "distance to x*"]
    assert not axes.lines and axes.texts[0].get_text() == "there is no x*"


def test_trials_of_different_problems_are_refused(tmp_path: Path) -> None:
    paths = [write_trial(tmp_path / "a.h5", "adam"), write_trial(tmp_path / "b.h5", "lm", measured=2)]
    with pytest.raises(files.UnreadableError, match="b.h5 has another measured than .*a.h5"):
        trial.read(paths)
