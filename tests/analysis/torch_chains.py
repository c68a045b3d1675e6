"""Run by test_torch_generator.py in a Python that has PyTorch: writes chains of modules, and says in JSON what became of each.

    python torch_chains.py FOLDER
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2] / "analysis"))
from surf_sweep import network as networks  # noqa: E402
from surf_sweep.chain_writer import ChainError, ChainWriter  # noqa: E402


class Wrapped(nn.Module):
    """A module around one Sequential."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, 64), nn.Tanh())

    def forward(self, latents):
        return self.main(latents).view(-1, 1, 8, 8)


class Scaled(Wrapped):
    """More than its only child does; `scale` is no tensor."""

    scale = 2.0

    def forward(self, latents):
        return self.scale * self.main(latents).view(-1, 1, 8, 8)


class Residual(nn.Module):
    """Scripted, with outputs that are no images yet."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.norm = nn.Linear(5, 64), nn.Linear(64, 64), nn.BatchNorm1d(64)

    def forward(self, latents):
        hidden = torch.relu(self.a(latents))
        return torch.sigmoid(hidden + self.norm(self.b(hidden)))


class Traced(Residual):
    """Variable arguments cannot be scripted."""

    def forward(self, *latents):
        return super().forward(latents[0]).reshape(-1, 1, 8, 8)


class Mixing(Residual):
    """An image depends on the others in its batch."""

    def forward(self, latents):
        return super().forward(latents - latents.mean(0))


def mixed() -> nn.Sequential:
    """Every layer that is known."""
    inner = nn.Sequential(nn.Linear(32, 128, bias=False), nn.Unflatten(1, (8, 4, 4)), nn.BatchNorm2d(8), nn.ReLU())
    return nn.Sequential(
        nn.Linear(6, 32), nn.BatchNorm1d(32, affine=False), nn.LeakyReLU(0.2), nn.Dropout(0.5), inner, nn.Identity(),
        nn.Upsample(scale_factor=2), nn.Conv2d(8, 4, 3, padding="same"), nn.ReLU(), nn.BatchNorm2d(4, eps=1e-3), nn.Sigmoid(),
        nn.Tanh(), nn.Flatten(), nn.Linear(256, 36), nn.Unflatten(1, (4, 3, 3)), nn.Upsample((6, 6)), nn.Conv2d(4, 4, 2, 2),
        nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=1), nn.LeakyReLU(0.0),
    )  # fmt: skip


def dcgan() -> nn.Sequential:
    """Takes latents [batch, k, 1, 1]."""
    return nn.Sequential(
        nn.ConvTranspose2d(7, 16, 4, 1, 0, bias=False), nn.BatchNorm2d(16), nn.ReLU(True),
        nn.ConvTranspose2d(16, 3, 3, 2, 1, 1), nn.Tanh(),
    )  # fmt: skip


def without_batch_statistics() -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 64), nn.BatchNorm1d(64, track_running_stats=False), nn.Unflatten(1, (1, 8, 8)))


def softplus() -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(5, 2, 8), nn.Softplus())


MODULES = {
    "mixed": (mixed, {}),
    "dcgan": (dcgan, {"value_range": (-1, 1)}),
    "wrapped": (Wrapped, {"prior": "normal"}),
    "scaled": (Scaled, {}),
    "residual": (Residual, {"latent_dim": 5, "image": (1, 8, 8)}),
    "traced": (Traced, {"latent_dim": 5}),
    "softplus": (softplus, {}),
    "double": (lambda: Wrapped().double(), {}),
    "half": (lambda: Wrapped().half(), {}),
    "mixing": (Mixing, {"latent_dim": 5, "image": (1, 8, 8)}),
    "batch-statistics": (without_batch_statistics, {}),
    "other-image": (Wrapped, {"image": (1, 9, 9)}),
    "other-latent": (Wrapped, {"latent_dim": 6}),
    "unknown-latent": (Residual, {}),
}


def move(module: nn.Module) -> None:
    """Changes every tensor, as a training step would."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point() and not name.endswith("running_var"):
                tensor += 0.1 * torch.randn(tensor.shape, dtype=tensor.dtype)


def write(folder: Path, name: str, make, options: dict) -> dict:
    """Writes a chain of three snapshots; says what the generator became, or why not."""
    torch.manual_seed(1)
    module = make().train()
    before = torch.get_rng_state()
    try:
        with ChainWriter(folder / f"{name}.h5", module, **options) as chain:
            for step in range(3):
                move(module)
                before = torch.get_rng_state()
                chain.snapshot(step, log={"loss": 1 / (step + 3)})
                assert module.training and torch.equal(before, torch.get_rng_state())
    except ChainError as error:
        return {"error": str(error)}
    generator = chain._file.generator
    return {"network": generator.network, "tensors": list(generator.tensors), "why": chain.why_program}


def loads_weights(folder: Path) -> float:
    """The largest difference between a module and what load_generator() makes of its description and weights."""
    module = mixed()
    move(module)
    chain = ChainWriter(folder / "unused.h5", module)
    arrays, network = chain._module.arrays(), chain._file.generator.network
    chain.discard()
    header, body = {}, b""
    for name, array in arrays.items():
        data = array.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    (folder / "gen.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + body)
    (folder / "gen.json").write_text(networks.network_text(network))
    loaded = networks.load_generator(folder / "gen.json", folder / "gen.safetensors")
    assert set(arrays) <= set(loaded.state_dict())
    latents = torch.randn(9, 6)
    with torch.no_grad():
        return float((loaded(latents) - module.eval()(latents)).abs().max())


def notices_a_change_beside_tensors(folder: Path) -> str:
    module = Scaled()
    chain = ChainWriter(folder / "unused.h5", module)
    chain.snapshot(0)
    module.scale = 3.0
    try:
        chain.snapshot(1)
    except ChainError as error:
        return str(error)
    finally:
        chain.discard()
    return ""


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    report = {name: write(folder, name, make, options) for name, (make, options) in MODULES.items()}
    report["loaded"] = loads_weights(folder)
    report["changed"] = notices_a_change_beside_tensors(folder)
    report["names"] = sorted(np.unique([path.name for path in folder.glob("*.h5*")]).tolist())
    print(json.dumps(report))


if __name__ == "__main__":
    main()
