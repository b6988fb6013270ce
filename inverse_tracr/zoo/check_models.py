"""One model of a zoo: its row made again, its outputs against the interpreter, its circuit by patching."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.compile import Mode, plan
from inverse_tracr.compile.circuit import circuit
from inverse_tracr.compile.soundness import plan_soundness
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Encoding, Program, Signature, Trace, comparison_inputs, count_inputs
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.value_sets import ValueSets
from inverse_tracr.sample import Preset
from inverse_tracr.sample.function_hash import function_hash
from inverse_tracr.zoo.causal import causal_effects
from inverse_tracr.zoo.index import IndexRow
from inverse_tracr.zoo.items import canonical_hash
from inverse_tracr.zoo.outputs import agreement
from inverse_tracr.zoo.reader import Specimen, Zoo
from inverse_tracr.zoo.rows import SIZE_COLUMNS
from inverse_tracr.zoo.weights_file import flatten

STANDARD_LIMIT, STANDARD_SAMPLES = 2_000, 1_000
"""Inputs on which a compiled model is run; a student is run on all of a comparison."""


def check_model(zoo: Zoo, split: str, row: int, seed: int) -> Iterator[tuple[str, str]]:
    """What is wrong with one row and its model: where, and what."""
    specimen = zoo.specimen(split, row)
    where = f"{zoo.folder}, {split}, row {row} (item {specimen.row['item']})"
    problems = [*_row_problems(specimen)]
    if zoo.config.trained:
        problems += _student_problems(specimen)
    elif specimen.row["preset"] != Preset.THESIS.value:  # its programs may be unsound
        problems += _compiled_problems(specimen, seed, zoo.config.cap)
    for problem in problems:
        yield where, problem


def _row_problems(specimen: Specimen) -> Iterator[str]:
    form = canonical(specimen.program, specimen.signature)
    expected: IndexRow = {
        "lines": len(specimen.program),
        "length": len(form),
        "vocab_size": len(specimen.signature.vocab),
        "max_seq_len": specimen.signature.max_seq_len,
        "causal": specimen.signature.causal,
        "canonical_hash": canonical_hash(form, specimen.signature),
        "function_hash": function_hash(specimen.program, specimen.signature).hex(),
        "parameters": specimen.model.config.parameter_count,
        **{name: getattr(specimen.model.config, name) for name in SIZE_COLUMNS},
    }
    for name, value in expected.items():
        if specimen.row[name] != value:
            yield f"{name}: expected {value}, got {specimen.row[name]}"


def _compiled_problems(specimen: Specimen, seed: int, cap: int) -> Iterator[str]:
    share = share_right(
        specimen.model, specimen.program, specimen.signature, STANDARD_LIMIT, STANDARD_SAMPLES
    )
    if share < 1:
        yield f"model and program agree on {share:.2%} of the inputs only"
    layout = plan(specimen.program, specimen.signature, mode=Mode.FIXED, cap=cap)
    for fault in plan_soundness(layout):
        yield f"the program is not sound: {fault}"
    for effect in causal_effects(specimen.model, layout, circuit(layout), seed=seed):
        if effect.agreed < effect.compared:
            yield f"patching {effect.line} has the wrong effect on {effect.compared - effect.agreed} inputs"


def _student_problems(specimen: Specimen) -> Iterator[str]:
    flat = flatten(specimen.model.weights())
    digest = hashlib.blake2b(flat.tobytes(), digest_size=16).hexdigest()
    if digest != specimen.row["weights_hash"]:
        yield f"weights_hash: expected {digest}, got {specimen.row['weights_hash']}"
    share = share_right(specimen.model, specimen.program, specimen.signature, nearest=True)
    if abs(share - specimen.row["agreement"]) > 1e-3:
        yield f"agreement: expected {share:.4f}, got {specimen.row['agreement']:.4f}"


def share_right(
    model: TransformerProgram,
    program: Program,
    signature: Signature,
    limit: int | None = None,
    samples: int | None = None,
    *,
    nearest: bool = False,
) -> float:
    """Share of the inputs of a comparison on which a model says what the program says at every position.

    `nearest`: a number is right when the nearest member of the program's value set is the right one.
    """
    members = _members(program, signature) if nearest else None
    if limit is None or samples is None:
        inputs = comparison_inputs(signature)
    else:
        inputs = comparison_inputs(signature, limit=limit, samples=min(samples, count_inputs(signature)))
    right = count = 0
    for batch in inputs:
        said = Trace(program, signature, batch).output
        right += int(agreement(model, model.logits_for(batch), said, members).all(axis=1).sum())
        count += len(batch)
    return right / count


def _members(program: Program, signature: Signature) -> NDArray[np.float64] | None:
    """The value set of a numerical output, rising; None where the output is categorical."""
    if program.encoding(program.output) is not Encoding.NUMERICAL:
        return None
    return np.array(sorted(float(v) for v in ValueSets(program, signature)[program.output]))  # pyright: ignore[reportArgumentType]
