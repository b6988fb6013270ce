"""Checkpoints: weights in one safetensors file, all else in JSON beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from inverse_tracr.errors import BadInputError
from inverse_tracr.metamodel.network import MetaModel, NetworkConfig
from inverse_tracr.model.json_fields import JsonFields
from inverse_tracr.model.safe_files import open_regular, read_exactly, write_atomically
from inverse_tracr.model.strict_json import read_json

SCHEMA_VERSION = 1
WEIGHTS, DESCRIPTION, OPTIMISER = "metamodel.safetensors", "metamodel.json", "optimiser.safetensors"
MAX_BYTES = 2**30


class CheckpointError(BadInputError):
    """A folder that holds no meta-model of this version."""


@dataclass(frozen=True)
class Loaded:
    """A meta-model, how it was made, and the temperature that calibrates its score."""

    network: MetaModel
    description: dict[str, object]
    temperature: float


def save_network(folder: Path, network: MetaModel, description: dict[str, object]) -> None:
    """Write weights and description; each file is whole or as before."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / WEIGHTS, save(network.state_dict()))
    text = {"schema_version": SCHEMA_VERSION, "network": asdict(network.config), **description}
    write_atomically(folder / DESCRIPTION, json.dumps(text, indent=2).encode() + b"\n")


def load_network(folder: Path) -> Loaded:
    """Read a meta-model; raises CheckpointError for one of another version, and what bad files raise."""
    text = read_json(folder / DESCRIPTION)
    if text.get("schema_version") != SCHEMA_VERSION:
        got = str(text.get("schema_version"))
        raise CheckpointError(
            "a meta-model of another version", where=str(folder), expected=str(SCHEMA_VERSION), got=got
        )
    fields = JsonFields(text, str(folder / DESCRIPTION))
    sizes = fields.child("network")
    network = MetaModel(NetworkConfig(sizes.whole("width"), sizes.whole("kind_width")))
    tensors = read_tensors(folder / WEIGHTS)
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    got = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if wanted != got:
        wrong = sorted(wanted.items() ^ got.items())[0][0]
        raise CheckpointError(
            "weights that do not fit the network",
            where=f"{folder / WEIGHTS}, {wrong}",
            expected=str(wanted.get(wrong)),
            got=str(got.get(wrong)),
        )
    network.load_state_dict(tensors)
    network.eval()
    return Loaded(network, text, fields.number("temperature"))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    with open_regular(path, MAX_BYTES) as (file, size):
        return load(read_exactly(file, size, path))


def save_optimiser(folder: Path, optimiser: torch.optim.Optimizer) -> None:
    """Write the moments of Adam, so that training goes on as if never interrupted."""
    state = optimiser.state_dict()["state"]
    tensors = {f"{at}.{name}": value for at, own in state.items() for name, value in own.items()}
    write_atomically(folder / OPTIMISER, save(tensors))


def load_optimiser(folder: Path, optimiser: torch.optim.Optimizer) -> None:
    """Inverse of `save_optimiser`."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in read_tensors(folder / OPTIMISER).items():
        at, part = name.split(".", 1)
        state.setdefault(int(at), {})[part] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
