"""Two programs compared: by canonical form, and by what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.decompile import Verdict
from inverse_tracr.decompile.verify import makes_means, program_outputs, same
from inverse_tracr.errors import BadInputError
from inverse_tracr.explore.answers import Compared, Row
from inverse_tracr.explore.programs import read
from inverse_tracr.rasp import Program, Signature, comparison_inputs, print_signature
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.inputs import Batch
from inverse_tracr.rasp.values import Maybe
from inverse_tracr.report.text import shown

FEW = 81
"""Inputs of each length that are compared for programs whose values multiply (means of values)."""


def compare_texts(first: str, second: str) -> Compared:
    """Compare two programs; raises BadInputError when they are for different inputs."""
    (one, signature), (other, also) = read(first, "the first program"), read(second, "the second program")
    if signature != also:
        raise BadInputError(
            "the programs are for different inputs",
            where="the second program",
            expected=print_signature(signature),
            got=print_signature(also),
            advice="Give both the same signature",
        )
    return compare(one, other, signature)


def compare(first: Program, second: Program, signature: Signature) -> Compared:
    """Compare two programs under a signature."""
    forms = [canonical(program, signature) for program in (first, second)]
    inputs = comparison_inputs(signature)
    checked = agreed = 0
    found: Batch | None = None
    whole = inputs.exhaustive
    for batch in inputs:
        if any(makes_means(program, signature, batch) for program in (first, second)):
            batch, whole = batch[:: -(-len(batch) // FEW)], whole and len(batch) <= FEW
        right = _agree(first, second, signature, batch)
        checked, agreed = checked + right.size, agreed + int(right.sum())
        if found is None and not right.all():
            found = batch[[int(np.argmin(right))]]
    equal = Verdict.EQUIVALENT if whole else Verdict.NO_COUNTEREXAMPLE
    return Compared(
        same_canonical=forms[0] == forms[1],
        first=tuple(str(forms[0]).splitlines()),
        second=tuple(str(forms[1]).splitlines()),
        verdict=(equal if found is None else Verdict.REFUTED).value,
        inputs_checked=checked,
        agreement=agreed / checked,
        counterexample=() if found is None else _rows(first, second, signature, found),
    )


def _agree(first: Program, second: Program, signature: Signature, batch: Batch) -> NDArray[np.bool_]:
    """Which inputs of a batch both programs answer alike at every position."""
    answers = [program_outputs(program, signature, batch) for program in (first, second)]
    return np.asarray(same(*answers).all(axis=1))


def _rows(first: Program, second: Program, signature: Signature, row: Batch) -> tuple[Row, ...]:
    tokens = [signature.vocab[i] for i in row[0].tolist()]
    says = [program_outputs(program, signature, row) for program in (first, second)]
    differs = np.flatnonzero(~same(*says)[0]).tolist()
    first_says, second_says = (outputs.decode(0) for outputs in says)
    return (
        values_row("input", tokens),
        values_row("first", first_says),
        values_row("second", second_says, differs),
    )


def values_row(name: str, values: Sequence[Maybe], differs: list[int] | None = None) -> Row:
    """A row of a table of values."""
    return Row(name=name, values=tuple(shown(value) for value in values), differs=tuple(differs or ()))
