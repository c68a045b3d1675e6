"""Draws docs/images/k5.png from results/k5-trainings: .venv/bin/python docs/images/k5.py, in the repository's root."""

import sys
from pathlib import Path

from matplotlib.figure import Figure

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "analysis"))
from surf_sweep import files, figures, style  # noqa: E402

MODELS = ["vae", "dcgan", "wgan", "wgan-gp"]
METHODS = ["adam", "surfing", "restarts"]


def k5_figure(sweep: figures.Sweep) -> Figure:
    """A panel for each model: the share of its trials, of three trainings, that end within each distance of the truth."""
    chosen = figures.Sweep(*(table[table.method.isin(METHODS)] for table in (sweep.cells, sweep.trials)),
                           sweep.profiles, sweep.success_distances)
    with style.sized():
        figure = Figure(figsize=(style.COLUMN, 3.0), layout="constrained")
        for axes, model in zip(figure.subplots(2, 2, sharey=True).flat, MODELS):
            figures.draw_distances(axes, chosen, model, latent_dim=5)
        figure.supxlabel("distance to the truth ‖x̂ − x*‖")
        figure.supylabel("share of trials within")
        style.show_legend(figure)
    return figure


if __name__ == "__main__":
    files.save(k5_figure(figures.read(ROOT / "results/k5-trainings/results.h5")), Path(__file__).with_suffix(".png"))
