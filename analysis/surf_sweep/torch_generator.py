"""Describes a PyTorch generator for a chain: as a list of layers where it is one, as a TorchScript program elsewhere.

Runs with PyTorch 1.13 and later. What it finds is compared with the module itself, on random latents in eval mode.
"""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from . import network as networks
from .chain_file import ChainError, Generator, sample_latents

TOLERANCE = 1e-5
PROBES = 5  # latents of a comparison
IGNORED = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
ACTIVATIONS = {nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class _NotLayers(Exception):
    """Why a module is no list of layers."""


class TorchGenerator:
    """A user's module, which goes on being trained, and what a chain says of it."""

    def __init__(self, module: nn.Module, latent_dim: int | None, image: tuple[int, int, int] | None) -> None:
        self._module = module
        self.why_program: str | None = None  # why it is no list of layers
        self.network: dict | None = None
        self.program = b""
        self._require_running_statistics()
        sequence = _sequence_of(module)
        self.latent_dim = latent_dim or _latent_dim_of(sequence)
        self._input = self._find_input()
        self.image = self._find_image(image)
        try:
            if sequence is None:
                raise _NotLayers(f"{type(module).__name__} is neither an nn.Sequential nor a module whose only child is one")
            self.network = _describe(sequence, self.latent_dim, self.image, module.state_dict())
            self._twin = networks.build(self.network)
            self._require_twin()
        except (_NotLayers, networks.NetworkError) as reason:
            self.why_program = str(reason)
            self.network = None
            self.program, self._twin = self._make_program()
            self._require_twin()

    def description(self, label: str, prior: str, value_range: tuple[float, float]) -> Generator:
        generator = Generator(label, self.latent_dim, prior, self.image, value_range, self.network, self.program)
        if self.network is None:
            generator.tensors = {name: array.shape for name, array in self.arrays().items()}
        return generator

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of a snapshot, as they are now, by the chain's names."""
        if self.network is None:
            prefix = self._prefix()
            return {prefix + name: _numbers(tensor) for name, tensor in _floating(self._module).items()}
        state = {name: _numbers(tensor) for name, tensor in self._module.state_dict().items()}
        arrays = {}
        for name, shape in networks.array_shapes(self.network).items():
            absent = 1.0 if name.endswith(".weight") else 0.0  # of a batch norm that is not affine
            arrays[name] = state[name] if name in state else np.full(shape, absent, np.float32)
        return arrays

    def images(self, latents: np.ndarray) -> np.ndarray:
        """What the module makes of latents [count, k] in eval mode, [count, channels, height, width]."""
        return _numbers(self._run(latents, self._input)).reshape(len(latents), *self.image)

    def check(self) -> None:
        """Raises ChainError if the module no longer makes what the chain's arrays say."""
        self._require_twin(" any more: something else than its tensors changed since the first snapshot")

    # Calling the module. ------------------------------------------------------------------------

    def _run(self, latents: np.ndarray, shape: tuple[int, ...]) -> torch.Tensor:
        given = next(iter(_floating(self._module).values()), torch.zeros(1))
        if given.dtype not in (torch.float32, torch.float64):
            raise ChainError(f"the module computes in {given.dtype} (chains hold float32) give one in float32")
        tensor = torch.from_numpy(latents).to(given.device, given.dtype).reshape(len(latents), *shape)
        with _in_eval_mode(self._module), _in_full_precision(given.device.type), torch.no_grad():
            return self._module(tensor)

    def _find_input(self) -> tuple[int, ...]:
        """Shape of one latent: [k], or [k, 1, 1] where the first layer is a convolution."""
        errors = []
        for shape in ((self.latent_dim,), (self.latent_dim, 1, 1)):
            try:
                self._run(sample_latents(self.latent_dim, "uniform", PROBES), shape)
                return shape
            except ChainError:
                raise
            except Exception as error:  # whatever a user's module raises
                errors.append(f"{list(shape)}: {error}")
        raise ChainError(
            f"the module takes no latents of {self.latent_dim} numbers ({'; '.join(errors)}) check latent_dim"
        )

    def _find_image(self, image: tuple[int, int, int] | None) -> tuple[int, int, int]:
        latents = sample_latents(self.latent_dim, "uniform", PROBES)
        made = self._run(latents, self._input)
        if not isinstance(made, torch.Tensor):
            raise ChainError(f"the module gives a {type(made).__name__}, not a tensor of images; wrap it in one that does")
        shape = tuple(made.shape[1:])
        alone = torch.cat([self._run(latents[i : i + 1], self._input) for i in range(PROBES)])
        if made.shape[0] != PROBES or not _alike(alone, made):
            raise ChainError("the module's image of a latent depends on the others in the batch; leave that out in eval mode")
        if image is None:
            if len(shape) not in (2, 3):
                raise ChainError(f"the module gives {list(shape)} for a latent; say image=(channels, height, width)")
            return (1, *shape) if len(shape) == 2 else shape
        if np.prod(image) != np.prod(shape):
            raise ChainError(f"image = {image}: the module gives {list(shape)} for a latent, another number of pixels")
        return tuple(int(extent) for extent in image)

    def _require_running_statistics(self) -> None:
        for name, part in self._module.named_modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.running_mean is None:
                raise ChainError(f"{name}: {type(part).__name__} without running statistics (an image would depend on others "
                                 "in its batch) set track_running_stats=True")

    # The chain's own form of it. ----------------------------------------------------------------

    def _require_twin(self, since: str = "") -> None:
        latents = sample_latents(self.latent_dim, "normal", PROBES)
        arrays = self.arrays()
        with torch.no_grad():
            if self.network is None:
                tensors = _floating(self._twin)
                for name, array in arrays.items():
                    tensors[name].copy_(torch.from_numpy(array))
            else:
                networks.load(self._twin, self.network, arrays)
            made = self._twin(torch.from_numpy(latents))
        expected = torch.from_numpy(self.images(latents))
        if not _alike(made, expected):
            if since or self.network is None:
                raise ChainError(f"the module does not make the images of its tensors{since or ' when saved as TorchScript'}; "
                                 "keep all that changes in parameters and buffers")
            raise _NotLayers("its forward() does more than its layers")

    def _prefix(self) -> str:
        """Names in the program: the module may stand within a Sequential that reshapes for it."""
        return "" if self._input == (self.latent_dim,) and not self._reshapes_output() else "generator."

    def _reshapes_output(self) -> bool:
        made = self._run(sample_latents(self.latent_dim, "uniform", 1), self._input)
        return tuple(made.shape[1:]) != self.image

    def _make_program(self) -> tuple[bytes, torch.jit.ScriptModule]:
        """The module as TorchScript, from latents [batch, k] to images [batch, channels, height, width]."""
        whole = copy.deepcopy(self._module).cpu().float().eval()
        if self._prefix():
            whole = nn.Sequential()
            if self._input != (self.latent_dim,):
                whole.add_module("latent", nn.Unflatten(1, self._input))
            whole.add_module("generator", copy.deepcopy(self._module).cpu().float())
            if self._reshapes_output():
                whole.add_module("flat", nn.Flatten())
                whole.add_module("image", nn.Unflatten(1, self.image))
            whole.eval()
        buffer = io.BytesIO()
        torch.jit.save(_compiled(whole, self.latent_dim), buffer)
        code = buffer.getvalue()
        program = torch.jit.load(io.BytesIO(code), map_location="cpu")
        missing = set(self.arrays()) - set(_floating(program))
        if missing:
            raise ChainError(f"TorchScript leaves out the tensors {', '.join(sorted(missing))} (the images do not depend on "
                             "them, or they are fixed in the program) remove them from the module")
        return code, program


def _compiled(module: nn.Module, latent_dim: int) -> torch.jit.ScriptModule:
    """Scripts the module or, where that fails, traces it; the trace must hold for other sizes of batches."""
    try:
        return torch.jit.script(module)
    except Exception as error:
        unscripted = error
    few, many = (torch.from_numpy(sample_latents(latent_dim, "normal", count)) for count in (2, 7))
    try:
        with torch.no_grad():
            traced = torch.jit.trace(module, few, check_trace=False)
            if _alike(traced(many), module(many)) and _alike(traced(few), module(few)):
                return traced
        reason = "its trace gives other images for another size of batch"
    except Exception as error:
        reason = str(error)
    raise ChainError(
        f"the module can be neither scripted nor traced (a chain needs one of them: {unscripted}; {reason}) "
        "write it so that torch.jit.script takes it"
    )


# The list of layers. ----------------------------------------------------------------------------


def _sequence_of(module: nn.Module) -> list[tuple[str, nn.Module]] | None:
    """The modules of a Sequential, those nested in it in their place, with torch's names."""
    if type(module) is nn.Sequential:
        return list(_flattened(module, ""))
    children = dict(module.named_children())
    owns = any(True for _ in module.parameters(recurse=False)) or any(True for _ in module.buffers(recurse=False))
    if len(children) == 1 and not owns:
        [(name, child)] = children.items()
        if type(child) is nn.Sequential:
            return list(_flattened(child, f"{name}."))
    return None


def _flattened(sequence: nn.Sequential, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    for name, child in sequence._modules.items():  # named_children() leaves out a module's second place
        if type(child) is nn.Sequential:
            yield from _flattened(child, f"{prefix}{name}.")
        elif not isinstance(child, IGNORED):
            yield f"{prefix}{name}", child


def _latent_dim_of(sequence: list[tuple[str, nn.Module]] | None) -> int:
    for _, part in sequence or []:
        if isinstance(part, nn.Linear):
            return part.in_features
        if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)):
            return part.in_channels
        break
    raise ChainError("latent_dim cannot be seen from this module; say latent_dim=k")


