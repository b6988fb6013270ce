"""The step between lines: the next literal, the next line, or the return."""

# ruff: noqa: D102 -- `Step` says what the methods of a step do

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.rasp.tokens.codebook import CODEBOOK, STATEMENTS, Group, Statement, statement_id
from inverse_tracr.rasp.tokens.draft import Draft, Parts
from inverse_tracr.rasp.tokens.literals import literal_steps, spelling_mask
from inverse_tracr.rasp.tokens.step import Step
from inverse_tracr.rasp.tokens.steps import (
    Aggregated,
    Binary,
    Factor,
    Operand,
    PairOperand,
    Returned,
    SelectedBy,
    Selector,
    Unary,
)
from inverse_tracr.rasp.tokens.value_codes import Mask, new_mask

_STEPS: dict[Statement, tuple[Step, ...]] = {
    Statement.RETURN: (Returned(),),
    Statement.MAP: (Operand(), Unary()),
    Statement.MAP_NUMERICAL: (Operand(), Unary()),
    Statement.SEQUENCE_MAP: (PairOperand(False), PairOperand(False), Binary()),
    Statement.LINEAR_SEQUENCE_MAP: (PairOperand(True), PairOperand(True), Factor(), Factor()),
    Statement.SELECT: (PairOperand(False), PairOperand(False), SelectedBy()),
    Statement.AGGREGATE: (Selector(), Aggregated()),
    Statement.SELECTOR_WIDTH: (Selector(),),
    Statement.SELECTOR_WIDTH_NUMERICAL: (Selector(),),
}


@dataclass(frozen=True)
class Begin(Step):
    """A literal (before the first line), a line, or the return."""

    def allowed(self, draft: Draft) -> Mask:
        literals = draft.limits.literals and not draft.lines and not draft.codes.full
        mask = spelling_mask() if literals else new_mask()
        returns = bool(draft.outputs.any())
        mask[statement_id(Statement.RETURN)] = returns
        room = draft.limits.lines - len(draft.lines)
        if room:
            mask[[statement_id(s) for s in _possible(draft)]] = True
            # The last line must be one that can be returned, where none before can.
            mask[statement_id(Statement.SELECT)] &= room > 1 or returns
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        if CODEBOOK.group(token) is Group.SPELLING:
            return literal_steps(token)
        statement = STATEMENTS[CODEBOOK.index(token)]
        if statement is not Statement.RETURN:
            draft.parts = Parts(statement)
        return _STEPS[statement]


def _possible(draft: Draft) -> list[Statement]:
    """Lines for which there are operands."""
    found = [Statement.MAP, Statement.MAP_NUMERICAL]
    if draft.first_of(draft.categorical).any():
        found += [Statement.SEQUENCE_MAP, Statement.SELECT]
    if draft.first_of(draft.numerical).any():
        found.append(Statement.LINEAR_SEQUENCE_MAP)
    if draft.selectors.any():
        found += [Statement.AGGREGATE, Statement.SELECTOR_WIDTH, Statement.SELECTOR_WIDTH_NUMERICAL]
    return found
