"""The command timeline: bars and idle time."""

from pathlib import Path

import numpy as np
import pytest
from conftest import BLOCKS

from surf_sweep import files, results, style, timeline


def test_a_bar_for_each_block(results_file: Path) -> None:
    [axes] = timeline.timeline_figure(results.blocks(results_file)).axes
    bars = sorted((bar.get_y() + bar.get_height() / 2, bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches)
    np.testing.assert_allclose(bars, sorted(BLOCKS))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "1"]
    assert axes.get_title() == "4 blocks on 2 ranks, 17 % idle"  # 20 of 120 seconds
    assert axes.get_xlabel() == "seconds since 2017-07-14 02:40:00 UTC"


def test_blocks_that_say_no_time_are_left_out(results_file: Path) -> None:
    blocks = results.blocks(results_file)
    blocks.loc[1, "rank"] = None
    [axes] = timeline.timeline_figure(blocks, style.COLUMN).axes
    assert axes.get_title() == "3 blocks on 2 ranks, 54 % idle"
    with pytest.raises(files.UnreadableError, match="do not say when"):
        timeline.timeline_figure(blocks.assign(start=np.nan))


def test_command(results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["timeline", str(results_file)])
    assert timeline.main() == 0
    assert capsys.readouterr().out == f"{results_file.with_name('results-timeline.png')}\n"
    old = Path(__file__).parents[2] / "results" / "k5-trainings" / "results.h5"
    monkeypatch.setattr("sys.argv", ["timeline", str(old)])
    assert timeline.main() == 4 and "no timeline to draw" in capsys.readouterr().err
