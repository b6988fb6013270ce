"""The thesis's network: a causal GPT-2 stack that writes the whole program at once (section 5.2)."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from inverse_tracr.metamodel.baseline.blocks import (
    COLUMNS,
    MOST_TIMESTEPS,
    ROWS,
    SEGMENTS,
    Floats,
    Tokens,
    prompt,
    width,
)
from inverse_tracr.model.shapes import Float, Int


class Size(enum.Enum):
    """Layers, heads and width of the thesis's networks; the least is from its code."""

    VERY_VERY_TINY = (2, 2, 128)
    VERY_TINY = (4, 2, 512)
    TINY = (8, 4, 512)
    SMALL = (12, 6, 768)
    MEDIUM = (24, 16, 1024)
    LARGE = (36, 20, 1280)


@dataclass(frozen=True)
class BaselineConfig:
    """Options: the size, whether timesteps hold the architecture string, dropout and noise of the input.

    `noise`: standard deviation of what is added to parameters, over theirs.
    """

    size: Size = Size.VERY_TINY
    architecture: bool = True
    dropout: float = 0.1
    input_dropout: float = 0.0
    noise: float = 0.0


class Baseline(nn.Module):
    """Timesteps of parameters and a prompt in, logits of five columns a row out."""

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__()
        layers, heads, size = config.size.value
        self.config = config
        self.drop = nn.Dropout(config.input_dropout)
        self.embed = nn.Linear(width(architecture=config.architecture), size)
        self.positions = nn.Embedding(MOST_TIMESTEPS, size)
        layer = nn.TransformerEncoderLayer(
            size, heads, 4 * size, config.dropout, "gelu", batch_first=True, norm_first=True
        )
        self.stack = nn.TransformerEncoder(layer, layers, nn.LayerNorm(size), enable_nested_tensor=False)
        self.head = nn.Sequential(nn.Linear(size, 1024), nn.LayerNorm(1024), nn.Linear(1024, sum(SEGMENTS)))

    def forward(self, steps: Float[Tensor, "batch time width"]) -> Float[Tensor, "batch rows classes"]:
        """Logits of the rows, from the last timesteps: each sees all parameters, none a later row."""
        time = steps.shape[1]
        embedded = self.embed(self.drop(steps)) + self.positions(torch.arange(time, device=steps.device))
        mask = nn.Transformer.generate_square_subsequent_mask(time, device=steps.device)
        return self.head(self.stack(embedded, mask=mask, is_causal=True)[:, -ROWS:])

    def losses(
        self, steps: Float[Tensor, "batch time width"], rows: Int[Tensor, "batch rows columns"]
    ) -> Tensor:
        """Mean over rows of the five cross-entropies, summed."""
        total = torch.zeros((), device=steps.device)
        for column, logits in enumerate(self(steps).split(SEGMENTS, dim=2)):
            total = total + nn.functional.cross_entropy(logits.flatten(0, 1), rows[..., column].flatten())
        return total

    @torch.inference_mode()
    def write(self, steps: Float[Tensor, "batch time width"]) -> Int[Tensor, "batch rows columns"]:
        """The likeliest token of every cell."""
        columns = self(steps).split(SEGMENTS, dim=2)
        return torch.stack([logits.argmax(dim=2) for logits in columns], dim=2)


def padded(
    models: Sequence[Floats], config: BaselineConfig, random: np.random.Generator | None = None
) -> Tensor:
    """Models' timesteps padded in front to one length, with noise where asked for, and the prompt behind."""
    longest = max(len(steps) for steps in models)
    ask = prompt(architecture=config.architecture)
    found = np.zeros((len(models), longest + ROWS, ask.shape[1]), np.float32)
    found[:, :, 0] = 1
    for at, steps in enumerate(models):
        own = steps
        if config.noise and random is not None:
            scale = config.noise * float(steps.std())
            own = steps + scale * random.standard_normal(steps.shape).astype(np.float32)
        found[at, longest - len(steps) : longest] = own
        found[at, longest:] = ask
    return torch.from_numpy(found)


def fits(steps: Floats) -> bool:
    """Whether a model and its program have few enough timesteps."""
    return len(steps) + ROWS <= MOST_TIMESTEPS


def cells_right(written: Tokens, wanted: Tokens, lines: int) -> float:
    """Share of the cells of the true program, its start and its end that are right."""
    return float((written[: lines + 2] == wanted[: lines + 2]).sum() / ((lines + 2) * COLUMNS))
