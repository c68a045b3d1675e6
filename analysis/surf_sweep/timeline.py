"""Draws which rank computed which block of trials, when: a bar a rank, the share of idle time in the title."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from . import files, results, style
from .compare import end_with


def timeline_figure(blocks: pd.DataFrame, width: float = style.PAGE) -> Figure:
    """Bars over the time since the first block began. Blocks without rank or start are left out."""
    known = blocks.dropna(subset=["rank", "start"])
    if known.empty:
        raise files.UnreadableError("these results do not say when their blocks were computed: no timeline to draw")
    start = (known.start - known.start.min()).dt.total_seconds().values
    seconds, ranks = known.seconds.values, known["rank"].values.astype(int)
    rows = np.unique(ranks)
    unit, per_unit = _unit((start + seconds).max())
    with style.sized():
        figure = Figure(figsize=(width, min(0.9 + 0.16 * len(rows), 9)), layout="constrained")
        axes = figure.subplots()
        for method in [name for name in style.COLOURS if name in known.method.values]:
            chosen = (known.method == method).values
            axes.barh(np.searchsorted(rows, ranks[chosen]), seconds[chosen] / per_unit, left=start[chosen] / per_unit,
                      height=0.8, color=style.COLOURS[method], edgecolor="white", linewidth=0.3, label=style.LABELS[method])
        shown = range(0, len(rows), max(1, len(rows) // 32))
        axes.set_yticks(list(shown), [str(rows[row]) for row in shown])
        axes.invert_yaxis()
        axes.set(xlabel=f"{unit} since {known.start.min():%Y-%m-%d %H:%M:%S} UTC", ylabel="rank",
                 xlim=(0, (start + seconds).max() / per_unit))
        axes.set_title(f"{len(known)} blocks on {len(rows)} {'rank' if len(rows) == 1 else 'ranks'}, "
                       f"{100 * idle_share(known):.0f} % idle")
        style.show_legend(figure)
    return figure


def idle_share(blocks: pd.DataFrame) -> float:
    """Of the ranks' time from the first block's start to the last one's end: the share in which they computed none."""
    start = (blocks.start - blocks.start.min()).dt.total_seconds()
    return float(1 - blocks.seconds.sum() / (blocks["rank"].nunique() * (start + blocks.seconds).max()))


def _unit(seconds: float) -> tuple[str, float]:
    return ("hours", 3600) if seconds > 7200 else ("minutes", 60) if seconds > 120 else ("seconds", 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a results.h5 of surf_sweep")
    parser.add_argument("--output", type=Path, help="the figure; default: beside the results, as -timeline.png")
    options = parser.parse_args()

    def command() -> None:
        output = options.output or options.results.with_name(f"{options.results.stem}-timeline.png")
        files.save(timeline_figure(results.blocks(options.results)), output)

    return end_with("timeline", command)
