"""The benchmark's tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from inverse_tracr.evaluate.breakdown import Group
from inverse_tracr.evaluate.findings import Band, Findings
from inverse_tracr.evaluate.intervals import Estimate
from inverse_tracr.evaluate.published import PEERS, THESIS
from inverse_tracr.evaluate.sections import table
from inverse_tracr.evaluate.summary import LEVELS, Summary

LEVEL_NAMES = [f"≥ {level:.0%}" if level < 1 else "100 %" for level in LEVELS]


def report(found: Sequence[Findings]) -> str:
    """The section of results: all rows, what others published, and each row in detail."""
    summaries = [one.summary for one in found]
    parts = [
        main_table(summaries),
        "Shares in % with their 95 % intervals (Wilson; bootstrap for means). Seconds are processor time on "
        "one thread. False `equivalent`s are counted over the verifier's verdicts and the decompiler's own, "
        "each checked again without the verifier.",
        "### Beside the thesis's Table 9.1",
        token_table(found),
        "The thesis's figures are of its own test sets. Floors are predictors that see no weights, computed "
        "on the very test set above them, each from all other programs of the set.",
        "### Published by others, each on its own test set",
        _peers(),
        *(part for one in found for part in _details(one)),
    ]
    return "\n\n".join(parts)


def main_table(summaries: Sequence[Summary]) -> str:
    """One line a test set and method."""
    header = ["test set", "method", "models", "functional", "faithful", "exact"]
    header += ["functional ceiling", "faithful ceiling", "agreement", "same as teacher"]
    header += ["candidates, mean", "seconds, median", "p95", "false equivalent"]
    rows = [
        [
            one.test_set,
            one.method,
            f"{one.models:,}",
            *map(percent, (one.functional, one.faithful, one.exact, one.ceiling, one.faithful_ceiling)),
            f"{100 * one.agreement.value:.2f}",
            f"{100 * one.teacher_agreement.value:.2f}",
            f"{one.candidates.value:.1f}",
            f"{one.seconds.value:.2f}",
            f"{one.seconds_p95:.2f}",
            str(one.false_equivalent),
        ]
        for one in summaries
    ]
    return table(header, rows)


def token_table(found: Sequence[Findings]) -> str:
    """Token and program accuracies by position, the thesis's first, floors under each of ours."""
    rows = [
        [f"thesis, {row.kind}", f"{row.tokens:.2f}", "–", *(f"{level:g}" for level in row.levels)]
        for row in THESIS
    ]
    for one in found:
        own = one.summary
        rows.append(_token_row(f"{own.test_set}, {own.method}", own.tokens, own.tokens_matched, own.levels))
        rows += [
            _token_row(f"floor: told {floor.told.value}", floor.tokens, floor.tokens_matched, floor.levels)
            for floor in one.floors
        ]
    return table(["", "tokens", "tokens, lines matched", *LEVEL_NAMES], rows)


def _token_row(name: str, tokens: Estimate, matched: Estimate, levels: Sequence[Estimate]) -> list[str]:
    return [name, percent(tokens), percent(matched), *(f"{100 * level.value:.1f}" for level in levels)]


def percent(estimate: Estimate) -> str:
    """`99.2 (97.1–99.8)`, or a dash where there is nothing."""
    if not estimate.count:
        return "–"
    return f"{100 * estimate.value:.1f} ({100 * estimate.low:.1f}–{100 * estimate.high:.1f})"


def _peers() -> str:
    def cell(value: float | None) -> str:
        return "–" if value is None else f"{value:g}"

    rows = [
        [peer.system, peer.weights, cell(peer.tokens), cell(peer.exact), cell(peer.functional)]
        for peer in PEERS
    ]
    return table(["system", "weights", "tokens", "exact", "functional"], rows)


def _details(one: Findings) -> list[str]:
    own = one.summary
    lines = [
        f"misses: {_counts(own.misses)}",
        f"verdicts: {_counts(own.verdicts)}",
        f"exact by: {_counts(own.exact_by)}",
        f"found by: {_counts(own.found_by)}",
        f"verdicts overturned by the second opinion: {own.overturned}",
        f"half-layers right: {percent(own.mechanism)} %, no look-up: {percent(own.brief)} %",
    ]
    return [
        f"### {own.test_set}, {own.method}",
        "\n".join(f"- {line}" for line in lines),
        _groups(one.groups),
        *_mistakes(one),
    ]


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _groups(groups: Sequence[Group]) -> str:
    rows = [
        [
            group.feature,
            group.name,
            f"{group.models:,}",
            *map(percent, (group.functional, group.faithful, group.exact)),
            f"{group.seconds_median:.2f}",
            f"{group.seconds_p95:.2f}",
        ]
        for group in groups
    ]
    return table(["by", "", "models", "functional", "faithful", "exact", "seconds, median", "p95"], rows)


def _mistakes(one: Findings) -> list[str]:
    """The thesis's Table 5.1: what goes wrong at which token accuracy; then every kind of mistake."""
    if not one.mistakes:
        return ["No mistakes: every program has the true canonical form."]
    bands = [[_band_name(band), str(band.programs), _band_text(band)] for band in one.bands]
    kinds = [[name, f"{programs:,}", f"{times:,}"] for name, programs, times in one.mistakes]
    return [
        table(["token accuracy", "programs", "commonest mistakes (programs with them)"], bands),
        table(["mistake", "programs", "times"], kinds),
    ]


def _band_name(band: Band) -> str:
    return "100 %" if band.least == 1 else f"≥ {band.least:.0%}"


def _band_text(band: Band) -> str:
    return ", ".join(f"{name} ({count})" for name, count in band.mistakes) or "none"
