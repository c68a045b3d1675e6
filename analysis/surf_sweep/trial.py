"""Draws trial files of surf_sweep show: target, what is measured of it, what each method found, and its way there.

Several files are to be of one problem: the same trial by several methods.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import files, style

FILETYPE = "surf_sweep/trial"
SCHEMA_MAJOR = 1
SAME = ("target_image", "measured")  # in trials of one problem


def read(paths: list[Path]) -> list[xr.Dataset]:
    """The trials, one a file. UnreadableError if they are not of one problem."""
    trials = []
    for path in paths:
        files.check(path, {FILETYPE: SCHEMA_MAJOR}, "surf_sweep show --cell ID --trial N writes such a file")
        with xr.open_dataset(path, engine="h5netcdf") as trial:
            trials.append(trial.load())
    for path, trial in zip(paths[1:], trials[1:]):
        for name in SAME:
            if trial[name].shape != trials[0][name].shape or not np.allclose(trial[name], trials[0][name]):
                raise files.UnreadableError(
                    f"{path} has another {name.replace('_', ' ')} than {paths[0]}: draw trials of one problem together"
                )
    return trials


def trial_figure(trials: list[xr.Dataset], width: float = style.PAGE) -> Figure:
    """Images in the first row; f and the distance to x* over network evaluations in the second."""
    first = trials[0]
    shown = [("target", first.target_image)]
    if not np.allclose(first.back_projection, first.target_image, atol=1e-6):
        shown.append((f"measured, m = {first.sizes['measurement']}", first.back_projection))
    shown += [(style.LABELS[trial.attrs["method"]] + outcome(trial), trial.reconstruction) for trial in trials]
    with style.sized():
        figure = Figure(figsize=(width, width * 0.66), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=(1.2, 1.2))
        for axes, (title, image) in zip(above.subplots(1, len(shown), squeeze=False)[0], shown):
            low, high = first.attrs["low"], first.attrs["high"]
            if title.startswith("measured"):  # of no scale of its own
                low, high = float(image.min()), float(image.max())
            files.draw_image(axes, image.values, low, high)
            axes.set_title(title)
            axes.set_axis_off()
        panels = below.subplots(1, 2)
        draw_paths(panels[0], trials, "objective", "f on the final network")
        draw_paths(panels[1], trials, "distance", "distance to x*")
        if len(trials) > 1:
            panels[0].legend(frameon=False)
    return figure


def outcome(trial: xr.Dataset) -> str:
    """What a title says of it; nothing where there is no x* that could be found."""
    if np.isnan(trial.attrs["distance"]):
        return f"\nerror {trial.attrs['pixel_error']:.2g}"
    return "\nfound" if trial.attrs["success"] else "\nmissed"


def draw_paths(axes: Axes, trials: list[xr.Dataset], name: str, label: str) -> None:
    """A line a trial, dotted where it was not yet on the final network."""
    axes.set_title(label, loc="left")
    axes.set_xlabel("network evaluations")
    if all(np.isnan(trial[name]).all() for trial in trials):
        axes.text(0.5, 0.5, "there is no x*", ha="center", transform=axes.transAxes)
        return
    for trial in trials:
        method = trial.attrs["method"]
        final = trial.snapshot.values == trial.snapshot.values[-1]
        for chosen, line, legend in ((~final, ":", None), (final, "-", style.LABELS[method])):
            breaks = 1 + np.flatnonzero(np.diff(trial.start))  # another start: no line leads there
            values = np.insert(np.where(chosen, trial[name].values, np.nan), breaks, np.nan)
            evaluations = np.insert(trial.network_evaluations.values.astype(float), breaks, np.nan)
            axes.plot(evaluations, values, line, color=style.COLOURS[method], label=legend)
    axes.set_yscale("log")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trials", type=Path, nargs="+", metavar="FILE", help="OUTPUT/trial-<cell>-<trial>.h5")
    parser.add_argument("--output", type=Path, help="the figure; default: beside the first file, as .png")
    parser.add_argument("--width", type=style.figure_width, default=style.PAGE, help="in inches [%(default)s]")
    options = parser.parse_args()
    try:
        figure = trial_figure(read(options.trials), options.width)
        files.save(figure, options.output or options.trials[0].with_suffix(".png"))
    except files.UnreadableError as error:
        print(f"trial: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
