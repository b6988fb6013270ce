"""Every program of Tracr's library and test cases that Tracr compiles is found from the weights alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tracr.compiler import test_cases

from benchmarks.tracr_models import compiled_by_tracr
from benchmarks.tracr_oracle import TracrRefusesError
from inverse_tracr.decompile import decompile
from inverse_tracr.rasp import print_program
from tests.decompile.variations import permuted

Case = dict[str, Any]

ONLY_OTHER_INPUTS = {
    *("detect_pattern_ab_2", "detect_pattern_ab_3", "reverse_2", "reverse_3", "reverse_4"),
    *("length_categorical_2", "length_categorical_3", "length_numerical_2", "length_numerical_3"),
    *("shuffle_dyck2_2", "shuffle_dyck2_3", "shuffle_dyck3_2", "shuffle_dyck3_3", "sort_3"),
    *("make_count_less_freq_categorical_2", "make_count_less_freq_numerical_2"),
    *("make_count_2", "make_count_3"),
}
"""Cases whose program and signature are those of an earlier one: Tracr runs it on another input."""

CASES = [
    (case, causal)
    for cases, causal in ((test_cases.TEST_CASES, False), (test_cases.CAUSAL_TEST_CASES, True))
    for case in cases
    if case["testcase_name"] not in ONLY_OTHER_INPUTS
]
PERMUTATIONS = 2


def _name(case: tuple[Case, bool]) -> str:
    return case[0]["testcase_name"] + ("-causal" if case[1] else "")


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_found_and_verified_however_it_is_permuted(case: tuple[Case, bool]) -> None:
    """No labels are left in the model; the program found is the same one, line by line."""
    given, causal = case
    model = compiled_by_tracr(given["program"], given["vocab"], given["max_seq_len"], causal=causal)

    found = decompile(model, method="lift")

    assert found.verification.verified, str(found)
    assert not found.unexplained
    assert found.program is not None
    for seed in range(PERMUTATIONS):
        other = decompile(permuted(model, np.random.default_rng(seed)), method="lift")
        assert other.verdict is found.verdict
        assert other.program is not None
        assert print_program(other.program, model.signature) == print_program(found.program, model.signature)


@pytest.mark.parametrize("case", test_cases.UNSUPPORTED_TEST_CASES, ids=lambda case: case["testcase_name"])
def test_what_tracr_refuses_has_no_model(case: Case) -> None:
    """Should Tracr come to compile one of these, it belongs above."""
    with pytest.raises(TracrRefusesError):
        compiled_by_tracr(case["program"], case["vocab"], case["max_seq_len"])
