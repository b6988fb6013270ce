"""Lines that heads may write: what is counted, moved or averaged where a head looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from inverse_tracr.decompile.linear.explain import AGAIN, MOST_OPTIONS, Option, bent_cost, explain
from inverse_tracr.decompile.linear.readable import Explained, Readable, surest
from inverse_tracr.decompile.linear.written import STRAIGHT, Floats, Labels, Written, indicators
from inverse_tracr.decompile.search.columns import Column, Truth, numerical_column
from inverse_tracr.decompile.search.consumers import mean_numbers, moved_labels, select_line
from inverse_tracr.decompile.search.heads import NAMED, fits
from inverse_tracr.decompile.search.observe import Observation
from inverse_tracr.decompile.search.selectors import (
    PredicateFit,
    Table,
    complete,
    predicate_table,
    selection,
)
from inverse_tracr.rasp.functions import UnaryTable
from inverse_tracr.rasp.program import Aggregate, Encoding, Map, Select, SelectorWidth

LINEAR, NEARLY = 0.95, 0.6
"""Share of a line's features that is linear in what is written; where nothing explains that."""
_FITS = 4
"""Predicates of a head that are followed."""
_CONSUMED = 1.5
"""Nats of what is done with a selection."""
_MISFIT = 30.0
"""Nats of a pattern that a predicate does not explain at all."""
_NAMED, _TABLE, _ENTRY, _MOST = 2.0, 2.0, 0.45, 12.0
"""Nats of a named predicate, and of a table by its entries."""
_BENT = 1e-3, 2.0
"""How much more of a mean is not linear in what is written where it is not the one that is written."""
_NUMBERED = 1.0
"""Nats of a map of two values to zero and one before a mean."""


def width_features(widths: np.ndarray) -> Floats:
    """What a head writes that counts: BOS is looked at too, so the share of it."""
    shares = 1 / (1.0 + widths[:, None])
    return shares - shares.mean(axis=0)


class HeadReader:
    """What the heads of a layer may write, kept for columns that several sketches share.

    `raw` is what all of them write, not centred.
    """

    def __init__(self, observation: Observation, layer: int, what: Written, raw: Floats, seen: Truth) -> None:
        self._observation, self._layer, self._seen = observation, layer, seen
        self._what, self._raw = what, raw
        self._known: dict[bytes, float] = {}
        self._heads = [h for h in range(len(observation.heads[layer])) if _looks(observation, layer, h)]

    def read(self, readable: Readable, most: int) -> Explained:
        """Sets of lines that explain what is written, best first."""
        return surest(lambda share: self._read(readable, most, share), (LINEAR, NEARLY))

    def _read(self, readable: Readable, most: int, share: float) -> Explained:
        options: list[Option] = []
        for head in self._heads:
            pattern = self._observation.patterns[self._layer][head]
            for rank, fit in enumerate(fits(pattern, self._seen, list(readable.columns))):
                if rank < _FITS or select_line(fit) in readable.selects:
                    options += self._of_fit(fit, head, readable, share)
        options = sorted((_rebated(o, readable) for o in options), key=lambda o: o.cost)[:MOST_OPTIONS]
        nothing = np.zeros((len(self._what.rows), 0))
        return [([options[i] for i in e.chosen], e) for e in explain(self._what, nothing, options, most)]

    def _of_fit(self, fit: PredicateFit, head: int, readable: Readable, share: float) -> Iterator[Option]:
        table = predicate_table(fit.predicate, fit.keys, fit.queries)
        chosen = selection(table, fit.keys, fit.queries, self._seen)
        select = select_line(fit)
        select_cost = AGAIN if select in readable.selects else _cost(fit)
        cost = _MISFIT * fit.wrong + select_cost + _CONSUMED
        whole = readable.is_new((fit.keys.ref, fit.queries.ref))
        columns = [column for column in readable.columns if whole or column.ref in readable.fresh]
        mask = self._observation.probes.mask
        for option in self._consumers(select, chosen, columns, mask):
            if not whole and not isinstance(option.line, Aggregate):
                continue
            linear = self._linear(option.features)
            if linear >= share:
                heads = (f"{self._layer}.{head}",)
                own = option.cost + cost + bent_cost(linear)
                straight = linear >= STRAIGHT
                yield replace(option, cost=own, select_cost=select_cost, heads=heads, straight=straight)

    def _consumers(
        self, select: Select, chosen: Truth, columns: Sequence[Column], mask: Truth
    ) -> Iterator[Option]:
        widths = np.where(mask, chosen.sum(axis=2), -1)
        counted = Column(0, widths, tuple(range(mask.shape[1] + 1)))
        if widths[mask].min() < widths[mask].max():
            yield Option(SelectorWidth(0), counted, width_features(widths[mask]), 0.0, select)
        for values in columns:
            if values.numbers is not None:
                yield from _averaged(select, chosen, values, values.numbers, None, mask, 0.0)
                continue
            labels = moved_labels(values.labels, chosen)
            if labels is not None:
                yield from _moved(select, labels, values, mask)
            if len(values.values) == 2 and (chosen.sum(axis=2)[mask] != 1).any():
                both = [
                    option
                    for one in (1, 0)
                    for option in _averaged(
                        select, chosen, values, (values.labels == one).astype(float), one, mask, _NUMBERED
                    )
                ]
                yield from self._better_way_round(both, mask)

    def _better_way_round(self, options: Sequence[Option], mask: Truth) -> list[Option]:
        """Which value is the one.

        Where nothing is selected both means are 0, so that one may be linear in what is written while the
        other is not. Else a mean of 0 writes nothing: a number times a vector is written.
        """

        def missed(option: Option) -> tuple[bool, float]:
            assert option.column.numbers is not None
            number = option.column.numbers[mask]
            told = float(((number @ self._raw) ** 2).sum() / max(float((number**2).sum()), 1e-30))
            return 1 - self._linear(option.features) > most, -told

        least = min((1 - self._linear(option.features) for option in options), default=0.0)
        most = _BENT[0] + _BENT[1] * least
        return sorted(options, key=missed)[:1]

    def _linear(self, features: Floats) -> float:
        key = features.tobytes()
        if key not in self._known:
            self._known[key] = self._what.linear(features)
        return self._known[key]


