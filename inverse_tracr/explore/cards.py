"""Models as the page shows them."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from inverse_tracr.explore.answers import LayerUse, ModelCard
from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.model.files import CONFIG_FILE, WEIGHTS_FILE
from inverse_tracr.rasp import print_signature
from inverse_tracr.report.text import shown

Origin = Literal["compiled", "student", "uploaded", "shipped"]

_SHOWN = 12


def card(
    model: TransformerProgram,
    folder: Path,
    *,
    title: str,
    origin: Origin,
    program: str | None,
    notes: tuple[str, ...] = (),
) -> ModelCard:
    """The card of a model that is saved in `folder`."""
    sizes = {name: int(size) for name, size in asdict(model.config).items() if name != "causal"}
    return ModelCard(
        id=digest(folder),
        title=title,
        origin=origin,
        program=program,
        signature=print_signature(model.signature),
        output=_output(model),
        parameters=model.config.parameter_count,
        sizes=sizes,
        layers=_layers(model),
        notes=notes,
    )


def digest(folder: Path) -> str:
    """A model's id: the hash of its two files."""
    found = hashlib.blake2b(digest_size=12)
    for name in (WEIGHTS_FILE, CONFIG_FILE):
        found.update((folder / name).read_bytes())
    return found.hexdigest()


def _output(model: TransformerProgram) -> str:
    says = model.output_encoder
    if not isinstance(says, CategoricalOutput):
        return "a number"
    values = ", ".join(shown(value) for value in says.values[:_SHOWN])
    return values if len(says.values) <= _SHOWN else f"{values}, … ({len(says.values)} values)"


def _layers(model: TransformerProgram) -> tuple[LayerUse, ...]:
    weights = model.weights()
    heads = (weights.W_O != 0).any(axis=(2, 3)).sum(axis=1)
    neurons = (weights.W_out != 0).any(axis=2).sum(axis=1)
    return tuple(LayerUse(heads=int(h), neurons=int(n)) for h, n in zip(heads, neurons, strict=True))
