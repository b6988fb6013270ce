"""From a program to the s-op of `tracr.rasp` that it writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeGuard

from inverse_tracr.rasp.functions import (
    NamedPredicate,
    Predicate,
    Side,
    UnaryFunction,
    UnaryTable,
)
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
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tracr_bridge.definedness import Definedness
from inverse_tracr.rasp.values import Maybe, Value, is_number

if TYPE_CHECKING:
    from tracr.rasp import rasp


def to_tracr(program: Program, signature: Signature | None = None) -> rasp.SOp:
    """The runnable s-op of `program`; each line is an expression named as the line.

    Tracr compiles it to the same weights as `compile(mode="tracr")`, and labels it `<name>_<unique id>`;
    ids grow with the lines. `rasp.Map` fuses a map of a map when it is built. Evaluated as RASP it agrees
    with the interpreter wherever Tracr's evaluator has a result: that one raises where an aggregate
    selects several values of which one is no number. A table on a numerical operand takes the nearest key
    for numbers outside the operand's value set, which needs the signature.
    """
    from tracr.rasp import rasp

    known = Definedness(program, signature)
    built: dict[Ref, Any] = {TOKENS: rasp.tokens, INDICES: rasp.indices}
    for position, line in enumerate(program.lines):
        expression = _expression(program, line, built, known)
        annotations: dict[str, Any] = {"name": program.names[position]}
        if program.encodings[position] is Encoding.NUMERICAL:
            annotations["encoding"] = rasp.Encoding.NUMERICAL
        built[position] = rasp.annotate(expression, **annotations)
        _ = built[position].unique_id  # given out on first use: now, so that ids grow with the lines
    return built[program.output]


def _expression(program: Program, line: Line, built: dict[Ref, Any], known: Definedness) -> rasp.RASPExpr:
    from tracr.rasp import rasp

    match line:
        case Map():
            return rasp.Map(_unary(program, line, known), built[line.operand])
        case SequenceMap():
            function: Any = line.function
            return rasp.SequenceMap(function, built[line.first], built[line.second])
        case LinearSequenceMap():
            return rasp.LinearSequenceMap(
                built[line.first], built[line.second], line.first_factor, line.second_factor
            )
        case Select():
            return rasp.Select(built[line.keys], built[line.queries], _predicate(line, known))
        case Aggregate():
            numerical = program.encoding(line.values) is Encoding.NUMERICAL
            return rasp.Aggregate(built[line.selector], built[line.values], 0 if numerical else None)
        case SelectorWidth():
            return rasp.SelectorWidth(built[line.selector])


def _unary(program: Program, line: Map, known: Definedness) -> Callable[[Any], Any]:
    """The function of a map; None at None, which a fused map passes on."""
    function: UnaryFunction = line.function
    values = known.values(line.operand)
    numerical = program.encoding(line.operand) is Encoding.NUMERICAL
    if not (numerical and isinstance(function, UnaryTable) and values is not None):
        return lambda x: None if x is None else function(x)
    return partial(_nearest, function, frozenset(values))


def _nearest(table: UnaryTable, inside: frozenset[Value], x: Maybe) -> Maybe:
    """Tracr tabulates the value set; numbers outside it come up when the s-op is evaluated as RASP."""
    if x is None or x in inside or not is_number(x):
        return None if x is None else table(x)
    return table.nearest(float(x))  # pyright: ignore[reportArgumentType]


def _predicate(line: Select, known: Definedness) -> Any:
    """Tracr's own comparison where it is safe: it raises for None and for what Python cannot compare."""
    from tracr.rasp import rasp

    predicate: Predicate = line.predicate
    if is_plain(predicate) and known.comparable(line):
        return rasp.Comparison(predicate.comparison.value)
    return lambda k, q: k is not None and q is not None and predicate(k, q)


def is_plain(predicate: Predicate) -> TypeGuard[NamedPredicate]:
    """Whether a predicate is one of Tracr's comparisons of key and query."""
    return isinstance(predicate, NamedPredicate) and predicate.side is Side.QUERY and not predicate.offset
