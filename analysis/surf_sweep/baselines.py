"""Recovers test images from random measurements without a generator: Lasso in a basis in which images are sparse.

As the baselines of Bora, Jalal, Price and Dimakis (ICML 2017): the discrete cosine transform, and Daubechies' first
wavelet. Each image has a Gaussian A of its own, entries N(0, 1/m), as in surf_sweep's trials but drawn here. The weight
of the penalty is, for each basis and m, that of a grid with the least median error on training images. Writes a table
(CSV) with an error per pixel for each image, basis and m, which figures --baselines draws beside figure 4.

Needs scikit-learn and PyWavelets: pip install './analysis[baselines]'.
"""

import argparse
import gzip
import struct
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.fft import idctn

from . import files

PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3)  # of scikit-learn's Lasso, for pixels from 0 to 1
LINES = {"dct": "--", "wavelet": ":"}
MEASUREMENTS = (10, 20, 30, 40, 50, 70, 100, 200, 400)  # of jobs/figure4.ini


def read_images(folder: Path, split: str) -> np.ndarray:
    """The images of `split` ("train" or "t10k") in an IDX file, perhaps gzipped, from 0 to 1: [count, rows, columns]."""
    for path, opened in ((folder / f"{split}-images-idx3-ubyte", open), (folder / f"{split}-images-idx3-ubyte.gz", gzip.open)):
        if path.is_file():
            try:
                with opened(path, "rb") as stream:
                    content = stream.read()
            except (OSError, EOFError) as error:
                raise files.UnreadableError(f"{path}: {error}") from error
            header, pixels = content[:16], np.frombuffer(content[16:], np.uint8)
            magic, *shape = struct.unpack(">4i", header) if len(header) == 16 else (0,)
            if magic != 0x803 or pixels.size != np.prod(shape):
                raise files.UnreadableError(f"{path} is no whole IDX file of images")
            return pixels.reshape(shape) / 255
    raise files.UnreadableError(f"{folder} has no {split}-images-idx3-ubyte or .gz; name the folder of images: --data")


def dct_basis(rows: int, columns: int) -> np.ndarray:
    """The images of the two-dimensional discrete cosine transform, orthonormal: [coefficients, pixels]."""
    units = np.eye(rows * columns).reshape(-1, rows, columns)
    return idctn(units, axes=(1, 2), norm="ortho").reshape(rows * columns, -1)


def wavelet_basis(rows: int, columns: int) -> np.ndarray:
    """The images of Daubechies' first wavelet over all levels, periodic at the edges: [coefficients, pixels]."""
    import pywt

    zero = pywt.wavedec2(np.zeros((rows, columns)), "db1", mode="periodization")
    flat, slices = pywt.coeffs_to_array(zero)
    images = []
    for unit in np.eye(flat.size):
        levels = pywt.array_to_coeffs(unit.reshape(flat.shape), slices, output_format="wavedec2")
        images.append(pywt.waverec2(levels, "db1", mode="periodization")[:rows, :columns].ravel())
    return np.array(images)


BASES: dict[str, Callable[[int, int], np.ndarray]] = {"dct": dct_basis, "wavelet": wavelet_basis}


def recover(image: np.ndarray, basis: np.ndarray, measurements: int, penalty: float, stream: np.random.Generator) -> float:
    """The error per pixel, a root of a mean square, of one image from so many measurements."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Lasso

    matrix = stream.normal(size=(measurements, image.size)) / np.sqrt(measurements)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough: the penalty was chosen by what comes out
        fit = Lasso(alpha=penalty, fit_intercept=False, max_iter=1000).fit(matrix @ basis.T, matrix @ image.ravel())
    return float(np.sqrt(np.mean((np.clip(fit.coef_ @ basis, 0, 1) - image.ravel()) ** 2)))


def errors(images: np.ndarray, basis: np.ndarray, measurements: int, penalty: float, seed: int) -> list[float]:
    """Of each image; the same seed gives the same A's, whatever the penalty."""
    return [recover(image, basis, measurements, penalty, np.random.default_rng((seed, number, measurements)))
            for number, image in enumerate(images)]


def baselines(training: np.ndarray, test: np.ndarray, measurements: list[int], seed: int,
              say: Callable[[str], None] = lambda text: None) -> pd.DataFrame:
    """Columns basis, measurements, penalty, image and pixel_error. The penalty is chosen on `training`."""
    parts, begun = [], time.monotonic()
    for number, (name, make) in enumerate(BASES.items()):
        basis = make(*test.shape[1:])
        for place, m in enumerate(measurements):
            medians = {penalty: np.median(errors(training, basis, m, penalty, seed)) for penalty in PENALTIES}
            penalty = min(medians, key=medians.get)
            found = errors(test, basis, m, penalty, seed + 1)
            parts.append(pd.DataFrame({"basis": name, "measurements": m, "penalty": penalty,
                                       "image": range(len(test)), "pixel_error": found}))
            done = (number * len(measurements) + place + 1) / (len(BASES) * len(measurements))
            left = (time.monotonic() - begun) * (1 - done) / done
            say(f"{name}, m = {m}: penalty {penalty:g}, median error {np.median(found):.3f}; {left:.0f} s left")
    return pd.concat(parts, ignore_index=True)


def read(path: Path) -> pd.DataFrame:
    """A table that main() wrote."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise files.UnreadableError(f"{path}: {error}") from error
    if missing := {"basis", "measurements", "pixel_error"} - set(table):
        raise files.UnreadableError(f"{path} has no column {sorted(missing)[0]}; the command baselines writes such a table")
    return table


def draw(axes: Axes, table: pd.DataFrame, counts: np.ndarray) -> None:
    """The median errors without a generator, at those m that trials have."""
    for basis, line in LINES.items():
        medians = table[(table.basis == basis) & table.measurements.isin(counts)].groupby("measurements").pixel_error.median()
        axes.plot(medians.index, medians.values, color="grey", linewidth=0.8, linestyle=line, label=f"Lasso, {basis}",
                  gid="baseline")


def positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def measurement_list(text: str) -> list[int]:
    return [positive(part) for part in text.split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"), help="folder of IDX files [%(default)s]")
    parser.add_argument("--output", type=Path, default=Path("baselines.csv"), help="the table [%(default)s]")
    parser.add_argument("--images", type=positive, default=100, help="test images, the first of them [%(default)s]")
    parser.add_argument("--measurements", type=measurement_list, default=list(MEASUREMENTS), help="m [those of jobs/figure4.ini]")
    parser.add_argument("--seed", type=int, default=1, help="of the matrices [%(default)s]")
    options = parser.parse_args()
    try:
        training, test = read_images(options.data, "train")[:20], read_images(options.data, "t10k")[: options.images]
        table = baselines(training, test, options.measurements, options.seed, lambda text: print(text, file=sys.stderr))
        table.to_csv(options.output, index=False)
    except (files.UnreadableError, ModuleNotFoundError, OSError) as error:
        hint = "; pip install './analysis[baselines]'" if isinstance(error, ModuleNotFoundError) else ""
        print(f"baselines: {error}{hint}", file=sys.stderr)
        return 4
    print(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
