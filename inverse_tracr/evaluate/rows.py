"""Rows of the benchmark as JSON."""

from __future__ import annotations

from inverse_tracr.evaluate.breakdown import Group
from inverse_tracr.evaluate.findings import Findings
from inverse_tracr.evaluate.intervals import Estimate
from inverse_tracr.evaluate.summary import LEVELS


def row_json(found: Findings) -> dict[str, object]:
    """One row: shares between 0 and 1, each with its 95 % interval; seconds on one thread."""
    summary = found.summary
    estimates = {
        "functional_match": summary.functional,
        "faithful_match": summary.faithful,
        "exact_match": summary.exact,
        "token_accuracy": summary.tokens,
        "token_accuracy_matched": summary.tokens_matched,
        "mechanism": summary.mechanism,
        "no_look_up": summary.brief,
        "functional_ceiling": summary.ceiling,
        "faithful_ceiling": summary.faithful_ceiling,
        "agreement": summary.agreement,
        "teacher_agreement": summary.teacher_agreement,
        "candidates": summary.candidates,
        "seconds_median": summary.seconds,
    }
    return {
        "test_set": summary.test_set,
        "kind": summary.kind.value,
        "method": summary.method,
        "models": summary.models,
        **{name: estimate.value for name, estimate in estimates.items()},
        "seconds_p95": summary.seconds_p95,
        "program_accuracy": _levels(summary.levels),
        "program_accuracy_matched": _levels(summary.levels_matched),
        "verdicts": summary.verdicts,
        "exact_by": summary.exact_by,
        "misses": summary.misses,
        "found_by": summary.found_by,
        "false_equivalent": summary.false_equivalent,
        "overturned": summary.overturned,
        "floors": {
            floor.told.value: {
                "token_accuracy": floor.tokens.value,
                "token_accuracy_matched": floor.tokens_matched.value,
            }
            for floor in found.floors
        },
        "groups": [_group(group) for group in found.groups],
        "mistakes": {name: programs for name, programs, _ in found.mistakes},
        "intervals": {name: estimate.to_json() for name, estimate in estimates.items()},
    }


def _group(group: Group) -> dict[str, object]:
    return {
        "by": group.feature,
        "name": group.name,
        "models": group.models,
        "functional_match": group.functional.value,
        "faithful_match": group.faithful.value,
        "exact_match": group.exact.value,
        "seconds_median": group.seconds_median,
        "seconds_p95": group.seconds_p95,
    }


def _levels(levels: tuple[Estimate, ...]) -> dict[str, float]:
    return {f"{level:.0%}": estimate.value for level, estimate in zip(LEVELS, levels, strict=True)}
