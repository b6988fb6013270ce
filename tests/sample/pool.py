"""Programs that many tests look at, sampled once."""

from __future__ import annotations

from functools import lru_cache

from inverse_tracr.sample import Preset, Sample, sample_program

SIZES = {Preset.THESIS: 80, Preset.SOUND: 160, Preset.TRACR: 160}


@lru_cache
def pool(preset: Preset) -> tuple[Sample, ...]:
    """The first programs of one stream of a preset."""
    return tuple(sample_program(preset, 1, index) for index in range(SIZES[preset]))
