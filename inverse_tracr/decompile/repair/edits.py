"""All programs that differ from one in a single place, the likeliest kinds first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from inverse_tracr.decompile.repair.alternatives import (
    binary_alternatives,
    binary_entries,
    predicate_alternatives,
    predicate_entries,
    unary_alternatives,
    unary_entries,
)
from inverse_tracr.decompile.repair.edit import Edit, dropped, exchanged, inserted, returning
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp.functions import NamedUnary, UnaryOp
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
    operands,
    with_operands,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.rasp.values import Value

_FACTORS = (1, -1, 2, -2, 3, 0.5, 0)
_MOST_VALUES = 60
"""Values of an operand up to which its functions are edited."""


class Editor:
    """Edits of one program. `said` are values that the model puts out."""

    def __init__(self, program: Program, signature: Signature, said: Sequence[Value]) -> None:
        self._program = program
        self._signature = signature
        self._said = tuple(said)

    def edits(self, suspects: Sequence[int]) -> Iterator[Edit]:
        """Kind by kind, each for the lines of `suspects` in order."""
        kinds: tuple[Callable[[int], Iterator[Edit | None]], ...] = (
            self._functions,
            self._operands,
            self._dropped,
            self._entries,
            self._inserted,
        )
        for number, kind in enumerate(kinds):
            for position in suspects:
                yield from filter(None, kind(position))
            if number == 1:
                yield from filter(None, self._returned())

    @cached_property
    def _sets(self) -> ValueSets | None:
        for exact in (True, False):
            try:
                return ValueSets(self._program, self._signature, exact_means=exact)
            except InverseTracrError:  # too many means, or a line that cannot be compiled
                continue
        return None

    def _values(self, ref: Ref) -> tuple[Value, ...]:
        """Values that an operand may have; none where they are unknown or too many to ask about."""
        if ref == TOKENS:
            return self._signature.vocab
        if ref == INDICES:
            return tuple(range(self._signature.max_seq_len))
        found = () if self._sets is None else self._sets[ref]
        return tuple(found) if len(found) <= _MOST_VALUES else ()

    def _replaced(self, position: int, lines: Iterable[Line]) -> Iterator[Edit | None]:
        for line in lines:
            yield exchanged(self._program, position, line)

    # -- kinds of edits ---------------------------------------------------------------------------

    def _functions(self, position: int) -> Iterator[Edit | None]:
        yield from self._replaced(position, self._named(self._program.lines[position]))

    def _named(self, line: Line) -> Iterator[Line]:
        """The line with other named functions, predicates or factors."""
        match line:
            case Map():
                numbers = line.encoding is Encoding.NUMERICAL
                for function in unary_alternatives(
                    line.function, self._values(line.operand), numbers=numbers
                ):
                    yield replace(line, function=function)
            case SequenceMap():
                xs, ys = self._values(line.first), self._values(line.second)
                for function in binary_alternatives(line.function, xs, ys):
                    yield replace(line, function=function)
            case Select():
                keys, queries = self._values(line.keys), self._values(line.queries)
                for predicate in predicate_alternatives(line.predicate, keys, queries):
                    yield replace(line, predicate=predicate)
            case LinearSequenceMap():
                yield from (replace(line, first_factor=f) for f in _FACTORS if f != line.first_factor)
                yield from (replace(line, second_factor=f) for f in _FACTORS if f != line.second_factor)
            case Aggregate() | SelectorWidth():
                return

    def _entries(self, position: int) -> Iterator[Edit | None]:
        yield from self._replaced(position, self._tables(position, self._program.lines[position]))

    def _tables(self, position: int, line: Line) -> Iterator[Line]:
        """The line with a table in which one entry is another."""
        results = self._values(position)
        if position == self._program.output:
            results = (*self._said, *results)
        match line:
            case Map():
                for function in unary_entries(line.function, self._values(line.operand), results):
                    yield replace(line, function=function)
            case SequenceMap():
                xs, ys = self._values(line.first), self._values(line.second)
                for function in binary_entries(line.function, xs, ys, results):
                    yield replace(line, function=function)
            case Select():
                keys, queries = self._values(line.keys), self._values(line.queries)
                for predicate in predicate_entries(line.predicate, keys, queries):
                    yield replace(line, predicate=predicate)
            case _:
                return

    def _operands(self, position: int) -> Iterator[Edit | None]:
        """Other operands of the same encoding, and the two exchanged."""
        line, program = self._program.lines[position], self._program
        refs = operands(line)
        if len(refs) == 2 and refs[0] != refs[1] and not isinstance(line, Aggregate):
            yield exchanged(program, position, with_operands(line, (refs[1], refs[0])))
        if len(refs) == 2 and refs[0] == refs[1]:
            for ref in range(TOKENS, len(program.lines)):
                if ref not in (refs[0], position) and self._may_read(line, refs[0], ref):
                    yield exchanged(program, position, with_operands(line, (ref, ref)))
        for slot, old in enumerate(refs):
            for ref in range(TOKENS, len(program.lines)):
                if ref in (old, position) or not self._may_read(line, old, ref):
                    continue
                yield exchanged(
                    program, position, with_operands(line, (*refs[:slot], ref, *refs[slot + 1 :]))
                )

    def _may_read(self, line: Line, old: Ref, ref: Ref) -> bool:
        """Whether a line may read `ref` for `old`: what is moved may be encoded otherwise."""
        mine, other = self._program.encoding(old), self._program.encoding(ref)
        return mine is other or (isinstance(line, Aggregate) and mine is not None and other is not None)

    def _dropped(self, position: int) -> Iterator[Edit | None]:
        """The line left out for one of its operands."""
        line, program = self._program.lines[position], self._program
        for ref in dict.fromkeys(operands(line)):
            if program.encoding(ref) is program.encoding(position) is not None:
                yield dropped(program, position, ref)

    def _returned(self) -> Iterator[Edit | None]:
        for ref in range(len(self._program.lines)):
            if ref != self._program.output and self._program.encoding(ref) is not None:
                yield returning(self._program, ref)

    def _inserted(self, position: int) -> Iterator[Edit | None]:
        """A map between this line and what it reads: for it alone, then for all that read the same."""
        program = self._program
        if position == program.output:
            yield from self._inserted_at(position, [()])
        for ref in dict.fromkeys(operands(program.lines[position])):
            readers = [i for i, line in enumerate(program.lines) if ref in operands(line)]
            pairs = [(position, reader) for reader in readers if reader > position]
            groups = list(dict.fromkeys([(position,), tuple(readers), *pairs]))
            if program.encoding(ref) is not None:
                yield from self._inserted_at(ref, groups)

    def _inserted_at(self, ref: Ref, groups: Sequence[tuple[int, ...]]) -> Iterator[Edit | None]:
        encoding = self._program.encoding(ref)
        assert encoding is not None
        numbers = encoding is Encoding.NUMERICAL
        identity = NamedUnary(UnaryOp.IDENTITY)
        for function in unary_alternatives(identity, self._values(ref), numbers=numbers):
            for readers in groups:
                yield inserted(self._program, Map(ref, function, encoding), readers, ref)
