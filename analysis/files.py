"""What every reader of the program's files does first, and every command that draws one does last."""

from pathlib import Path

import h5py
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure


class UnreadableError(Exception):
    """A file that cannot be read, drawn or written; commands end with exit code 4."""


def check(path: Path, majors: dict[str, int], origin: str) -> str:
    """The file's type, which must be one of `majors`, in the schema's major version given there.

    `origin` says which command writes such a file, and where.
    """
    if not Path(path).is_file():
        raise UnreadableError(f"{path}: no such file; {origin}")
    try:
        with h5py.File(path) as file:
            filetype = file.attrs.get("filetype")
            version = str(file.attrs.get("schema_version"))
    except OSError as error:
        raise UnreadableError(f"{path} is not an HDF5 file ({error}); {origin}") from error
    if filetype not in majors:
        raise UnreadableError(f"{path} has filetype {filetype}, not {' or '.join(majors)}; {origin}")
    if version.split(".")[0] != str(majors[filetype]):
        raise UnreadableError(
            f"{path} has schema version {version}, this module reads {majors[filetype]}.x; "
            "write it again with this version's surf_sweep"
        )
    return filetype


def draw_image(axes: Axes, image: np.ndarray, low: float, high: float) -> None:
    """An image [channels, rows, columns] whose black is `low` and whose white is `high`.

    Three channels are red, green and blue; of any other number the mean is drawn in grey.
    """
    shares = np.clip((image - low) / (high - low), 0, 1)
    if len(shares) == 3:
        axes.imshow(np.moveaxis(shares, 0, -1))
    else:
        axes.imshow(shares.mean(axis=0), cmap="gray", vmin=0, vmax=1)


def save(figure: Figure, output: Path) -> None:
    """Writes the figure and says where, and whether it replaces another. UnreadableError if it cannot."""
    replaces = output.exists()
    try:
        figure.savefig(output, dpi=150)
    except OSError as error:
        raise UnreadableError(f"cannot write {output} ({error.strerror}); name another file: --output") from error
    print(f"{output}{' (replaced)' if replaces else ''}")
