"""Teachers, and what a student of one is: sizes, random numbers, what its numbers mean."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile import Compiled, Mode, compile_weights
from inverse_tracr.distill.recipe import Kind, Recipe
from inverse_tracr.errors import BadInputError
from inverse_tracr.model import CategoricalOutput, ModelConfig
from inverse_tracr.rasp import Program, Signature
from inverse_tracr.rasp.values import Value, as_number

HEAD_SIZES = (16, 24, 32, 48, 64, 96, 128)
MLP_SIZES = (64, 128, 256, 512)
"""Sizes of natural students: of heads, one of the two smallest that are large enough, drawn; of MLPs, the
smallest that is."""

SPARE, ENOUGH = 3, 128
"""Neurons of a student for each of its teacher's, up to so many: to be right on uniform residuals too, beside
inputs over the vocabulary, takes more neurons than a compiler needs."""

FINEST = 1e-2
"""Smallest gap between neighbouring values that a loss resolves."""


@dataclass(frozen=True)
class Teacher:
    """A program to distil. `item` numbers it: a student's random numbers come from the seed and `item`."""

    item: int
    program: Program
    signature: Signature

    def __post_init__(self) -> None:
        if self.item < 0:
            raise BadInputError("the number of an item", expected="0 or more", got=str(self.item))


class Stream(enum.IntEnum):
    """What random numbers are for; each purpose has a stream of its own."""

    SIZES = 1
    WEIGHTS = 2
    ALIGNMENT = 3
    TRAINING = 4
    JUDGING = 5
    BASIS = 6
    RIPPLES = 7


@dataclass(frozen=True)
class Task:
    """A compiled teacher and the sizes of its student; `attempt` counts students of one teacher from 0.

    Raises what `compile_weights` raises.
    """

    teacher: Teacher
    compiled: Compiled
    seed: int
    d_model: int
    d_head: int
    d_mlp: int
    attempt: int = 0

    @classmethod
    def of(cls, teacher: Teacher, recipe: Recipe, seed: int) -> Task:
        """Compile `teacher` and draw the sizes of its student."""
        compiled = compile_weights(teacher.program, teacher.signature, mode=Mode.FIXED)
        config = compiled.plan.config
        d_model = max(1, int(config.d_model / recipe.factor))
        task = cls(teacher, compiled, seed, d_model, config.d_head, config.d_mlp)
        return task if recipe.kind is Kind.COMPRESSED else task._with_natural_sizes()

    def _with_natural_sizes(self) -> Task:
        """Standard sizes; heads can have any pattern, an MLP can hold what it must."""
        wanted = max(self.config.d_mlp, min(SPARE * self.config.d_mlp, ENOUGH))
        d_mlp = next((size for size in MLP_SIZES if size >= wanted), MLP_SIZES[-1])
        roomy = [size for size in HEAD_SIZES if size >= self.d_model][:2] or HEAD_SIZES[-1:]
        d_head = self.random(Stream.SIZES).choice(roomy)
        return replace(self, d_head=int(d_head), d_mlp=d_mlp)

    def again(self) -> Task:
        """The same student with the random numbers of another attempt."""
        return replace(self, attempt=self.attempt + 1)

    @property
    def config(self) -> ModelConfig:
        """Sizes of the teacher."""
        return self.compiled.plan.config

    @property
    def signature(self) -> Signature:
        """Inputs of teacher and student."""
        return self.teacher.signature

    @property
    def student_config(self) -> ModelConfig:
        """Sizes of the student."""
        c = self.config
        return ModelConfig(
            n_layers=c.n_layers,
            n_heads=c.n_heads,
            d_model=self.d_model,
            d_head=self.d_head,
            d_mlp=self.d_mlp,
            n_ctx=c.n_ctx,
            d_vocab=c.d_vocab,
            d_vocab_out=c.d_vocab_out,
            causal=c.causal,
        )

    @property
    def categorical(self) -> bool:
        """Whether the output is categorical."""
        return isinstance(self.compiled.output_encoder, CategoricalOutput)

    @cached_property
    def output_values(self) -> tuple[Value, ...]:
        """Value set of the output, in the order of W_U's columns where it is categorical."""
        return self.compiled.plan.values[self.compiled.plan.program.output]

    def random(self, stream: Stream) -> np.random.Generator:
        """The random numbers of this item for one purpose."""
        attempt = (self.attempt,) if self.attempt else ()
        return np.random.default_rng([self.seed, self.teacher.item, stream, *attempt])

    @cached_property
    def resolution(self) -> NDArray[np.float32]:
        """Gap between neighbouring values of each uncompressed dimension: 1 for categorical ones."""
        plan = self.compiled.plan
        gaps = np.ones(self.config.d_model, dtype=np.float32)
        longest = self.signature.max_seq_len
        for dim in plan.scratch.values():
            gaps[dim] = 1 / longest - 1 / (longest + 1)
        for ref, dims in plan.dims.items():
            if ref >= 0 and len(dims) == 1 and len(plan.values[ref]) > 1:
                numbers = sorted(map(as_number, plan.values[ref]))
                gaps[dims[0]] = min(1.0, float(np.diff(numbers).min()))
        return np.maximum(gaps, FINEST)
