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


_EMPTIED: list[Callable[[], None]] = []


def empty_caches() -> None:
    """Forget everything, as benchmarks need it that time what is new."""
    for empty in _EMPTIED:
        empty()


def cached(*, maxsize: int) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """`functools.lru_cache` for results that are the same for equal arguments of any type."""

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        kept = lru_cache(maxsize=maxsize)(function)
        _EMPTIED.append(kept.cache_clear)
        return cast("Callable[Arguments, Result]", kept)

    return decorate


def types_of(value: object) -> Hashable:
    """What tells a value from equal ones of other types; None where there are no others.

    That is the type of a bool or a number with a point; of a tuple what its members have, once where they are
    all such; of a function what the values that it names have: it says so in its attribute `value_types`.
    """
    kind = type(value)
    if kind in _ALONE:
        return None
    if kind is not tuple:
        return getattr(value, "value_types", kind)
    # To call `cast`, which would tell the type checker, is a tenth of the time that this takes.
    members: tuple[object, ...] = value  # pyright: ignore[reportAssignmentType]
    kinds = set(map(type, members))
    if kinds <= _ALONE:
        return None
    if len(kinds) == 1 and kinds <= _PLAIN:
        return kinds.pop()
    return tuple(map(types_of, members))


_ALONE = frozenset({int, str, bytes, type(None)})
_PLAIN = frozenset({bool, float})


def cached_by_type(*, maxsize: int) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """`functools.lru_cache` for arguments that also differ by the types of the values in them."""

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @lru_cache(maxsize=maxsize)
        def cached(_types: Hashable, *args: Any, **options: Any) -> Result:
            return function(*args, **options)

        _EMPTIED.append(cached.cache_clear)

        @wraps(function)
        def called(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
            types = tuple(map(types_of, args))
            return cached((types, *map(types_of, options.values())) if options else types, *args, **options)

        return called

    return decorate
