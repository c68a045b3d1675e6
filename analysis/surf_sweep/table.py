"""Prints the cells of results files as a table, several trainings of a cell as one row.

Success rates are means over trainings, with 95 % intervals: of one training's trials (Wilson), or over trainings like these.
first hit p75 is the 75th percentile of the steps to the first hit over successful trials, the geometric mean over
trainings. --paper puts the paper's table 1 beside them.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from . import files, nested, paper, results
from .compare import end_with

PROBLEM = [name for name in results.PLACE if name != "training"]
SHOWN_IF_SEVERAL = ["file", "experiment", "task", "operator", "measurements", "trainings", "training"]


def rows(cells: pd.DataFrame, each: bool = False, with_paper: bool = False) -> pd.DataFrame:
    """A row of numbers for each problem and method, in the order of the files; `each`: for each training too."""
    keys = [name for name in ("file", "training") if each and name in cells]
    groups = cells[cells.trials > 0].groupby([*keys, *PROBLEM], sort=False, dropna=False)
    table = pd.DataFrame([dict(zip([*keys, *PROBLEM], key)) | _numbers(group) for key, group in groups])
    if table.empty:
        raise files.UnreadableError("these results have no trials: no table to print")
    if with_paper:
        known = [_of_paper(row) for row in table.itertuples()]
        table["paper_success"] = [cell.success / 100 if cell else np.nan for cell in known]
        table["paper_p75"] = [float(cell.iterations) if cell else np.nan for cell in known]
    return table


def _numbers(cells: pd.DataFrame) -> dict:
    """What the trainings of one cell say together."""
    several, known = len(cells) > 1, cells.success_rate.notna().all()
    low, high = cells.success_low.iloc[0], cells.success_high.iloc[0]
    if several and known:
        low, high = nested.success_interval(*(cells[name].to_numpy(float) for name in ("successes", "trials")))
    hits = cells.iterations_p75[cells.iterations_p75 > 0]
    return {
        "operator": cells.operator.iloc[0],
        "trainings": len(cells),
        "trials": int(cells.trials.sum()),
        "planned": int(cells.trials_planned.sum()),
        "success": cells.success_rate.mean() if known else np.nan,
        "success_low": float(low),
        "success_high": float(high),
        "first_hit_p75": np.exp(np.log(hits.astype(float)).mean()) if len(hits) else np.nan,
        "evaluations": cells.network_evaluations_mean.mean() if "network_evaluations_mean" in cells else np.nan,
        "error": cells.pixel_error_p50.mean() if "pixel_error_p50" in cells else np.nan,
    }


def _of_paper(row) -> paper.PaperCell | None:
    return paper.TABLE1.get((row.model, row.latent_dim, row.method)) if row.task == "inversion" else None


def formatted(table: pd.DataFrame) -> pd.DataFrame:
    """The table as text, without columns that say the same in every row or nothing."""
    shown = pd.DataFrame(index=table.index)
    for name in ("file", "experiment", "model", "latent_dim", "training", "task", "operator", "measurements", "method"):
        if name in table and (name not in SHOWN_IF_SEVERAL or table[name].nunique() > 1):
            shown[{"latent_dim": "k", "measurements": "m"}.get(name, name)] = table[name].astype(str)
    if table.trainings.max() > 1:
        shown["trainings"] = table.trainings.astype(str)
    shown["trials"] = [f"{n}" if n == planned else f"{n}/{planned}" for n, planned in zip(table.trials, table.planned)]
    intervals = zip(table.success, table.success_low, table.success_high)
    texts = {
        "success % (95 %)": ["" if np.isnan(s) else f"{100 * s:.1f} ({100 * low:.1f}-{100 * high:.1f})"
                             for s, low, high in intervals],
        "paper %": _numbers_as_text(table, "paper_success", lambda value: f"{100 * value:.1f}"),
        "first hit p75": _numbers_as_text(table, "first_hit_p75", lambda value: f"{value:.0f}"),
        "paper p75": _numbers_as_text(table, "paper_p75", lambda value: f"{value:.0f}"),
        "evaluations": _numbers_as_text(table, "evaluations", lambda value: f"{value:.0f}"),
        "median error": _numbers_as_text(table, "error", lambda value: f"{value:.2g}"),
    }
    return shown.assign(**{name: column for name, column in texts.items() if any(column)})


def _numbers_as_text(table: pd.DataFrame, name: str, text_of: Callable[[float], str]) -> list[str]:
    return ["" if np.isnan(value) else text_of(value) for value in table.get(name, [])]


# Formats. ---------------------------------------------------------------------------------------


def as_text(table: pd.DataFrame) -> str:
    return formatted(table).to_string(index=False) + "\n"


def as_csv(table: pd.DataFrame) -> str:
    """Every number in full."""
    return table.to_csv(index=False)


def as_markdown(table: pd.DataFrame) -> str:
    shown = formatted(table)
    lines = [list(shown), ["---"] * shown.shape[1], *shown.values.tolist()]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def as_latex(table: pd.DataFrame) -> str:
    """For booktabs."""
    shown = formatted(table)
    escaped = [" & ".join(_escaped(cell) for cell in line) + r" \\" for line in [list(shown), *shown.values.tolist()]]
    begin = [f"\\begin{{tabular}}{{{'l' * shown.shape[1]}}}", r"\toprule", escaped[0], r"\midrule"]
    return "\n".join([*begin, *escaped[1:], r"\bottomrule", r"\end{tabular}", ""])


def _escaped(text: str) -> str:
    for character in "&%#_$":
        text = text.replace(character, f"\\{character}")
    return text


FORMATS = {"text": as_text, "csv": as_csv, "md": as_markdown, "latex": as_latex}


def write(text: str, output: Path | None) -> None:
    """To a file, or to standard output."""
    if output is None:
        print(text, end="")
        return
    replaces = output.exists()
    try:
        output.write_text(text)
    except OSError as error:
        raise files.UnreadableError(f"cannot write {output} ({error.strerror}); name another file: --output") from error
    print(f"{output}{' (replaced)' if replaces else ''}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="results.h5 of surf_sweep, one or several")
    parser.add_argument("--experiment", help="this one alone")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: %(default)s")
    parser.add_argument("--paper", action="store_true", help="the paper's numbers beside ours")
    parser.add_argument("--each", action="store_true", help="a row for each training and file")
    parser.add_argument("--output", type=Path, help="default: standard output")
    options = parser.parse_args()

    def command() -> None:
        cells = results.open(*options.results).cells
        if options.experiment:
            known = cells.experiment.unique()
            cells = cells[cells.experiment == options.experiment]
            if cells.empty:
                raise files.UnreadableError(f"no experiment {options.experiment}; use one of {', '.join(known)}")
        write(FORMATS[options.format](rows(cells, options.each, options.paper)), options.output)

    return end_with("table", command)