def _describe(sequence: list[tuple[str, nn.Module]], latent_dim: int, image: tuple, state: dict) -> dict:
    """The description of a sequence. Raises _NotLayers naming the first module that is not known."""
    layers: list[dict] = []
    shape = (latent_dim, 1, 1)

    def start(layer: dict, output: tuple[int, int, int]) -> None:
        nonlocal shape
        layers.append({**layer, "output": list(output)})
        shape = output

    for name, part in sequence:
        if type(part) in (nn.Linear, nn.Conv2d, nn.ConvTranspose2d):
            if f"{name}.weight" not in state:
                raise _NotLayers(f"{name}: its weight is computed from other tensors")
            layer = {"name": name, "bias": part.bias is not None}
            if type(part) is nn.Linear:
                start({"kind": "linear", **layer}, (part.out_features, 1, 1))
            else:
                layer |= _window(name, part, shape)
                start(layer, (part.out_channels, *(_extent(layer, part, axis, shape) for axis in (0, 1))))
        elif type(part) is nn.Upsample:
            factor = _factor(name, part, shape)
            start({"kind": "upsample", "stride": factor}, (shape[0], factor * shape[1], factor * shape[2]))
        elif type(part) in (nn.Unflatten, nn.Flatten):
            output = _reshaped(name, part, shape)
            if output != shape:
                start({"kind": "reshape"}, output)
        elif type(part) in NORMS:
            if not layers or "batch_norm" in layers[-1] or "activation" in layers[-1]:
                start({"kind": "reshape"}, shape)  # a layer for it alone
            layers[-1]["batch_norm"] = {"name": name, "epsilon": float(part.eps)}
        elif type(part) in (*ACTIVATIONS, nn.LeakyReLU):
            if not layers or "activation" in layers[-1]:
                start({"kind": "reshape"}, shape)
            layers[-1] |= _activation(part)
        else:
            raise _NotLayers(f"{name}: {type(part).__name__} is none of the layers that are known")
    if shape != image:
        start({"kind": "reshape"}, image)
    if len(layers) > 1 and set(layers[-1]) == {"kind", "output"}:
        # The activation acts after a last reshape, so that all before it is piecewise linear.
        layers[-1] |= {key: layers[-2].pop(key) for key in ("activation", "slope") if key in layers[-2]}
    return networks.normalised({"input": latent_dim, "layers": layers}, "the module")


