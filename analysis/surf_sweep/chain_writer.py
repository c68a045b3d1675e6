"""Writes the chain of your own generator from your own training loop, for surf_sweep to search on.

    with ChainWriter("mygan.h5", generator, image=(1, 28, 28), prior="normal") as chain:
        for step in range(steps):
            ...                            # train as ever
            if step % 100 == 0:
                chain.snapshot(step)

The file appears whole when the block ends; after an error there is none. docs/generators.md says what is recognised. Needs
h5py, numpy and xxhash; PyTorch is imported only if it is given a module.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from . import network as networks
from .chain_file import ChainError, ChainFile, Generator, sample_latents

__all__ = ["ChainError", "ChainWriter"]


class ChainWriter:
    """Keeps snapshots of a generator along its training, and makes them a chain file at the end.

    `module` goes from latents [batch, k] (or [batch, k, 1, 1]) to images [batch, channels, height, width] (or that many
    numbers in another shape). It is looked at in eval mode and left as it was. Latents of trials are drawn from `prior`:
    "uniform" on [-1, 1] or "normal". `value_range` is black and white as the generator has them: (-1, 1) where it ends with
    a tanh. `label` names it in tables; default: the file's name.
    """

    def __init__(
        self,
        path: str | Path,
        module,
        latent_dim: int | None = None,
        prior: str = "uniform",
        image: tuple[int, int, int] | None = None,
        value_range: tuple[float, float] = (0, 1),
        label: str | None = None,
        origin: str | None = None,
        overwrite: bool = False,
    ) -> None:
        import torch
        from .torch_generator import TorchGenerator

        with torch.random.fork_rng(devices=[]):  # training draws the numbers that it would draw without a chain
            self._module = TorchGenerator(module, latent_dim, image)
        generator = self._module.description(label or Path(path).stem, prior, value_range)
        self._open(path, generator, origin or f"ChainWriter, PyTorch {torch.__version__}", overwrite)
        self.why_program: str | None = self._module.why_program  # None: the generator is a list of layers
        if self.why_program:
            warnings.warn(f"{path}: the chain gets a TorchScript program, not a list of layers: {self.why_program}")

    @classmethod
    def from_description(
        cls,
        path: str | Path,
        network: dict,
        prior: str = "uniform",
        value_range: tuple[float, float] = (0, 1),
        label: str | None = None,
        origin: str | None = None,
        overwrite: bool = False,
    ) -> ChainWriter:
        """A writer without PyTorch: the network as in docs/generators.md; each snapshot brings its arrays."""
        description = networks.normalised(network, str(path))
        image = networks.image_shape(description)
        low_high = (float(value_range[0]), float(value_range[1]))
        generator = Generator(label or Path(path).stem, description["input"], prior, image, low_high, description)
        writer = cls.__new__(cls)
        writer._module = None
        writer.why_program = None
        writer._open(path, generator, origin or "ChainWriter", overwrite)
        return writer

    def _open(self, path: str | Path, generator: Generator, origin: str, overwrite: bool) -> None:
        self._file = ChainFile(path, generator, origin, overwrite)
        self._warned = False
        self._latents = sample_latents(generator.latent_dim, generator.prior)

    def snapshot(
        self,
        step: int,
        log: Mapping[str, float] | None = None,
        arrays: Mapping[str, np.ndarray] | None = None,
        samples: np.ndarray | None = None,
    ) -> None:
        """Keeps the generator as it is after `step` training steps.

        `log` holds numbers worth watching. Of a network description, `arrays` are all its arrays by name, and `samples`
        images [count, channels, height, width] of the same latents at each snapshot, if there are any. Raises ChainError
        naming what is missing, misshapen or not finite.
        """
        if self._module is None:
            if arrays is None:
                raise ChainError(f"{self._file.path}: snapshot() needs arrays={{name: array}} of the network")
        elif arrays is not None or samples is not None:
            raise ChainError(f"{self._file.path}: arrays and samples come from the module; leave them out")
        else:
            arrays, samples = self._module.arrays(), self._module.images(self._latents)
        self._file.add(step, arrays, samples, log)
        self._warn_of_values(samples)
        if self._module is not None:
            self._module.check()

    def _warn_of_values(self, samples: np.ndarray | None) -> None:
        low, high = self._file.generator.value_range
        beyond = 0.05 * (high - low)
        if samples is None or self._warned or (low - beyond <= samples.min() and samples.max() <= high + beyond):
            return
        self._warned = True
        warnings.warn(
            f"{self._file.path}: sample images have values from {samples.min():.3g} to {samples.max():.3g}, beyond "
            f"value_range = {(low, high)} (images of data are scaled to that range) say the generator's own range"
        )

    def close(self) -> None:
        """Writes the file, which appears whole and under its name at once."""
        self._file.publish()

    def discard(self) -> None:
        """Forgets all snapshots; there will be no file."""
        self._file.discard()

    def __enter__(self) -> ChainWriter:
        return self

    def __exit__(self, kind, error, traceback) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()
