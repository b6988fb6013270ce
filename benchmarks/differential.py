"""Our compiler against Tracr's on random programs: weights by label, refusals, and what the models say.

python -m benchmarks.differential --count 2000 --seed 0 [--end-to-end 20] [--write]
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace

import numpy as np

from benchmarks.comparison import assembled_differences, craft_differences, forward_differences
from benchmarks.random_programs import POLICIES, Policy, random_program
from benchmarks.results import table, tell, write_section
from benchmarks.tracr_oracle import TracrRefusesError, assemble_craft, check_assembly, craft, is_ordered
from inverse_tracr.compile import Compiled, CompileError, compile_weights
from inverse_tracr.rasp.program import Program, ProgramError
from inverse_tracr.rasp.signature import Signature

SMALL: tuple[Policy, ...] = tuple(replace(p, lines=(2, 4), max_seq_len=(2, 5)) for p in POLICIES)
"""Policies for programs that JAX compiles in about a second."""


@dataclass
class Tally:
    """Counts over programs; `mismatches` names every program that was not treated alike.

    `without_order` counts programs whose weights in Tracr hang on Python's hash seed; they are not compared.
    """

    programs: int = 0
    equal: int = 0
    refused_by_both: int = 0
    without_order: int = 0
    end_to_end: int = 0
    policies: dict[str, int] = field(default_factory=dict[str, int])
    refusals: dict[str, int] = field(default_factory=dict[str, int])
    mismatches: list[str] = field(default_factory=list[str])


def check(program: Program, signature: Signature, tally: Tally, *, end_to_end: bool, seed: int) -> list[str]:
    """What differs between our compiler and Tracr's on one program."""
    ours, why = _ours(program, signature)
    if ours is not None and not _has_order(ours):
        tally.without_order += 1
        return []
    try:
        made = craft(program, signature)
        check_assembly(made)
    except TracrRefusesError as error:
        if ours is not None:
            return [f"only Tracr refuses: {error}"]
        tally.refused_by_both += 1
        tally.refusals[why] = tally.refusals.get(why, 0) + 1
        return []
    if ours is None:
        return [f"only we refuse: {why}"]
    found = list(craft_differences(ours, made))
    if (size := _size(ours)) != ours.plan.config.parameter_count:
        found.append(f"{size} parameters, {ours.plan.config.parameter_count} were foretold")
    if end_to_end and not found:
        assembled = assemble_craft(made, signature)
        found += assembled_differences(ours, made, assembled)
        found += forward_differences(ours, assembled, random=np.random.default_rng(seed))
        tally.end_to_end += 1
    tally.equal += not found
    return found


def _ours(program: Program, signature: Signature) -> tuple[Compiled | None, str]:
    try:
        return compile_weights(program, signature), ""
    except (CompileError, ProgramError) as error:
        return None, _reason(error)


def _size(compiled: Compiled) -> int:
    return sum(getattr(compiled.weights, tensor.name).size for tensor in fields(compiled.weights))


def _has_order(compiled: Compiled) -> bool:
    """Whether Tracr's weights are the same in every run."""
    plan = compiled.plan
    sets = [plan.rows, *(plan.values[position] for position in range(len(plan.program)))]
    return all(is_ordered(values) for values in sets)


def _reason(error: CompileError | ProgramError) -> str:
    """The reason of a refusal without names, numbers and advice."""
    text = re.sub(r"^line \d+ \(\w+\): |, got values .*|; mode `fixed`.*", "", str(error))
    return re.sub(r"\d+ dimensions", "n dimensions", re.sub(r"take \d+", "take n", text))


def compare(
    *,
    count: int,
    seed: int,
    first: int = 0,
    end_to_end: int = 0,
    policies: Sequence[Policy] = POLICIES,
) -> Tally:
    """Check programs `first` to `first + count` of stream `seed`, evenly many of them end to end."""
    tally = Tally()
    every = count // end_to_end if end_to_end else 0
    for index in range(first, first + count):
        program, signature = random_program(seed, index, policies)
        tally.programs += 1
        tell(tally.programs, count)
        policy = policies[index % len(policies)].name
        tally.policies[policy] = tally.policies.get(policy, 0) + 1
        whole = every > 0 and (index - first) % every == 0
        for difference in check(program, signature, tally, end_to_end=whole, seed=index):
            tally.mismatches.append(f"program {index} of seed {seed}: {difference}")
    return tally


def report(tally: Tally) -> str:
    """The section of docs/results.md."""
    rows: list[tuple[str, int]] = [
        ("drawn", tally.programs),
        ("weights equal to those of Tracr's CRAFT stage, by label, in float32", tally.equal),
        ("of these, assembled weights and the outputs of Tracr's model equal too", tally.end_to_end),
        ("refused by both", tally.refused_by_both),
        ("not compared: Tracr's order of a value set hangs on Python's hash seed", tally.without_order),
        ("treated differently", len(tally.mismatches)),
    ]
    reasons = sorted(tally.refusals.items(), key=lambda reason: -reason[1])
    return (
        f"Random type-correct programs, policies in turn: {', '.join(tally.policies)}.\n\n"
        + table(["", "programs"], [[name, f"{count:,}"] for name, count in rows])
        + "\n\nWhat both refuse:\n\n"
        + table(["our reason", "programs"], [[reason, f"{count:,}"] for reason, count in reasons])
    )


def main() -> None:
    """Print the counts as JSON; exit 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--end-to-end", type=int, default=0, help="how many of them to run through JAX too")
    parser.add_argument("--small", action="store_true", help="programs of 2 to 4 lines")
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    options = parser.parse_args()
    tally = compare(
        count=options.count,
        seed=options.seed,
        first=options.first,
        end_to_end=options.end_to_end,
        policies=SMALL if options.small else POLICIES,
    )
    print(json.dumps(asdict(tally), indent=2))
    if options.write:
        write_section("differential", "Weights equal to Tracr's", report(tally))
    raise SystemExit(1 if tally.mismatches else 0)


if __name__ == "__main__":
    main()
