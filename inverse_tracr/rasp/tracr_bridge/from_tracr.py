"""From an s-op of `tracr.rasp` to the program that it is, its functions tabulated and named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from inverse_tracr.errors import BadInputError, CapExceededError
from inverse_tracr.rasp.functions import BinaryFunction, Comparison, NamedPredicate, Predicate, UnaryFunction
from inverse_tracr.rasp.naming import name_binary, name_predicate, name_unary
from inverse_tracr.rasp.program import (
    INDICES,
    TOKENS,
    Aggregate,
    Encoding,
    Line,
    LinearSequenceMap,
    Map,
    Program,
    ProgramError,
    Ref,
    Select,
    SelectorWidth,
    SequenceMap,
)
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tracr_bridge.names import LineNames
from inverse_tracr.rasp.value_sets import GrowingValueSets
from inverse_tracr.rasp.values import Maybe, Value, check_value, ordered

if TYPE_CHECKING:
    from tracr.rasp import rasp


class UnsupportedExpressionError(BadInputError):
    """An expression of `tracr.rasp` that Tracr cannot compile."""

    def __init__(self, expression: rasp.RASPExpr, reason: str) -> None:
        super().__init__(reason, where=f"{type(expression).__name__} {expression.label!r}")


def from_tracr(
    sop: rasp.SOp, vocab: Iterable[Value], max_seq_len: int, causal: bool = False, *, keep_names: bool = True
) -> Program:
    """The program that `sop` computes for inputs of the given vocabulary (without BOS) and length.

    Functions are tabulated over the values that Tracr infers for their operands, and over all means k/n where
    Tracr knows v/n only; they become named functions where one has the same table. Each expression object
    becomes one line, named after it unless its name is Tracr's default.

    Raises UnsupportedExpressionError, naming the expression, for what Tracr cannot compile, and
    CapExceededError where a value set explodes.
    """
    converter = _Converter(Signature(tuple(vocab), max_seq_len, causal), keep_names)
    for expression in _post_order(sop):
        converter.add(expression)
    return converter.program(sop)


def _post_order(sop: rasp.SOp) -> list[rasp.RASPExpr]:
    """Every expression that `sop` depends on, operands first, each object once."""
    done: dict[int, rasp.RASPExpr] = {}
    waiting: list[tuple[rasp.RASPExpr, bool]] = [(sop, False)]
    while waiting:
        expression, ready = waiting.pop()
        if id(expression) in done:
            continue
        if ready:
            done[id(expression)] = expression
            continue
        waiting.append((expression, True))
        waiting += [(child, False) for child in reversed(expression.children)]
    return list(done.values())


class _Converter:
    """The program written so far, the values of its lines, and the reference of every expression."""

    def __init__(self, signature: Signature, keep_names: bool) -> None:
        self._lines: list[Line] = []
        self._names = LineNames(keep_names)
        self._refs: dict[int, Ref] = {}
        self._sets = GrowingValueSets(signature)
        self._exact: GrowingValueSets | None = GrowingValueSets(signature, exact_means=True)

    def program(self, sop: rasp.SOp) -> Program:
        from tracr.rasp import rasp

        ref = self._refs[id(sop)]
        if ref < 0:
            raise UnsupportedExpressionError(sop, "a program computes something: it cannot return an input")
        if isinstance(sop, rasp.Selector):
            raise UnsupportedExpressionError(sop, "a program returns an s-op, not a selector")
        return Program(tuple(self._lines), ref, self._names.taken)

    def add(self, expression: rasp.RASPExpr) -> None:
        from tracr.rasp import rasp

        if isinstance(expression, rasp.TokensType | rasp.IndicesType):
            if rasp.is_numerical(expression):
                raise UnsupportedExpressionError(expression, "the inputs are categorical, not numerical")
            self._refs[id(expression)] = TOKENS if isinstance(expression, rasp.TokensType) else INDICES
            return
        line = self._line(expression)
        self._infer(line, expression)
        self._refs[id(expression)] = len(self._lines)
        self._lines.append(line)
        self._names.add(expression)

    def _infer(self, line: Line, expression: rasp.RASPExpr) -> None:
        """Values as Tracr infers them, and with all means k/n as long as these can be inferred too."""
        try:
            self._sets.append(line, "_")
        except ProgramError as error:
            reason = error.problem.partition(": ")[2]  # behind the line, which the reader does not know
            raise UnsupportedExpressionError(expression, reason) from None
        try:
            if self._exact is not None:
                self._exact.append(line, "_")
        except (ProgramError, CapExceededError):
            self._exact = None

    def _values(self, ref: Ref) -> tuple[Value, ...]:
        return self._sets[ref] if self._exact is None else ordered((*self._sets[ref], *self._exact[ref]))

    def _ref(self, expression: rasp.RASPExpr) -> Ref:
        return self._refs[id(expression)]

    def _line(self, expression: rasp.RASPExpr) -> Line:
        from tracr.rasp import rasp

        _check(expression)
        match expression:
            case rasp.Map():
                function = self._unary(expression)
                return Map(self._ref(expression.inner), function, _encoding(expression))
            case rasp.LinearSequenceMap():
                first, second = self._ref(expression.fst), self._ref(expression.snd)
                return LinearSequenceMap(first, second, *_factors(expression))
            case rasp.SequenceMap():
                first, second = self._ref(expression.fst), self._ref(expression.snd)
                return SequenceMap(first, second, self._binary(expression))
            case rasp.Select():
                keys, queries = self._ref(expression.keys), self._ref(expression.queries)
                return Select(keys, queries, self._predicate(expression))
            case rasp.Aggregate():
                return Aggregate(self._ref(expression.selector), self._ref(expression.sop))
            case rasp.SelectorWidth():
                return SelectorWidth(self._ref(expression.selector), _encoding(expression))
            case _:
                raise UnsupportedExpressionError(expression, "Tracr cannot compile this kind of expression")

    def _unary(self, expression: rasp.Map) -> UnaryFunction:
        xs = self._values(self._ref(expression.inner))
        return name_unary(xs, tuple(_call(expression, expression.f, x) for x in xs))

    def _binary(self, expression: rasp.SequenceMap) -> BinaryFunction:
        xs, ys = self._values(self._ref(expression.fst)), self._values(self._ref(expression.snd))
        return name_binary(xs, ys, tuple(_call(expression, expression.f, x, y) for x in xs for y in ys))

    def _predicate(self, expression: rasp.Select) -> Predicate:
        from tracr.rasp import rasp

        keys = self._values(self._ref(expression.keys))
        queries = self._values(self._ref(expression.queries))
        rows = tuple(tuple(_selects(expression, key, query) for key in keys) for query in queries)
        if isinstance(expression.predicate, rasp.Comparison):
            return NamedPredicate(Comparison(expression.predicate.value))
        return name_predicate(keys, queries, rows)


def _call(expression: rasp.RASPExpr, function: Callable[..., object], *arguments: Value) -> Maybe:
    """The function's value; None where it has none: Tracr forgives arithmetic errors, and no others."""
    try:
        result = function(*arguments)
    except ArithmeticError:
        return None
    except Exception as error:
        raise UnsupportedExpressionError(
            expression, f"its function raises {type(error).__name__} at {_shown(arguments)}: {error}"
        ) from error
    try:
        return None if result is None else check_value(_plain(result))
    except (TypeError, ValueError) as error:
        raise UnsupportedExpressionError(
            expression, f"the result of its function at {_shown(arguments)} is no value: {error}"
        ) from None


