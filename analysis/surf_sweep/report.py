"""Writes one HTML page of a results file: its tables, figures and provenance, and how to run it again.

The page needs no other file. Open it in any browser.
"""

import argparse
import base64
import html
import io
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from . import compare, figures, files, results, style, table, timeline
from .compare import end_with

STYLE = """body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;font-size:.85rem}td,th{padding:.15rem .6rem;text-align:left;border-bottom:1px solid #ddd}
div{overflow-x:auto}img{max-width:100%}pre{background:#f5f5f5;padding:.8rem;overflow-x:auto;font-size:.85rem}"""


def page(path: Path) -> str:
    opened, sweep = results.open(path), figures.read(path)
    provenance = dict(opened.provenance)
    job = provenance.pop("job", "")
    parts = [f"<h1>{_text(path.name)}</h1>", _paragraph(_state(opened))]
    if provenance.get("failed_chains"):
        parts.append(_paragraph(f"Trainings that came to nothing: {provenance['failed_chains']}"))
    parts += ["<h2>Results</h2>", _paragraph(LEGEND), _table(table.formatted(table.rows(opened.cells, with_paper=True)))]
    for experiment in [name for name in opened.experiments if name in sweep.trials.experiment.values]:
        parts += [f"<h2>{_text(experiment)}</h2>", _image(figures.experiment_figure(sweep, experiment), experiment)]
        if figures.profiled(sweep.profiles.sel(experiment=experiment)):
            parts.append(_image(figures.data_profiles(sweep, experiment), f"{experiment}: share solved over network evaluations"))
        parts += _comparisons(opened, experiment)
    if not opened.blocks.dropna(subset=["rank", "start"]).empty:
        parts += ["<h2>Timeline</h2>", _image(timeline.timeline_figure(opened.blocks), "timeline")]
    if not opened.chains.empty:
        parts += ["<h2>Generators</h2>", _table(opened.chains.round(4).astype(str))]
    parts += ["<h2>Run it again</h2>", _again(provenance), f"<pre>{_text(job)}</pre>", "<h2>Provenance</h2>",
              _rows(provenance)]
    title = f"<title>{_text(path.name)} of surf_sweep</title>"
    head = f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{title}<style>{STYLE}</style></head>'
    return head + "<body>\n" + "\n".join(parts) + "\n</body></html>\n"


LEGEND = ("success %: trials that ended within the success distance of the truth, with a 95 % interval, over trainings where "
          "there are several; first hit p75: 75th percentile of the steps until they were first there; evaluations: mean "
          "network evaluations of a trial; median error: root mean square error of a pixel; paper: the paper's table 1. "
          "LM: Levenberg-Marquardt.")


def _state(opened: results.Results) -> str:
    cells = opened.cells
    done, planned = int(cells.trials.sum()), int(cells.trials_planned.sum())
    missing = "" if done == planned else f" of {planned:,}: the results are not complete"
    times = " to ".join(opened.provenance[name] for name in ("started", "ended") if name in opened.provenance)
    return f"{len(cells)} cells, {done:,} trials{missing}{', computed ' + times if times else ''}."


def _comparisons(opened: results.Results, experiment: str) -> list[str]:
    """Each method against adam, in pairs."""
    trials = opened.trials[opened.trials.experiment == experiment]
    methods = [method for method in style.COLOURS if method != "adam" and method in trials.method.values]
    if "adam" not in trials.method.values or not methods:
        return []
    text = []
    for method in methods:
        try:
            pairs = compare.paired(trials, opened.experiments, method, "adam")
        except files.UnreadableError:
            continue  # no problem that both solved
        compared = [compare.compare(problem, of_problem) for problem, of_problem in pairs.items()]
        text.append(f"A: {method}, B: adam\n{compare.table(compared)}")
    return ["<h3>In pairs with regular Adam</h3>", f"<pre>{_text(chr(10).join(text))}</pre>"] if text else []


def _again(provenance: dict[str, str]) -> str:
    revision = provenance.get("git_revision", "unknown")
    ranks = provenance.get("ranks", "1")
    run = f"mpirun -n {ranks} surf_sweep run --job job.ini" if ranks != "1" else "surf_sweep run --job job.ini"
    lines = ["# surf_sweep " + provenance.get("program_version", "") + f", revision {revision}",
             "# save what follows as job.ini; the images must have the checksum of the provenance", run]
    return f"<pre>{_text(chr(10).join(lines))}</pre>"


def _text(text: str) -> str:
    return html.escape(str(text))


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _table(frame) -> str:
    return f"<div>{frame.to_html(index=False, border=0)}</div>"


def _rows(values: dict[str, str]) -> str:
    rows = "".join(f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in values.items())
    return f"<div><table>{rows}</table></div>"


def _image(figure: Figure, description: str) -> str:
    """As vectors, inside the page."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "surf_sweep"}):  # the same page from the same file
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{_text(description)}" src="data:image/svg+xml;base64,{data}">'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a results.h5 of surf_sweep")
    parser.add_argument("--output", type=Path, help="the page; default: beside the results, as .html")
    options = parser.parse_args()
    output = options.output or options.results.with_suffix(".html")
    return end_with("report", lambda: table.write(page(options.results), output))
