"""The endless stream of lessons: item i is the same on every machine, whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.metamodel.blur import Blur
from inverse_tracr.metamodel.config import TrainConfig
from inverse_tracr.metamodel.kept import read_lessons, write_lessons
from inverse_tracr.metamodel.lessons import Decision, lesson
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample import Preset, sample_program
from inverse_tracr.sample.function_hash import function_hash
from inverse_tracr.zoo.datasets import ZooStream
from inverse_tracr.zoo.excluded import excluded_functions, key_of
from inverse_tracr.zoo.permutation import KeyedPermutation, mix

STUDENTS = 0.7
"""Share of lessons with noise that are made to look like those of students."""

HELD_OUT = 1
"""Added to the seed for programs that are never learned from."""

Item = tuple[Program, Signature, TransformerProgram]


def is_test_function(program: Program, signature: Signature) -> bool:
    """Whether a program computes a function of one of the test sets."""
    known = excluded_functions()
    key = np.uint64(key_of(function_hash(program, signature).hex()))
    at = int(np.searchsorted(known, key))
    return at < len(known) and bool(known[at] == key)


def sampled(config: TrainConfig, item: int, *, part: int = 0) -> Item | None:
    """A compiled model with its program; None where it computes a test function or does not compile."""
    draw = np.random.default_rng([config.seed, part, item, 1]).random()
    preset = Preset.TRACR if draw < config.tracr_share else Preset.SOUND
    try:
        found = sample_program(preset, 1_000_003 * (config.seed + 1) + part, item)
        if is_test_function(found.program, found.signature):
            return None
        return (
            found.program,
            found.signature,
            compile_program(found.program, found.signature, mode=Mode.FIXED),
        )
    except InverseTracrError:
        return None


class Lessons(Dataset[list[list[Decision]]]):
    """Batches of lessons by the number of the step; rank r of R makes every R-th lesson of a batch.

    Batches are kept in `folder` when they are made, for later epochs, which take them in other orders.
    """

    def __init__(
        self, config: TrainConfig, folder: Path | None = None, *, rank: int = 0, ranks: int = 1, part: int = 0
    ) -> None:
        self._config, self._folder, self._rank, self._ranks, self._part = config, folder, rank, ranks, part

    def __len__(self) -> int:
        return self._config.steps

    def __getitem__(self, step: int) -> list[list[Decision]]:
        epoch, place = divmod(step, self._config.batches)
        batch = (
            KeyedPermutation(self._config.batches, mix(self._config.seed, epoch, 0))[place]
            if epoch
            else place
        )
        kept = None if self._folder is None else self._folder / f"{batch:06d}.{self._rank}-{self._ranks}.npz"
        if kept is not None and kept.exists():
            return read_lessons(kept)
        first = batch * self._config.batch
        items = range(first + self._rank, first + self._config.batch, self._ranks)
        lessons = [found for found in map(self.lesson, items) if found]
        if kept is None:
            return lessons
        write_lessons(kept, lessons)
        # Read back, so that a run that was interrupted learns from the same numbers.
        return read_lessons(kept)

    def lesson(self, item: int) -> list[Decision]:
        """One lesson; empty where there is none."""
        config = self._config
        random = np.random.default_rng([config.seed, self._part, item, 2])
        from_zoo = bool(self._zoos) and random.random() < config.zoo_share
        blur = None
        if from_zoo:
            found = self._from_zoo(item)
        else:
            found = sampled(config, item, part=self._part)
            if random.random() < config.blurred:
                low, high = np.log(config.blur)
                size = float(np.exp(random.uniform(low, high)))
                blur = Blur(size, student=bool(random.random() < STUDENTS))
        if found is None:
            return []
        try:
            return lesson(*found, key=item, blur=blur)
        except InverseTracrError:
            return []

    def _from_zoo(self, item: int) -> Item | None:
        folder = self._zoos[item % len(self._zoos)]
        specimen = next(iter(ZooStream(folder.path, folder.split, key=self._config.seed, state=item)))
        if is_test_function(specimen.program, specimen.signature):
            return None
        return specimen.program, specimen.signature, specimen.model

    @cached_property
    def _zoos(self) -> tuple[ZooSplit, ...]:
        split = "train" if self._part == 0 else "validation"
        return tuple(ZooSplit(path, split) for path in self._config.zoos)


@dataclass(frozen=True)
class ZooSplit:
    """One split of a zoo."""

    path: str
    split: str
