"""Sorting dimensions into variables: each value of the operands sets exactly one dimension of a variable."""

from __future__ import annotations

from collections.abc import Sequence

Case = int
_BUDGET = 20_000


def exact_covers(components: Sequence[frozenset[Case]], cases: frozenset[Case]) -> list[list[int]]:
    """Sort components into groups whose cases are disjoint and, where possible, are all of `cases`.

    Returns groups of positions in `components`; what fits no complete group is grouped greedily where
    disjoint. The search is bounded by a count; beyond it the rest is grouped greedily.
    """
    left = sorted(range(len(components)), key=lambda i: (-len(components[i]), sorted(components[i])))
    groups: list[list[int]] = []
    while left:
        group = _complete(components, cases, left)
        if group is None:
            return groups + _greedy(components, left)
        groups.append(group)
        left = [i for i in left if i not in group]
    return groups


def _complete(
    components: Sequence[frozenset[Case]], cases: frozenset[Case], candidates: list[int]
) -> list[int] | None:
    """Some candidates, the first among them, that cover every case once; None if there are none."""
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

    first = candidates[0]
    if not components[first] <= cases:
        return None
    return extend([first], cases - components[first])


def _greedy(components: Sequence[frozenset[Case]], left: list[int]) -> list[list[int]]:
    groups: list[tuple[list[int], set[Case]]] = []
    for i in left:
        for group, covered in groups:
            if covered.isdisjoint(components[i]):
                group.append(i)
                covered |= components[i]
                break
        else:
            groups.append(([i], set(components[i])))
    return [group for group, _ in groups]
