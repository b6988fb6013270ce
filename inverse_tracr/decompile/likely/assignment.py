"""What is assigned to the lines of a program: names of their values, and functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product

from inverse_tracr.rasp.functions import NamedBinary, NamedPredicate, NamedUnary
from inverse_tracr.rasp.program import Ref
from inverse_tracr.rasp.values import Value

Values = tuple[Value, ...]
Named = NamedUnary | NamedBinary | NamedPredicate | None
"""A named function, or none where the line has a table."""

_UNUSUAL = 1.0
"""Nats of names of classes that leave one out."""
_MOST_CLASSES = 4


@dataclass(frozen=True)
class Naming:
    """Names of an s-op's values: of each one that occurs, after the name it had, and all `values` with them.

    `free`: the values are classes of a table, and may have any names.
    """

    names: tuple[tuple[Value, Value], ...]
    values: Values
    free: bool = False

    def renamings(self, *, spare: bool) -> Iterator[tuple[Naming, float]]:
        """The naming, or those that a table may have instead, with nats; `spare`: a name left out, too."""
        count = len(self.names)
        if not self.free or count > _MOST_CLASSES:
            yield self, 0.0
            return
        olds = [old for old, _ in self.names]
        for size in (count, count + 1) if spare and count < _MOST_CLASSES else (count,):
            for chosen in permutations(range(size), count):
                if size == count or count in chosen:
                    found = tuple(zip(olds, chosen, strict=True))
                    yield Naming(found, tuple(range(size))), _UNUSUAL * (size - count)


def same_names(values: Values) -> Naming:
    """Values that keep their names."""
    return Naming(tuple((value, value) for value in values), values)


@dataclass(frozen=True)
class Choice:
    """A function for a line, `turned` where it takes its operands in the other order, and its nats.

    `naming` of the values that it gives, None for a select.
    """

    function: Named
    naming: Naming | None
    nats: float
    turned: bool = False


@dataclass(frozen=True)
class Assignment:
    """Lines up to some place: `namings` of s-ops, the `choices` of functions, and what they cost in nats."""

    namings: Mapping[Ref, Naming]
    choices: Mapping[int, Choice]
    nats: float = 0.0

    def with_choice(self, at: int, choice: Choice) -> Assignment:
        """The assignment with the function of one line more."""
        named = {} if choice.naming is None else {at: choice.naming}
        choices = {**self.choices, at: choice}
        return Assignment({**self.namings, **named}, choices, self.nats + choice.nats)

    def with_names(self, refs: Sequence[Ref]) -> Iterator[Assignment]:
        """The assignment with names for s-ops that have none yet, in each way."""
        distinct = list(dict.fromkeys(refs))
        spare = sum(self.namings[ref].free for ref in distinct) == 1
        for chosen in product(*(self.namings[ref].renamings(spare=spare) for ref in distinct)):
            named = zip(distinct, (naming for naming, _ in chosen), strict=True)
            nats = self.nats + sum(nats for _, nats in chosen)
            yield replace(self, namings={**self.namings, **dict(named)}, nats=nats)
