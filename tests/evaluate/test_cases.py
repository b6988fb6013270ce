"""Which rows of a test set are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from inverse_tracr.errors import BadInputError
from inverse_tracr.evaluate.cases import chosen_rows, open_test_set


def test_without_a_limit_all_rows_are_taken() -> None:
    assert chosen_rows(2_000, None) == chosen_rows(2_000, 5_000) == tuple(range(2_000))


def test_a_smaller_limit_takes_rows_of_the_larger_one() -> None:
    assert len(chosen_rows(2_000, 40)) == 40
    assert set(chosen_rows(2_000, 40)) < set(chosen_rows(2_000, 120))
    # Lengths follow each other with a period of 12: an even stride would miss some.
    assert len({row % 12 for row in chosen_rows(2_000, 40)}) == 12


def test_a_test_set_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="zoo test-sets --out"):
        open_test_set("standard-test", tmp_path)
