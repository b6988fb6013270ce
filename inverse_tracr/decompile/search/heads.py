"""Attention heads: predicates from where a head looks on average, over cells of keys and queries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inverse_tracr.decompile.search.cells import MOST_CELLS, cells_of, dense
from inverse_tracr.decompile.search.columns import Column, Truth
from inverse_tracr.decompile.search.consumers import HeadReading, moves, width_reading
from inverse_tracr.decompile.search.observe import Floats, Observation
from inverse_tracr.decompile.search.scrub import CHANGED, ENOUGH
from inverse_tracr.decompile.search.selectors import (
    PredicateFit,
    Table,
    complete,
    pair_codes,
    predicate_table,
    selection,
)
from inverse_tracr.rasp.program import Ref

_MOST_FITS = 6
_MOST_JUDGED = 10
"""Readings of a head for which the model is run on."""
_LEAST_EXPLAINED = 0.3
NAMED = 0.6
"""Costs of predicates below which they have a name."""


def read_head(
    observation: Observation, layer: int, head: int, columns: list[Column], seen: Truth, ref: Ref
) -> list[HeadReading]:
    """Readings of a head over the columns so far, the best first; [] when it does nothing or none fits."""
    mask = observation.probes.mask
    rows = observation.heads[layer][head][mask]
    scrubber = observation.scrubber
    if scrubber.kept(2 * layer, head, np.zeros(len(rows), dtype=np.int64)) >= ENOUGH:
        return []
    readings: list[HeadReading] = []
    for fit in fits(observation.patterns[layer][head], seen, columns):
        table = predicate_table(fit.predicate, fit.keys, fit.queries)
        chosen = selection(table, fit.keys, fit.queries, seen)
        readings.append(width_reading(fit, chosen, mask, rows, ref))
        readings += moves(fit, chosen, columns, mask, rows, ref, least=_LEAST_EXPLAINED)
    readings.sort(key=lambda r: r.cost)
    judged: list[HeadReading] = []
    for reading in readings[:_MOST_JUDGED]:
        kept = scrubber.kept(2 * layer, head, reading.column.labels[mask])
        plain = reading.cost - 20 * (1 - reading.explained)
        judged.append(replace(reading, cost=plain + CHANGED * (1 - kept)))
    return sorted(judged, key=lambda r: r.cost)


def fits(pattern: Floats, seen: Truth, columns: list[Column]) -> list[PredicateFit]:
    """Key and query columns whose cells explain where a head looks, the best first."""
    top = pattern.max(axis=2, keepdims=True)
    share = (pattern[:, :, 1:] / np.maximum(top, 1e-9))[seen].astype(np.float64)[:, None]
    centred = share - share.mean()
    categorical = [c for c in columns if not c.numerical]
    options: list[tuple[float, float, Column, Column, np.ndarray, np.ndarray]] = []
    for keys in categorical:
        for queries in categorical:
            cells, names = dense(pair_codes(keys, queries)[seen])
            if len(names) <= MOST_CELLS:
                grouped = cells_of(cells, centred)
                wrong = 1 - grouped.between
                options.append(
                    (
                        10 * wrong + 0.01 * len(names),
                        wrong,
                        keys,
                        queries,
                        names,
                        grouped.means[:, 0] + float(share.mean()),
                    )
                )
    options.sort(key=lambda option: option[0])
    found = [_fit(*option) for option in options[:_MOST_FITS]]
    return sorted(found, key=lambda fit: fit.cost)


def _fit(
    base: float, wrong: float, keys: Column, queries: Column, names: np.ndarray, looks: np.ndarray
) -> PredicateFit:
    """The predicate of cells that are looked at more than half as much as the one looked at most."""
    table: Table = np.full(len(keys.values) * len(queries.values), -1, dtype=np.int8)
    known = names >= 0
    table[names[known]] = looks[known] > 0.5 * max(float(looks[known].max(initial=0.0)), 1e-9)
    predicate, cost = complete(table.reshape(len(queries.values), len(keys.values)), keys, queries)
    return PredicateFit(keys, queries, predicate, wrong, base + cost, named=cost < NAMED)