def _rebated(option: Option, readable: Readable) -> Option:
    """The option, cheaper for each line that it reads and nothing has read so far."""
    refs = set() if option.selects is None else {option.selects.keys, option.selects.queries}
    refs |= {option.line.values} if isinstance(option.line, Aggregate) else set()
    return replace(option, cost=option.cost - readable.rebate(refs))


def _cost(fit: PredicateFit) -> float:
    """Nats of a select that is a new line."""
    # Of those that fit alike, the one with fewer values.
    size = 0.001 * len(fit.keys.values) * len(fit.queries.values)
    return size + (_NAMED if fit.named else _table_cost(fit.keys, fit.queries))


def select_cost(keys: Column, queries: Column, cells: Labels, chosen: Truth) -> float:
    """Nats of a select of `cells` [cells, 2], labels of keys and queries, where the others are not seen."""
    table: Table = np.full((len(queries.values), len(keys.values)), -1, np.int8)
    table[cells[:, 1], cells[:, 0]] = chosen
    _, cost = complete(table, keys, queries)
    return _NAMED if cost < NAMED else _table_cost(keys, queries)


def _table_cost(keys: Column, queries: Column) -> float:
    return min(_TABLE + _ENTRY * len(keys.values) * len(queries.values), _MOST)


def _looks(observation: Observation, layer: int, head: int) -> bool:
    """Whether a head writes anything that differs between positions."""
    rows = observation.heads[layer][head][observation.probes.mask]
    return float(np.ptp(rows, axis=0).max(initial=0.0)) > 1e-3 * observation.scale


def _moved(select: Select, labels: np.ndarray, values: Column, mask: Truth) -> Iterator[Option]:
    labels = np.where(mask, labels, -1)
    if len(np.unique(labels[mask])) > 1:
        column = Column(0, labels, values.values)
        yield Option(Aggregate(0, values.ref), column, indicators(labels[mask]), 0.0, select)


def _averaged(
    select: Select,
    chosen: Truth,
    values: Column,
    numbers: np.ndarray,
    one: int | None,
    mask: Truth,
    cost: float,
) -> Iterator[Option]:
    """The mean of a number, or of zeros and ones put for the two values of a column."""
    means = np.where(mask, mean_numbers(np.where(mask, numbers, 0.0), chosen), 0.0)
    features = means[mask][:, None] - means[mask].mean()
    if np.ptp(features) < 1e-9:
        return
    moved: tuple[Map, ...] = ()
    if one is not None:
        entries = tuple((value, int(place == one)) for place, value in enumerate(values.values))
        moved = (Map(values.ref, UnaryTable(entries), Encoding.NUMERICAL),)
    line = Aggregate(0, values.ref)
    yield Option(line, numerical_column(0, means, mask), features, cost, select, (), moved)
