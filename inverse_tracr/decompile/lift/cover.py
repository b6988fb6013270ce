"""Sorting dimensions into variables: each value of the operands sets exactly one dimension of a variable."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

Case = int
_BUDGET = 20_000


def sort_into_variables(
    components: Sequence[frozenset[Case]], kinds: Sequence[Hashable], cases: frozenset[Case]
) -> list[list[int]]:
    """Sort components, known to hold values of one variable each, into variables.

    The values of a variable have disjoint cases and, unless it has no value in some, cover all `cases`;
    components of one kind are rather of one variable than others. Returns groups of positions in
    `components`. The search is bounded by a count.
    """
    order = sorted(range(len(components)), key=lambda i: (-len(components[i]), sorted(components[i])))
    groups: list[list[int]] = []
    for same_kind in (True, False):
        pools = _pools(kinds, order) if same_kind else [order]
        for pool in pools:
            found = _covers(components, cases, pool)
            groups += found
            used = {i for group in found for i in group}
            order = [i for i in order if i not in used]
    for pool in _pools(kinds, order):
        groups += _disjoint(components, pool)
    return groups


def _pools(kinds: Sequence[Hashable], order: Sequence[int]) -> list[list[int]]:
    pools: dict[Hashable, list[int]] = {}
    for i in order:
        pools.setdefault(kinds[i], []).append(i)
    return list(pools.values())


def _covers(
    components: Sequence[frozenset[Case]], cases: frozenset[Case], pool: Sequence[int]
) -> list[list[int]]:
    """Groups of the pool that cover every case once."""
    groups: list[list[int]] = []
    left = list(pool)
    for first in pool:
        if first in left and components[first] <= cases:
            group = _complete(components, cases, first, left)
            if group is not None:
                groups.append(group)
                left = [i for i in left if i not in group]
    return groups


def _complete(
    components: Sequence[frozenset[Case]], cases: frozenset[Case], first: int, candidates: Sequence[int]
) -> list[int] | None:
    """Some candidates, `first` among them, that cover every case once; None if there are none."""
    budget = _BUDGET

    def extend(chosen: list[int], missing: frozenset[Case]) -> list[int] | None:
        nonlocal budget
        if not missing:
            return chosen
        pivot = min(missing)
        for i in candidates:
            budget -= 1
            if budget <= 0:
                return None
            if i not in chosen and pivot in components[i] and components[i] <= missing:
                found = extend([*chosen, i], missing - components[i])
                if found is not None:
                    return found
        return None

    return extend([first], cases - components[first])


def _disjoint(components: Sequence[frozenset[Case]], pool: Sequence[int]) -> list[list[int]]:
    """Groups of the pool without common cases, first come, first served."""
    groups: list[tuple[list[int], set[Case]]] = []
    for i in pool:
        for group, covered in groups:
            if covered.isdisjoint(components[i]):
                group.append(i)
                covered |= components[i]
                break
        else:
            groups.append(([i], set(components[i])))
    return [group for group, _ in groups]
