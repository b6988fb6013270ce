"""Which items are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inverse_tracr.zoo import Kind, ZooConfig
from inverse_tracr.zoo.rows import Outcome
from inverse_tracr.zoo.selection import Candidates, outcome_code, select

MADE, REJECTED = outcome_code(Outcome.MADE), outcome_code(Outcome.REJECTED)


def candidates(functions: list[int], outcomes: list[int] | None = None) -> Candidates:
    made = np.array(outcomes or [MADE] * len(functions), dtype=np.uint8)
    return Candidates(made, np.array(functions, dtype=np.uint64), np.array(functions, dtype=np.uint64))


def config(count: int, *, strata: int = 1) -> ZooConfig:
    presets = ZooConfig(Kind.STANDARD, 1, 0).presets * strata
    return ZooConfig(Kind.STANDARD, count, 0, presets=presets, without_test_functions=False)


def test_the_first_of_every_function_is_kept() -> None:
    found = select(config(3), candidates([7, 8, 7, 9, 8, 1]))
    assert found.kept.tolist() == [0, 1, 3]
    assert (found.needed, found.missing) == (4, 0)
    assert found.counts() == {"kept": 3, "function seen before": 1}


def test_one_canonical_form_is_kept_once() -> None:
    given_ = Candidates(np.full(2, MADE, np.uint8), np.array([1, 2], np.uint64), np.array([5, 5], np.uint64))
    assert select(config(2), given_).counts() == {"kept": 1}


def test_what_was_rejected_stands_in_nobodys_way() -> None:
    found = select(config(1), candidates([7, 7], [REJECTED, MADE]))
    assert found.kept.tolist() == [1]


def test_test_functions_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "inverse_tracr.zoo.selection.excluded_functions", lambda: np.array([8], dtype=np.uint64)
    )
    wanted = ZooConfig(Kind.STANDARD, 2, 0)
    assert select(wanted, candidates([7, 8, 9])).kept.tolist() == [0, 2]
    assert select(config(2), candidates([7, 8, 9])).kept.tolist() == [0, 1]


def test_strata_have_their_own_quotas() -> None:
    found = select(config(3, strata=2), candidates([1, 2, 3, 2, 5, 6]))
    assert found.kept.tolist() == [0, 1, 2]
    assert select(config(4, strata=2), candidates([1, 2, 3, 2, 5, 6])).kept.tolist() == [0, 1, 2, 5]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from([MADE, REJECTED])), min_size=1, max_size=60),
    st.integers(1, 8),
    st.integers(1, 3),
)
def test_items_beyond_the_last_that_is_kept_change_nothing(
    items: list[tuple[int, int]], count: int, strata: int
) -> None:
    functions, outcomes = [f for f, _ in items], [o for _, o in items]
    whole = select(config(count, strata=strata), candidates(functions, outcomes))
    if whole.missing or not whole.needed:
        return
    cut = whole.needed
    part = select(config(count, strata=strata), candidates(functions[:cut], outcomes[:cut]))
    assert part.kept.tolist() == whole.kept.tolist()
    assert part.counts() == whole.counts()
