"""Options of training half-layer by half-layer."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.errors import BadInputError


@dataclass(frozen=True)
class HalfByHalf:
    """Options; sequences and places are counts, weights are relative to that of all vocabulary inputs, 1.

    `sequences` over the vocabulary and `uniform` random residuals make the school of a student; an MLP learns
    from `places` of the former and `uniform_places` of the latter at first, a head from `head_sequences`.
    `uniform_weight`: all uniform residuals together, while neurons are trained; `value_weight`: the same for
    values of heads. `ridge`: weight of the squares of output matrices.
    `rounds`, `first_steps`, `later_steps`: rounds of Adam on neurons, steps of the first and of the others;
    `rate`: peak learning rate; `turns`: times that neurons are turned towards what the teacher reads.
    `head_rounds`, `head_steps`: rounds and steps of L-BFGS on queries and keys; `value_steps`: of Adam on
    values.
    `gain`: what the gap between two neighbouring numbers comes to in the stream; `largest_gain` bounds it.
    `emb_steps`, `emb_rate`: Adam on W_emb; `emb_uniform`: weight of uniform residuals there.
    `slack`: share of what readers bear that errors may take; the excess over it, in its units, counts as much
    as `loss_each` of the loss on uniform residuals.
    `attempts`: students that are trained of a teacher, at most, until one equals its program and is accepted.
    """

    sequences: int = 1_000
    uniform: int = 256
    places: int = 700
    uniform_places: int = 400
    head_sequences: int = 150
    uniform_weight: float = 3e-3
    value_weight: float = 1e-6
    ridge: float = 1e-7
    rounds: int = 4
    first_steps: int = 150
    later_steps: int = 120
    rate: float = 0.02
    turns: int = 2
    head_rounds: int = 5
    head_steps: int = 150
    value_steps: int = 10
    gain: float = 0.5
    largest_gain: float = 100.0
    emb_steps: int = 150
    emb_rate: float = 0.05
    emb_uniform: float = 400.0
    slack: float = 0.8
    loss_each: float = 0.002
    attempts: int = 2

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise BadInputError(
                    "an option of a recipe", where=name, expected="a positive number", got=f"{value}"
                )
