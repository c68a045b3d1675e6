"""How figures look: colours and marks of the methods, sizes, ticks and legends. Sizes are those on paper."""

import argparse

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# Okabe and Ito's palette, safe for colour-blind readers, and two of Tol's; blue and red as in the paper.
COLOURS = {"adam": "#0072B2", "surfing": "#D55E00", "restarts": "#009E73", "projected": "#CC79A7",
           "lm": "#56B4E9", "surfing-lm": "#E69F00", "restarts-lm": "#332288", "restarts-surfing": "#000000",
           "restarts-surfing-lm": "#882255"}
# LM: Levenberg-Marquardt.
LABELS = {"adam": "regular Adam", "surfing": "surfing", "restarts": "restarts", "projected": "projected surfing",
          "lm": "LM", "surfing-lm": "surfing, LM",
          "restarts-lm": "restarts, LM", "restarts-surfing": "restarts, surfing",
          "restarts-surfing-lm": "restarts, surfing, LM"}
MARKERS = {"adam": "o", "surfing": "s", "restarts": "^", "projected": "D", "lm": "v", "surfing-lm": "P",
           "restarts-lm": "<", "restarts-surfing": "X", "restarts-surfing-lm": ">"}
COLUMN, PAGE = 3.3, 7.0  # inches
FONT = 7  # points
PANEL = 1.6  # least width of a panel with an axis of its own, inches

SIZES = {"font.size": FONT, "axes.titlesize": FONT, "axes.labelsize": FONT, "xtick.labelsize": FONT,
         "ytick.labelsize": FONT, "legend.fontsize": FONT, "figure.titlesize": FONT + 1, "figure.labelsize": FONT,
         "lines.linewidth": 1.1, "lines.markersize": 3.5, "axes.linewidth": 0.6, "xtick.major.width": 0.6,
         "ytick.major.width": 0.6, "axes.titlepad": 3, "axes.labelpad": 2}


def sized():
    """The sizes, while artists are made: `with style.sized(): …`."""
    return matplotlib.rc_context(SIZES)


def face(method: str, complete: bool) -> str:
    """Of a mark: hollow if trials are missing."""
    return COLOURS[method] if complete else "white"


def spaced(places: np.ndarray, labels: list[str], inches: float) -> list[int]:
    """Which labels stand on an axis so long without touching each other: the first, then each that has room."""
    span = np.ptp(places) or 1
    kept: list[int] = []
    for index, (place, label) in enumerate(zip(places, labels)):
        width = (len(label) + 1.5) * 0.6 * FONT / 72  # about so many inches
        if not kept or (place - places[kept[-1]]) / span * inches >= width:
            kept.append(index)
    return kept


def show_legend(figure: Figure, extra: dict[str, Line2D] | None = None) -> None:
    """A legend of all panels above them, in as many columns as fit; `extra` are entries at its end."""
    found = {label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels())}
    entries = {label: found[label] for label in LABELS.values() if label in found} | (extra or {})
    entry_width = FONT / 10 * (0.6 + 0.08 * max(map(len, entries)))  # about so many inches
    columns = max(1, min(len(entries), int(figure.get_figwidth() / entry_width)))
    figure.legend(entries.values(), entries.keys(), loc="outside upper center", ncols=columns, frameon=False,
                  columnspacing=1, handletextpad=0.5)


def show_rates(axes: Axes) -> None:
    axes.set_ylim(-0.04, 1.05)
    axes.set_yticks([0, 0.5, 1])


def figure_width(text: str) -> float:
    """Reads a width in inches."""
    try:
        width = float(text)
    except ValueError:
        width = 0
    if not 2 <= width <= 40:
        raise argparse.ArgumentTypeError(f"{text} is no width from 2 to 40 inches")
    return width
