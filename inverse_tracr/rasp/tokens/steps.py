"""Steps of the grammar that write lines: statements, operands, functions, constants, predicates."""

# ruff: noqa: ARG002, D102 -- the protocol `Step` says what the methods of a step do

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inverse_tracr.rasp.functions import (
    MAX_NUMBER,
    Comparison,
    NamedBinary,
    NamedPredicate,
    NamedUnary,
    Side,
    UnaryOp,
    tabulate_unary,
)
from inverse_tracr.rasp.tokens.codebook import (
    BINARY_OPS,
    CODEBOOK,
    COMPARISONS,
    UNARY_OPS,
    Form,
    Group,
    TokenError,
    form_id,
)
from inverse_tracr.rasp.tokens.draft import Draft, all_numbers, reference_mask
from inverse_tracr.rasp.tokens.step import Step
from inverse_tracr.rasp.tokens.tables import table_steps
from inverse_tracr.rasp.tokens.value_codes import Mask, new_mask
from inverse_tracr.rasp.value_sets import reach_of
from inverse_tracr.rasp.values import Value, is_number

VALUE_FIRST = frozenset(
    {UnaryOp.EQ, UnaryOp.NE, UnaryOp.LT, UnaryOp.LE, UnaryOp.GT, UnaryOp.GE, UnaryOp.MINIMUM, UnaryOp.MAXIMUM}
)
"""Functions whose constant is compared with the operand: it is told by its place in the value set."""


# -- operands --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operand:
    """An s-op of any encoding."""

    def allowed(self, draft: Draft) -> Mask:
        return reference_mask(draft.categorical | draft.numerical)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _take_reference(draft, token)


@dataclass(frozen=True)
class PairOperand:
    """The first or second operand of two that are both numerical or both categorical."""

    numerical: bool

    def allowed(self, draft: Draft) -> Mask:
        chosen = draft.numerical if self.numerical else draft.categorical
        refs = draft.line.refs
        return reference_mask(draft.second_of(chosen, refs[0]) if refs else draft.first_of(chosen))

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _take_reference(draft, token)


@dataclass(frozen=True)
class Selector:
    """The selector of an aggregate or a selector width."""

    def allowed(self, draft: Draft) -> Mask:
        return reference_mask(draft.selectors)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _take_reference(draft, token)


@dataclass(frozen=True)
class Aggregated:
    """The values of an aggregate: categorical, or numerical ones that Tracr can average."""

    def allowed(self, draft: Draft) -> Mask:
        return reference_mask(draft.categorical | draft.means)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _take_reference(draft, token)


@dataclass(frozen=True)
class Returned:
    """The line that the program returns."""

    def allowed(self, draft: Draft) -> Mask:
        return reference_mask(draft.outputs)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        draft.output = CODEBOOK.index(token) - 2
        return ()


def _take_reference(draft: Draft, token: int) -> tuple[Step, ...]:
    draft.line.refs.append(CODEBOOK.index(token) - 2)
    return ()


# -- functions of one variable ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Unary:
    """The function of a map: a named one, or a table."""

    def allowed(self, draft: Draft) -> Mask:
        mask = new_mask()
        mask[CODEBOOK.blocks[Group.UNARY].slice] = True
        mask[[form_id(Form.TABLE), form_id(Form.ENTRIES)]] = True
        if draft.numerical_result:
            values = draft.values(0)
            for position, op in enumerate(UNARY_OPS):
                if not _can_give_numbers(op, values, draft):
                    mask[CODEBOOK.id(Group.UNARY, position)] = False
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        if CODEBOOK.group(token) is Group.FORM:
            return table_steps(draft, token)
        op = UNARY_OPS[CODEBOOK.index(token)]
        if op.takes_constant:
            return (Constant(op),)
        draft.line.function = NamedUnary(op)
        return ()


@dataclass(frozen=True)
class Constant:
    """The constant of a named function."""

    op: UnaryOp

    def allowed(self, draft: Draft) -> Mask:
        return constant_mask(self.op, draft.values(0), draft)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        draft.line.function = NamedUnary(self.op, draft.codes.value(token, draft.values(0)))
        return ()


_ALWAYS_NUMBERS = frozenset(UNARY_OPS) - {
    UnaryOp.IDENTITY,
    UnaryOp.ADD,
    UnaryOp.MINIMUM,
    UnaryOp.MAXIMUM,
    UnaryOp.AND,
    UnaryOp.OR,
    UnaryOp.CONSTANT,
}
"""Functions that give numbers, or nothing, whatever they are given."""


