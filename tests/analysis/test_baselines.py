"""surf_sweep/baselines.py: bases, what is recovered, what is drawn of it, what is refused."""

import argparse
import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.fft import dctn

from surf_sweep import baselines, figures, files


@pytest.mark.parametrize("name", baselines.BASES)
def test_bases_are_orthonormal(name: str) -> None:
    basis = baselines.BASES[name](8, 8)
    np.testing.assert_allclose(basis @ basis.T, np.eye(64), atol=1e-12)


def test_dct_is_scipys() -> None:
    image = np.random.default_rng(1).random((6, 8))
    np.testing.assert_allclose(baselines.dct_basis(6, 8) @ image.ravel(), dctn(image, norm="ortho").ravel(), atol=1e-12)


def sparse_images(name: str, count: int) -> np.ndarray:
    """Of three coefficients each, between 0 and 1."""
    stream, basis = np.random.default_rng(2), baselines.BASES[name](8, 8)
    images = []
    for _ in range(count):
        image = basis[1 + stream.permutation(63)[:2]].sum(axis=0)
        images.append((image - image.min()) / np.ptp(image))
    return np.reshape(images, (count, 8, 8))


@pytest.mark.parametrize("name", baselines.BASES)
def test_sparse_images_are_recovered_from_few_measurements(name: str) -> None:
    images, basis = sparse_images(name, 4), baselines.BASES[name](8, 8)
    assert np.median(baselines.errors(images, basis, 40, 1e-5, seed=3)) < 0.01
    assert min(baselines.errors(images, basis, 2, 1e-5, seed=3)) > 0.05


def test_the_penalty_is_the_best_on_training_images() -> None:
    training, test = sparse_images("dct", 3), sparse_images("wavelet", 2)
    table = baselines.baselines(training, test, [16], seed=5)
    assert list(table.basis) == ["dct"] * 2 + ["wavelet"] * 2 and list(table.image) == [0, 1] * 2
    for name, rows in table.groupby("basis"):
        basis = baselines.BASES[name](8, 8)
        medians = [np.median(baselines.errors(training, basis, 16, penalty, 5)) for penalty in baselines.PENALTIES]
        [penalty] = set(rows.penalty)
        assert penalty == baselines.PENALTIES[int(np.argmin(medians))]
        np.testing.assert_allclose(rows.pixel_error, baselines.errors(test, basis, 16, penalty, 6))


def test_images_are_read_with_and_without_gzip(tmp_path: Path) -> None:
    pixels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    content = np.array([0x803, 2, 3, 4], ">i4").tobytes() + pixels.tobytes()
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(content)
    with gzip.open(tmp_path / "train-images-idx3-ubyte.gz", "wb") as stream:
        stream.write(content)
    for split in ("train", "t10k"):
        np.testing.assert_array_equal(baselines.read_images(tmp_path, split), pixels / 255)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(content[:-1])
    with pytest.raises(files.UnreadableError, match="no whole IDX file"):
        baselines.read_images(tmp_path, "t10k")
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(content[:3])
    with pytest.raises(files.UnreadableError, match="no whole IDX file"):
        baselines.read_images(tmp_path, "t10k")
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes((tmp_path / "train-images-idx3-ubyte.gz").read_bytes()[:-9])
    with pytest.raises(files.UnreadableError, match="train-images-idx3-ubyte.gz: "):
        baselines.read_images(tmp_path, "train")
    with pytest.raises(files.UnreadableError, match="has no train-images-idx3-ubyte or .gz"):
        baselines.read_images(tmp_path / "none", "train")


def test_medians_are_drawn_beside_the_trials(results_file: Path, tmp_path: Path) -> None:
    sweep = figures.read(results_file)
    counts = sorted(sweep.trials[sweep.trials.task == "approximation"].measurements.unique())
    rows = [{"basis": basis, "measurements": m, "pixel_error": place + m / 1000 + off}
            for place, basis in enumerate(("dct", "wavelet")) for m in [*counts, 7] for off in (0, 0.1, 0.5)]
    pd.DataFrame(rows).to_csv(tmp_path / "b.csv")
    figure = figures.experiment_figure(replace(sweep, baselines=baselines.read(tmp_path / "b.csv")), "figures3and4")
    [axes] = [axes for axes in figure.axes if axes.get_title().endswith("approximation")]
    drawn = {line.get_label(): line for line in axes.lines if line.get_gid() == "baseline"}
    for place, basis in enumerate(("dct", "wavelet")):
        np.testing.assert_allclose(drawn[f"Lasso, {basis}"].get_xydata(), [[m, place + m / 1000 + 0.1] for m in counts])
    [legend] = figure.legends
    assert {"Lasso, dct", "Lasso, wavelet"} <= {text.get_text() for text in legend.get_texts()}
    (tmp_path / "bad.csv").write_text("basis,pixel_error\n")
    with pytest.raises(files.UnreadableError, match="has no column measurements"):
        baselines.read(tmp_path / "bad.csv")


@pytest.mark.parametrize("text", ["0", "-3", "20,", "1.5", "many"])
def test_counts_are_positive(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="no number from 1 on"):
        baselines.measurement_list(text)
