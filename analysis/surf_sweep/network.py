"""Reads and checks descriptions of networks, builds them in PyTorch and loads exported weights into them.

A description is the JSON of docs/generators.md: the latent's dimension and a list of layers. PyTorch is imported only by
functions that give a module.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

WITH_WEIGHT = ("linear", "conv", "conv_transpose")
WINDOWED = ("conv", "conv_transpose")
KINDS = (*WITH_WEIGHT, "upsample", "reshape")
ACTIVATIONS = ("none", "relu", "leaky_relu", "tanh", "sigmoid")
NORM_ARRAYS = ("weight", "bias", "running_mean", "running_var")
LARGEST_EXTENT = 1 << 24

Shape = tuple[int, int, int]  # channels, height, width; a vector has height = width = 1


class NetworkError(ValueError):
    """A description that is none, or weights that do not fit it."""


def shape_text(shape: Shape) -> str:
    return " x ".join(str(extent) for extent in shape)


def is_vector(shape: Shape) -> bool:
    return shape[1:] == (1, 1)


# The description. -------------------------------------------------------------------------------


def normalised(network: dict, origin: str = "network") -> dict:
    """The description with every key in its place, as surf_sweep writes it: keys that say nothing are left out.

    Raises NetworkError naming layer and key if it is no description or its layers do not fit together.
    """
    if not isinstance(network, dict) or set(network) != {"input", "layers"} or not network["layers"]:
        raise NetworkError(
            f'{origin}: a network\'s description needs "input", the latent\'s dimension, and a list "layers"; '
            "see docs/generators.md"
        )
    latent_dim = _count(network, "input", None, 1, origin)
    shape = (latent_dim, 1, 1)
    layers = []
    names: set[str] = set()
    for number, given in enumerate(network["layers"]):
        place = f"{origin}: layer {number}"
        layer = _normalised_layer(given, shape, place)
        for name in layer_arrays(layer, shape):
            if name.startswith(".") or "/" in name:
                raise NetworkError(f"{place}: needs a name without / for its arrays")
            if name in names:
                raise NetworkError(f"{place}: has the array {name} of a layer before; name it otherwise")
            names.add(name)
        layers.append(layer)
        shape = output_shape(layer)
    return {"input": latent_dim, "layers": layers}


def network_text(network: dict) -> str:
    """The JSON text of a description, byte for byte as surf_sweep writes it: a chain's id is a hash over it."""
    return json.dumps(normalised(network), separators=(",", ":"), ensure_ascii=False)


def output_shape(layer: dict) -> Shape:
    extents = layer["output"]
    return (extents[0], 1, 1) if len(extents) == 1 else tuple(extents)


def image_shape(network: dict) -> Shape:
    """What the last layer gives."""
    return output_shape(network["layers"][-1])


def array_shapes(network: dict) -> dict[str, tuple[int, ...]]:
    """The shapes of all arrays that a network needs, by name, layer by layer."""
    shapes = {}
    shape = (network["input"], 1, 1)
    for layer in network["layers"]:
        shapes.update(layer_arrays(layer, shape))
        shape = output_shape(layer)
    return shapes


def layer_arrays(layer: dict, shape: Shape) -> dict[str, tuple[int, ...]]:
    """The arrays of a layer that takes `shape`, in the layout of torch.nn."""
    channels = layer["output"][0]
    arrays = {}
    if layer["kind"] in WITH_WEIGHT:
        if layer["kind"] == "linear":
            weight = (channels, shape[0])
        else:
            forward = layer["kind"] == "conv"
            ends = (channels, shape[0]) if forward else (shape[0], channels)
            weight = (*ends, layer["kernel"], layer["kernel"])
        arrays[f"{layer['name']}.weight"] = weight
        if layer.get("bias", True):
            arrays[f"{layer['name']}.bias"] = (channels,)
    if "batch_norm" in layer:
        arrays.update({f"{layer['batch_norm']['name']}.{part}": (channels,) for part in NORM_ARRAYS})
    return arrays


def _normalised_layer(given: dict, shape: Shape, place: str) -> dict:
    if not isinstance(given, dict):
        raise NetworkError(f"{place}: is not an object")
    kind = _choice(given, "kind", None, KINDS, place)
    layer = {"kind": kind}
    if kind in WITH_WEIGHT or given.get("name"):
        layer["name"] = _name(given, place)
    layer["output"] = _extents(given, place)
    if kind in WINDOWED:
        layer["kernel"] = _count(given, "kernel", 1, 1, place)
        layer["padding"] = _count(given, "padding", 0, 0, place)
    if kind in (*WINDOWED, "upsample"):
        layer["stride"] = _count(given, "stride", 1, 1, place)
    if kind in WITH_WEIGHT and not given.get("bias", True):
        layer["bias"] = False
    if "batch_norm" in given:
        layer["batch_norm"] = _normalised_norm(given["batch_norm"], f"{place}: batch_norm")
    activation = _choice(given, "activation", "none", ACTIVATIONS, place)
    if activation != "none":
        layer["activation"] = activation
    if activation == "leaky_relu":
        layer["slope"] = _number(given, "slope", place)
        if not 0 < layer["slope"] < 1:
            raise NetworkError(f"{place}: slope = {layer['slope']}: must be above 0 and below 1")
    known = {*layer, "name", "bias", "activation"} - ({"bias"} if kind not in WITH_WEIGHT else set())
    _refuse_unknown(given, known, place)
    _require_fit(layer, shape, place)
    return layer


