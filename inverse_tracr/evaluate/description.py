"""How long a program is when its tables are counted: a look-up of answers is longer than a mechanism."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from inverse_tracr.rasp import Program, Signature
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.functions import BinaryTable, PredicateTable, UnaryTable
from inverse_tracr.rasp.program import Line, Map, Select, SequenceMap
from inverse_tracr.rasp.tabulated import tabulate_binary, tabulate_predicate, tabulate_unary
from inverse_tracr.rasp.value_sets import ValueSets


def description_length(program: Program, signature: Signature) -> int:
    """Of the canonical form: 1 a line, 0 a named function, for a table its entries that differ from its mode.

    Entries are taken on the value sets of the operands. Raises what `canonical` raises.
    """
    form = canonical(program, signature)
    values = ValueSets(form, signature)
    return sum(1 + _table_entries(line, values) for line in form.lines)


def _table_entries(line: Line, values: ValueSets) -> int:
    match line:
        case Map(function=UnaryTable() as table):
            return _off_mode(tabulate_unary(table, values[line.operand]))
        case SequenceMap(function=BinaryTable() as table):
            return _off_mode(tabulate_binary(table, values[line.first], values[line.second]))
        case Select(predicate=PredicateTable() as table):
            rows: Sequence[Iterable[bool]] = tabulate_predicate(
                table, values[line.keys], values[line.queries]
            )
            return _off_mode([chosen for row in rows for chosen in row])
        case _:
            return 0


def _off_mode(entries: Sequence[object]) -> int:
    """Entries other than the most frequent one."""
    return len(entries) - max(Counter(entries).values(), default=0)
