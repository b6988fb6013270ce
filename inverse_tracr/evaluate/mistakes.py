"""What is wrong with a program, line by line: the thesis's Table 5.1, computed."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass

from inverse_tracr.evaluate.assignment import best_assignment
from inverse_tracr.rasp import Program, Signature
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.printer import print_function
from inverse_tracr.rasp.program import Line, Map, Ref, Select, SequenceMap, operands


class Fault(enum.Enum):
    """Kinds of mistakes; the words are the thesis's where it has them."""

    FUNCTION = "mistook lambdas"
    PREDICATE = "mistook predicates"
    VARIABLES = "wrong variables used"
    ORDER = "incorrect argument ordering"
    ENCODING = "mistook encodings"
    OUTPUT = "wrong line returned"
    NO_PROGRAM = "no program"
    OPERATION = "predicted another operation"
    MISSED = "missed"
    EXTRA = "extra"


@dataclass(frozen=True)
class Mistake:
    """One mistake; `detail` names operations where there are several that it could be of."""

    fault: Fault
    detail: str = ""

    def __str__(self) -> str:
        match self.fault:
            case Fault.OPERATION:
                return f"predicted {self.detail}"
            case Fault.MISSED | Fault.EXTRA:
                return f"{self.fault.value} {self.detail}"
            case _:
                return self.fault.value


def mistakes(found: Program | None, true: Program, signature: Signature) -> Counter[Mistake]:
    """The mistakes of a program, each as often as it was made; none where the canonical forms are equal.

    Lines of the canonical forms are paired so that as much as can be is equal; operands count as equal when
    they are paired too.
    """
    if found is None:
        return Counter([Mistake(Fault.NO_PROGRAM)])
    mine, theirs = canonical(found, signature), canonical(true, signature)
    if mine == theirs:
        return Counter()
    partner = _paired(mine, theirs)
    wrong: Counter[Mistake] = Counter()
    for position, line in enumerate(theirs.lines):
        place = partner.get(position)
        if place is None:
            wrong[Mistake(Fault.MISSED, _name(line))] += 1
        else:
            wrong.update(_differences(mine, place, theirs, position, partner))
    for place in set(range(len(mine))) - set(partner.values()):
        wrong[Mistake(Fault.EXTRA, _name(mine.lines[place]))] += 1
    if partner.get(theirs.output) != mine.output:
        wrong[Mistake(Fault.OUTPUT)] += 1
    return wrong


def _paired(mine: Program, theirs: Program) -> dict[int, int]:
    """For lines of `theirs` their partners in `mine`: twice, the second time knowing those of operands."""
    partner: dict[int, int] = {}
    for _ in range(3):
        scores = [[_likeness(a, b, partner) for b in mine.lines] for a in theirs.lines]
        pairs = enumerate(best_assignment(scores))
        partner = {line: place for line, place in pairs if place is not None and scores[line][place] > 0}
    return partner


def _likeness(true: Line, found: Line, partner: dict[int, int]) -> int:
    """How much of two lines is equal; the operation counts most. Lines with nothing in common get 0."""
    places = [_place(ref, partner) for ref in operands(true)]
    if type(true) is not type(found):
        return 2 * len(set(places) & set(operands(found)))
    shared = sum(place == other for place, other in zip(places, operands(found), strict=True))
    return 10 + 3 * (print_function(true) == print_function(found)) + 2 * shared


def _place(ref: Ref, partner: dict[int, int]) -> Ref | None:
    """An operand of the true program in terms of the found one."""
    return ref if ref < 0 else partner.get(ref)


def _differences(
    mine: Program, place: int, theirs: Program, position: int, partner: dict[int, int]
) -> list[Mistake]:
    found, true = mine.lines[place], theirs.lines[position]
    if type(found) is not type(true):
        return [Mistake(Fault.OPERATION, f"{_name(found)} rather than {_name(true)}")]
    wrong: list[Mistake] = []
    if mine.encoding(place) is not theirs.encoding(position):
        wrong.append(Mistake(Fault.ENCODING))
    if _function(found) != _function(true):
        wrong.append(Mistake(Fault.PREDICATE if isinstance(true, Select) else Fault.FUNCTION))
    read, should = operands(found), tuple(_place(ref, partner) for ref in operands(true))
    if read != should:
        turned = sorted(read) == sorted(ref for ref in should if ref is not None)
        wrong.append(Mistake(Fault.ORDER if turned else Fault.VARIABLES))
    return wrong


def _function(line: Line) -> object:
    match line:
        case Map() | SequenceMap():
            return line.function
        case Select():
            return line.predicate
        case _:
            return None


def _name(line: Line) -> str:
    return type(line).__name__
