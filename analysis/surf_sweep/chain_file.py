"""Writes chain files in the layout of hdf5_schema/chain.json: what ChainWriter does once it has numbers.

Snapshots wait in a private folder beside the file; publish() gathers them into the file, which then appears whole.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import xxhash

from . import network as networks
from .seal import seal

SCHEMA_VERSION = "3.0"
PRIORS = ("uniform", "normal")
ALIGNMENT = {"alignment_threshold": 4096, "alignment_interval": 64}  # rows of numbers can be mapped


class ChainError(ValueError):
    """What cannot become a chain; the text says why and what to do."""


@dataclass
class Generator:
    """What a chain says of its generator: a network as layers, or a TorchScript program with its tensors' shapes."""

    label: str
    latent_dim: int
    prior: str
    image: tuple[int, int, int]
    value_range: tuple[float, float]
    network: dict | None = None
    program: bytes = b""
    tensors: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def check(self, path: Path) -> None:
        """Raises ChainError if something is out of its range."""

        def require(holds: bool, problem: str) -> None:
            if not holds:
                raise ChainError(f"{path}: {problem}")

        require(re.fullmatch("[A-Za-z0-9_-]+", self.label), f"label = {self.label}: use letters, digits, - and _ alone")
        require(self.prior in PRIORS, f"prior = {self.prior}: must be one of {', '.join(PRIORS)}")
        require(self.latent_dim >= 1, f"latent_dim = {self.latent_dim}: must be at least 1")
        sound = len(self.image) == 3 and all(extent >= 1 for extent in self.image)
        require(sound, f"image = {self.image}: must be (channels, height, width)")
        low, high = self.value_range
        require(np.isfinite([low, high]).all() and low < high, f"value_range = {self.value_range}: must ascend")
        if self.network is not None:
            made = networks.image_shape(self.network)
            taken = self.network["input"]
            require(made == self.image, f"image = {self.image}: the network makes {networks.shape_text(made)}")
            require(taken == self.latent_dim, f"latent_dim = {self.latent_dim}: the network takes {taken} numbers")

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """The arrays of a snapshot, in their order."""
        return self.tensors if self.network is None else networks.array_shapes(self.network)


def sample_latents(latent_dim: int, prior: str, count: int = 64) -> np.ndarray:
    """The latents of the sample images, the same at all snapshots."""
    random = np.random.default_rng(0)
    shape = (count, latent_dim)
    latents = random.uniform(-1, 1, shape) if prior == "uniform" else random.standard_normal(shape)
    return latents.astype(np.float32)


# Hashes: as src/chain/chain_file.cpp computes them. ---------------------------------------------


def number_text(value: float) -> str:
    """The shortest text that reads back to the same number, without a trailing ".0"."""
    return repr(float(value)).removesuffix(".0")


def hash128(text: str | bytes) -> str:
    return xxhash.xxh3_128_hexdigest(text if isinstance(text, bytes) else text.encode())


def arrays_checksum(arrays: Mapping[str, np.ndarray]) -> int:
    text = ""
    for name, array in arrays.items():
        content = xxhash.xxh3_64_intdigest(np.ascontiguousarray(array, "<f4").tobytes())
        text += f"{name} [{','.join(map(str, array.shape))}] {content:016x}\n"
    return xxhash.xxh3_64_intdigest(text.encode())


def snapshot_checksum(index: int, step: int, arrays: dict, samples: np.ndarray, log: dict[str, float]) -> int:
    """The checksum of a snapshot; entries of the log that are NaN are not there."""
    text = f"{index} {step} {arrays_checksum(arrays):016x} {arrays_checksum({'samples': samples}):016x}\n"
    for name, value in log.items():
        if not np.isnan(value):
            text += f"{name} {number_text(value)}\n"
    return xxhash.xxh3_64_intdigest(text.encode())


def content_hash(generator: Generator, steps: list[int], checksums: list[int]) -> str:
    """The hash of all in a chain that can affect a result: not of label and origin."""
    entries = {
        "high": number_text(generator.value_range[1]),
        "image": networks.shape_text(generator.image),
        "latent_dim": str(generator.latent_dim),
        "low": number_text(generator.value_range[0]),
        "prior": generator.prior,
        "snapshots": hash128("".join(f"{step} {checksum:016x}\n" for step, checksum in zip(steps, checksums))),
    }
    if generator.network is None:
        entries |= {"program": hash128(generator.program), "tensors": " ".join(generator.tensors)}
    else:
        entries |= {"network": networks.network_text(generator.network)}
    return hash128(canonical_text(entries))


def canonical_text(entries: dict[str, str]) -> str:
    return "".join(f"{key} = {entries[key]}\n" for key in sorted(entries))


# The file. --------------------------------------------------------------------------------------


