"""Values that s-ops take: how they compare, sort, print and travel through JSON.

Values are compared as Python and Tracr compare them, so `True`, `1` and `1.0` are one value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard, cast

MAX_DEPTH = 20
MAX_DIGITS = 60
_MAX_INTEGER = 10 ** (MAX_DIGITS - 1)

_NUMBERS = (int, float)
"""A bool is an int. To ask for a union takes several times as long, and this is asked often."""

type_names = "bool, int, float, str or a tuple of these"

if TYPE_CHECKING:
    Value = bool | int | float | str | tuple["Value", ...]
else:
    Value = bool | int | float | str | tuple  # the checks of tests cannot follow a recursive type
"""A value of an s-op. A position without a value is `None`, which is never a `Value`."""

Maybe = Value | None


def check_value(value: object, depth: int = 0) -> Value:
    """Return `value` if it is one of the language's values; raise TypeError or ValueError if not.

    Bounds that the text form keeps too: whole numbers below 10^59 in size, tuples nested `MAX_DEPTH` deep.
    """
    # Most values are of these types, and they are checked by the thousand.
    if type(value) is bool or (type(value) is int and -_MAX_INTEGER < value < _MAX_INTEGER):
        return value
    if isinstance(value, tuple):
        if depth >= MAX_DEPTH:
            raise ValueError(f"expected tuples nested at most {MAX_DEPTH} deep")
        for item in cast("tuple[object, ...]", value):
            check_value(item, depth + 1)
        return cast("Value", value)
    if not isinstance(value, bool | int | float | str):
        raise TypeError(f"expected a value ({type_names}), got {type(value).__name__}: {value!r}")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value!r}")
    elif isinstance(value, int) and abs(value) >= _MAX_INTEGER:
        raise ValueError(f"expected a whole number of at most {MAX_DIGITS - 1} digits")
    return value


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"expected text that UTF-8 can write, got {text!r}") from None


def is_number(value: object) -> TypeGuard[bool | int | float]:
    """Whether `value` is a bool, int or float."""
    return isinstance(value, _NUMBERS)


def as_number(value: Maybe) -> float:
    """A value that is known to be a number, as a float; raises TypeError for any other."""
    if not is_number(value):
        raise TypeError(f"expected a number, got {value!r}")
    return float(value)


def numbers_of(values: Iterable[Value]) -> list[int | float]:
    """Values that are known to be numbers, with their own types."""
    return [value for value in values if is_number(value)]


def ordered(values: Iterable[Value]) -> tuple[Value, ...]:
    """Distinct values in Tracr's order: by value where Python can compare them, else by their text."""
    distinct: list[Any] = list(dict.fromkeys(values))  # all numbers or all texts: Python compares them
    if all(is_number(v) for v in distinct) or all(isinstance(v, str) for v in distinct):
        return tuple(sorted(distinct))
    return tuple(sorted(distinct, key=_TracrOrder))


class _TracrOrder:
    """Sort key with the comparison of `tracr.craft.bases.BasisDirection`."""

    def __init__(self, value: Value) -> None:
        self.value: Any = value  # of two values that Python does not compare the texts are compared

    def __lt__(self, other: _TracrOrder) -> bool:
        try:
            return self.value < other.value
        except TypeError:
            return str(self.value) < str(other.value)


def value_text(value: Maybe) -> str:
    """The literal of the text form: `True`, `3`, `0.5`, `"a"`, `(1, "b")`, `None`."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        inner = ", ".join(value_text(v) for v in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def to_json(value: Maybe) -> object:
    """JSON form of a value: tuples become `{"tuple": [...]}`, everything else is itself."""
    if isinstance(value, tuple):
        return {"tuple": [to_json(v) for v in value]}
    return value


def from_json(data: object) -> Maybe:
    """Inverse of `to_json`; raises TypeError or ValueError for anything else."""
    if data is None:
        return None
    if isinstance(data, dict):
        mapping = cast("dict[str, object]", data)
        items = mapping.get("tuple")
        if len(mapping) != 1 or not isinstance(items, list):
            raise TypeError(f'expected {{"tuple": [...]}}, got {mapping!r}')
        return tuple(cast("Value", from_json(item)) for item in cast("list[object]", items))
    return check_value(data)


def values_from_json(data: object) -> tuple[Value, ...]:
    """A sequence of values from its JSON list."""
    if not isinstance(data, list):
        raise TypeError(f"expected a list of values, got {type(data).__name__}")
    return tuple(check_value(from_json(item)) for item in cast("list[object]", data))


def values_to_json(values: Sequence[Value]) -> list[object]:
    """JSON list of a sequence of values."""
    return [to_json(v) for v in values]
