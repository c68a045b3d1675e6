"""surf_sweep/landscape.py: the numbers that are drawn, from files written with h5py alone."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import scale, wilson
from mpl_toolkits.mplot3d import Axes3D

from surf_sweep import landscape

SCHEMAS = Path(__file__).parents[2] / "hdf5_schema"
AXIS = np.linspace(-4, 4, 9)
RADII = np.array([0.1, 0.5, 2.0])
EXPANSIONS = [2.0, 8.0]
POINTS, NETWORKS = 40, 5


def write(path: Path, coordinates: dict[str, list], values: dict[str, np.ndarray]) -> None:
    """A file of the type of its name, whose datasets have the dimensions that the schema says."""
    schema = json.loads((SCHEMAS / f"{path.stem}.json").read_text())
    with h5py.File(path, "w", track_order=True) as file:
        file.attrs["filetype"], file.attrs["schema_version"] = schema["filetype"], schema["schema_version"]
        scales = {}
        for name, coordinate in coordinates.items():
            if isinstance(coordinate[0], float):
                scales[name] = file.create_dataset(name, data=np.array(coordinate))
                scales[name].make_scale(name)
            else:
                scales[name] = scale(file, name, coordinate)
        for name, value in values.items():
            dataset = file.create_dataset(name, data=value)
            for dimension, dimension_name in zip(dataset.dims, schema["datasets"][f"/{name}"]["dims"], strict=True):
                dimension.attach_scale(scales[dimension_name])


def height(target: int, level: int, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """Highest at x1 = target + 1, x2 = -level, where it is -level."""
    return -level - (x1 - target - 1) ** 2 - 3 * (x2 + level) ** 2


@pytest.fixture
def surface_file(tmp_path: Path) -> Path:
    return write_surface(tmp_path / "surface.h5", np.arange(2 * 784).reshape(2, 1, 28, 28) / 1567)


def write_surface(path: Path, image: np.ndarray, low: float = 0, high: float = 1) -> Path:
    """Two targets, three levels; the images are [target, channel, row, column]."""
    channels, rows, columns = image.shape[1:]
    x1, x2 = np.meshgrid(AXIS, AXIS)
    value = np.array([[[height(t, level, x1, x2) for level in range(3)] for t in range(2)]])
    best = np.broadcast_to(np.arange(3), (1, 2, 3))
    write(
        path,
        {
            "model": ["vae"],
            "target": [0, 1],
            "level": [0, 1, 2],
            "x2": AXIS.tolist(),
            "x1": AXIS.tolist(),
            "channel": list(range(channels)),
            "row": list(range(rows)),
            "column": list(range(columns)),
        },
        {
            "snapshot": np.array([0, 50, 100]),
            "step": np.array([[0, 2000, 4000]]),
            "test_index": np.array([4321, 17]),
            "image": image.astype("f4"),
            "value": value,
            "best_value": -best.astype(float),
            "best_x1": np.broadcast_to([[[1.0], [2.0]]], (1, 2, 3)),
            "best_x2": -best.astype(float),
        },
    )
    with h5py.File(path, "a") as file:
        file.attrs["low"], file.attrs["high"] = float(low), float(high)
    return path


def negative(expansion: int, measurements: int, norm: int, search: int, radius: int) -> int:
    """Points with a negative derivative, of POINTS: more for wider networks and larger radii."""
    return 10 + 12 * radius + 3 * expansion + measurements - norm - search


@pytest.fixture
def theory_file(tmp_path: Path) -> Path:
    shape = (2, 2, 2, 2, 3)
    counts = np.array([negative(*index) for index in np.ndindex(shape)]).reshape(shape)
    bounds = np.array([wilson(count, POINTS) for count in counts.flat]).reshape(*shape, 2)
    balls = np.full((2, 2, 2, 2, NETWORKS), np.inf)
    balls[0, ..., :3] = [2.0, 0.5, 2.0]  # the median of 0.5, 2, 2, inf, inf is 2 ...
    balls[1, :, 0] = [0.1, 0.5, 0.1, 0.5, 0.5]  # ... here it is 0.5 ...
    balls[1, :, 1, :, 0] = 0.1  # ... and here infinite
    write(
        tmp_path / "theory.h5",
        {
            "expansion": EXPANSIONS,
            "measurements": [0, 50],
            "target_norm": [0.0, 2.0],
            "search": ["uniform", "climbed"],
            "radius": RADII.tolist(),
            "network": list(range(NETWORKS)),
            "layer": [0, 1, 2, 3],
        },
        {
            "width": np.array([[5, 10, 20, 21], [5, 40, 320, 321]]),
            "negative_share": counts / POINTS,
            "negative_low": bounds[..., 0],
            "negative_high": bounds[..., 1],
            "ball_radius": balls,
        },
    )
    return tmp_path / "theory.h5"


def test_surfaces(surface_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    plot_surface = Axes3D.plot_surface

    def record(axes: Axes3D, x1: np.ndarray, x2: np.ndarray, value: np.ndarray, **options: object) -> object:
        drawn.append((x1, x2, value))
        return plot_surface(axes, x1, x2, value, **options)

    monkeypatch.setattr(Axes3D, "plot_surface", record)
    figure = landscape.surface_figure(landscape.read(surface_file))
    assert len(drawn) == 6
    for place, (x1, x2, value) in enumerate(drawn):
        target, level = divmod(place, 3)
        np.testing.assert_array_equal(value, height(target, level, x1, x2))
        assert np.ptp(x1[0]) == 8 and np.ptp(x1[:, 0]) == 0 and np.ptp(x2[:, 0]) == 8
    surfaces = [axes for axes in figure.axes if isinstance(axes, Axes3D)]
    assert [axes.get_title() for axes in surfaces] == 2 * [
        "random network",
        "step 2000",
        "trained network (step 4000)",
    ]
    for place, axes in enumerate(surfaces):
        target, level = divmod(place, 3)
        [summit] = axes.lines
        np.testing.assert_array_equal(np.ravel(summit.get_data_3d()), [target + 1, -level, -level])
        low, high = axes.get_zlim()
        assert low <= drawn[place][2].min() < -level <= high
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("x1", "x2")


def test_targets(surface_file: Path) -> None:
    figure = landscape.surface_figure(landscape.read(surface_file))
    images = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in images] == ["target y\n(test image 4321)", "target y\n(test image 17)"]
    for target, axes in enumerate(images):
        expected = np.arange(784 * target, 784 * (target + 1)).reshape(28, 28) / 1567
        np.testing.assert_allclose(axes.images[0].get_array(), expected, rtol=1e-6)
        assert axes.images[0].get_clim() == (0, 1)


def test_targets_in_colour(tmp_path: Path) -> None:
    """Of numbers from -1, black, to 3, white."""
    shares = np.arange(2 * 60).reshape(2, 3, 4, 5) / 119
    figure = landscape.surface_figure(landscape.read(write_surface(tmp_path / "surface.h5", 4 * shares - 1, -1, 3)))
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    for target, drawn in enumerate(images):
        assert drawn.shape == (4, 5, 3)
        for channel in range(3):
            np.testing.assert_allclose(drawn[..., channel], shares[target, channel], atol=1e-6)


def test_shares(theory_file: Path) -> None:
    figure = landscape.theory_figure(landscape.read(theory_file))
    titles = [axes.get_title() for axes in figure.axes]
    norms = ["‖y‖ = 0", "‖y‖ = 2"]
    assert titles == [f"A = I, {n}" for n in norms] + ["A = I: the ball"] + [f"m = 50, {n}" for n in norms] + [
        "m = 50: the ball"
    ]
    for place, axes in enumerate(figure.axes):
        row, column = divmod(place, 3)
        if column == 2:
            continue
        assert len(axes.lines) == 4
        for number, line in enumerate(axes.lines):
            expansion, search = divmod(number, 2)
            expected = [negative(expansion, row, column, search, radius) / POINTS for radius in range(3)]
            np.testing.assert_allclose(line.get_ydata(), expected)
            np.testing.assert_array_equal(line.get_xdata(), RADII)
            assert line.get_linestyle() == ["-", "--"][search]
        for expansion, band in enumerate(axes.collections):
            corners = band.get_paths()[0].vertices
            for radius in range(3):
                low, high = wilson(negative(expansion, row, column, 0, radius), POINTS)
                at_radius = corners[np.isclose(corners[:, 0], RADII[radius]), 1]
                assert (at_radius.min(), at_radius.max()) == pytest.approx((low, high))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["n_d = 20", "n_d = 320", "random directions", "worse directions, searched for"]


def test_balls(theory_file: Path) -> None:
    theory = landscape.read(theory_file)
    figure = landscape.theory_figure(theory)
    for axes in (figure.axes[2], figure.axes[5]):
        *balls, guide = axes.lines
        assert all(line.get_xdata().tolist() == [20, 320] for line in axes.lines)
        np.testing.assert_array_equal([line.get_ydata() for line in balls[:2]], [[2, 0.5], [2, 0.5]])
        np.testing.assert_array_equal([line.get_ydata() for line in balls[2:]], [[2, np.nan], [2, np.nan]])
        np.testing.assert_allclose(guide.get_ydata(), [2, 1])  # the expansion grows fourfold
    labels = [text.get_text() for text in figure.axes[2].get_legend().get_texts()]
    assert labels == ["‖y‖ = 0", "‖y‖ = 2", "∝ 1 / √expansion"]


@pytest.mark.parametrize("kind", ["surface", "theory"])
def test_command(
    kind: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = request.getfixturevalue(f"{kind}_file")
    expected = path.with_suffix(".png")
    monkeypatch.setattr("sys.argv", ["landscape.py", str(path)])
    assert landscape.main() == 0
    assert capsys.readouterr().out == f"{expected}\n"
    assert expected.read_bytes().startswith(b"\x89PNG")
    other = path.with_name("other.png")
    monkeypatch.setattr("sys.argv", ["landscape.py", str(path), "--output", str(other)])
    other.write_bytes(b"")
    assert landscape.main() == 0
    assert capsys.readouterr().out == f"{other} (replaced)\n"
    assert other.read_bytes().startswith(b"\x89PNG")


def test_command_on_wrong_files(
    results_file: Path, theory_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def complaint(path: Path) -> str:
        monkeypatch.setattr("sys.argv", ["landscape.py", str(path)])
        assert landscape.main() == 4
        return capsys.readouterr().err

    text = results_file.with_name("text.h5")
    text.write_text("text")
    assert "absent.h5: no such file" in complaint(results_file.with_name("absent.h5"))
    assert "text.h5 is not an HDF5 file" in complaint(text)
    assert "filetype surf_sweep/results, not surf_sweep/surface or surf_sweep/theory" in complaint(results_file)
    with h5py.File(theory_file, "a") as file:
        file.attrs["schema_version"] = "2.0"
    assert "schema version 2.0, this module reads 1.x" in complaint(theory_file)
    old = write_surface(results_file.with_name("surface.h5"), np.zeros((2, 1, 3, 3)))
    with h5py.File(old, "a") as file:
        file.attrs["schema_version"] = "1.0"
    assert "schema version 1.0, this module reads 2.x" in complaint(old)
    assert not list(results_file.parent.glob("*.png"))