def _selects(expression: rasp.Select, key: Value, query: Value) -> bool:
    predicate = cast("Callable[[Value, Value], object]", expression.predicate)
    try:
        return bool(predicate(key, query))
    except Exception as error:
        raise UnsupportedExpressionError(
            expression, f"its predicate raises {type(error).__name__} at {_shown((key, query))}: {error}"
        ) from error


def _plain(result: object) -> object:
    """Scalars of numpy and the like as Python's own."""
    item = getattr(result, "item", None)
    return item() if callable(item) else result


def _shown(arguments: tuple[Value, ...]) -> str:
    return ", ".join(repr(a) for a in arguments)


def _encoding(expression: rasp.SOp) -> Encoding:
    from tracr.rasp import rasp

    return Encoding.NUMERICAL if rasp.is_numerical(expression) else Encoding.CATEGORICAL


def _factors(expression: rasp.LinearSequenceMap) -> tuple[int | float, int | float]:
    factors: list[Any] = []
    for factor in (_plain(expression.fst_fac), _plain(expression.snd_fac)):
        if not isinstance(factor, int | float):
            raise UnsupportedExpressionError(expression, f"expected a number as factor, got {factor!r}")
        factors.append(factor)
    return factors[0], factors[1]


def _check(expression: rasp.RASPExpr) -> None:
    """Refuse, in words of the expression, the encodings and defaults that Tracr's compiler refuses."""
    from tracr.rasp import rasp

    match expression:
        case rasp.LinearSequenceMap():
            parts = (expression.fst, expression.snd, expression)
            if not all(rasp.is_numerical(part) for part in parts):
                raise UnsupportedExpressionError(expression, "operands and result must be numerical")
        case rasp.SequenceMap():
            parts = (expression.fst, expression.snd, expression)
            if not all(rasp.is_categorical(part) for part in parts):
                raise UnsupportedExpressionError(expression, "operands and result must be categorical")
        case rasp.Select():
            if not (rasp.is_categorical(expression.keys) and rasp.is_categorical(expression.queries)):
                raise UnsupportedExpressionError(expression, "keys and queries must be categorical")
        case rasp.Aggregate():
            _check_aggregate(expression)
        case _:
            return


def _check_aggregate(expression: rasp.Aggregate[Any]) -> None:
    from tracr.rasp import rasp

    if rasp.get_encoding(expression) != rasp.get_encoding(expression.sop):
        raise UnsupportedExpressionError(expression, "its encoding must be that of its values")
    if rasp.is_categorical(expression) and expression.default is not None:
        raise UnsupportedExpressionError(
            expression, f"the default of a categorical aggregate must be None, got {expression.default!r}"
        )
    if rasp.is_numerical(expression) and expression.default != 0:
        raise UnsupportedExpressionError(
            expression, f"the default of a numerical aggregate must be 0, got {expression.default!r}"
        )