def _normalised_norm(given: dict, place: str) -> dict:
    if not isinstance(given, dict):
        raise NetworkError(f"{place}: is not an object")
    norm = {"name": _name(given, place), "epsilon": _number({"epsilon": 1e-5, **given}, "epsilon", place)}
    if norm["epsilon"] < 0:
        raise NetworkError(f"{place}: epsilon = {norm['epsilon']}: must be at least 0")
    _refuse_unknown(given, set(norm), place)
    return norm


def _require_fit(layer: dict, shape: Shape, place: str) -> None:
    kind, output = layer["kind"], output_shape(layer)
    if kind == "linear":
        fits = is_vector(shape) and is_vector(output)
    elif kind == "reshape":
        fits = np.prod(shape) == np.prod(output)
    elif kind == "upsample":
        fits = output == (shape[0], shape[1] * layer["stride"], shape[2] * layer["stride"])
    else:
        fits = all(_window_fits(layer, *pair) for pair in zip(shape[1:], output[1:]))
    if not fits:
        settings = ", ".join(f"{key} {layer[key]}" for key in ("kernel", "stride", "padding") if key in layer)
        advice = "; put a reshape between" if kind == "linear" else ""
        raise NetworkError(
            f"{place}: {kind}{' with ' if settings else ''}{settings} of {shape_text(shape)} "
            f"does not give {shape_text(output)}{advice}"
        )


def least_extent(layer: dict, extent: int) -> int:
    """The extent of the image that a convolution makes; that of a transposed one may be up to stride - 1 larger."""
    kernel, stride, padding = layer["kernel"], layer["stride"], layer["padding"]
    if layer["kind"] == "conv":
        return (extent + 2 * padding - kernel) // stride + 1
    return (extent - 1) * stride - 2 * padding + kernel


def _window_fits(layer: dict, given: int, made: int) -> bool:
    more = made - least_extent(layer, given)
    if layer["kind"] == "conv":
        return more == 0 and given + 2 * layer["padding"] >= layer["kernel"]
    return 0 <= more < layer["stride"]


def _count(given: dict, key: str, absent: int | None, least: int, place: str) -> int:
    value = given.get(key, absent)
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= LARGEST_EXTENT:
        raise NetworkError(f"{place}: {key} = {value}: must be a whole number of at least {least}")
    return int(value)


def _number(given: dict, key: str, place: str) -> float:
    value = given.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise NetworkError(f"{place}: {key} = {value}: must be a number")
    # Ids need texts on which all programs agree; JSON writers differ in some numbers of more digits.
    if value and float(f"{value:.{2 if value >= 1e-3 else 1}e}") != value:
        raise NetworkError(
            f"{place}: {key} = {value}: has more than {3 if value >= 1e-3 else 2} digits (chains are named by a hash over "
            "it, and programs write such numbers differently) round it"
        )
    return float(value)


def _choice(given: dict, key: str, absent: str | None, choices: tuple[str, ...], place: str) -> str:
    value = given.get(key, absent)
    if value not in choices:
        raise NetworkError(f"{place}: {key} = {value}: must be one of {', '.join(choices)}")
    return value


def _name(given: dict, place: str) -> str:
    name = given.get("name")
    if not isinstance(name, str) or not name:
        raise NetworkError(f"{place}: needs a name for its arrays")
    return name


def _extents(given: dict, place: str) -> list[int]:
    extents = given.get("output")
    fits = isinstance(extents, (list, tuple)) and len(extents) in (1, 3)
    if not fits or not all(isinstance(n, (int, np.integer)) and 1 <= n <= LARGEST_EXTENT for n in extents):
        raise NetworkError(f"{place}: output = {extents}: must be [channels] or [channels, height, width]")
    whole = [int(n) for n in extents]
    return whole[:1] if whole[1:] == [1, 1] else whole


def _refuse_unknown(given: dict, known: set[str], place: str) -> None:
    for key in given:
        if key not in known:
            raise NetworkError(f"{place}: has the unknown key {key}; remove it")


# The module. ------------------------------------------------------------------------------------


def build(network: dict):
    """An nn.Sequential from latents [batch, k] to images [batch, channels, height, width], in eval mode.

    Names in its state_dict are those of the network's arrays; "main.0.weight" lies in a nested Sequential "main". Its
    weights are PyTorch's random ones until load() puts others there.
    """
    return _nested(list(_modules(normalised(network)))).eval()


