"""Functions that generated Python source carries along where it needs them, by name."""

from __future__ import annotations

from inverse_tracr.rasp.functions import MAX_NUMBER, MAX_TEXT

_TOTAL = f'''def total(function):
    """`function`, with None where it has no value: no argument, an error, a result out of bounds."""

    def wrapped(*arguments):
        if any(a is None for a in arguments):
            return None
        try:
            result = function(*arguments)
        except (ArithmeticError, TypeError, ValueError):
            return None
        if isinstance(result, (int, float)) and not isinstance(result, bool):
            return result if abs(result) <= {MAX_NUMBER!r} else None
        if isinstance(result, (str, tuple)):
            return result if len(str(result)) <= {MAX_TEXT} else None
        return result

    return wrapped'''

_NUMBERS = '''def numbers(function):
    """`function`, with None where an argument is no number or the result has no value."""
    inner = total(function)

    def wrapped(*arguments):
        return inner(*arguments) if all(isinstance(a, (bool, int, float)) for a in arguments) else None

    return wrapped'''

_SELECTS = '''def selects(predicate):
    """`predicate`, False for None and where Python cannot compare."""

    def wrapped(k, q):
        if k is None or q is None:
            return False
        try:
            return bool(predicate(k, q))
        except TypeError:
            return False

    return wrapped'''

_NEAREST = '''def nearest(table, default, inside):
    """Entries of `table`; for a number that is not in the value set `inside`, that of the nearest key."""
    keys = [k for k, value in table.items() if isinstance(k, (bool, int, float)) and value is not None]

    def wrapped(x):
        if x is None or x in inside or default is not None or not keys:
            return None if x is None else table.get(x, default)
        return table[min(keys, key=lambda key: (abs(key - x), -key))]

    return wrapped'''

HELPERS = {"total": _TOTAL, "numbers": _NUMBERS, "selects": _SELECTS, "nearest": _NEAREST}
"""Source of each helper; a helper calls only earlier ones."""
