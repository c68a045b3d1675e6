"""surf_sweep/network.py without PyTorch: descriptions that are refused, and safetensors files."""

import json
from pathlib import Path

import numpy as np
import pytest

from surf_sweep import network as networks

LINEAR = {"kind": "linear", "name": "fc", "output": [12]}


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        ([], "needs .input., the latent's dimension, and a list .layers."),
        ([{**LINEAR, "kind": "lstm"}], "layer 0: kind = lstm: must be one of linear, "),
        ([{"kind": "linear", "output": [12]}], "layer 0: needs a name for its arrays"),
        ([{**LINEAR, "name": "a/b"}], "layer 0: needs a name without /"),
        ([{**LINEAR, "stride": 2}], "layer 0: has the unknown key stride"),
        ([{**LINEAR, "output": [3, 2, 2]}], "linear of 4 x 1 x 1 does not give 3 x 2 x 2; put a reshape between"),
        ([{**LINEAR, "activation": "leaky_relu"}], "slope = None: must be a number"),
        ([{**LINEAR, "activation": "leaky_relu", "slope": 1.5}], "slope = 1.5: must be above 0 and below 1"),
        ([{**LINEAR, "activation": "leaky_relu", "slope": 0.12345}], "slope = 0.12345: has more than 3 digits"),
        ([{**LINEAR, "batch_norm": {"name": "n", "momentum": 0.1}}], "batch_norm: has the unknown key momentum"),
        ([LINEAR, LINEAR], "layer 1: has the array fc.weight of a layer before"),
        ([LINEAR, {"kind": "reshape", "output": [3, 2, 3]}], "reshape of 12 x 1 x 1 does not give 3 x 2 x 3"),
        (
            [{"kind": "conv_transpose", "name": "up", "kernel": 4, "stride": 2, "output": [1, 7, 7]}],
            "layer 0: conv_transpose with kernel 4, stride 2, padding 0 of 4 x 1 x 1 does not give 1 x 7 x 7",
        ),
    ],
)
def test_refused_descriptions(layers: list, problem: str) -> None:
    with pytest.raises(networks.NetworkError, match=problem):
        networks.normalised({"input": 4, "layers": layers})


def test_arrays_have_the_layout_of_torch() -> None:
    layers = [
        {**LINEAR, "batch_norm": {"name": "fc_bn"}},
        {"kind": "reshape", "output": [3, 2, 2]},
        {"kind": "conv", "name": "a", "kernel": 3, "padding": 1, "output": [5, 2, 2], "bias": False},
        {"kind": "conv_transpose", "name": "b", "kernel": 4, "padding": 1, "stride": 2, "output": [7, 4, 4]},
    ]
    assert networks.array_shapes(networks.normalised({"input": 4, "layers": layers})) == {
        "fc.weight": (12, 4), "fc.bias": (12,),
        "fc_bn.weight": (12,), "fc_bn.bias": (12,), "fc_bn.running_mean": (12,), "fc_bn.running_var": (12,),
        "a.weight": (5, 3, 3, 3), "b.weight": (5, 7, 4, 4), "b.bias": (7,),
    }  # fmt: skip


def write_safetensors(path: Path, arrays: dict[str, tuple[str, list[int], bytes]]) -> Path:
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, (dtype, shape, data) in arrays.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def test_safetensors(tmp_path: Path) -> None:
    values = np.array([[1.5, -2], [0, 0.25]])
    brain = (values.astype("<f4").view("<u4") >> 16).astype("<u2")
    path = write_safetensors(
        tmp_path / "gen.safetensors",
        {
            "a": ("F32", [2, 2], values.astype("<f4").tobytes()),
            "b": ("F64", [4], values.astype("<f8").tobytes()),
            "c": ("F16", [2, 2], values.astype("<f2").tobytes()),
            "d": ("BF16", [2, 2], brain.tobytes()),
            "count": ("I64", [1], np.array([7]).tobytes()),
        },
    )
    arrays = networks.read_safetensors(path)
    assert list(arrays) == ["a", "b", "c", "d"]
    for array in arrays.values():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array.reshape(2, 2), values)


@pytest.mark.parametrize("data", [b"", b"\x05\0\0\0\0\0\0\0[1,2]", b'\x02\0\0\0\0\0\0\0{"'])
def test_damaged_safetensors(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    with pytest.raises(networks.NetworkError, match="bad.safetensors: is no safetensors file"):
        networks.read_safetensors(path)
