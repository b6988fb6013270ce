"""How fast programs are compiled, beside Tracr in the same run.

python -m benchmarks.compile_speed [--programs 200] [--full 12] [--write]
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from tracr.compiler.compiling import compile_rasp_to_model

from benchmarks.results import table, write_section
from benchmarks.tracr_oracle import TracrRefusesError, check_assembly, craft, silent
from inverse_tracr.compile import compile_program, compile_weights
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.rasp.caching import empty_caches
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import BOS, PAD, Signature
from inverse_tracr.sample import sample_program

Case = tuple[Program, Signature]


@dataclass(frozen=True)
class Speeds:
    """Median milliseconds a program; the last three are medians of the ratios of single programs."""

    programs: int
    programs_compiled_whole_by_tracr: int
    ours_weights_ms: float
    ours_model_ms: float
    tracr_craft_ms: float
    tracr_whole_ms: float
    craft_over_our_weights: float
    craft_over_our_model: float
    whole_over_our_model: float


def cases(count: int, seed: int) -> list[Case]:
    """Programs of 4 to 15 lines, of the presets `sound` and `tracr` in turn, that Tracr can compile."""
    found: list[Case] = []
    index = 0
    while len(found) < count:
        sample = sample_program(("sound", "tracr")[index % 2], seed, index)
        index += 1
        try:
            compile_weights(sample.program, sample.signature)
            check_assembly(craft(sample.program, sample.signature))
        except (InverseTracrError, TracrRefusesError):
            continue
        found.append((sample.program, sample.signature))
    return found


def measure(count: int, whole: int, seed: int) -> Speeds:
    """Compile every program once by each compiler, one after the other; `whole` of them by all of Tracr."""
    programs = cases(count, seed)
    empty_caches()
    weights, models, crafts, wholes = [], [], [], []
    with silent():
        for index, (program, signature) in enumerate(programs):
            weights.append(_seconds(lambda p=program, s=signature: compile_weights(p, s)))
            empty_caches()
            models.append(_seconds(lambda p=program, s=signature: compile_program(p, s)))
            crafts.append(_seconds(lambda p=program, s=signature: craft(p, s)))
            if index < whole:
                wholes.append(_seconds(lambda p=program, s=signature: _tracr(p, s)))
    return Speeds(
        programs=count,
        programs_compiled_whole_by_tracr=whole,
        ours_weights_ms=1e3 * statistics.median(weights),
        ours_model_ms=1e3 * statistics.median(models),
        tracr_craft_ms=1e3 * statistics.median(crafts),
        tracr_whole_ms=1e3 * statistics.median(wholes),
        craft_over_our_weights=_ratio(crafts, weights),
        craft_over_our_model=_ratio(crafts, models),
        whole_over_our_model=_ratio(wholes, models[:whole]),
    )


def _ratio(slow: list[float], fast: list[float]) -> float:
    return statistics.median(s / f for s, f in zip(slow, fast, strict=True))


def _tracr(program: Program, signature: Signature) -> object:
    return compile_rasp_to_model(
        program.to_tracr(signature),
        # Tracr says Set[Value], which is invariant: a set of fewer types is none to it.
        vocab=set(signature.vocab),  # pyright: ignore[reportArgumentType]
        max_seq_len=signature.max_seq_len,
        causal=signature.causal,
        compiler_bos=BOS,
        compiler_pad=PAD,
    )


def _seconds(call: Callable[[], object]) -> float:
    """Time of one call, garbage collection aside."""
    gc.collect(0)
    gc.disable()
    start = time.perf_counter()
    call()
    taken = time.perf_counter() - start
    gc.enable()
    return taken


def report(speeds: Speeds) -> str:
    """The section of docs/results.md."""
    rows = [
        ["weights, ours", f"{speeds.ours_weights_ms:.2f} ms", "1"],
        ["model (a PyTorch module), ours", f"{speeds.ours_model_ms:.2f} ms", "1"],
        [
            "Tracr's CRAFT stage (no arrays for JAX)",
            f"{speeds.tracr_craft_ms:.1f} ms",
            f"{speeds.craft_over_our_weights:.0f} (weights), {speeds.craft_over_our_model:.0f} (model)",
        ],
        [
            "`tracr.compiler.compiling.compile_rasp_to_model`",
            f"{speeds.tracr_whole_ms:,.0f} ms",
            f"{speeds.whole_over_our_model:,.0f} (model)",
        ],
    ]
    return (
        f"Medians over {speeds.programs} programs of 4 to 15 lines (presets `sound` and `tracr` in turn, "
        f"mode `tracr`), each compiled once by each compiler in one process, one thread; all of Tracr on the "
        f"first {speeds.programs_compiled_whole_by_tracr} only. Ratios are medians of single ratios.\n\n"
        + table(["", "time a program", "times ours"], rows)
    )


def main() -> None:
    """Print the figures as JSON, and write them to docs/results.md with --write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--full", type=int, default=12, help="how many of them to compile by all of Tracr")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    speeds = measure(options.programs, options.full, options.seed)
    print(json.dumps(asdict(speeds), indent=2))
    if options.write:
        write_section("compile-speed", "Speed of the compiler", report(speeds))


if __name__ == "__main__":
    main()
