"""surf_sweep/chain_writer.py without PyTorch: what surf_sweep makes of its files, and what it refuses."""

import json
import os
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest

from surf_sweep import network as networks
from surf_sweep.chain_file import number_text
from surf_sweep.chain_writer import ChainError, ChainWriter
from surf_sweep.seal import seal

NETWORK = {
    "input": 3,
    "layers": [
        # Keys in any order, and keys that say nothing.
        {"kind": "linear", "output": [32], "name": "body.0", "activation": "leaky_relu", "slope": 0.2,
         "batch_norm": {"name": "body.1"}},
        {"kind": "reshape", "output": [8, 2, 2], "activation": "none"},
        {"kind": "upsample", "stride": 2, "output": [8, 4, 4]},
        {"kind": "conv", "name": "smooth", "kernel": 3, "padding": 1, "output": [8, 4, 4], "bias": False,
         "batch_norm": {"epsilon": 0.001, "name": "smooth_bn"}, "activation": "relu"},
        {"kind": "conv_transpose", "name": "last", "kernel": 4, "padding": 1, "stride": 2, "output": [2, 8, 8],
         "activation": "sigmoid"},
    ],
}
TEXT = (
    '{"input":3,"layers":['
    '{"kind":"linear","name":"body.0","output":[32],"batch_norm":{"name":"body.1","epsilon":1e-05},'
    '"activation":"leaky_relu","slope":0.2},'
    '{"kind":"reshape","output":[8,2,2]},'
    '{"kind":"upsample","output":[8,4,4],"stride":2},'
    '{"kind":"conv","name":"smooth","output":[8,4,4],"kernel":3,"padding":1,"stride":1,"bias":false,'
    '"batch_norm":{"name":"smooth_bn","epsilon":0.001},"activation":"relu"},'
    '{"kind":"conv_transpose","name":"last","output":[2,8,8],"kernel":4,"padding":1,"stride":2,"activation":"sigmoid"}]}'
)
SNAPSHOTS = 4