def _activation(part: nn.Module) -> dict:
    if type(part) is not nn.LeakyReLU:
        return {"activation": ACTIVATIONS[type(part)]}
    if part.negative_slope == 0:
        return {"activation": "relu"}
    return {"activation": "leaky_relu", "slope": float(part.negative_slope)}


def _window(name: str, part: nn.Module, shape: tuple) -> dict:
    """The settings of a convolution whose window is square."""
    padding = part.padding
    if padding == "valid":
        padding = (0, 0)
    elif padding == "same" and part.kernel_size[0] % 2 == 1:
        padding = tuple(extent // 2 for extent in part.kernel_size)
    plain = part.dilation == (1, 1) and part.groups == 1 and part.padding_mode == "zeros" and padding != "same"
    if not plain or any(pair[0] != pair[1] for pair in (part.kernel_size, part.stride, padding)):
        raise _NotLayers(f"{name}: of {type(part).__name__} only square windows with zeros around, undilated and in one "
                         "group, are known")
    kind = "conv" if type(part) is nn.Conv2d else "conv_transpose"
    return {"kind": kind, "name": name, "kernel": part.kernel_size[0], "padding": padding[0], "stride": part.stride[0],
            "bias": part.bias is not None}


def _extent(layer: dict, part: nn.Module, axis: int, shape: tuple) -> int:
    return networks.least_extent(layer, shape[1 + axis]) + part.output_padding[axis]  # zeros in a Conv2d


def _factor(name: str, part: nn.Upsample, shape: tuple) -> int:
    size, scale = part.size, part.scale_factor
    if size is not None:
        size = size if isinstance(size, tuple) else (size, size)
        scale = tuple(wanted / given for wanted, given in zip(size, shape[1:]))
    scales = scale if isinstance(scale, tuple) else (scale, scale)
    if part.mode != "nearest" or scales[0] != scales[1] or scales[0] != int(scales[0]):
        raise _NotLayers(f"{name}: of Upsample only mode nearest with one whole factor is known")
    return int(scales[0])


def _reshaped(name: str, part: nn.Module, shape: tuple) -> tuple[int, int, int]:
    if type(part) is nn.Flatten and part.start_dim == 1 and part.end_dim in (-1, 3):
        return (int(np.prod(shape)), 1, 1)
    if type(part) is nn.Unflatten and part.dim == 1 and len(part.unflattened_size) == 3 and networks.is_vector(shape):
        return tuple(int(extent) for extent in part.unflattened_size)
    raise _NotLayers(f"{name}: of {type(part).__name__} only the way from vectors to images or back is known")


# Tensors. ---------------------------------------------------------------------------------------


def _floating(module: nn.Module) -> dict[str, torch.Tensor]:
    """All parameters and buffers that are numbers rather than counts."""
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: tensor.detach() for name, tensor in named if tensor.is_floating_point()}


def _numbers(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().to("cpu", torch.float32).numpy()


def _alike(made: torch.Tensor, expected: torch.Tensor) -> bool:
    made, expected = (torch.as_tensor(_numbers(images)).reshape(len(images), -1) for images in (made, expected))
    return made.shape == expected.shape and bool((made - expected).abs().max() <= TOLERANCE * max(1, expected.abs().max()))


@contextlib.contextmanager
def _in_full_precision(device: str) -> Iterator[None]:
    """Float32 within, whatever the training computes in: no autocast, no TF32 on GPUs."""
    backends = (torch.backends.cudnn, torch.backends.cuda.matmul)
    allowed = [backend.allow_tf32 for backend in backends]
    try:
        for backend in backends:
            backend.allow_tf32 = False
        with torch.autocast(device, enabled=False) if device in ("cpu", "cuda") else contextlib.nullcontext():
            yield
    finally:
        for backend, value in zip(backends, allowed):
            backend.allow_tf32 = value


@contextlib.contextmanager
def _in_eval_mode(module: nn.Module) -> Iterator[None]:
    """Eval mode within, afterwards each part's own again."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
