"""surf_sweep/samples.py: the numbers that are drawn, and what it refuses."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from matplotlib.figure import Figure

from surf_sweep import files, samples

COUNT, ROWS, COLUMNS = 6, 3, 2
LOG = {"critic_gap": lambda t: 5 - t / 2, "diversity": lambda t: t / 10}


def image(t: int, sample: int, channel: int = 0) -> np.ndarray:
    """Each number says which it is; between 0 and 1."""
    return t / 100 + sample / 10 + channel / 4 + np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) / 1000


def write_chain(
    path: Path, snapshots: int = 10, count: int = COUNT, channels: int = 1, low: float = 0, high: float = 1
) -> Path:
    """A chain in the layout of hdf5_schema/chain.json, 40 steps a snapshot; critic_gap begins at t = 1.

    The samples are the images, scaled to low ... high.
    """
    sizes = {"index": snapshots, "sample": count, "channel": channels, "row": ROWS, "column": COLUMNS}
    if not count:
        sizes = {"index": snapshots}
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["filetype"] = "surf_sweep/chain"
        file.attrs["schema_version"] = "3.0"
        generator = file.create_group("generator").attrs
        generator["low"], generator["high"] = float(low), float(high)
        for name, size in sizes.items():
            file.create_dataset(name, data=np.arange(size)).make_scale(name)
        t = np.arange(snapshots)
        log = file.create_group("log", track_order=True)
        columns = {"step": file.create_dataset("step", data=40 * t)}
        for name, value in LOG.items():
            columns[name] = log.create_dataset(name, data=np.where((t == 0) & (name == "critic_gap"), np.nan, value(t)))
        for column in columns.values():
            column.dims[0].attach_scale(file["index"])
        if not count:
            return path
        shares = [[[image(t, s, c) for c in range(channels)] for s in range(count)] for t in range(snapshots)]
        dataset = file.create_dataset("samples", data=np.array(low + (high - low) * np.array(shares), np.float32))
        for dimension, name in zip(dataset.dims, sizes):
            dimension.attach_scale(file[name])
    return path


@pytest.fixture
def chain_file(tmp_path: Path) -> Path:
    return write_chain(tmp_path / "0123.h5")


@pytest.fixture
def figure(chain_file: Path) -> Figure:
    return samples.samples_figure(*samples.read(chain_file))


def panel(figure: Figure, title: str):
    [axes] = [axes for axes in figure.axes if title in (axes.get_title(), axes.get_title(loc="left"))]
    return axes


def test_the_snapshots_that_are_drawn(figure: Figure) -> None:
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    # T = 9: quarters at 0, 2, 4, 6
    expected = ["t = 9 (step 360)", "t = 0 (step 0)", "t = 2 (step 80)", "t = 4 (step 160)", "t = 6 (step 240)"]
    assert titles == expected


@pytest.mark.parametrize("t", [9, 0, 4])
def test_every_sample_has_its_place(figure: Figure, t: int) -> None:
    [drawn] = panel(figure, f"t = {t} (step {40 * t})").images
    grid = drawn.get_array()
    assert grid.shape == (2 * ROWS, 3 * COLUMNS)  # six samples: two rows of three
    for sample in range(COUNT):
        top, left = sample // 3 * ROWS, sample % 3 * COLUMNS
        np.testing.assert_allclose(grid[top : top + ROWS, left : left + COLUMNS], image(t, sample), rtol=1e-6)
    assert drawn.get_clim() == (0, 1)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (-3, 5)])
def test_samples_in_colour_and_in_any_range_of_values(tmp_path: Path, low: float, high: float) -> None:
    path = write_chain(tmp_path / "colour.h5", channels=3, low=low, high=high)
    [drawn] = panel(samples.samples_figure(*samples.read(path)), "t = 4 (step 160)").images
    grid = drawn.get_array()
    assert grid.shape == (2 * ROWS, 3 * COLUMNS, 3)
    for sample in range(COUNT):
        top, left = sample // 3 * ROWS, sample % 3 * COLUMNS
        for channel in range(3):
            shown = grid[top : top + ROWS, left : left + COLUMNS, channel]
            np.testing.assert_allclose(shown, np.minimum(image(4, sample, channel), 1), atol=1e-6)


def test_grey_samples_in_another_range_of_values(tmp_path: Path) -> None:
    path = write_chain(tmp_path / "grey.h5", low=-1, high=1)
    [drawn] = panel(samples.samples_figure(*samples.read(path)), "t = 9 (step 360)").images
    np.testing.assert_allclose(drawn.get_array()[:ROWS, :COLUMNS], image(9, 0), atol=1e-6)
    assert drawn.get_clim() == (0, 1)


def test_places_without_a_sample_are_black() -> None:
    grid = samples.grid_of(np.ones((5, 2, ROWS, COLUMNS)), -1)
    assert grid.shape == (2, 2 * ROWS, 3 * COLUMNS)
    assert (grid[:, :ROWS] == 1).all() and (grid[:, ROWS:, : 2 * COLUMNS] == 1).all()
    assert (grid[:, ROWS:, 2 * COLUMNS :] == -1).all()


def test_log_curves(figure: Figure) -> None:
    [gap] = panel(figure, "critic gap").lines
    np.testing.assert_array_equal(gap.get_xdata(), 40 * np.arange(1, 10))
    np.testing.assert_allclose(gap.get_ydata(), 5 - np.arange(1, 10) / 2)
    [diversity] = panel(figure, "diversity").lines
    np.testing.assert_array_equal(diversity.get_xdata(), 40 * np.arange(10))
    np.testing.assert_allclose(diversity.get_ydata(), np.arange(10) / 10)
    assert figure.axes[-1].get_xlabel() == "training step"


@pytest.mark.parametrize(("snapshots", "drawn"), [(1, [0]), (2, [1, 0]), (3, [2, 0, 1])])
def test_short_chains(tmp_path: Path, snapshots: int, drawn: list[int]) -> None:
    figure = samples.samples_figure(*samples.read(write_chain(tmp_path / "short.h5", snapshots)))
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles == [f"t = {t} (step {40 * t})" for t in drawn]


def test_no_samples(tmp_path: Path) -> None:
    with pytest.raises(files.UnreadableError, match="no sample images"):
        samples.samples_figure(*samples.read(write_chain(tmp_path / "none.h5", count=0)))


def test_command(chain_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["samples.py", str(chain_file)])
    expected = chain_file.with_suffix(".png")
    assert samples.main() == 0
    assert capsys.readouterr().out == f"{expected}\n"
    assert expected.read_bytes().startswith(b"\x89PNG")
    other = chain_file.with_name("other.png")
    monkeypatch.setattr("sys.argv", ["samples.py", str(chain_file), "--output", str(other)])
    assert samples.main() == 0 and samples.main() == 0
    assert capsys.readouterr().out == f"{other}\n{other} (replaced)\n"


def test_command_on_a_wrong_file(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["samples.py", str(tmp_path / "absent.h5")])
    assert samples.main() == 4
    assert "absent.h5: no such file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_not_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "text.h5"
    path.write_text("text")
    with pytest.raises(files.UnreadableError, match="text.h5 is not an HDF5 file"):
        samples.read(path)


@pytest.mark.parametrize(
    ("attribute", "value", "problem"),
    [
        ("filetype", "surf_sweep/results", "filetype surf_sweep/results, not surf_sweep/chain"),
        ("schema_version", "1.0", "schema version 1.0, this module reads 3.x"),
    ],
)
def test_other_files(chain_file: Path, attribute: str, value: str, problem: str) -> None:
    with h5py.File(chain_file, "a") as file:
        file.attrs[attribute] = value
    with pytest.raises(files.UnreadableError, match=problem):
        samples.read(chain_file)
