"""Steps of the grammar that write tables: of all values in order, or of entries with their keys."""

# ruff: noqa: D102 -- `Step` says what the methods of a step do

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from inverse_tracr.rasp.functions import BinaryTable, PredicateTable, UnaryTable
from inverse_tracr.rasp.tokens.codebook import CODEBOOK, Form, Group, Statement, form_id
from inverse_tracr.rasp.tokens.draft import Draft
from inverse_tracr.rasp.tokens.step import Step
from inverse_tracr.rasp.tokens.table_order import pairs_in_order
from inverse_tracr.rasp.tokens.value_codes import Mask, new_mask
from inverse_tracr.rasp.values import Maybe

NIBBLE = 4
"""Keys that one token of bits tells about; the first of them is the leftmost bit."""


def table_steps(draft: Draft, token: int) -> tuple[Step, ...]:
    """The steps of the form that a table begins with."""
    if token == form_id(Form.ENTRIES):
        return (EntryOrEnd(),)
    if draft.line.statement is Statement.SELECT:
        return _next_bits(draft, 0, 0)
    return _next_result(draft)


def _is_predicate(draft: Draft) -> bool:
    return draft.line.statement is Statement.SELECT


def _is_unary(draft: Draft) -> bool:
    return draft.line.statement in (Statement.MAP, Statement.MAP_NUMERICAL)


def _close(draft: Draft, default: Maybe = None) -> tuple[Step, ...]:
    """The table that the entries make."""
    entries = tuple(draft.line.entries)
    if _is_predicate(draft):
        draft.line.function = PredicateTable(tuple(pair for pair, _ in entries))
    elif _is_unary(draft):
        draft.line.function = UnaryTable(entries, default)
    else:
        draft.line.function = BinaryTable(entries, default)
    return ()


# -- tables of all values in order ------------------------------------------------------------------------


def _next_result(draft: Draft) -> tuple[Step, ...]:
    return (Result(),) if len(draft.line.entries) < _size(draft) else _close(draft)


def _size(draft: Draft) -> int:
    """Number of values, or pairs of values, of the operands."""
    count = len(draft.values(0))
    return count if _is_unary(draft) else count * len(draft.values(1))


@dataclass(frozen=True)
class Result(Step):
    """What a function gives at the next value, or pair of values, in order."""

    def allowed(self, draft: Draft) -> Mask:
        return _results(draft, numbers=draft.numerical_result)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        place, xs = len(draft.line.entries), draft.values(0)
        if _is_unary(draft):
            draft.line.entries.append((xs[place], _result(draft, token)))
        else:
            ys = draft.values(1)
            key = (xs[place // len(ys)], ys[place % len(ys)])
            draft.line.entries.append((key, _result(draft, token)))
        return _next_result(draft)


def _results(draft: Draft, *, numbers: bool) -> Mask:
    mask = draft.codes.number_mask() if numbers else draft.codes.free_mask()
    mask[form_id(Form.NONE)] = True
    return mask


def _result(draft: Draft, token: int) -> Maybe:
    return None if token == form_id(Form.NONE) else draft.codes.value(token)


def _next_bits(draft: Draft, query: int, key: int) -> tuple[Step, ...]:
    """The bits of the key at `key` and those after it, at the query at `query`."""
    keys, queries = draft.values(0), draft.values(1)
    if key < len(keys) and query < len(queries):
        return (Bits(query, key),)
    if query + 1 < len(queries) and keys:
        return (Bits(query + 1, 0),)
    return _close(draft)


@dataclass(frozen=True)
class Bits(Step):
    """Which of up to four keys the query at `query` selects, from the key at `key` on."""

    query: int
    key: int

    def allowed(self, draft: Draft) -> Mask:
        unused = max(NIBBLE - (len(draft.values(0)) - self.key), 0)
        mask = new_mask()
        mask[CODEBOOK.blocks[Group.BITS].slice][:: 1 << unused] = True
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        bits = CODEBOOK.index(token)
        query = draft.values(1)[self.query]
        for place, key in enumerate(draft.values(0)[self.key : self.key + NIBBLE]):
            if bits >> (NIBBLE - 1 - place) & 1:
                draft.line.entries.append(((key, query), None))
        return _next_bits(draft, self.query, self.key + NIBBLE)


# -- tables of entries ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EntryOrEnd(Step):
    """The (first) key of a further entry, the default, or the end of the table."""

    def allowed(self, draft: Draft) -> Mask:
        mask = draft.constants(0).copy()
        if _is_unary(draft):
            mask[list(draft.line.used)] = False
        else:
            seconds = int(draft.constants(1).sum())
            mask[[first for first, used in draft.line.used.items() if len(used) == seconds]] = False
        mask[form_id(Form.DEFAULT)] = not _is_predicate(draft)
        # What a table of all values can write is not written by entries, unless nothing else is left.
        mask[form_id(Form.END)] = not _covers_all_in_order(draft) or not mask.any()
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        if token == form_id(Form.END):
            return _close(draft)
        if token == form_id(Form.DEFAULT):
            return (Default(),)
        draft.line.keys = [token]
        draft.line.used.setdefault(token, [])
        if _is_predicate(draft):
            return (SecondKey(), EntryOrEnd())
        if _is_unary(draft):
            return (EntryResult(), EntryOrEnd())
        return (SecondKey(), EntryResult(), EntryOrEnd())


@dataclass(frozen=True)
class SecondKey(Step):
    """The second key of an entry: a value of the second operand, or the query of a pair."""

    def allowed(self, draft: Draft) -> Mask:
        mask = draft.constants(1).copy()
        mask[draft.line.used[draft.line.keys[0]]] = False
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        draft.line.used[draft.line.keys[0]].append(token)
        draft.line.keys.append(token)
        if _is_predicate(draft):
            _append(draft, None)
        return ()


@dataclass(frozen=True)
class EntryResult(Step):
    """What a function gives at the keys just written."""

    def allowed(self, draft: Draft) -> Mask:
        inside = draft.numerical_result and _key(draft, 0) in draft.values(0)
        return _results(draft, numbers=inside)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        _append(draft, _result(draft, token))
        return ()


@dataclass(frozen=True)
class Default(Step):
    """What a function gives at every other value."""

    def allowed(self, draft: Draft) -> Mask:
        keys = {key for key, _ in draft.line.entries}
        reached = draft.numerical_result and not keys.issuperset(draft.values(0))
        mask = _results(draft, numbers=reached)
        mask[form_id(Form.NONE)] = False
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _close(draft, _result(draft, token))


def _key(draft: Draft, place: int) -> Maybe:
    return draft.codes.value(draft.line.keys[place], draft.values(place))


def _append(draft: Draft, result: Maybe) -> None:
    key = _key(draft, 0) if _is_unary(draft) else (_key(draft, 0), _key(draft, 1))
    draft.line.entries.append((key, result))


def _covers_all_in_order(draft: Draft) -> bool:
    """Whether a table of all values can write the entries so far."""
    entries = draft.line.entries
    if _is_predicate(draft):
        return pairs_in_order([pair for pair, _ in entries], draft.values(0), draft.values(1))
    if len(entries) != _size(draft):
        return False
    keys = draft.values(0) if _is_unary(draft) else product(draft.values(0), draft.values(1))
    return [key for key, _ in entries] == list(keys)
