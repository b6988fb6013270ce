"""What a true program is like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from inverse_tracr.compile.circuit import operation_name
from inverse_tracr.errors import BadInputError
from inverse_tracr.rasp import Program, Signature, parse_source
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.functions import BinaryTable, PredicateTable, UnaryTable
from inverse_tracr.rasp.program import Encoding, Line, Map, Select, SequenceMap
from inverse_tracr.rasp.values import Value


@dataclass(frozen=True)
class Facts:
    """Of the canonical form; `vocabulary` is strings, numbers, bools or mixed."""

    length: int
    operations: tuple[str, ...]
    vocabulary: str
    numerical: bool
    numerical_output: bool
    causal: bool
    tables: bool


@lru_cache(maxsize=10_000)
def facts_of(text: str) -> Facts:
    """The facts of a program given as text with its signature; raises what the parser raises."""
    program, signature = read(text)
    form = canonical(program, signature)
    encodings = [form.encoding(position) for position in range(len(form))]
    return Facts(
        length=len(form),
        operations=tuple(sorted({operation_name(line) for line in form.lines})),
        vocabulary=_vocabulary(signature.vocab),
        numerical=Encoding.NUMERICAL in encodings,
        numerical_output=form.encoding(form.output) is Encoding.NUMERICAL,
        causal=signature.causal,
        tables=any(_is_table(line) for line in form.lines),
    )


def read(text: str) -> tuple[Program, Signature]:
    """Program and signature of a text; raises BadInputError where there is no signature."""
    source = parse_source(text)
    if source.signature is None:
        raise BadInputError("a program has no signature", where=text[:100])
    return source.program, source.signature


def _vocabulary(vocab: tuple[Value, ...]) -> str:
    kinds = {_kind(value) for value in vocab}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _kind(value: Value) -> str:
    match value:
        case bool():
            return "bools"
        case int() | float():
            return "numbers"
        case str():
            return "strings"
        case _:
            return "tuples"


def _is_table(line: Line) -> bool:
    match line:
        case Map() | SequenceMap():
            return isinstance(line.function, UnaryTable | BinaryTable)
        case Select():
            return isinstance(line.predicate, PredicateTable)
        case _:
            return False
