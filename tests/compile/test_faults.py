"""Each fault of Tracr: reproduced and flagged in mode `tracr`; mended, refused or flagged in mode `fixed`."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.execution import Outcome, outcome
from inverse_tracr.compile import CompileError, FaultKind, Mode, compile_weights, plan_soundness, soundness
from inverse_tracr.rasp import Signature
from tests.compile.faults import CASES, Case, Fate
from tests.compile.programs import lines

DOCUMENT = Path(__file__).parents[2] / "docs" / "tracr-faults.md"


def check(case: Case, mode: Mode, fate: Fate) -> None:
    if fate is Fate.REFUSED:
        with pytest.raises(CompileError, match=case.refusal):
            compile_weights(case.program, case.signature, mode=mode)
        return
    compiled = compile_weights(case.program, case.signature, mode=mode)
    faults = plan_soundness(compiled.plan)
    if fate is Fate.AGREES:
        assert faults == ()
        assert outcome(compiled) is Outcome.AGREES
    else:
        assert outcome(compiled) is Outcome.DISAGREES
        assert case.kind in {fault.kind for fault in faults}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_mode_tracr_has_the_fault(case: Case) -> None:
    check(case, Mode.TRACR, case.tracr)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_mode_fixed_mends_refuses_or_flags_it(case: Case) -> None:
    check(case, Mode.FIXED, case.fixed)


def test_every_kind_of_fault_has_a_case() -> None:
    assert {case.kind for case in CASES.values()} == {*FaultKind, None}


def test_the_fault_names_its_line() -> None:
    case = CASES["negative numbers"]
    (fault,) = soundness(case.program, case.signature, Mode.TRACR)
    assert fault.line == 0
    assert str(fault) == "line 1 (v1): ReLU clips the negative numbers that it gives"


def test_the_fault_names_the_line_that_writes_at_bos_not_the_one_that_reads_it() -> None:
    case = CASES["a ladder writes at BOS"]
    assert [fault.name for fault in soundness(case.program, case.signature, Mode.TRACR)] == ["v4"]


def test_a_fault_that_never_shows_is_no_fault() -> None:
    mixing = CASES["values are mixed"].text
    constant = mixing.replace("return v2", 'v3 = map(v2, "the same of all"); return v3')
    assert soundness(lines(mixing), Signature((0, 1), 4)) != ()
    assert soundness(lines(constant), Signature((0, 1), 4)) == ()


def test_the_table_of_faults_is_complete() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    for name, case in CASES.items():
        assert f"| {name} |" in document, name
        assert f"`{case.text}`" in document, name
        assert case.kind is None or case.kind.value in document
