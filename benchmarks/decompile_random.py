"""Lift on programs without end, and on those that researchers write: permuted models, no labels.

python -m benchmarks.decompile_random --count 200 --by-tracr 40 [--seed 0] [--write]

Sources: `written` (benchmarks/written, by this package's compiler and, as many as asked for, by Tracr),
`skewed` (benchmarks/random_programs), and the presets of the sampler. What is not verified is named with what
the soundness check says of its program: an empty reason would be a fault of the lift.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from statistics import median

import numpy as np
import torch

from benchmarks.random_programs import random_program
from benchmarks.results import table, tell, write_section
from benchmarks.tracr_models import compiled_by_tracr
from benchmarks.tracr_oracle import TracrRefusesError, silent
from benchmarks.written import PROGRAMS, Written
from inverse_tracr.compile import Mode, compile_program, soundness
from inverse_tracr.decompile import Verdict, decompile
from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Signature
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.tracr_bridge import from_tracr
from inverse_tracr.sample import sample_program
from tests.decompile.variations import permuted

LARGEST = 3_000_000
"""Parameters of the largest model that is decompiled here; larger ones are counted and left out."""
SMALL = 60
"""Residual dimensions of the largest models that Tracr is asked for: it takes minutes for large ones."""
PRESETS = ("sound", "tracr", "thesis")


@dataclass(frozen=True)
class Case:
    """A program to compile; `by` is a mode of this package's compiler, or `Tracr`."""

    source: str
    name: str
    program: Program
    signature: Signature
    by: str
    written: Written | None = None


@dataclass(frozen=True)
class Row:
    """What became of one model."""

    source: str
    by: str
    name: str
    verdict: str
    exact: bool
    agreement: float
    seconds: float
    d_model: int
    half_layers: int
    faults: tuple[str, ...]

    @property
    def verified(self) -> bool:
        """Whether no difference was found."""
        return self.verdict != Verdict.REFUTED.value