def random_arrays(seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    shapes = networks.array_shapes(networks.normalised(NETWORK))
    arrays = {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    return {name: abs(array) + 0.5 if "running_var" in name else array for name, array in arrays.items()}


def write_chain(path: Path, label: str = "mine", snapshots: int = SNAPSHOTS, **options) -> Path:
    with ChainWriter.from_description(path, NETWORK, label=label, **options) as chain:
        for t in range(snapshots):
            # A training path: from one random network to another.
            ends = (random_arrays(1), random_arrays(2))
            arrays = {name: (1 - t / 10) * ends[0][name] + t / 10 * ends[1][name] for name in ends[0]}
            log = {"loss": 1 / (1 + t), "a_count": 1e5 * t} | ({"tiny": 1.25e-7} if t else {})
            chain.snapshot(25 * t, log, arrays, np.full((6, 2, 8, 8), t / 7, np.float32))
    return path


@pytest.fixture
def chain_file(tmp_path: Path) -> Path:
    return write_chain(tmp_path / "mine.h5")


def surf_sweep(*arguments: object, **options) -> subprocess.CompletedProcess:
    program = os.environ.get("SURF_SWEEP")
    if not program:
        pytest.skip("no program to ask: set SURF_SWEEP=build/bin/surf_sweep")
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def test_the_text_is_surf_sweeps() -> None:
    assert networks.network_text(NETWORK) == TEXT
    assert networks.network_text(json.loads(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("number", "text"), [(0.3, "0.3"), (1.0, "1"), (0.0, "0"), (1e5, "100000"), (1e16, "1e+16"), (1e-5, "1e-05"), (-2.5, "-2.5")]
)
def test_numbers_as_text(number: float, text: str) -> None:
    assert number_text(number) == text


# What surf_sweep says. --------------------------------------------------------------------------


def test_validate_accepts(chain_file: Path) -> None:
    result = surf_sweep("validate", chain_file)
    assert (result.returncode, result.stderr) == (0, "")
    assert "OK, surf_sweep/chain" in result.stdout


def test_validate_accepts_one_snapshot_without_samples_and_log(tmp_path: Path) -> None:
    path = tmp_path / "one.h5"
    with ChainWriter.from_description(path, NETWORK, prior="normal", value_range=(-1, 1)) as chain:
        chain.snapshot(0, arrays=random_arrays(3))
    assert surf_sweep("validate", path).returncode == 0
    with h5py.File(path) as file:
        assert "samples" not in file and list(file["log"]) == []
        assert file["generator"].attrs["label"] == "one"


def test_validate_refuses_a_changed_weight(chain_file: Path) -> None:
    with h5py.File(chain_file, "a") as file:
        file["snapshot/last.bias"][2, 1] += 1e-6
    assert "has no seal" in surf_sweep("validate", chain_file).stderr
    seal(chain_file)
    result = surf_sweep("validate", chain_file)
    assert result.returncode == 4
    assert "snapshot 2 does not have its checksum" in result.stderr


@pytest.mark.parametrize("attribute", ["prior", "low"])
def test_validate_refuses_a_changed_description(chain_file: Path, attribute: str) -> None:
    with h5py.File(chain_file, "a") as file:
        file["generator"].attrs[attribute] = {"prior": "normal", "low": np.float64(-1)}[attribute]
    seal(chain_file)
    result = surf_sweep("validate", chain_file)
    assert result.returncode == 4
    assert "chain_id is not that of its content" in result.stderr


def test_a_job_runs_on_it(chain_file: Path, tmp_path: Path) -> None:
    job = tmp_path / "job.ini"
    job.write_text(
        f"output = {tmp_path / 'out'}\n[train]\nmodels = {chain_file}\n[trials]\ntasks = inversion\n"
        "methods = adam,surfing,lm\ncount = 4\nblock_size = 4\n[stop]\nmax_iterations = 200\n"
    )
    result = surf_sweep("run", "--job", job, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert result.returncode == 0, result.stderr
    with h5py.File(tmp_path / "out" / "results.h5") as results:
        assert results["trials/trial"].shape == (12,)
        assert np.isfinite(results["trials/distance"][:]).all()


# The file. --------------------------------------------------------------------------------------


def test_what_is_in_it(chain_file: Path) -> None:
    with h5py.File(chain_file) as file:
        assert file["step"][:].tolist() == [0, 25, 50, 75]
        assert list(file["snapshot"]) == list(random_arrays(1))
        np.testing.assert_array_equal(file["snapshot/last.weight"][0], random_arrays(1)["last.weight"])
        assert file["samples"].shape == (SNAPSHOTS, 6, 2, 8, 8)
        assert file["generator"].attrs["network"] == TEXT
        assert [scale.label or list(scale.keys()) for scale in file["samples"].dims][0] == ["index"]
        np.testing.assert_array_equal(file["log/tiny"][:], [np.nan, 1.25e-7, 1.25e-7, 1.25e-7])


def test_equal_content_has_one_id(chain_file: Path, tmp_path: Path) -> None:
    def chain_id(path: Path) -> str:
        with h5py.File(path) as file:
            return file.attrs["chain_id"]

    assert chain_id(write_chain(tmp_path / "other.h5", label="other", origin="elsewhere")) == chain_id(chain_file)
    assert chain_id(write_chain(tmp_path / "normal.h5", prior="normal")) != chain_id(chain_file)
    assert chain_id(write_chain(tmp_path / "short.h5", snapshots=3)) != chain_id(chain_file)


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), ChainWriter.from_description(tmp_path / "mine.h5", NETWORK) as chain:
        chain.snapshot(0, arrays=random_arrays(1))
        assert [path.name.split("-")[0] for path in tmp_path.iterdir()] == ["mine.h5.partial"]
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_replaced_unasked(chain_file: Path) -> None:
    before = chain_file.read_bytes()
    with pytest.raises(ChainError, match="mine.h5: is there already"):
        write_chain(chain_file)
    assert chain_file.read_bytes() == before
    write_chain(chain_file, prior="normal", overwrite=True)
    assert chain_file.read_bytes() != before
    assert list(chain_file.parent.iterdir()) == [chain_file]


def test_a_closed_chain_takes_no_snapshot(tmp_path: Path) -> None:
    chain = ChainWriter.from_description(tmp_path / "mine.h5", NETWORK)
    with pytest.raises(ChainError, match="no snapshot was written"):
        chain.close()
    with pytest.raises(ChainError, match="this chain is closed"):
        chain.snapshot(0, arrays=random_arrays(1))
    assert list(tmp_path.iterdir()) == []


# What it refuses. -------------------------------------------------------------------------------


def changed(name: str, array: np.ndarray | None) -> dict[str, np.ndarray]:
    arrays = random_arrays(1) | {name: array}
    return {key: value for key, value in arrays.items() if value is not None}


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        (changed("body.0.bias", None), "snapshot 0: body.0.bias is missing"),
        (changed("body.2.weight", np.zeros(3)), "body.2.weight: the generator has no such array"),
        (changed("last.weight", np.zeros((2, 8, 4, 4))), r"last.weight has shape \[2, 8, 4, 4\], .* needs \[8, 2, 4, 4\]"),
        (changed("smooth_bn.bias", np.array([0, 0, 0, np.nan, 0, 0, 0, 0])), "a value in smooth_bn.bias is nan"),
        (changed("last.bias", np.array([0, np.inf])), "a value in last.bias is inf"),
    ],
)
def test_bad_arrays(tmp_path: Path, arrays: dict, problem: str) -> None:
    chain = ChainWriter.from_description(tmp_path / "mine.h5", NETWORK)
    with pytest.raises(ChainError, match=problem):
        chain.snapshot(0, arrays=arrays)
    chain.snapshot(0, arrays=random_arrays(1) | {"body.1.num_batches_tracked": np.array(3)})  # it can be called again
    chain.close()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"step": 25}, "step = 25 does not come after 25"),
        ({"step": 1.5}, "step = 1.5: must be a whole number"),
        ({"log": {"loss": np.nan}}, "log entry loss is nan"),
        ({"log": {"a/b": 1}}, "log entry 'a/b': name it without /"),
        ({"samples": np.zeros((5, 2, 8, 8))}, "5 samples, those before 6"),
        ({"samples": np.zeros((6, 1, 8, 8))}, r"samples has shape \[6, 1, 8, 8\]"),
        ({"arrays": None}, "snapshot.. needs arrays="),
    ],
)
def test_bad_snapshots(tmp_path: Path, arguments: dict, problem: str) -> None:
    good = {"step": 25, "arrays": random_arrays(1), "samples": np.zeros((6, 2, 8, 8))}
    chain = ChainWriter.from_description(tmp_path / "mine.h5", NETWORK)
    chain.snapshot(**good)
    with pytest.raises(ChainError, match=problem):
        chain.snapshot(**(good | {"step": 50} | arguments))
    chain.discard()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"prior": "gaussian"}, "prior = gaussian: must be one of uniform, normal"),
        ({"label": "my gan"}, "label = my gan: use letters"),
        ({"value_range": (1, 0)}, "value_range = .* must ascend"),
    ],
)
def test_bad_generators(tmp_path: Path, options: dict, problem: str) -> None:
    with pytest.raises(ChainError, match=problem):
        ChainWriter.from_description(tmp_path / "mine.h5", NETWORK, **options)
    assert list(tmp_path.iterdir()) == []
