"""The soundness check against execution: every program compiled, and run on all its inputs.

python -m benchmarks.soundness --count 500 --seed 0 [--write]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from benchmarks.execution import Outcome, outcome
from benchmarks.random_programs import POLICIES, Policy, random_program
from benchmarks.results import table, tell, write_section
from inverse_tracr.compile import Compiled, Mode, compile_weights, plan, plan_soundness
from inverse_tracr.compile.doubts import doubts
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.sample import sample_program

SMALL: tuple[Policy, ...] = tuple(replace(p, vocab=(1, 4), max_seq_len=(1, 6)) for p in POLICIES)
"""Policies for programs of at most 5,460 inputs, all of which are run."""


@dataclass
class Tally:
    """Counts of one mode. Missed: disagrees and is not flagged; a false flag is the other way round."""

    programs: int = 0
    refused: int = 0
    disagreeing: int = 0
    flagged: int = 0
    false_flags: int = 0
    false_flags_by_a_hair: int = 0
    missed: list[str] = field(default_factory=list[str])
    kinds: dict[str, int] = field(default_factory=dict[str, int])
    median_ms: float = 0.0
    mean_ms: float = 0.0


def compare(*, count: int, seed: int, first: int, mode: Mode, policies: Sequence[Policy] = SMALL) -> Tally:
    """Check programs `first` to `first + count` of stream `seed`."""
    tally, seconds = Tally(), list[float]()
    for index in range(first, first + count):
        program, signature = random_program(seed, index, policies)
        tally.programs += 1
        tell(tally.programs, count)
        try:
            compiled = compile_weights(program, signature, mode=mode)
        except InverseTracrError:
            tally.refused += 1
            continue
        seconds.append(_check(compiled, f"program {index} of seed {seed}", tally))
    tally.median_ms = 1e3 * statistics.median(seconds)
    tally.mean_ms = 1e3 * statistics.mean(seconds)
    return tally


def _check(compiled: Compiled, name: str, tally: Tally) -> float:
    """Count what the soundness check and execution say of one program; returns the seconds of the former."""
    start = time.process_time()
    faults = plan_soundness(compiled.plan)
    taken = time.process_time() - start
    found = outcome(compiled)
    tally.disagreeing += found is Outcome.DISAGREES
    tally.flagged += bool(faults)
    for kind in {fault.kind.value for fault in faults}:
        tally.kinds[kind] = tally.kinds.get(kind, 0) + 1
    if found is Outcome.DISAGREES and not faults:
        tally.missed.append(name)
    if found is not Outcome.DISAGREES and faults:
        tally.false_flags += 1
        tally.false_flags_by_a_hair += found is Outcome.AGREES_BY_A_HAIR
    return taken


@dataclass(frozen=True)
class Proving:
    """How programs of a preset (mode `fixed`) fare: share proved by bounds alone, and milliseconds."""

    preset: str
    programs: int
    proved: float
    flagged: int
    plan_ms: float
    median_ms: float
    p95_ms: float


def prove(preset: str, count: int, seed: int) -> Proving:
    """Check programs of a preset of the sampler, of all sizes."""
    plans: list[float] = []
    checks: list[float] = []
    proved = flagged = 0
    for index in range(count):
        sample = sample_program(preset, seed, index)
        start = time.process_time()
        layout = plan(sample.program, sample.signature, mode=Mode.FIXED)
        planned = time.process_time()
        faults = plan_soundness(layout)
        checks.append(time.process_time() - planned)
        plans.append(planned - start)
        proved += not doubts(layout)
        flagged += bool(faults)
    return Proving(
        preset=preset,
        programs=count,
        proved=proved / count,
        flagged=flagged,
        plan_ms=1e3 * statistics.median(plans),
        median_ms=1e3 * statistics.median(checks),
        p95_ms=1e3 * statistics.quantiles(checks, n=20)[-1],
    )


def report(tallies: dict[str, Tally], provings: Sequence[Proving]) -> str:
    """The section of docs/results.md."""
    rows = [
        [
            f"`{mode}`",
            f"{t.programs:,}",
            f"{t.refused:,}",
            f"{t.disagreeing:,}",
            f"{t.disagreeing - len(t.missed):,}",
            str(len(t.missed)),
            f"{t.false_flags} ({t.false_flags_by_a_hair})",
            f"{t.median_ms:.2f} / {t.mean_ms:.2f}",
        ]
        for mode, t in tallies.items()
    ]
    header = ["mode", "programs", "refused", "disagree", "flagged of these", "missed"]
    header += ["false flags (by a hair)", "ms, median / mean"]
    found = sorted({kind for tally in tallies.values() for kind in tally.kinds})
    kinds = [[kind, *(str(t.kinds.get(kind, 0)) for t in tallies.values())] for kind in found]
    return (
        "Random programs of at most 5,460 inputs, every one of which is run through the compiled model and "
        "the interpreter. A false flag is a flagged program that agrees everywhere; by a hair: some position "
        "has two largest logits, or one of exactly 0.5. The policies are skewed to where things go wrong.\n\n"
        + table(header, rows)
        + "\n\nPrograms flagged, by kind of fault:\n\n"
        + table(["fault", *(f"`{mode}`" for mode in tallies)], kinds)
        + "\n\nPrograms of the sampler in mode `fixed`, of all sizes; the time is of the check alone:\n\n"
        + table(
            ["preset", "programs", "proved without looking at inputs", "flagged", "ms, median / 95 %"],
            [
                [
                    f"`{p.preset}`",
                    f"{p.programs:,}",
                    f"{p.proved:.1%}",
                    f"{p.flagged}",
                    f"{p.median_ms:.2f} / {p.p95_ms:.2f}",
                ]
                for p in provings
            ],
        )
    )


def main() -> None:
    """Print the counts of both modes as JSON; exit 1 when a disagreeing program was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="programs, half of them in each mode")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--presets", type=int, default=300, help="programs of each preset to check")
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    half = options.count // 2
    tallies = {
        mode.value: compare(count=half, seed=options.seed, first=options.first + i * half, mode=mode)
        for i, mode in enumerate(Mode)
    }
    provings = [prove(preset, options.presets, options.seed) for preset in ("sound", "tracr")]
    modes = {mode: asdict(tally) for mode, tally in tallies.items()}
    print(json.dumps({"modes": modes, "presets": [asdict(p) for p in provings]}, indent=2))
    if options.write:
        write_section("soundness", "The soundness check, checked by execution", report(tallies, provings))
    raise SystemExit(1 if any(tally.missed for tally in tallies.values()) else 0)


if __name__ == "__main__":
    main()
