"""What every reader of the program's files does first, and every command that draws one does last."""

from pathlib import Path

import h5py
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure


class UnreadableError(Exception):
    """A file that cannot be read, drawn or written; commands end with exit code 4."""


def check(path: Path, majors: dict[str, int | tuple[int, ...]], origin: str) -> str:
    """The file's type, which must be one of `majors`, in a major version of the schema given there.

    `origin` says which command writes such a file, and where.
    """
    if not Path(path).is_file():
        raise UnreadableError(f"{path}: no such file; {origin}")
    try:
        with h5py.File(path) as file:
            filetype, version = (_attribute(file, name) for name in ("filetype", "schema_version"))
    except OSError as error:
        raise UnreadableError(f"{path} is not an HDF5 file ({error}); {origin}") from error
    if filetype not in majors:
        raise UnreadableError(f"{path} has filetype {filetype}, not {' or '.join(majors)}; {origin}")
    known = np.atleast_1d(majors[filetype])
    if version.split(".")[0] not in map(str, known):
        raise UnreadableError(
            f"{path} has schema version {version}, this module reads {' and '.join(f'{major}.x' for major in known)}; "
            "write it again with this version's surf_sweep"
        )
    return filetype


def _attribute(file: h5py.File, name: str) -> str:
    """Of the root. netCDF's tools rewrite strings as lists of one."""
    value = np.asarray(file.attrs.get(name)).ravel()[0]
    return value.decode() if isinstance(value, bytes) else str(value)


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
    known = figure.canvas.get_supported_filetypes()
    if output.suffix[1:].lower() not in known:
        raise UnreadableError(f"{output}: its ending names no format of figures; use one of .{', .'.join(sorted(known))}")
    replaces = output.exists()
    try:
        with matplotlib.rc_context({"pdf.fonttype": 42, "svg.fonttype": "none"}):  # text stays text
            figure.savefig(output, dpi=200)
    except OSError as error:
        raise UnreadableError(f"cannot write {output} ({error.strerror}); name another file: --output") from error
    print(f"{output}{' (replaced)' if replaces else ''}")
