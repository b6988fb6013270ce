"""What an MLP answers where values meet that never do on inputs: streams put together of what lines write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.metamodel.candidates import binary_functions, unary_functions
from inverse_tracr.metamodel.columns import Column, occurring
from inverse_tracr.metamodel.revise.streams import Streams
from inverse_tracr.metamodel.revise.tables import binary_table_of, labels_of, unary_table_of
from inverse_tracr.metamodel.sites import Index
from inverse_tracr.rasp.program import Map, SequenceMap, operands
from inverse_tracr.rasp.values import Value, is_number
from inverse_tracr.sample.tables import binary_table, mean_table

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

BASES = 2
"""Sites that each question starts from; all must have the same answer."""

MOST_QUESTIONS = 100
MOST_JOINT = 300
"""Joint values of the lines of a half-layer up to which its answer is looked for among them."""

CLEAR = 0.2
"""Distance of an answer from what lines would write, in distances between values, up to which it is clear."""


def completed_sequence_map(streams: Streams, line: SequenceMap, column: Column) -> SequenceMap | Map:
    """The line with the entries of values that do not meet; a map where one operand makes no difference."""
    first, second = streams.state.column(line.first), streams.state.column(line.second)
    if first.numerical or line.first == line.second:
        return line
    now = binary_table(line.function, first.values, second.values).table[:-1, :-1]
    if not now.size:  # an operand that never has a value
        return line
    known, truth = _pairs(streams, column, first, second, now)
    for operand, by_operand, table in ((first, known, truth), (second, known.T, truth.T)):
        if (alone := _one_each(by_operand, table)) is not None:
            return Map(operand.ref, unary_table_of(operand.values, alone, column))
    if (now == truth).all():
        return line
    found = binary_functions(first.values, second.values)
    for at in range(len(found)):
        own = found.tables[at].reshape(first.size, second.size)[:-1, :-1]
        renamed = _renamed(own, truth, known)
        if renamed is not None:
            return replace(line, function=binary_table_of(first, second, renamed, column))
    return replace(line, function=binary_table_of(first, second, truth, column))


def _pairs(
    streams: Streams, column: Column, first: Column, second: Column, now: Index
) -> tuple[Truth, Index]:
    """Which pairs of values meet or were answered, and the labels of all."""
    met = np.zeros((first.size, second.size), np.bool_)
    met[first.labels, second.labels] = True
    known, truth = met[:-1, :-1].copy(), now.copy()
    for a, b in np.argwhere(~known).tolist()[:MOST_QUESTIONS]:
        said = _agreed(
            [*_asked(streams, column, first, a, second, b), *_asked(streams, column, second, b, first, a)]
        )
        if said is not None:
            known[a, b], truth[a, b] = True, said
    return known, truth


def _asked(
    streams: Streams, column: Column, fixed: Column, kept: int, moved: Column, new: int
) -> Iterator[int | None]:
    """Answers at sites where `fixed` has the label `kept`, with `moved` changed to `new`."""
    at = np.flatnonzero(fixed.labels == kept)
    for base in at[:: max(len(at) // BASES, 1)][:BASES].tolist():
        gained = streams.added(moved, new, int(moved.labels[base]))
        yield None if gained is None else _answer(streams, column, moved, gained, base)


def completed_map(streams: Streams, line: Map, column: Column) -> Map:
    """A map with the entries of values that no site has; of means of zeros and ones all that there can be."""
    operand = streams.state.column(line.operand)
    if column.numerical or (operand.numerical and not _is_mean(operand)):
        return line
    values = mean_table(streams.state.signature.max_seq_len).values if operand.numerical else operand.values
    known = np.isin(values, operand.values) if operand.numerical else occurring(operand)
    now = labels_of(line, values, column)
    truth = now.copy()
    for place in np.flatnonzero(~known).tolist():
        label = _agreed(_asked_alone(streams, column, operand, place, values))
        if label is not None:
            truth[place], known[place] = label, True
    if (now == truth).all():
        return line
    found = unary_functions(values, operand.numerical)
    for at in range(len(found)):
        renamed = _renamed(found.tables[at][:-1], truth, known)
        if found.encodings[at] is line.encoding and renamed is not None:
            return replace(line, function=unary_table_of(values, renamed, column))
    return replace(line, function=unary_table_of(values, truth, column))


def _is_mean(operand: Column) -> bool:
    return all(is_number(v) and 0 <= float(v) <= 1 for v in operand.values)


def _asked_alone(
    streams: Streams, column: Column, operand: Column, place: int, values: tuple[Value, ...]
) -> Iterator[int | None]:
    count = len(operand.labels)
    for base in range(0, count, -(-count // BASES)):
        value = values[place]
        if operand.numerical:
            assert is_number(value)
            gained = streams.added_number(operand, float(value) - float(operand.numbers[base]))
        else:
            gained = streams.added(operand, place, int(operand.labels[base]))
        yield None if gained is None else _answer(streams, column, operand, gained, base)


def _agreed(said: Iterable[int | None]) -> int | None:
    """The answer of all, None where they do not have one."""
    answers = set(said)
    return answers.pop() if len(answers) == 1 else None


def _answer(streams: Streams, column: Column, changed: Column, gained: Floats, base: int) -> int | None:
    """The label of `column` when the stream at a site has `gained` what a change of an operand adds."""
    stream = streams.read[column.made, base]
    before, after = streams.answered(column.made, np.stack([stream, stream + gained]))
    others = [c for c in streams.written_by(column.made) if c is not column and _reads(streams, c, changed)]
    own, labels = _writes(streams, column, base)
    expected = own
    for other in others:
        expected = (expected[:, None] + _writes(streams, other, base)[0][None]).reshape(-1, own.shape[1])
        if len(expected) > MOST_JOINT:
            return None
    apart = ((own[:, None] - own[None]) ** 2).sum(axis=-1)[~np.eye(len(own), dtype=np.bool_)]
    distances = ((after - before - expected) ** 2).sum(axis=1)
    nearest = int(np.argmin(np.nan_to_num(distances, nan=np.inf)))
    clear = len(apart) and distances[nearest] < CLEAR**2 * apart.min()
    return labels[nearest // (len(expected) // len(own))] if clear else None


def _writes(streams: Streams, column: Column, base: int) -> tuple[Floats, list[int]]:
    """What each label that occurs would write more than that of a site; NaN where nothing tells."""
    labels = np.unique(column.labels).tolist()
    unknown = np.full(streams.read.shape[-1], np.nan)
    added = [streams.added(column, label, int(column.labels[base])) for label in labels]
    return np.array([unknown if part is None else part for part in added]), labels


def _reads(streams: Streams, column: Column, changed: Column) -> bool:
    line = streams.line(column)
    return isinstance(line, Map | SequenceMap) and changed.ref in operands(line)


def _one_each(known: Truth, table: Index) -> Index | None:
    """The one label in the known cells of each row, None where rows hold several or a row has none."""
    alone = table[np.arange(len(table)), known.argmax(axis=1)]
    return alone if known.any(axis=1).all() and (table == alone[:, None])[known].all() else None


def _renamed(own: Index, truth: Index, known: Truth) -> Index | None:
    """A named function's table in the labels of `truth`, None where they differ in what is known, or say
    where nothing is known what is said nowhere else.
    """
    pairs = np.unique(np.stack([own[known], truth[known]]), axis=1)
    if len(np.unique(pairs[0])) != pairs.shape[1] or len(np.unique(pairs[1])) != pairs.shape[1]:
        return None
    if not np.isin(own, pairs[0]).all():
        return None
    return pairs[1][np.searchsorted(pairs[0], own)]
