"""The command report, and the commands that documents name."""

import base64
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import h5py
import pytest

from surf_sweep import __main__ as commands
from surf_sweep import report

ROOT = Path(__file__).parents[2]


class Page(HTMLParser):
    """What a browser would see and fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources, self.text, self.open = [], "", []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_no_other_file(results_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(results_file, "a") as file:
        file["provenance"].attrs.update(
            {"job": "seed = 1\n[trials]\ncount = 20 # <few>\n", "git_revision": "e5bcf7d", "ranks": "4",
             "started": "2017-07-14T02:40:00Z", "ended": "2017-07-14T02:41:00Z"})
    monkeypatch.setattr("sys.argv", ["report", str(results_file)])
    assert report.main() == 0
    page = Page(results_file.with_suffix(".html").read_text())
    assert not page.open
    assert len(page.sources) == 2 + 2 + 1  # figures, profiles, timeline
    for source in page.sources:
        kind, _, data = source.partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")
    for text in ("24 cells, 480 trials, computed 2017-07-14T02:40:00Z to 2017-07-14T02:41:00Z", "e5bcf7d",
                 "mpirun -n 4 surf_sweep run --job job.ini", "count = 20 # <few>", "A: surfing, B: adam", "81.7"):
        assert text in page.text, text


def test_an_incomplete_sweep_is_said_to_be_one(results_file: Path) -> None:
    with h5py.File(results_file, "a") as file:
        file["cells/trials_planned"][3] = 25
        file["provenance"].attrs["failed_chains"] = "vae k=5 of table1: a value is not finite"
    text = Page(report.page(results_file)).text
    assert "480 trials of 485: the results are not complete" in text and "20/25" in text
    assert "came to nothing: vae k=5" in text


def test_commands_that_documents_name_are_there() -> None:
    documents = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("jobs/*"), *ROOT.glob("hdf5_schema/*.md"),
                 ROOT / "CONTRIBUTING.md", *ROOT.glob("results/*/*.md")]
    named = 0
    for document in documents:
        text = document.read_text()
        for command in re.findall(r"python3? analysis ([a-z]+)", text):
            assert command in commands.COMMANDS, (document.name, command)
            named += 1
        for path in re.findall(r"(?<![\w/])analysis/[\w/]+\.py", text):
            assert (ROOT / path).is_file(), (document.name, path)
    assert named > 10


def test_links_of_documents_lead_to_files() -> None:
    linked = 0
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("results/*/*.md"), *ROOT.glob("hdf5_schema/*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), (document.name, target)
            linked += 1
    assert linked > 20


def test_the_readme_takes_ten_minutes() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 120 and max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_every_command_is_a_module_with_a_main(name: str) -> None:
    assert "\ndef main() -> int:" in (ROOT / "analysis/surf_sweep" / f"{name}.py").read_text()


def test_commands_from_a_checkout() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(ROOT / "analysis"), *arguments], capture_output=True, text=True)

    listed = run()
    assert listed.returncode == 0 and all(name in listed.stdout for name in commands.COMMANDS)
    wrong = run("tabel")
    assert (wrong.returncode, wrong.stderr) == (2, "surf_sweep: no command tabel; did you mean table?\n")
    absent = run("table", "absent.h5")
    assert absent.returncode == 4 and absent.stderr.startswith("table: absent.h5: no such file")
