"""A second interpreter, position by position in plain Python: it checks the first one and the verifier."""

from __future__ import annotations

from inverse_tracr.rasp import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    LinearSequenceMap,
    Map,
    Program,
    Select,
    SelectorWidth,
    SequenceMap,
    Signature,
    UnaryTable,
    ValueSets,
)
from inverse_tracr.rasp.values import Maybe, Value, as_number, is_number

Row = list[Maybe]


def run_plainly(program: Program, signature: Signature, tokens: list[int]) -> Row:
    """Outputs for one input given as indices into the vocabulary; numbers to nine digits."""
    length = len(tokens)
    rows: dict[int, Row] = {TOKENS: [signature.vocab[t] for t in tokens], INDICES: list(range(length))}
    selected: dict[int, list[list[int]]] = {}
    for position, line in enumerate(program.lines):
        match line:
            case Map():
                rows[position] = [_apply(program, signature, line, x) for x in rows[line.operand]]
            case SequenceMap():
                pairs = zip(rows[line.first], rows[line.second], strict=True)
                rows[position] = [None if x is None or y is None else line.function(x, y) for x, y in pairs]
            case LinearSequenceMap():
                pairs = zip(rows[line.first], rows[line.second], strict=True)
                rows[position] = [_linear(line, x, y) for x, y in pairs]
            case Select():
                selected[position] = _select(signature, line, rows[line.keys], rows[line.queries])
            case Aggregate():
                numerical = program.encoding(position) is Encoding.NUMERICAL
                values = rows[line.values]
                rows[position] = [
                    _mean(values, chosen) if numerical else _one(values, chosen)
                    for chosen in selected[line.selector]
                ]
            case SelectorWidth():
                rows[position] = [len(chosen) for chosen in selected[line.selector]]
    return [round(float(v), 9) if is_number(v) else v for v in rows[program.output]]


def _apply(program: Program, signature: Signature, line: Map, x: Maybe) -> Maybe:
    if x is None:
        return None
    result = _value_at(program, signature, line, x)
    return None if line.encoding is Encoding.NUMERICAL and not is_number(result) else result


def _value_at(program: Program, signature: Signature, line: Map, x: Value) -> Maybe:
    """The function of a map at a value; a table takes its nearest key where it has no entry for a number."""
    if program.encoding(line.operand) is Encoding.NUMERICAL and isinstance(line.function, UnaryTable):
        known = ValueSets(program, signature)[line.operand]
        return line.function(x) if x in known else line.function.nearest(as_number(x))
    return line.function(x)


def _linear(line: LinearSequenceMap, x: Maybe, y: Maybe) -> Maybe:
    if x is None or y is None:
        return None
    return line.first_factor * as_number(x) + line.second_factor * as_number(y)


def _select(signature: Signature, line: Select, keys: Row, queries: Row) -> list[list[int]]:
    return [
        [
            k
            for k, key in enumerate(keys)
            if key is not None
            and query is not None
            and (not signature.causal or k <= q)
            and line.predicate(key, query)
        ]
        for q, query in enumerate(queries)
    ]


def _mean(values: Row, chosen: list[int]) -> Maybe:
    numbers = [values[k] for k in chosen]
    return sum(as_number(n) for n in numbers if n is not None) / len(chosen) if chosen else 0.0


def _one(values: Row, chosen: list[int]) -> Maybe:
    """The one value chosen, where at least half of the chosen positions have one; numbers are averaged."""
    found = [values[k] for k in chosen if values[k] is not None]
    distinct = set(found)
    if len(distinct) == 1:
        return found[0] if 2 * len(found) >= len(chosen) else None
    if len(distinct) > 1 and all(is_number(v) for v in distinct):
        return sum(map(as_number, found)) / len(chosen)
    return None
