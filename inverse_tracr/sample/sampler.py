"""Random programs: deterministic in (preset, seed, index)."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.errors import CapExceededError
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.sample.config import Preset, SamplerConfig, default_config
from inverse_tracr.sample.draws import Draws
from inverse_tracr.sample.grow import grow
from inverse_tracr.sample.signatures import draw_signature
from inverse_tracr.sample.thesis import thesis_length, thesis_program, thesis_signature

MAX_DRAFTS = 30
MAX_THESIS_DRAFTS = 10_000
"""Drafts of the thesis have the length that they happen to have, and are thrown away until it is as wanted.
"""

_PRESET_KEYS = {Preset.THESIS: 1, Preset.SOUND: 2, Preset.TRACR: 3}


@dataclass(frozen=True)
class Sample:
    """A sampled program; `rejections` counts the drafts that were thrown away before it."""

    program: Program
    signature: Signature
    preset: Preset
    seed: int
    index: int
    rejections: int


def sample_program(
    preset: Preset | str, seed: int, index: int, config: SamplerConfig | None = None
) -> Sample:
    """The program number `index` of the stream `seed` of a preset; the same on every machine.

    Raises CapExceededError when 30 drafts in a row fail (`thesis`: 10,000), which takes options that leave no
    program.
    """
    preset = Preset(preset)
    options = config or default_config(preset)
    draws = Draws(_PRESET_KEYS[preset], seed, index)
    if preset is Preset.THESIS:
        draft, limit, length = _thesis, MAX_THESIS_DRAFTS, thesis_length(draws, options)
    else:
        draft, limit, length = _grown, MAX_DRAFTS, draws.between(*options.length)
    for rejections in range(limit):
        program, signature = draft(draws, length, options)
        if program is not None:
            return Sample(program, signature, preset, seed, index, rejections)
    raise CapExceededError(
        f"no program of {length} lines was found in {limit} drafts",
        where=f"preset {preset.value}, seed {seed}, index {index}",
        advice="Allow other lengths or more values.",
    )


def _grown(draws: Draws, length: int, config: SamplerConfig) -> tuple[Program | None, Signature]:
    signature = draw_signature(draws, config)
    return grow(draws, signature, length, config), signature


def _thesis(draws: Draws, length: int, config: SamplerConfig) -> tuple[Program | None, Signature]:
    signature = thesis_signature(draws, config)
    return thesis_program(draws, signature, length, config), signature