class ChainFile:
    """A chain in the making. Its numbers are float32; every snapshot is checked as it comes."""

    def __init__(self, path: str | Path, generator: Generator, origin: str, overwrite: bool) -> None:
        self.path = Path(path)
        self.generator = generator
        self._origin = origin
        self._overwrite = overwrite
        self._steps: list[int] = []
        self._logs: list[dict[str, float]] = []
        self._samples: tuple[int, ...] | None = None  # their shape
        generator.check(self.path)
        self._require_no_other()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._folder: Path | None = Path(tempfile.mkdtemp(prefix=f"{self.path.name}.partial-", dir=self.path.parent))

    def add(self, step: int, arrays: Mapping, samples: np.ndarray | None, log: Mapping[str, float] | None) -> None:
        """Keeps the next snapshot. Raises ChainError naming the array that is missing, misshapen or not finite."""
        if self._folder is None:
            raise ChainError(f"{self.path}: this chain is closed (no snapshot can follow) write another file")
        place = f"{self.path}: snapshot {len(self._steps)}"
        if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or step < 0:
            raise ChainError(f"{place}: step = {step}: must be a whole number of at least 0")
        if self._steps and step <= self._steps[-1]:
            raise ChainError(f"{place}: step = {step} does not come after {self._steps[-1]}; write snapshots in their order")
        kept = _checked(arrays, self.generator.array_shapes(), place)
        images = self._checked_samples(samples, place)
        entries = {str(name): float(value) for name, value in (log or {}).items()}
        for name, value in entries.items():
            if not name or "/" in name or "\n" in name:
                raise ChainError(f"{place}: log entry {name!r}: name it without /")
            if not np.isfinite(value):
                raise ChainError(f"{place}: log entry {name} is {value}, not finite; leave it out")
        np.savez(self._snapshot_path(len(self._steps)), *kept.values(), images)
        self._samples = images.shape
        self._steps.append(int(step))
        self._logs.append(entries)

    def publish(self) -> None:
        """Gathers the snapshots into the file, which appears whole and on disk."""
        if self._folder is None:
            return
        if not self._steps:
            self.discard()
            raise ChainError(f"{self.path}: no snapshot was written (a chain needs at least one) call snapshot() first")
        whole = self._folder / "chain.h5"
        with h5py.File(whole, "w", track_order=True, libver=("v108", "latest"), **ALIGNMENT) as file:
            large = self._write(file)
        seal(whole, large)
        _sync(whole)
        self._require_no_other()
        os.replace(whole, self.path)
        _sync(self.path.parent)
        self.discard()

    def discard(self) -> None:
        """Removes what was kept of a chain that is not to be."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    def _require_no_other(self) -> None:
        if self.path.exists() and not self._overwrite:
            raise ChainError(f"{self.path}: is there already; name another file, or pass overwrite=True to replace it")

    def _checked_samples(self, samples: np.ndarray | None, place: str) -> np.ndarray:
        image = self.generator.image
        count = 0 if samples is None else len(samples)
        shape = (count, *image) if count else (0, 0, 0, 0)
        if self._samples not in (None, shape):
            raise ChainError(f"{place}: {count} samples, those before {self._samples[0]}; give as many to each")
        given = np.zeros(shape, np.float32) if samples is None else samples
        return _checked({"samples": given}, {"samples": shape}, place)["samples"]

    def _snapshot_path(self, index: int) -> Path:
        return self._folder / f"snapshot-{index:05d}.npz"

    def _write(self, file: h5py.File) -> list[tuple[int, int]]:
        """Gives the bytes of the snapshots' arrays, (offset, size), whose rows have checksums."""
        count = len(self._steps)
        index = _counter(file, "index", count, "index t of the snapshot along the training")
        step = _dataset(file, "step", "i8", (count,), "training steps done", [index])
        step[:] = self._steps
        checksums = _dataset(file, "checksum", "u8", (count,), "XXH3-64 of the snapshot", [index])
        names = sorted({name for log in self._logs for name in log}, key=str.encode)
        logs = [{name: log.get(name, np.nan) for name in names} for log in self._logs]
        group = file.create_group("log", track_order=True)
        for name in names:
            entry = _dataset(group, name, "f8", (count,), f"{name}, as written with the snapshot", [index])
            entry[:] = [log[name] for log in logs]
        samples = self._create_samples(file, index)
        arrays = self._create_arrays(file, index)
        for t in range(count):
            with np.load(self._snapshot_path(t)) as stored:
                values = [stored[f"arr_{number}"] for number in range(len(arrays) + 1)]
            kept = dict(zip(arrays, values))
            for name, dataset in arrays.items():
                dataset[t] = kept[name]
            if samples is not None:
                samples[t] = values[-1]
            checksums[t] = snapshot_checksum(t, self._steps[t], kept, values[-1], logs[t])
        self._stamp(file, content_hash(self.generator, self._steps, checksums[:].tolist()))
        return [(array.id.get_offset(), array.id.get_storage_size()) for array in arrays.values()]

    def _create_samples(self, file: h5py.File, index: h5py.Dataset) -> h5py.Dataset | None:
        if not self._samples[0]:
            return None
        long_names = {
            "sample": "sample, of the same latent in all snapshots",
            "channel": "channel of the image",
            "row": "pixel row from the top",
            "column": "pixel column from the left",
        }
        scales = [_counter(file, name, size, text) for (name, text), size in zip(long_names.items(), self._samples)]
        shape = (len(self._steps), *self._samples)
        return _dataset(file, "samples", "f4", shape, "images that the generator makes", [index, *scales])

    def _create_arrays(self, file: h5py.File, index: h5py.Dataset) -> dict[str, h5py.Dataset]:
        group = file.create_group("snapshot", track_order=True)
        arrays = {}
        for name, shape in self.generator.array_shapes().items():
            scales = [_axis(file, axis, size) for axis, size in enumerate(shape)]
            whole = (len(self._steps), *shape)
            arrays[name] = _dataset(group, name, "f4", whole, f"{name} of the generator", [index, *scales])
        return arrays

    def _stamp(self, file: h5py.File, content: str) -> None:
        file.attrs["filetype"] = "surf_sweep/chain"
        file.attrs["schema_version"] = SCHEMA_VERSION
        file.attrs["chain_id"] = hash128(canonical_text({"content": content}))
        file.attrs["origin"] = self._origin
        file.create_group("configuration", track_order=True).attrs["content"] = content
        generator = self.generator
        group = file.create_group("generator", track_order=True)
        group.attrs["label"] = generator.label
        group.attrs["latent_dim"] = np.int64(generator.latent_dim)
        group.attrs["prior"] = generator.prior
        for name, extent in zip(("channels", "height", "width"), generator.image):
            group.attrs[name] = np.int64(extent)
        for name, value in zip(("low", "high"), generator.value_range):
            group.attrs[name] = np.float64(value)
        group.attrs["kind"] = "torchscript" if generator.network is None else "layers"
        if generator.network is not None:
            group.attrs["network"] = networks.network_text(generator.network)
            return
        group.attrs["tensors"] = json.dumps(list(generator.tensors), separators=(",", ":"), ensure_ascii=False)
        code = np.frombuffer(generator.program, np.uint8)
        scale = _dimension(group, "byte", code.size)
        _dataset(group, "program", "u1", code.shape, "bytes of the TorchScript program", [scale])[:] = code


