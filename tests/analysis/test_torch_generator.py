"""surf_sweep/torch_generator.py: what becomes of PyTorch modules. Skipped where no Python has PyTorch, h5py and xxhash."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LAYERS = ("mixed", "dcgan", "wrapped", "double")
PROGRAMS = ("scaled", "residual", "traced", "softplus")


def python_with_torch() -> str | None:
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            command = [python, "-c", "import torch, h5py, xxhash"]
            if subprocess.run(command, capture_output=True, timeout=60).returncode == 0:
                return python
        except OSError:
            pass
    return None


@pytest.fixture(scope="module")
def python() -> str:
    found = python_with_torch()
    if found is None:
        pytest.skip("no Python here has PyTorch, h5py and xxhash")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("torch")


def run(*command: object) -> str:
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def report(python: str, folder: Path) -> dict:
    return json.loads(run(python, HERE / "torch_chains.py", folder))


def test_layers_are_recognised(report: dict) -> None:
    assert [report[name]["why"] for name in LAYERS] == [None] * len(LAYERS)
    assert report["wrapped"]["network"] == {
        "input": 5,
        "layers": [
            {"kind": "linear", "name": "main.0", "output": [20], "activation": "relu"},
            {"kind": "linear", "name": "main.2", "output": [64]},
            {"kind": "reshape", "output": [1, 8, 8], "activation": "tanh"},
        ],
    }
    kinds = [layer["kind"] for layer in report["mixed"]["network"]["layers"]]
    assert kinds == ["linear", "linear", "reshape", "upsample", "conv", "reshape", "reshape", "reshape", "linear", "reshape",
                     "upsample", "conv", "conv_transpose"]  # fmt: skip


def test_other_modules_become_programs(report: dict) -> None:
    assert [report[name]["network"] for name in PROGRAMS] == [None] * len(PROGRAMS)
    assert "forward() does more than its layers" in report["scaled"]["why"]
    assert "neither an nn.Sequential" in report["residual"]["why"]
    assert "1: Softplus is none of the layers" in report["softplus"]["why"]
    assert "norm.running_mean" in report["traced"]["tensors"]
    assert "generator.norm.running_mean" in report["residual"]["tensors"]  # the program reshapes its output
    assert report["softplus"]["tensors"] == ["generator.0.weight", "generator.0.bias"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("half", "computes in torch.float16"),
        ("mixing", "depends on the others in the batch"),
        ("batch-statistics", "1: BatchNorm1d without running statistics"),
        ("other-image", "another number of pixels"),
        ("other-latent", "takes no latents of 6 numbers"),
        ("unknown-latent", "say latent_dim=k"),
    ],
)
def test_refused_modules(report: dict, name: str, problem: str) -> None:
    assert problem in report[name]["error"]


def test_only_tensors_may_change(report: dict) -> None:
    assert "something else than its tensors changed" in report["changed"]


def test_only_whole_chains_are_left(report: dict) -> None:
    assert report["names"] == sorted(f"{name}.h5" for name in (*LAYERS, *PROGRAMS))


def test_weights_are_loaded(report: dict) -> None:
    assert report["loaded"] < 1e-6


@pytest.mark.parametrize("name", [*LAYERS, *PROGRAMS])
def test_validate_accepts(report: dict, folder: Path, name: str) -> None:
    if "SURF_SWEEP" not in os.environ:
        pytest.skip("no program to ask: set SURF_SWEEP=build/bin/surf_sweep")
    run(os.environ["SURF_SWEEP"], "validate", folder / f"{name}.h5")


def test_the_example(python: str, folder: Path) -> None:
    script = HERE.parents[1] / "analysis" / "examples" / "own_generator.py"
    output = folder / "example" / "shapes.h5"
    text = run(python, script, "--images", "shapes", "--output", output, "--steps", 2, "--intervals", 2)
    assert f"{output}: 3 snapshots" in text
    if "SURF_SWEEP" in os.environ:
        run(os.environ["SURF_SWEEP"], "validate", output)
