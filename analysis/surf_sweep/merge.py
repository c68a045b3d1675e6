"""Writes the cells and the trials of several results files as two CSV files, each row with its file's name."""

import argparse
from pathlib import Path

from . import results
from .compare import end_with
from .table import write


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="results.h5 of surf_sweep")
    parser.add_argument("--output", type=Path, default=Path("merged"), help="PATH-cells.csv and PATH-trials.csv; default: %(default)s")
    options = parser.parse_args()

    def command() -> None:
        merged = results.open(*options.results)
        for name in ("trials", "cells"):  # trials first: those that are there twice are refused
            path = options.output.with_name(f"{options.output.name}-{name}.csv")
            write(getattr(merged, name).to_csv(index=False), path)

    return end_with("merge", command)
