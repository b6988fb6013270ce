"""The models of test sets with what is known of them, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from inverse_tracr.errors import BadInputError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import print_program
from inverse_tracr.zoo import Kind, Specimen, Zoo, quick_test_sets
from inverse_tracr.zoo.test_sets import TEST_SETS

SEED = 40
"""Of the choice of rows where there is a limit."""
QUICK_MODELS = 40
"""Models of each test set in a quick evaluation."""


@dataclass(frozen=True)
class Case:
    """A model and its true program, as text with the signature as its header; `number` is its row."""

    test_set: str
    kind: Kind
    number: int
    program: str
    model: TransformerProgram


@dataclass(frozen=True)
class TestSetFolder:
    """A zoo on disk that serves as a test set: one of its splits, or `limit` rows of it.

    These are drawn from a fixed seed, and are among those of any larger limit.
    """

    __test__ = False  # not a class of tests

    name: str
    zoo: Zoo
    limit: int | None = None
    split: str = "test"

    @property
    def kind(self) -> Kind:
        """Where the weights come from."""
        return self.zoo.config.kind

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """The rows that are taken, in order."""
        return chosen_rows(len(self.zoo.split(self.split)), self.limit)

    def case(self, number: int) -> Case:
        """The model with this number."""
        row = self.rows[number]
        return case_of(self.name, row, self.zoo.specimen(self.split, row))

    def cases(self) -> Iterator[Case]:
        """The models in order."""
        return (self.case(number) for number in range(len(self)))


def chosen_rows(count: int, limit: int | None) -> tuple[int, ...]:
    """`limit` of `count` rows in order, or all of them; they are among those of any larger limit."""
    order = np.random.default_rng(SEED).permutation(count)
    return tuple(sorted(order[:limit].tolist()))


def case_of(name: str, row: int, specimen: Specimen) -> Case:
    """The case of a specimen."""
    text = print_program(specimen.program, specimen.signature)
    return Case(name, specimen.kind, row, text, specimen.model)


def open_test_set(name: str, folder: Path, limit: int | None = None, split: str = "test") -> TestSetFolder:
    """A test set by name in `folder`, or a zoo by its path; raises BadInputError where there is none, or
    no model in the split.
    """
    for path in (folder / name, Path(name)):
        if (path / "zoo.json").exists():
            zoo = Zoo(path)
            if not len(zoo.split(split)):
                raise BadInputError(f"the split {split} holds no models", where=str(path))
            return TestSetFolder(path.resolve().name, zoo, limit, split)
    if name not in TEST_SETS:
        problem = "this folder is no zoo" if Path(name).is_dir() else "there is no such test set or zoo"
        known = f"a folder with zoo.json, or one of {', '.join(TEST_SETS)}"
        raise BadInputError(problem, where=name, expected=known)
    raise BadInputError(
        "the test set is not there",
        where=str(folder / name),
        expected="a folder with zoo.json",
        advice=f"Build it with `inverse-tracr zoo test-sets --out {folder} --only {name}`",
    )


def quick_sets(limit: int | None = None) -> list[TestSetFolder]:
    """The slices of the test sets that come with the package: 40 models of each, or `limit`."""
    return [TestSetFolder(name, found, limit or QUICK_MODELS) for name, found in quick_test_sets().items()]