def _can_give_numbers(op: UnaryOp, values: tuple[Value, ...], draft: Draft) -> bool:
    if op in _ALWAYS_NUMBERS:
        return True
    if not op.takes_constant:
        return all_numbers(tabulate_unary(NamedUnary(op), values))
    return all_numbers(tabulate_unary(NamedUnary(op, 1), values)) or bool(
        constant_mask(op, values, draft).any()
    )


def constant_mask(op: UnaryOp, values: tuple[Value, ...], draft: Draft) -> Mask:
    """Tokens of the constants that `op` may take on the value set `values`."""
    mask = draft.codes.mask(values) if op in VALUE_FIRST else draft.codes.free_mask()
    if not draft.numerical_result or op in _ALWAYS_NUMBERS:
        return mask
    # Whether the results are numbers is the same for all numbers as constants; others are tried one by one.
    numbers_do = all_numbers(tabulate_unary(NamedUnary(op, 1), values))
    for token in np.flatnonzero(mask).tolist():
        constant = draft.codes.value(token, values)
        if is_number(constant):
            mask[token] = numbers_do
        else:
            mask[token] = all_numbers(tabulate_unary(NamedUnary(op, constant), values))
    return mask


# -- functions of two variables, factors, predicates ---------------------------------------------------------


@dataclass(frozen=True)
class Binary:
    """The function of a sequence map."""

    def allowed(self, draft: Draft) -> Mask:
        mask = new_mask()
        mask[CODEBOOK.blocks[Group.BINARY].slice] = True
        mask[[form_id(Form.TABLE), form_id(Form.ENTRIES)]] = True
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        if CODEBOOK.group(token) is Group.FORM:
            return table_steps(draft, token)
        draft.line.function = NamedBinary(BINARY_OPS[CODEBOOK.index(token)])
        return ()


@dataclass(frozen=True)
class Factor:
    """A factor of a linear sequence map: a number that keeps the sums in range."""

    def allowed(self, draft: Draft) -> Mask:
        mask = draft.codes.number_mask()
        values = draft.values(len(draft.line.factors))
        reach = reach_of(1, values)
        for token in np.flatnonzero(mask).tolist():
            mask[token] = 2 * abs(_number(draft.codes.value(token))) * reach <= MAX_NUMBER
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        draft.line.factors.append(_number(draft.codes.value(token)))
        return ()


def _number(value: Value) -> int | float:
    if not isinstance(value, int | float):
        raise TokenError("a factor is no number", got=repr(value))
    return value


@dataclass(frozen=True)
class SelectedBy:
    """The predicate of a select."""

    def allowed(self, draft: Draft) -> Mask:
        mask = new_mask()
        for group in (Group.COMPARE, Group.SHIFTED, Group.KEY, Group.QUERY):
            mask[CODEBOOK.blocks[group].slice] = True
        mask[[form_id(Form.TABLE), form_id(Form.ENTRIES)]] = True
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        group, index = CODEBOOK.group(token), CODEBOOK.index(token)
        if group is Group.FORM:
            return table_steps(draft, token)
        if group is Group.COMPARE:
            draft.line.function = NamedPredicate(COMPARISONS[index])
            return ()
        if group is Group.SHIFTED:
            return (Offset(COMPARISONS[index]),)
        side = Side.KEY_ALONE if group is Group.KEY else Side.QUERY_ALONE
        return (OneSided(COMPARISONS[index], side),)


@dataclass(frozen=True)
class Offset:
    """What is added to the query before the key is compared with it: a whole number that is not 0."""

    comparison: Comparison

    def allowed(self, draft: Draft) -> Mask:
        mask = draft.codes.number_mask()
        for token in np.flatnonzero(mask).tolist():
            offset = draft.codes.value(token)
            mask[token] = isinstance(offset, int) and offset != 0
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        offset = draft.codes.value(token)
        if not isinstance(offset, int):
            raise TokenError("an offset is no whole number", got=repr(offset))
        draft.line.function = NamedPredicate(self.comparison, offset=int(offset))
        return ()


@dataclass(frozen=True)
class OneSided:
    """The constant that the key or the query alone is compared with."""

    comparison: Comparison
    side: Side

    def allowed(self, draft: Draft) -> Mask:
        return draft.codes.mask(self._values(draft))

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        constant = draft.codes.value(token, self._values(draft))
        draft.line.function = NamedPredicate(self.comparison, self.side, constant)
        return ()

    def _values(self, draft: Draft) -> tuple[Value, ...]:
        return draft.values(0 if self.side is Side.KEY_ALONE else 1)
