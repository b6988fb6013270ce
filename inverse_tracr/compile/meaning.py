"""What a fused map means: the functions that were fused, as the interpreter applies one after the other."""

from __future__ import annotations

from inverse_tracr.rasp.functions import UnaryTable
from inverse_tracr.rasp.fusion import Built
from inverse_tracr.rasp.program import Encoding, Map
from inverse_tracr.rasp.values import Maybe, Value, as_number, is_number


def at_value(built: Built, position: int, value: Value) -> Maybe:
    """What the map at `position` of the fused program means for a value of a categorical s-op."""
    return _through(built, position, value, is_number_read=False)


def at_number(built: Built, position: int, number: float) -> Maybe:
    """What the map at `position` of the fused program means for a number of a numerical s-op."""
    return _through(built, position, number, is_number_read=True)


def _through(built: Built, position: int, value: Maybe, *, is_number_read: bool) -> Maybe:
    for source in reversed(built.chains[position]):
        line = built.source.lines[source]
        assert isinstance(line, Map)
        if value is None:
            return None
        if is_number_read and isinstance(line.function, UnaryTable):
            value = line.function.nearest(as_number(value))
        else:
            value = line.function(value)
        is_number_read = False  # what one map hands to the next is exact
        if line.encoding is Encoding.NUMERICAL:
            value = float(value) if is_number(value) else None
    return value
