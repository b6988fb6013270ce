"""Options of training half-layer by half-layer."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.errors import BadInputError


@dataclass(frozen=True)
class HalfByHalf:
    """Options; sequences and places are counts, weights are relative to that of all vocabulary inputs, 1.

    `sequences` over the vocabulary and `uniform` random residuals make the school of a student; an MLP learns
    from `places` of the former and `uniform_places` of the latter at first, a head from `head_sequences`.
    `uniform_weight`, `most_uniform`: bounds of the weight of all uniform residuals together, while neurons
    are trained; between them `uniform_each` times what errors there add to the loss.
    `ridge`: weight of the squares of output matrices.
    `rounds`: of Adam on neurons, at most; the first has `steps` steps, the second twice as many, and so on up
    to `most_steps`; they, and those of heads, end when the share of places that are wrong is `enough`.
    `rate`: peak learning rate;
    `head_rounds`, `head_steps`: rounds and steps of L-BFGS on scores; `head_ridge`: weight of their squares.
    `head_uniform`: uniform residuals that a head learns from whose patterns are heard there; `head_each`,
    `head_most`: their weight for each unit of the loss at which they are, and at most.
    `gain`: what the gap between two neighbouring numbers comes to in the stream; `largest_gain` bounds it.
    `emb_steps`: of L-BFGS on W_emb; `emb_uniform`: weight of uniform residuals there.
    `slack`: share of what readers bear that errors may take; the excess over it, in its units, counts as much
    as `loss_each` of the loss on uniform residuals.
    `better`: share of the wrong places that must be right after another round for there to be one more.
    `own_loss`, `expected_loss`: what half-layers may have lost on uniform residuals, and what that may be
    expected to become, before the student is given up.
    `attempts`: students that are trained of a teacher, at most, until one is accepted.
    `pool`: random neurons for each of an MLP, from which its first ones are chosen.
    `followed`: loss up to which heads are heard on uniform residuals with what later half-layers make of it.
    """

    sequences: int = 1_000
    uniform: int = 512
    places: int = 600
    uniform_places: int = 300
    head_sequences: int = 150
    uniform_weight: float = 3e-3
    most_uniform: float = 0.3
    uniform_each: float = 100.0
    ridge: float = 1e-7
    rounds: int = 4
    steps: int = 50
    most_steps: int = 100
    enough: float = 1e-3
    rate: float = 0.007
    head_rounds: int = 4
    head_steps: int = 100
    head_ridge: float = 1e-7
    head_uniform: int = 200
    head_each: float = 3.0
    head_most: float = 0.3
    gain: float = 0.5
    largest_gain: float = 100.0
    emb_steps: int = 250
    emb_uniform: float = 400.0
    slack: float = 0.8
    loss_each: float = 0.004
    better: float = 0.1
    own_loss: float = 0.06
    expected_loss: float = 0.1
    attempts: int = 2
    pool: int = 4
    followed: float = 0.03

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise BadInputError(
                    "an option of a recipe", where=name, expected="a positive number", got=f"{value}"
                )
