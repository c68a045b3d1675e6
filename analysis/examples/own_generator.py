"""An example: a training loop in plain PyTorch that writes the chain of its own generator for surf_sweep.

    python3 analysis/examples/own_generator.py --output sweeps/digits.h5                   # 1 x 8 x 8 digits
    python3 analysis/examples/own_generator.py --images shapes --output sweeps/shapes.h5   # 3 x 32 x 32 images
    build/bin/surf_sweep validate sweeps/digits.h5
    mpirun -n 2 build/bin/surf_sweep run --job jobs/own-generator.ini

It trains a variational auto-encoder for a minute or so on one core; its decoder is the generator. Only the lines marked with
"chain" have to do with surf_sweep: copy them into your own loop. Needs PyTorch, h5py, numpy and xxhash, and scikit-learn for
the digits; on Debian: apt-get install python3-torch python3-h5py python3-xxhash python3-sklearn
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # chain: the folder analysis/ of surf_sweep
from surf_sweep.chain_writer import ChainWriter  # noqa: E402

BATCH = 32
KL_WEIGHT = 0.5  # below 1: sharper images


# Images. ----------------------------------------------------------------------------------------


def digits() -> np.ndarray:
    """Scikit-learn's 1797 handwritten digits, [count, 1, 8, 8], 0 black, 1 white."""
    from sklearn.datasets import load_digits

    return (load_digits().images[:, None] / 16).astype(np.float32)


def shapes(count: int = 4000, side: int = 32) -> np.ndarray:
    """Coloured discs and squares on gradients of colour, [count, 3, side, side]."""
    random = np.random.default_rng(1)
    row, column = np.mgrid[0:side, 0:side]
    images = np.empty((count, 3, side, side), np.float32)
    for image in images:
        top, bottom, colour = random.uniform(0, 1, (3, 3, 1, 1))
        image[:] = top + (bottom - top) * (row / (side - 1))
        centre, radius = random.uniform(0.3 * side, 0.7 * side, 2), random.uniform(0.12 * side, 0.28 * side)
        down, right = abs(row - centre[0]), abs(column - centre[1])
        is_disc = random.random() < 0.5
        inside = np.hypot(down, right) < radius if is_disc else np.maximum(down, right) < radius
        image[:, inside] = colour[:, 0]
    return images


# Networks. --------------------------------------------------------------------------------------


def make_generator(latent_dim: int, image: tuple[int, int, int]) -> nn.Sequential:
    """From latents to images: a small image of many channels, doubled until it has its size."""
    channels, side, width = image[0], 2 if image[1] == 8 else 4, 64
    layers = [nn.Linear(latent_dim, width * side * side), nn.Unflatten(1, (width, side, side)), nn.BatchNorm2d(width), nn.ReLU()]
    while 2 * side < image[1]:
        layers += [nn.ConvTranspose2d(width, width // 2, 4, 2, 1), nn.BatchNorm2d(width // 2), nn.ReLU()]
        side, width = 2 * side, width // 2
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Sigmoid())


def make_encoder(latent_dim: int, image: tuple[int, int, int]) -> nn.Sequential:
    """From images to mean and logarithm of the variance of their latents."""
    side, width, before = image[1], 16, image[0]
    layers: list[nn.Module] = []
    while side > 4:
        layers += [nn.Conv2d(before, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        side, before, width = side // 2, width, min(2 * width, 64)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * side * side, 128), nn.ReLU(), nn.Linear(128, 2 * latent_dim))


def loss_of(generator: nn.Module, encoder: nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Reconstruction error and Kullback-Leibler divergence of a batch, both summed over an image (Kingma & Welling 2014)."""
    mean, log_variance = encoder(images).chunk(2, dim=1)
    latents = mean + torch.randn_like(mean) * (log_variance / 2).exp()
    error = nn.functional.binary_cross_entropy(generator(latents), images, reduction="sum") / len(images)
    divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum() / len(images)
    return error, divergence


# Training. --------------------------------------------------------------------------------------


def train(options: argparse.Namespace) -> None:
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    images = torch.from_numpy(digits() if options.images == "digits" else shapes())
    image = tuple(images.shape[1:])
    generator, encoder = make_generator(options.latent_dim, image), make_encoder(options.latent_dim, image)
    optimiser = torch.optim.Adam([*generator.parameters(), *encoder.parameters()], lr=options.rate)
    every = max(options.steps // options.intervals, 1)

    # chain: a VAE's latents are normal; images lie in 0 to 1, value_range's default.
    with ChainWriter(
        options.output, generator, prior="normal", label=options.images, origin=f"own_generator.py, VAE, seed {options.seed}",
        overwrite=options.overwrite,
    ) as chain:
        for step in range(every * options.intervals + 1):
            batch = images[torch.randint(len(images), (BATCH,))]
            error, divergence = loss_of(generator, encoder, batch)
            if step % every == 0:
                chain.snapshot(step, log={"reconstruction": error.item(), "divergence": divergence.item()})  # chain
                print(f"step {step}: reconstruction {error.item():.1f}, divergence {divergence.item():.1f}", flush=True)
            optimiser.zero_grad()
            (error + KL_WEIGHT * divergence).backward()
            optimiser.step()
    print(f"{options.output}: {options.intervals + 1} snapshots")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", choices=("digits", "shapes"), default="digits")
    parser.add_argument("--output", type=Path, default=None, help="the chain; default: sweeps/IMAGES.h5")
    parser.add_argument("--overwrite", action="store_true", help="replace the chain if it is there")
    parser.add_argument("--latent-dim", type=int, default=5, help="k (default 5)")
    parser.add_argument("--steps", type=int, default=1200, help="training steps (default 1200)")
    parser.add_argument("--intervals", type=int, default=20, help="T: snapshots 0 ... T (default 20)")
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate of Adam (default 0.002)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="cores (default 1)")
    options = parser.parse_args()
    options.output = options.output or Path("sweeps") / f"{options.images}.h5"
    train(options)


if __name__ == "__main__":
    main()
