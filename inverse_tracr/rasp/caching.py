"""Caches that tell `True`, `1` and `1.0` apart.

Python and the language take them for one value, but they print differently, and so does what is computed of
them: with a plain cache the text of a program would depend on the programs seen before it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar, cast

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def types_of(value: object) -> Hashable:
    """The type of a value; of a tuple those of its members; of a function those of the values it names.

    A function that names values says so in its attribute `value_types`.
    """
    kind = type(value)
    if kind is tuple:
        members = cast("tuple[object, ...]", value)
        kinds = tuple(map(type, members))
        return tuple(map(types_of, members)) if tuple in kinds else kinds
    return kind if kind in _PLAIN else getattr(value, "value_types", kind)


_PLAIN = frozenset({bool, int, float, str, type(None)})


def cached_by_type(*, maxsize: int) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """`functools.lru_cache` for arguments that also differ by the types of the values in them."""

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @lru_cache(maxsize=maxsize)
        def cached(_types: Hashable, *args: Any, **options: Any) -> Result:
            return function(*args, **options)

        @wraps(function)
        def called(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
            return cached((*map(types_of, args), *map(types_of, options.values())), *args, **options)

        return called

    return decorate
