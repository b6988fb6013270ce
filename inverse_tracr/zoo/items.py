"""From the number of an item to its row: sample, plan, canonical form, hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from inverse_tracr.compile import CompileError, Mode, Plan, plan
from inverse_tracr.compile.soundness import plan_soundness
from inverse_tracr.errors import CapExceededError
from inverse_tracr.model import ModelConfig
from inverse_tracr.rasp import Program, ProgramError, Signature, print_program
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.sample import Preset, sample_program
from inverse_tracr.sample.function_hash import function_hash
from inverse_tracr.zoo.config import ZooConfig
from inverse_tracr.zoo.rows import SIZE_COLUMNS, Outcome, Row


@dataclass(frozen=True)
class Item:
    """A program that was made, the layout of its compiled model, and its row."""

    program: Program
    signature: Signature
    plan: Plan
    row: Row


def make_item(config: ZooConfig, number: int) -> Item | Row:
    """Item `number` of a zoo; only a row where there is no program or no model of it.

    Programs whose compiled model may differ from the interpreter are left out, those of the preset `thesis`
    stay. A pure function of its arguments.
    """
    stratum = config.strata[number % len(config.strata)]
    preset = stratum.preset.value
    try:
        sample = sample_program(stratum.preset, config.seed, number, stratum.sampler)
    except CapExceededError:
        return Row(number, Outcome.NO_PROGRAM.value, preset)
    try:
        layout = plan(sample.program, sample.signature, mode=Mode.FIXED, cap=config.cap)
    except CapExceededError:
        return Row(number, Outcome.TOO_LARGE.value, preset)
    except (CompileError, ProgramError):
        return Row(number, Outcome.NOT_COMPILED.value, preset)
    if stratum.preset is not Preset.THESIS and plan_soundness(layout):
        return Row(number, Outcome.UNSOUND.value, preset)
    row = _row(number, preset, sample.program, sample.signature, layout.config)
    return Item(sample.program, sample.signature, layout, row)


def canonical_hash(form: Program, signature: Signature) -> str:
    """Hash of a canonical form with its signature, 32 hexadecimal digits."""
    text = print_program(form, signature)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _row(number: int, preset: str, program: Program, signature: Signature, config: ModelConfig) -> Row:
    form = canonical(program, signature)
    sizes = {name: getattr(config, name) for name in SIZE_COLUMNS}
    return Row(
        item=number,
        outcome=Outcome.MADE.value,
        preset=preset,
        program=print_program(program, signature),
        lines=len(program),
        length=len(form),
        vocab_size=len(signature.vocab),
        max_seq_len=signature.max_seq_len,
        causal=signature.causal,
        canonical_hash=canonical_hash(form, signature),
        function_hash=function_hash(program, signature).hex(),
        parameters=config.parameter_count,
        **sizes,
    )
