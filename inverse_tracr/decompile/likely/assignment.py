"""What is assigned to the lines of a program: names of their values, and functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations, product

from inverse_tracr.rasp.functions import NamedBinary, NamedPredicate, NamedUnary
from inverse_tracr.rasp.program import Ref
from inverse_tracr.rasp.values import Value

Values = tuple[Value, ...]
Named = NamedUnary | NamedBinary | NamedPredicate | None
"""A named function, or none where the line has a table."""
Form = tuple[int, ...]
"""Classes of all arguments of a named function by first occurrence; nothing for a table."""

_WHOLE, _SPARE = -math.log(2 / 3), -math.log(1 / 3)
"""Nats of a table whose classes are all names up to some number, and of one that leaves a name out."""
_MOST_CLASSES = 4


@dataclass(frozen=True)
class Naming:
    """Names of an s-op's values: of each one that occurs, after the name it had, and all `values` with them.

    A value that stands for several, which weights do not tell apart any more, has several names. Values stand
    in the order in which the operands' values lead to them. `free`: they are classes of a table, and may have
    any names.
    """

    names: tuple[tuple[Value, Value], ...]
    values: Values
    free: bool = False

    @cached_property
    def told(self) -> dict[Value, Values]:
        """The names of each value that had another one."""
        found: dict[Value, Values] = {}
        for old, new in self.names:
            found[old] = (*found.get(old, ()), new)
        return found

    def renamings(self, *, spare: bool) -> Iterator[tuple[Naming, float]]:
        """The naming, or those that a table may have instead, with nats; `spare`: a name left out, too."""
        count = len(self.names)
        if not self.free or count > _MOST_CLASSES:
            yield self, 0.0
            return
        for missing in range(count + 1) if spare and count < _MOST_CLASSES else (count,):
            rare = math.lgamma(count + 1) + (_WHOLE if missing == count else _SPARE + math.log(count))
            labels = [label for label in range(count + 1) if label != missing]
            for chosen in permutations(labels):
                names = zip((old for old, _ in self.names), chosen, strict=True)
                values = chosen if missing == count else (*chosen, missing)
                yield Naming(tuple(names), values), rare


def same_names(values: Values) -> Naming:
    """Values that keep their names."""
    return Naming(tuple((value, value) for value in values), values)


@dataclass(frozen=True)
class Choice:
    """A function for a line, `turned` where it takes its operands in the other order, and its nats.

    `form` is what it does whatever values are called; `naming` that of its values, None for a select.
    """

    function: Named
    naming: Naming | None
    nats: float
    form: Form = ()
    turned: bool = False


@dataclass(frozen=True)
class Assignment:
    """Lines up to some place: `namings` of s-ops, the `choices` of functions, and what they cost in nats.

    `together` are the nats of all assignments with these `forms` that give open s-ops the same names.
    """

    namings: Mapping[Ref, Naming]
    choices: Mapping[int, Choice]
    forms: tuple[Form, ...] = ()
    nats: float = 0.0
    together: float = 0.0

    def with_choice(self, at: int, choice: Choice) -> Assignment:
        """The assignment with the function of one line more."""
        named = {} if choice.naming is None else {at: choice.naming}
        return Assignment(
            {**self.namings, **named},
            {**self.choices, at: choice},
            (*self.forms, choice.form),
            self.nats + choice.nats,
            self.together + choice.nats,
        )

    def with_names(self, refs: Sequence[Ref]) -> Iterator[Assignment]:
        """The assignment with names for s-ops that have none yet, in each way."""
        distinct = list(dict.fromkeys(refs))
        if not any(self.namings[ref].free for ref in distinct):
            yield self
            return
        spare = sum(self.namings[ref].free for ref in distinct) == 1
        for chosen in product(*(self.namings[ref].renamings(spare=spare) for ref in distinct)):
            named = zip(distinct, (naming for naming, _ in chosen), strict=True)
            nats = sum(nats for _, nats in chosen)
            namings = {**self.namings, **dict(named)}
            yield replace(self, namings=namings, nats=self.nats + nats, together=self.together + nats)

    def joined(self, other: Assignment) -> Assignment:
        """The likelier of two that are alike, with the nats of both together."""
        low, high = sorted((self.together, other.together))
        best = self if self.nats <= other.nats else other
        return replace(best, together=low - math.log1p(math.exp(low - high)))