def _checked(arrays: Mapping, shapes: dict[str, tuple[int, ...]], place: str) -> dict[str, np.ndarray]:
    """The arrays as float32 in the order of `shapes`."""
    for name in arrays:
        if name not in shapes and not name.endswith(".num_batches_tracked"):
            raise ChainError(f"{place}: {name}: the generator has no such array; it has {', '.join(shapes)}")
    kept = {}
    for name, shape in shapes.items():
        if name not in arrays:
            raise ChainError(f"{place}: {name} is missing (the generator needs it) give it to snapshot()")
        array = np.array(arrays[name], np.float32)
        if array.shape != tuple(shape):
            raise ChainError(f"{place}: {name} has shape {list(array.shape)}, the generator needs {list(shape)}")
        if not np.isfinite(array).all():
            bad = array[~np.isfinite(array)][0]
            raise ChainError(f"{place}: a value in {name} is {bad}, not finite (the training diverged) train more gently")
        kept[name] = array
    return kept


def _dataset(group: h5py.Group, name: str, kind: str, shape: tuple, long_name: str, scales: list) -> h5py.Dataset:
    dataset = group.create_dataset(name, shape, kind, track_order=True)
    dataset.attrs["units"] = "1"
    dataset.attrs["long_name"] = long_name
    for dimension, scale in zip(dataset.dims, scales):
        dimension.attach_scale(scale)
    return dataset


def _counter(file: h5py.File, name: str, count: int, long_name: str) -> h5py.Dataset:
    """The coordinate 0, 1, 2 and so on of a dimension."""
    counter = _dataset(file, name, "i8", (count,), long_name, [])
    counter[:] = np.arange(count)
    counter.make_scale(name)
    return counter


def _dimension(group: h5py.Group, name: str, size: int) -> h5py.Dataset:
    """A dimension without a coordinate, as netCDF marks it."""
    if name not in group:
        dimension = group.create_dataset(name, (size,), "f4", track_order=True)
        dimension.make_scale(f"This is a netCDF dimension but not a netCDF variable.{size:10}")
    return group[name]


def _axis(file: h5py.File, axis: int, size: int) -> h5py.Dataset:
    """Dimensions of arrays are named by position and size, as "axis1_64"."""
    return _dimension(file, f"axis{axis}_{size}", size)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
