"""Which predicate tables can be written as rows of bits."""

from __future__ import annotations

from collections.abc import Sequence

from inverse_tracr.rasp.values import Value


def pairs_in_order(
    pairs: Sequence[tuple[Value, Value]], keys: Sequence[Value], queries: Sequence[Value]
) -> bool:
    """Whether the pairs (key, query) lie within the value sets, query by query and key by key."""
    key_places = {key: place for place, key in enumerate(keys)}
    query_places = {query: place for place, query in enumerate(queries)}
    last = (-1, -1)
    for key, query in pairs:
        if key not in key_places or query not in query_places:
            return False
        place = (query_places[query], key_places[key])
        if place <= last:
            return False
        last = place
    return True
