"""The commands table and merge: the numbers that are printed."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ONE, THREE, wilson

from surf_sweep import files, merge, nested, results, table


def run(monkeypatch: pytest.MonkeyPatch, command, *arguments) -> int:
    monkeypatch.setattr("sys.argv", ["command", *map(str, arguments)])
    return command.main()


def test_a_row_for_each_problem_and_method(results_file: Path) -> None:
    rows = table.rows(results.cells(results_file), with_paper=True)
    assert len(rows) == 8 * 3 and (rows.trials == 20).all() and (rows.planned == 20).all()
    wgan = rows[(rows.model == "wgan") & (rows.latent_dim == 5)].set_index("method")
    assert wgan.success.tolist() == [successes / 20 for successes in ONE.successes["inversion"][0]]
    np.testing.assert_allclose(wgan.loc["adam", ["success_low", "success_high"]].astype(float), wilson(9, 20))
    assert wgan.loc["adam", "first_hit_p75"] == pytest.approx(100 + 9)
    assert wgan.loc["adam", ["paper_success", "paper_p75"]].tolist() == pytest.approx([0.56, 464])
    assert wgan.loc["surfing", ["paper_success", "paper_p75"]].tolist() == pytest.approx([0.817, 547])
    assert np.isnan(wgan.loc["restarts", "paper_success"])  # the paper has none
    others = rows[(rows.task != "inversion") | (rows.latent_dim == 2)]
    assert others.paper_success.isna().all()
    assert rows[rows.task == "approximation"].success.isna().all()


def test_trainings_are_one_row_with_the_interval_over_them(trainings_file: Path) -> None:
    cells = results.cells(trainings_file)
    rows = table.rows(cells)
    surfing = rows[(rows.model == "dcgan") & (rows.latent_dim == 5) & (rows.task == "inversion")].iloc[1]
    counts = np.array([of_training[1] for of_training in THREE.successes["inversion"]])
    assert (surfing.trainings, surfing.trials) == (3, 60) and surfing.success == pytest.approx(counts.mean() / 20)
    expected = nested.success_interval(counts, np.full(3, 20))
    np.testing.assert_allclose([surfing.success_low, surfing.success_high], expected)
    assert surfing.first_hit_p75 == pytest.approx(np.prod(200.0 + counts) ** (1 / 3))
    each = table.rows(cells, each=True)
    assert len(each) == 3 * len(rows) and each.training.nunique() == 3


def test_several_files_are_pooled(results_file: Path, trainings_file: Path) -> None:
    rows = table.rows(results.open(results_file, trainings_file).cells)
    adam = rows[(rows.model == "wgan") & (rows.latent_dim == 5)].iloc[0]
    assert (adam.trainings, adam.trials) == (4, 80)
    assert adam.success == pytest.approx((9 + 9 + 7 + 12) / 80)


def test_command_in_every_format(
    results_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = (table, results_file, "--experiment", "table1", "--paper", "--format")
    assert run(monkeypatch, *arguments, "text") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 12 and max(map(len, lines)) <= 100
    assert lines[-2].split() == ["wgan", "5", "surfing", "20", "100.0", "(83.9-100.0)", "81.7", "220", "547"]
    assert run(monkeypatch, *arguments, "csv") == 0
    read = pd.read_csv(io.StringIO(capsys.readouterr().out))
    expected = table.rows(results.cells(results_file), with_paper=True).query("experiment == 'table1'")
    pd.testing.assert_frame_equal(read, expected.reset_index(drop=True), check_dtype=False)
    assert run(monkeypatch, *arguments, "md") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 12 and lines[-2].split(" | ")[3:6] == ["20", "100.0 (83.9-100.0)", "81.7"]
    assert run(monkeypatch, *arguments, "latex", "--output", tmp_path / "t.tex") == 0
    assert capsys.readouterr().out == f"{tmp_path / 't.tex'}\n"
    text = (tmp_path / "t.tex").read_text()
    assert r"success \% (95 \%)" in text and text.count(r"\\") == 13 and text.count("&") == 13 * 7


def test_command_says_in_one_line_what_is_wrong(
    results_file: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, table, results_file, "--experiment", "table2") == 4
    assert capsys.readouterr().err == "table: no experiment table2; use one of table1, figures3and4\n"
    assert run(monkeypatch, table, results_file, results_file) == 4
    assert "is named twice" in capsys.readouterr().err
    with pytest.raises(files.UnreadableError, match="have no trials"):
        table.rows(results.cells(results_file).assign(trials=0))


def test_merge_writes_all_rows(
    results_file: Path, trainings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, merge, results_file, trainings_file, "--output", tmp_path / "all") == 0
    trials = pd.read_csv(tmp_path / "all-trials.csv")
    assert len(trials) == 480 + 2400 and trials.file.nunique() == 2
    solved = trials[trials.task != "approximation"].groupby("file").success.apply(lambda column: (column == True).sum())  # noqa: E712
    of_one = 4 * sum(ONE.successes["inversion"][0]) + 2 * sum(ONE.successes["recovery"][0])
    assert solved[str(results_file)] == of_one
    assert len(pd.read_csv(tmp_path / "all-cells.csv")) == 24 + 120


def test_merge_refuses_trials_that_are_there_twice(
    results_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.h5"
    copy.write_bytes(results_file.read_bytes())
    assert run(monkeypatch, merge, results_file, copy, "--output", tmp_path / "all") == 4
    assert "480 trials that are the same" in capsys.readouterr().err
    assert not list(tmp_path.glob("all*"))
