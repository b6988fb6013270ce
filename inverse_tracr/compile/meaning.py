"""What a fused map means: the functions that were fused, as the interpreter applies one after the other."""

from __future__ import annotations

from inverse_tracr.rasp.functions import UnaryFunction, UnaryTable
from inverse_tracr.rasp.fusion import Built
from inverse_tracr.rasp.program import Encoding, Map
from inverse_tracr.rasp.values import Maybe, Value, as_number, is_number

Step = tuple[UnaryFunction, Encoding]
"""One of the maps that were fused into one."""


def steps_of(built: Built, position: int) -> tuple[Step, ...]:
    """The maps that were fused into the one at `position`, the last of them first."""
    lines = [built.source.lines[source] for source in built.chains[position]]
    return tuple((line.function, line.encoding) for line in lines if isinstance(line, Map))


def at_value(steps: tuple[Step, ...], value: Value) -> Maybe:
    """What a fused map means for a value of a categorical s-op."""
    return _through(steps, value, is_number_read=False)


def at_number(steps: tuple[Step, ...], number: float) -> Maybe:
    """What a fused map means for a number of a numerical s-op."""
    return _through(steps, number, is_number_read=True)


def _through(steps: tuple[Step, ...], value: Maybe, *, is_number_read: bool) -> Maybe:
    for function, encoding in reversed(steps):
        if value is None:
            return None
        if is_number_read and isinstance(function, UnaryTable):
            value = function.nearest(as_number(value))
        else:
            value = function(value)
        is_number_read = False  # what one map hands to the next is exact
        if encoding is Encoding.NUMERICAL:
            value = float(value) if is_number(value) else None
    return value
