"""How students are made: one small frozen value, with named presets."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field, replace

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.options import LATER, options_text
from inverse_tracr.distill.room import Room
from inverse_tracr.errors import BadInputError


class Kind(enum.Enum):
    """`COMPRESSED` trains W_emb only; `NATURAL` trains every weight and bias of the blocks too."""

    COMPRESSED = "compressed"
    NATURAL = "natural"


class Start(enum.Enum):
    """Where W_emb begins: small normal numbers, orthonormal rows that the blocks read, or 1 plus noise."""

    NORMAL = "normal"
    SUBSPACE = "subspace"
    IDENTITY = "identity"


class LayerLoss(enum.Enum):
    """What compares a half-layer's output with the teacher's (thesis, equations 6.1 and 6.2)."""

    L2 = "l2"
    L1 = "l1"
    CROSS_ENTROPY = "cross-entropy"


class OutputLoss(enum.Enum):
    """How the cross-entropy of the output joins the layer-wise loss."""

    NONE = "none"
    ADDED = "added"
    MULTIPLIED = "multiplied"


class Inputs(enum.Enum):
    """What a loss is taken on: sequences over the vocabulary, uniform random residuals, or both."""

    VOCABULARY = "vocabulary"
    RANDOM = "random"
    BOTH = "both"


@dataclass(frozen=True, repr=False)
class Recipe:
    """Options of distillation. Batches count sequences; learning rates are Adam's; the rest are counts.

    `factor`: teacher's d_model over student's.
    `start`, `start_scale`: W_emb's beginning, and its standard deviation (of the noise, for `IDENTITY`).
    `align_steps`, `align_rate`: steps of the alignment of W_emb with what the blocks read (see `align`).
    `residual_weights`, `output_weights`: first and last weight of uniform residuals and of the output's
    cross-entropy against the residuals of vocabulary inputs, during alignment.
    `steps`, `rate`, `last_rate`: steps of gradient descent on the students' own loss, peak learning rate
    and its share left at the end of the cosine; `warm_up`: steps of linear warm-up.
    `clip`: largest norm of a student's gradient.
    `layer_loss`, `layer_inputs`, `output_loss`, `output_inputs`: the loss.
    `vocabulary_weight`, `random_weight`, `output_weight`: weights of its three terms.
    `by_resolution`: whether errors of numbers on vocabulary inputs count in units of the gap between
    neighbouring values, so that what is read as a step function is learned as precisely as it is read.
    `vocabulary_batch`, `random_batch`: sequences a step; `pages`: different batches, used in turn.
    `check_every`: steps between looks at a student; `hopeless_after`: share of its steps after which a
    student is given up while its agreement on the look is below `hopeless`.
    `doubtful`: least agreement at the first looks, one after the other, below which it is given up.
    `room`: when W_emb holds all that is read. After a TIGHT student that is not accepted one is made with
    USUAL room, or with LEAST where there was more than that.
    `turns`: bases of the residual stream that are tried of a student which holds all that is read, and which
    rounding alone makes wrong. With more than one, a student that says other things when sums
    are added up in another order is judged by its own forward pass.
    `crowded`: share of the student's d_model, taken by what must be exact, above which it is not tried.
    `copies`, `copy_every`: later checkpoints that are kept, each at the first look that many steps later.
    `slots`: students trained in one step; `window`: teachers among which students of like shape are sought.
    `halves`: natural students are trained half-layer by half-layer, by these options, and of the others
    `factor` and `copies` alone count.
    """

    kind: Kind
    factor: float = 2.0
    start: Start = Start.SUBSPACE
    start_scale: float = 0.1
    align_steps: int = 1_500
    align_rate: float = 0.02
    residual_weights: tuple[float, float] = (1.0, 1e-3)
    output_weights: tuple[float, float] = (0.01, 0.003)
    steps: int = 0
    rate: float = 3e-3
    last_rate: float = 0.01
    warm_up: int = 20
    clip: float = 1.0
    layer_loss: LayerLoss = LayerLoss.L2
    layer_inputs: Inputs = Inputs.BOTH
    output_loss: OutputLoss = OutputLoss.ADDED
    output_inputs: Inputs = Inputs.VOCABULARY
    vocabulary_weight: float = 1.0
    random_weight: float = 1.0
    output_weight: float = 0.1
    by_resolution: bool = True
    vocabulary_batch: int = 24
    random_batch: int = 8
    pages: int = 16
    check_every: int = 96
    hopeless_after: float = 0.5
    hopeless: float = 0.0
    doubtful: tuple[float, ...] = field(default=(), metadata=LATER)
    room: Room = field(default=Room.USUAL, metadata=LATER)
    turns: int = field(default=1, metadata=LATER)
    crowded: float = math.inf
    copies: int = 0
    copy_every: int = 50
    slots: int = 16
    window: int = 128
    halves: HalfByHalf | None = None

    def __repr__(self) -> str:
        return options_text(self)

    def __post_init__(self) -> None:
        _expect(self.factor >= 1, "factor", "at least 1", self.factor)
        least = {
            "align_steps": 0,
            "steps": 0,
            "warm_up": 0,
            "vocabulary_batch": 1,
            "random_batch": 1,
            "pages": 1,
            "check_every": 1,
            "turns": 1,
            "copies": 0,
            "copy_every": 1,
            "slots": 1,
            "window": 1,
        }
        for name, low in least.items():
            _expect(getattr(self, name) >= low, name, f"at least {low}", getattr(self, name))
        for name in ("align_rate", "rate", "last_rate", "start_scale", "clip"):
            _expect(getattr(self, name) > 0, name, "a positive number", getattr(self, name))
        # A student that enters a slot late then sees the pages in the same order as one that enters first.
        _expect(self.check_every % self.pages == 0, "check_every", "a multiple of pages", self.check_every)
        if self.kind is Kind.COMPRESSED and self.halves is not None:
            raise BadInputError("only natural students are trained half-layer by half-layer")
        if self.kind is Kind.NATURAL and self.halves is None and self.steps == 0:
            raise BadInputError(
                "a natural student needs training", where="steps", expected="1 or more", got="0"
            )


def _expect(condition: bool, name: str, expected: str, got: int | float) -> None:
    if not condition:
        raise BadInputError("an option of a recipe", where=name, expected=expected, got=f"{got}")


TEST_COMPRESSED = Recipe(
    Kind.COMPRESSED,
    align_steps=100,
    residual_weights=(0.1, 1e-3),
    steps=480,
    rate=1e-2,
    vocabulary_weight=10.0,
    output_weight=1.0,
    hopeless=0.6,
    crowded=0.7,
)
TEST_NATURAL = Recipe(Kind.NATURAL, halves=HalfByHalf())
"""The recipes of the test sets, which stay as they were when these were built: every student that is accepted
takes a place. The quick natural set, which comes with the package, was built with an earlier one."""

COMPRESSED = replace(TEST_COMPRESSED, doubtful=(0.5, 0.7, 0.8, 0.85), room=Room.TIGHT, turns=3)
"""Compressed students of sound programs. At factor 2 half-layers of most read more directions than the
student has dimensions, and few are accepted; at 1.25 most are (docs/distill.md)."""

NATURAL = TEST_NATURAL
"""Natural students of sound programs."""

THESIS_COMPRESSED = Recipe(
    Kind.COMPRESSED,
    start=Start.NORMAL,
    start_scale=0.05,
    align_steps=0,
    steps=980,
    rate=5e-3,
    last_rate=0.0001,
    warm_up=49,
    clip=0.01,
    layer_inputs=Inputs.RANDOM,
    by_resolution=False,
    vocabulary_batch=64,
    random_batch=512,
)
"""The thesis's settings for compressed students (section 6.1)."""

THESIS_NATURAL = replace(THESIS_COMPRESSED, kind=Kind.NATURAL)
"""The thesis's settings for natural students (chapter 7)."""

RECIPES = {
    "compressed": COMPRESSED,
    "natural": NATURAL,
    "test-compressed": TEST_COMPRESSED,
    "test-natural": TEST_NATURAL,
    "thesis-compressed": THESIS_COMPRESSED,
    "thesis-natural": THESIS_NATURAL,
}
"""Presets by name."""