def load(module, network: dict, arrays: dict[str, np.ndarray], origin: str = "arrays") -> None:
    """Puts arrays into what build() gave. NetworkError naming the first that is missing or has another shape."""
    import torch

    state = {}
    for name, shape in array_shapes(network).items():
        if name not in arrays:
            raise NetworkError(f"{origin}: {name} is missing (the network needs it)")
        if tuple(arrays[name].shape) != shape:
            raise NetworkError(f"{origin}: {name} has shape {list(arrays[name].shape)}, the network needs {list(shape)}")
        state[name] = torch.from_numpy(np.array(arrays[name], np.float32))
    module.load_state_dict(state, strict=False)  # what is not in state is BatchNorm's count of batches


def load_generator(description: str | Path, weights: str | Path):
    """The nn.Sequential of a description (JSON) with the weights of a safetensors file, in eval mode."""
    text = json.loads(Path(description).read_text(encoding="utf-8"))
    network = normalised(text.get("network", text) if isinstance(text, dict) else text, str(description))
    module = build(network)
    load(module, network, read_safetensors(weights), str(weights))
    return module


def _modules(network: dict) -> Iterator[tuple[list[str], object]]:
    """Every module with its path of names. Those without arrays stand beside the one before."""
    import torch.nn as nn

    shape, is_flat, folder = (network["input"], 1, 1), True, []
    for number, layer in enumerate(network["layers"]):
        output = output_shape(layer)
        kind = layer["kind"]

        def beside(name: str, number: int = number) -> list[str]:
            return [*folder, f"{name}{number}"]

        if kind == "linear" and not is_flat:
            yield beside("flatten"), nn.Flatten()
        if kind in (*WINDOWED, "upsample") and is_flat:
            yield beside("unflatten"), nn.Unflatten(1, shape)
        if kind == "reshape" and shape != output:
            if not is_flat:
                yield beside("flatten"), nn.Flatten()
            if not is_vector(output):
                yield beside("unflatten"), nn.Unflatten(1, output)
            is_flat = is_vector(output)
        elif kind != "reshape":
            is_flat = kind == "linear"
        if kind in WITH_WEIGHT:
            path = layer["name"].split(".")
            folder = path[:-1]
            yield path, _weighted(layer, shape)
        elif kind == "upsample":
            yield beside("upsample"), nn.Upsample(scale_factor=layer["stride"], mode="nearest")
        if "batch_norm" in layer:
            path = layer["batch_norm"]["name"].split(".")
            folder = path[:-1]
            norm = nn.BatchNorm1d if is_flat else nn.BatchNorm2d
            yield path, norm(output[0], eps=layer["batch_norm"]["epsilon"])
        if "activation" in layer:
            yield beside(layer["activation"]), _activation(layer)
        shape = output
    if is_flat:
        yield [*folder, "image"], nn.Unflatten(1, shape)


def _weighted(layer: dict, shape: Shape):
    import torch.nn as nn

    channels, bias = layer["output"][0], layer.get("bias", True)
    if layer["kind"] == "linear":
        return nn.Linear(shape[0], channels, bias=bias)
    window = {"stride": layer["stride"], "padding": layer["padding"], "bias": bias}
    if layer["kind"] == "conv":
        return nn.Conv2d(shape[0], channels, layer["kernel"], **window)
    more = [made - least_extent(layer, given) for given, made in zip(shape[1:], output_shape(layer)[1:])]
    return nn.ConvTranspose2d(shape[0], channels, layer["kernel"], output_padding=tuple(more), **window)


def _activation(layer: dict):
    import torch.nn as nn

    if layer["activation"] == "leaky_relu":
        return nn.LeakyReLU(layer["slope"])
    return {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[layer["activation"]]()


def _nested(modules: list[tuple[list[str], object]]):
    """Sequentials within each other, as the paths have it."""
    import torch.nn as nn

    sequence = nn.Sequential()
    for name, group in itertools.groupby(modules, key=lambda entry: entry[0][0]):
        members = [(path[1:], module) for path, module in group]
        is_leaf = members[0][0] == []
        if name in dict(sequence.named_children()) or (is_leaf and len(members) > 1):
            raise NetworkError(f"layers of {name} do not follow each other (they make no nn.Sequential) name them otherwise")
        sequence.add_module(name, members[0][1] if is_leaf else _nested(members))
    return sequence


# Weights. ---------------------------------------------------------------------------------------


def read_safetensors(path: str | Path) -> dict[str, np.ndarray]:
    """All floating-point arrays of a safetensors file, as float32."""
    data = Path(path).read_bytes()
    try:
        end = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:end])
        arrays = {}
        for name, entry in header.items():
            if name != "__metadata__" and entry["dtype"] in ("F64", "F32", "F16", "BF16"):
                first, last = entry["data_offsets"]
                arrays[name] = _numbers(data[end + first : end + last], entry["dtype"]).reshape(entry["shape"])
        return arrays
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NetworkError(f"{path}: is no safetensors file, or a damaged one ({error}) export it again") from error


def _numbers(data: bytes, dtype: str) -> np.ndarray:
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").astype(np.float32)
    return np.frombuffer(data, {"F64": "<f8", "F32": "<f4", "F16": "<f2"}[dtype]).astype(np.float32)
