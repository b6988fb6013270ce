"""What comes of a selection: a width, a value moved, a mean; by how well it explains what a head writes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile.search.columns import Column, Truth, numerical_column
from inverse_tracr.decompile.search.observe import Floats
from inverse_tracr.decompile.search.selectors import (
    PredicateFit,
)
from inverse_tracr.rasp.program import Aggregate, Line, Ref, Select, SelectorWidth

SILENT = 0.01
"""A head whose outputs spread less than this share of the embedding scale does nothing."""


@dataclass(frozen=True)
class HeadReading:
    """Lines for one head: a select and its consumer; `explained` is the share of variance that they explain.

    `weights` are the numbers that the values of `moved` stand for where their mean is taken, `grouping` the
    class of each value where a function of `moved` is moved.
    """

    fit: PredicateFit
    consumer: Line
    column: Column
    moved: Column | None
    explained: float
    cost: float
    weights: tuple[float, ...] | None = None
    grouping: tuple[int, ...] | None = None


def spread(rows: Floats) -> float:
    """Root mean square distance of rows from their mean."""
    return float(np.sqrt(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean())) if len(rows) else 0.0


def variance_explained(rows: Floats, labels: NDArray[np.int64]) -> float:
    """Share of the variance of rows [positions, dims] that lies between classes."""
    centred = rows - rows.mean(axis=0)
    total = float((centred**2).sum())
    if total <= 0:
        return 1.0
    size = int(labels.max()) + 2
    counts = np.bincount(labels + 1, minlength=size)
    sums = np.stack([np.bincount(labels + 1, weights=c, minlength=size) for c in centred.T], axis=1)
    return float((sums**2 / np.maximum(counts, 1)[:, None]).sum()) / total


def linear_explained(rows: Floats, numbers: NDArray[np.float64]) -> float:
    """Share of the variance of rows that a linear function of one number explains."""
    centred = rows - rows.mean(axis=0)
    total = float((centred**2).sum())
    x = numbers - numbers.mean()
    power = float((x**2).sum())
    if total <= 0 or power <= 0:
        return 0.0
    return float(((x @ centred) ** 2).sum()) / power / total


def _width(fit: PredicateFit, chosen: Truth, mask: Truth, ref: Ref) -> HeadReading:
    widths = np.where(mask, chosen.sum(axis=2), -1)
    column = Column(ref + 1, widths, tuple(range(mask.shape[1] + 1)))
    return HeadReading(fit, SelectorWidth(ref), column, None, 1.0, 1 + fit.cost)


def width_reading(fit: PredicateFit, chosen: Truth, mask: Truth, rows: Floats, ref: Ref) -> HeadReading:
    """The number of chosen keys, by how well it explains what a head writes."""
    reading = _width(fit, chosen, mask, ref)
    explained = variance_explained(rows, reading.column.labels[mask])
    return replace(reading, explained=explained, cost=reading.cost + 20 * (1 - explained))


def moved_labels(labels: NDArray[np.int64], chosen: Truth) -> NDArray[np.int64] | None:
    """The one label among the chosen positions (-1 for none); None where somewhere several are mixed."""
    valued = chosen & (labels >= 0)[:, None, :]
    low = np.where(valued, labels[:, None, :], np.iinfo(np.int64).max).min(axis=2)
    high = np.where(valued, labels[:, None, :], -1).max(axis=2)
    if ((low < high) & (high >= 0)).any():
        return None
    return high


def mean_numbers(numbers: NDArray[np.float64], chosen: Truth) -> NDArray[np.float64]:
    """Mean over the chosen positions, 0 where there are none."""
    sums = np.einsum("nqk,nk->nq", chosen, numbers)
    return sums / np.maximum(chosen.sum(axis=2), 1)


def moves(
    fit: PredicateFit,
    chosen: Truth,
    columns: list[Column],
    mask: Truth,
    rows: Floats,
    ref: Ref,
    *,
    least: float = 0.5,
) -> list[HeadReading]:
    """What a head moves or averages, by how well that explains what it writes."""
    found: list[HeadReading] = []
    for values in columns:
        if values.numbers is not None:
            means = np.where(mask, mean_numbers(values.numbers, chosen), 0.0)
            reading = _mean(fit, means, values, None, mask, rows, ref)
            found.append(reading)
            continue
        known = moved_classes(values, chosen, mask, rows)
        if known is None:
            continue
        classes, zero = known
        labels = moved_labels(classes[values.labels], chosen)
        unseen = zero is not None and classes.max() == 1 and bool((mask & ~np.any(chosen, axis=2)).any())
        if labels is not None and not unseen:
            found.append(_move(fit, np.where(mask, labels, -1), values, classes, mask, rows, ref))
        elif classes.max() == 1:
            one = 1 if zero is None else 1 - zero
            weights = tuple(float(c == one) for c in classes[:-1])
            numbers = np.array([*weights, 0.0])[values.labels]
            means = np.where(mask, mean_numbers(numbers, chosen), 0.0)
            found.append(_mean(fit, means, values, weights, mask, rows, ref))
    return [reading for reading in sorted(found, key=lambda r: r.cost)[:3] if reading.explained > least]


def _move(
    fit: PredicateFit,
    labels: NDArray[np.int64],
    values: Column,
    classes: NDArray[np.int64],
    mask: Truth,
    rows: Floats,
    ref: Ref,
) -> HeadReading:
    """One value moved, or the class of one value where several values go to one place."""
    explained = variance_explained(rows, labels[mask])
    count = int(classes.max()) + 1
    known = classes[:-1]
    plain = count == len(known) and bool((known >= 0).all())
    cost = 1 + fit.cost + 0.02 * len(known) + 20 * (1 - explained)
    if plain:
        back = np.array([*np.argsort(known), -1])
        column = Column(ref + 1, back[labels], values.values)
        return HeadReading(fit, Aggregate(ref, values.ref), column, values, explained, cost)
    column = Column(ref + 1, labels, tuple(range(count)))
    grouping = tuple(int(c) for c in known)
    cost += 0.3 + 0.02 * len(known)
    return HeadReading(fit, Aggregate(ref, values.ref), column, values, explained, cost, None, grouping)


def _mean(
    fit: PredicateFit,
    means: NDArray[np.float64],
    values: Column,
    weights: tuple[float, ...] | None,
    mask: Truth,
    rows: Floats,
    ref: Ref,
) -> HeadReading:
    """The mean of a number, or of the 0s and 1s that the values of a categorical column stand for."""
    explained = linear_explained(rows, means[mask])
    cost = 1.5 + fit.cost + 0.03 * len(values.values) + 20 * (1 - explained)
    column = numerical_column(ref + 1, means, mask)
    return HeadReading(fit, Aggregate(ref, values.ref), column, values, explained, cost, weights)


_MOST_VALUES = 24
"""Values of a column that a head may move."""
_SAME_CLASS = 0.35
"""Values whose coefficients lie closer than this share of the largest distance go to one place."""


def moved_classes(
    values: Column, chosen: Truth, mask: Truth, rows: Floats
) -> tuple[NDArray[np.int64], int | None] | None:
    """Which values of a column a head writes alike: a class for each value, and -1 for no value at the end.

    What the head writes is regressed on the share of each value among the chosen positions; values with
    like coefficients are of one class. Also the class that adds nothing to what is written where nothing
    is chosen, if there is one. None where no value is ever chosen.
    """
    count = len(values.values)
    if count > _MOST_VALUES:
        return None
    shares = np.stack(
        [mean_numbers((values.labels == label).astype(np.float64), chosen)[mask] for label in range(count)],
        axis=1,
    )
    present = np.nonzero(shares.any(axis=0))[0]
    if len(present) == 0:
        return None
    design = np.concatenate([shares[:, present], np.ones((len(shares), 1))], axis=1)
    gram, wanted = design.T @ design, design.T @ rows.astype(np.float64)
    coefficients = (np.linalg.pinv(gram, rcond=1e-9, hermitian=True) @ wanted)[:-1]
    gaps = np.linalg.norm(coefficients[:, None] - coefficients[None, :], axis=2)
    largest = max(float(gaps.max()), float(np.linalg.norm(coefficients, axis=1).max()))
    classes = np.full(count + 1, -1)
    number = 0
    for position, value in enumerate(present.tolist()):
        near = [other for other in range(position) if gaps[position, other] <= _SAME_CLASS * largest]
        if near:
            classes[value] = classes[present[near[int(np.argmin(gaps[position, near]))]]]
        else:
            classes[value] = number
            number += 1
    sizes = np.linalg.norm(coefficients, axis=1)
    least = int(np.argmin(sizes))
    zero = int(classes[present[least]]) if sizes[least] <= _SAME_CLASS * largest else None
    return classes, zero


def select_line(fit: PredicateFit) -> Select:
    """The select of a fit."""
    return Select(fit.keys.ref, fit.queries.ref, fit.predicate)