def cases(count: int, by_tracr: int, seed: int) -> Iterator[Callable[[], Case]]:
    """Every source in turn; each case is made when it is called for."""
    for written in PROGRAMS:
        yield partial(_by_us, written)
    for written in PROGRAMS[:: max(1, len(PROGRAMS) // by_tracr)] if by_tracr else ():
        yield partial(_by_tracr, written)
    for mode in Mode:
        for source in ("skewed", *PRESETS):
            for index in range(count):
                yield partial(_drawn, source, seed, index, mode)


def _drawn(source: str, seed: int, index: int, mode: Mode) -> Case:
    if source == "skewed":
        program, signature = random_program(seed, index)
    else:
        sample = sample_program(source, seed, index)
        program, signature = sample.program, sample.signature
    return Case(source, f"{seed}.{index}", program, signature, mode.value)


def _by_tracr(written: Written) -> Case:
    with silent():
        program = from_tracr(written.build(), written.vocab, written.max_seq_len, written.causal)
    signature = Signature(written.vocab, written.max_seq_len, written.causal)
    return Case("written", written.name, program, signature, "Tracr", written)


def _by_us(written: Written) -> Case:
    """In mode `tracr`, or `fixed` where Tracr refuses the program."""
    asked = replace(_by_tracr(written), by=Mode.TRACR.value, written=None)
    return asked if _compiled(asked) is not None else replace(asked, by=Mode.FIXED.value)


def _compiled(case: Case) -> TransformerProgram | None:
    try:
        if case.written is not None:
            written = case.written
            ours = compile_program(case.program, case.signature, cap=LARGEST)
            if ours.config.d_model > SMALL:
                return None
            return compiled_by_tracr(
                written.build(), written.vocab, written.max_seq_len, causal=written.causal
            )
        return compile_program(case.program, case.signature, mode=Mode(case.by), cap=LARGEST)
    except (InverseTracrError, TracrRefusesError):
        return None


def judge(case: Case, number: int) -> Row | None:
    """Decompile a permuted model; None where there is none, or it is too large."""
    model = _compiled(case)
    if model is None:
        return None
    found = decompile(permuted(model, np.random.default_rng(number)), method="lift")
    faults: set[str] = set()
    if not found.verification.verified:
        mode = Mode.FIXED if case.by == Mode.FIXED.value else Mode.TRACR
        faults = {fault.kind.value for fault in soundness(case.program, case.signature, mode)}
    return Row(
        case.source,
        case.by,
        case.name,
        found.verdict.value,
        found.program is not None and _same(found.program, case.program, case.signature),
        found.agreement,
        found.seconds,
        model.config.d_model,
        2 * model.config.n_layers,
        tuple(sorted(faults)),
    )


def _same(found: Program, true: Program, signature: Signature) -> bool:
    try:
        return canonical(found, signature) == canonical(true, signature)
    except InverseTracrError:
        return False


def measure(count: int, by_tracr: int, seed: int, workers: int) -> list[Row | None]:
    """All cases in order, shared out to processes."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(measure_part, count, by_tracr, seed, n, workers) for n in range(workers)]
        found = {number: row for part in parts for number, row in part.result().items()}
    return [found[number] for number in sorted(found)]


def measure_part(count: int, by_tracr: int, seed: int, first: int, step: int) -> dict[int, Row | None]:
    """Every `step`-th case from the one numbered `first`."""
    torch.set_num_threads(1)
    rows: dict[int, Row | None] = {}
    for number, make in enumerate(cases(count, by_tracr, seed)):
        if number % step == first:
            rows[number] = row = judge(make(), number)
            tell(len(rows), (2 * len(PROGRAMS) + 8 * count) // step, every=20)
            if row is not None and not row.verified:
                print(json.dumps(asdict(row)), file=sys.stderr, flush=True)
    return rows


def report(rows: Sequence[Row], left_out: int) -> str:
    """The section of docs/results.md."""
    header = [
        "programs",
        "compiled by",
        "models",
        "equivalent",
        "no counterexample",
        "refuted",
        "exact match",
    ]
    keys = list(dict.fromkeys((row.source, row.by) for row in rows))
    lines = [_line([r for r in rows if (r.source, r.by) == key], *key) for key in keys]
    reasons = Counter(
        (row.source, row.by, ", ".join(row.faults) or "none") for row in rows if not row.verified
    )
    refuted = [[*key, str(count)] for key, count in reasons.most_common()]
    largest = max(rows, key=lambda row: row.d_model)
    return (
        f"Method `lift`, residual dimensions, heads, neurons and the inner dimensions of heads permuted. "
        f"{left_out} programs have no model (Tracr's compiler refuses them) or one of more than {LARGEST:,} "
        f"parameters. The largest has {largest.d_model} residual dimensions; at most "
        f"{max(row.half_layers for row in rows)} half-layers.\n\n"
        + table([*header, "seconds (median, p95)"], lines)
        + "\n\nRefuted, by what the soundness check says of the program as it was compiled:\n\n"
        + table(["programs", "compiled by", "faults", "models"], refuted)
    )


def _line(rows: Sequence[Row], source: str, by: str) -> list[str]:
    verdicts = Counter(row.verdict for row in rows)
    seconds = sorted(row.seconds for row in rows)
    late = seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))]
    shares = [f"{verdicts[v.value] / len(rows):.1%}" for v in Verdict]
    exact = f"{sum(row.exact for row in rows) / len(rows):.1%}"
    return [source, by, str(len(rows)), *shares, exact, f"{median(seconds):.2f}, {late:.2f}"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="programs of each random source and mode")
    parser.add_argument(
        "--by-tracr", type=int, default=10, help="written programs that Tracr itself compiles"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    rows = measure(options.count, options.by_tracr, options.seed, options.workers)
    left_out = rows.count(None)
    rows = [row for row in rows if row is not None]
    section = report(rows, left_out)
    print(section)
    if options.write:
        write_section("decompile-random", "Lift on random and on written programs", section)


if __name__ == "__main__":
    main()
