"""How fast programs are sampled, compiled, checked and turned into tokens, stage by stage, with Tracr's own
pipeline in the same run.

python -m benchmarks.sample_speed [--programs 2000] [--tracr 40] [--write]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.results import table, write_section
from inverse_tracr.compile import Mode, plan
from inverse_tracr.compile.emit import emit
from inverse_tracr.compile.soundness import plan_soundness
from inverse_tracr.rasp.tokens import tokenise
from inverse_tracr.sample import Preset, Sample, sample_program
from inverse_tracr.sample.garbage import rarely_collected

SEED = 1
WARM_UP = 1_000
"""Programs of another stream that are sampled first; tables of common functions are then known, as in a
zoo.
"""

THESIS_RATE = 55 / 12
"""Programs a second and thread that the thesis reports, sampling and CRAFT together (section 4)."""

STAGES = ("sample", "plan", "soundness", "weights", "tokenise")


@dataclass(frozen=True)
class Speed:
    """CPU milliseconds a program of each stage; drafts rejected; programs that turned out unsound."""

    preset: Preset
    programs: int
    stage_ms: tuple[float, ...]
    rejected: float
    unsound: int

    @property
    def total_ms(self) -> float:
        """All stages together."""
        return sum(self.stage_ms)


def measure(preset: Preset, count: int) -> Speed:
    """Put `count` programs through all stages, one after the other; the times are means over all of them.
    Garbage is collected as seldom as in a zoo.
    """
    rejected = unsound = 0
    ticks = [0] * len(STAGES)
    with rarely_collected():
        for index in range(WARM_UP):
            _pipeline(preset, SEED + 1, index)
        for index in range(count):
            sample, sound, spent = _pipeline(preset, SEED, index)
            rejected += sample.rejections
            unsound += not sound
            ticks = [total + own for total, own in zip(ticks, spent, strict=True)]
    times = tuple(total / 1e6 / count for total in ticks)
    return Speed(preset, count, times, rejected / (count + rejected), unsound)


def _pipeline(preset: Preset, seed: int, index: int) -> tuple[Sample, bool, list[int]]:
    """One program through all stages; whether it is sound, and CPU nanoseconds a stage."""
    clock = [time.process_time_ns()]
    found = sample_program(preset, seed, index)
    clock.append(time.process_time_ns())
    layout = plan(found.program, found.signature, mode=Mode.FIXED)
    clock.append(time.process_time_ns())
    sound = not plan_soundness(layout)
    clock.append(time.process_time_ns())
    if sound:
        emit(layout)
    clock.append(time.process_time_ns())
    tokenise(found.program, found.signature)
    clock.append(time.process_time_ns())
    return found, sound, [later - earlier for earlier, later in pairwise(clock)]


def measure_tracr(count: int) -> tuple[float, int]:
    """CPU milliseconds a program of Tracr's CRAFT stage on the same `sound` programs, and how many it
    refuses.
    """
    # Imported only now, for the jax that Tracr imports hooks into every collection of garbage.
    from benchmarks.tracr_oracle import TracrRefusesError, craft, silent

    refused = 0
    samples = [sample_program(Preset.SOUND, SEED, index) for index in range(count)]
    with silent():
        start = time.process_time()
        for found in samples:
            try:
                craft(found.program, found.signature)
            except TracrRefusesError:
                refused += 1
        spent = time.process_time() - start
    return 1e3 * spent / count, refused


def report(speeds: Sequence[Speed], tracr_ms: float, refused: int, tracr_count: int) -> str:
    """The section of docs/results.md."""
    rows = [
        [
            found.preset.value,
            f"{found.programs:,}",
            *(f"{ms:.2f}" for ms in found.stage_ms),
            f"{found.total_ms:.2f}",
            f"**{1e3 / found.total_ms:,.0f}**",
            f"{found.rejected:.1%}",
            str(found.unsound),
        ]
        for found in speeds
    ]
    header = ["preset", "programs", *STAGES, "together", "programs/s", "rejected", "unsound"]
    sound = next(found for found in speeds if found.preset is Preset.SOUND)
    return (
        "Mean CPU milliseconds a program on one core, lengths 4–15, after 1,000 other programs; weights of "
        "mode `fixed`; drafts that the sampler rejected, and programs that the soundness check refused.\n\n"
        + table(header, rows)
        + f"\n\nTracr's pipeline on {tracr_count} of the same `sound` programs (s-op to CRAFT model, nothing "
        f"sampled, nothing checked): {tracr_ms:.0f} ms a program, {refused} refused; ours, all stages, takes "
        f"1/{tracr_ms / sound.total_ms:.0f} of that. The thesis: {THESIS_RATE:.1f} programs/s and thread."
    )


def main() -> None:
    """Measure both sound presets and Tracr, print the section, and write it if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=2_000)
    parser.add_argument("--tracr", type=int, default=40)
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    speeds = [measure(preset, options.programs) for preset in (Preset.SOUND, Preset.TRACR)]
    body = report(speeds, *measure_tracr(options.tracr), options.tracr)
    print(body)
    if options.write:
        write_section("sample-speed", "Sampling, compiling, checking, writing as tokens", body)


if __name__ == "__main__":
    main()
