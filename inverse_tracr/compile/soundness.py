"""Whether a compiled model and the interpreter agree on every input, and if not, why.

Static bounds come first, and settle most sound programs. What they leave in doubt is settled by comparing the
interpreter with the shadow of the weights, first on a few inputs, then on all inputs of a comparison. No
model is made and none is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile.doubts import Doubt, doubts
from inverse_tracr.compile.faults import Fault
from inverse_tracr.compile.mode import Mode
from inverse_tracr.compile.plan import Plan, plan
from inverse_tracr.compile.shadow import Shadow
from inverse_tracr.model.encoders import NAMES_NO_VALUE
from inverse_tracr.rasp.inputs import EXHAUSTIVE_LIMIT, SAMPLES, InputSet, comparison_inputs
from inverse_tracr.rasp.interpreter import Categorical, Numerical, Trace
from inverse_tracr.rasp.program import Program, Ref, Select, operands
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value

Batch = NDArray[np.int64]
Mask = NDArray[np.bool_]

NUMBERS_AGREE = 5e-5
"""Largest difference of numbers, relative plus absolute: half of what models are allowed, which round."""
MARGIN = 1e-3
"""How clearly a value must be named, so that the model's own rounding cannot name another."""
DEPARTS = 1e-3
"""How far a line's vector or number must be off to be where things go wrong."""

_FIRST_LOOK = 32
_CHUNK = 1_024
_SHOWN = 64


def soundness(
    program: Program,
    signature: Signature,
    mode: Mode = Mode.TRACR,
    *,
    limit: int = EXHAUSTIVE_LIMIT,
    samples: int = SAMPLES,
) -> tuple[Fault, ...]:
    """Why the compiled model of `program` and the interpreter part; `()` when they agree on every input.

    Doubts are settled on the inputs of `comparison_inputs`, which `limit` and `samples` are passed to: up to
    `limit` these are all that there are. Raises what `plan` raises for programs that cannot be compiled.
    """
    return plan_soundness(plan(program, signature, mode=mode), limit=limit, samples=samples)


def plan_soundness(
    layout: Plan, *, limit: int = EXHAUSTIVE_LIMIT, samples: int = SAMPLES
) -> tuple[Fault, ...]:
    """`soundness` of a program that is planned already."""
    suspected = doubts(layout)
    if not suspected:
        return ()
    signature = layout.signature
    for inputs in _batches(len(signature.vocab), signature.max_seq_len, limit, samples):
        wrong = disagreements(layout, inputs)
        if wrong.any():
            return _borne_out(layout, suspected, inputs[wrong][:_SHOWN])
    return ()


def disagreements(layout: Plan, inputs: Batch) -> Mask:
    """Which inputs model and interpreter part on, as far as the shadow of the weights can say."""
    shadow = Shadow(layout, inputs).output
    meant = Trace(layout.built.source, layout.signature, inputs).output
    if isinstance(meant, Numerical):
        return _numbers_differ(shadow[..., 0], meant)
    return _values_differ(shadow, meant, layout.values[layout.program.output])


def _numbers_differ(shadow: NDArray[np.float32], meant: Numerical) -> Mask:
    apart = np.abs(shadow - meant.numbers)
    return np.any(~(apart <= NUMBERS_AGREE * (1 + np.abs(meant.numbers))), axis=1)


def _values_differ(shadow: NDArray[np.float32], meant: Categorical, values: tuple[Value, ...]) -> Mask:
    place = {value: i for i, value in enumerate(values)}
    column = np.array([*(place.get(value, -2) for value in meant.values), -1])[meant.index]
    largest = np.abs(shadow).max(axis=2)
    own = np.take_along_axis(shadow, np.maximum(column, 0)[..., None], axis=2)[..., 0]
    others = shadow.copy()
    np.put_along_axis(others, np.maximum(column, 0)[..., None], -np.inf, axis=2)
    half = largest == NAMES_NO_VALUE  # an equal share of two positions, which float32 computes exactly
    named = (largest >= NAMES_NO_VALUE + MARGIN) | half
    named &= own >= others.max(axis=2) + MARGIN
    none = largest <= NAMES_NO_VALUE - MARGIN
    return np.any(~np.where(column >= 0, named, (column == -1) & none), axis=1)


def _batches(tokens: int, longest: int, limit: int, samples: int) -> Iterator[Batch]:
    """A few inputs of the greatest length, then all; in pieces that fit into memory."""
    inputs = _inputs(tokens, longest, limit, samples)
    last = inputs.batches[-1]
    if len(inputs) > 2 * _FIRST_LOOK:
        random = np.random.default_rng([tokens, longest])
        yield last[random.integers(len(last), size=_FIRST_LOOK)]
    for batch in reversed(inputs.batches):
        for start in range(0, len(batch), _CHUNK):
            yield batch[start : start + _CHUNK]


@lru_cache(maxsize=64)
def _inputs(tokens: int, longest: int, limit: int, samples: int) -> InputSet:
    return comparison_inputs(Signature(tuple(range(tokens)), longest), limit=limit, samples=samples)


def _borne_out(layout: Plan, suspected: tuple[Doubt, ...], inputs: Batch) -> tuple[Fault, ...]:
    """The doubts about the lines where things first go wrong on `inputs`; all where that is not clear."""
    departing = _departing(layout, inputs)
    first = {
        position
        for position in departing
        if not any(ref in departing for ref in _reads(layout.program, position))
    }
    found = [doubt for doubt in suspected if doubt.shows_at in first]
    names, origin = layout.program.names, layout.built.origin
    chosen = dict.fromkeys((doubt.kind, doubt.line) for doubt in found or suspected)
    return tuple(Fault(kind, origin[line], names[line]) for kind, line in chosen)


def _reads(program: Program, position: int) -> list[Ref]:
    """S-ops that a line reads, those of its select among them."""
    refs: list[Ref] = []
    for ref in operands(program.lines[position]):
        line = program.lines[ref] if ref >= 0 else None
        refs += operands(line) if isinstance(line, Select) else [ref]
    return refs


def _departing(layout: Plan, inputs: Batch) -> set[Ref]:
    """Lines whose place in the residual stream is not what the interpreter says."""
    shadow, trace = Shadow(layout, inputs), Trace(layout.program, layout.signature, inputs)
    departing: set[Ref] = set()
    for position, line in enumerate(layout.program.lines):
        if isinstance(line, Select):
            continue
        held, meant = shadow.held(position)[:, 1:], trace.column(position)
        if isinstance(meant, Numerical):
            off = np.abs(held[..., 0] - np.nan_to_num(meant.numbers))
        else:
            off = np.abs(held - _one_hot(meant, layout.values[position])).sum(axis=2)
        if (off > DEPARTS).any():
            departing.add(position)
    return departing


def _one_hot(meant: Categorical, values: tuple[Value, ...]) -> NDArray[np.float32]:
    place = {value: i for i, value in enumerate(values)}
    rows = np.eye(len(values) + 1, dtype=np.float32)[:, :-1]  # the last row is that of no value
    column = np.array([*(place.get(value, -1) for value in meant.values), -1])
    return rows[column[meant.index]]
