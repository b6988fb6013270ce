"""Steps of the grammar that write lines: statements, operands, functions, constants, predicates."""

# ruff: noqa: ARG002, D102 -- `Step` says what the methods of a step do

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
)
from inverse_tracr.rasp.tabulated import tabulate_unary
from inverse_tracr.rasp.tokens.codebook import (
    BINARY_OPS,
    CODEBOOK,
    COMPARISONS,
    GREATEST_INTEGER,
    LEAST_INTEGER,
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

_INTEGERS = CODEBOOK.blocks[Group.INTEGER]
_INTEGER_SIZES = np.abs(np.arange(LEAST_INTEGER, GREATEST_INTEGER + 1, dtype=np.float64))


def _groups(*groups: Group, tables: bool = True) -> Mask:
    """All tokens of some groups, and the forms that a table begins with."""
    mask = new_mask()
    for group in groups:
        mask[CODEBOOK.blocks[group].slice] = True
    mask[[form_id(Form.TABLE), form_id(Form.ENTRIES)]] = tables
    return mask


_ANY_UNARY = _groups(Group.UNARY)
_ANY_BINARY = _groups(Group.BINARY)
_ANY_PREDICATE = _groups(Group.COMPARE, Group.SHIFTED, Group.KEY, Group.QUERY)
_INTEGERS_ONLY = _groups(Group.INTEGER, tables=False)

VALUE_FIRST = frozenset(
    {UnaryOp.EQ, UnaryOp.NE, UnaryOp.LT, UnaryOp.LE, UnaryOp.GT, UnaryOp.GE, UnaryOp.MINIMUM, UnaryOp.MAXIMUM}
)
"""Functions whose constant is compared with the operand: it is told by its place in the value set."""


# -- operands --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Operand(Step):
    """An s-op of any encoding."""

    def allowed(self, draft: Draft) -> Mask:
        return reference_mask(draft.categorical | draft.numerical)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _take_reference(draft, token)


@dataclass(frozen=True)
class PairOperand(Step):
    """The first or second operand of two that are both numerical or both categorical."""

    numerical: bool

    def allowed(self, draft: Draft) -> Mask:
        chosen = draft.numerical if self.numerical else draft.categorical
        refs = draft.line.refs
        return reference_mask(draft.second_of(chosen, refs[0]) if refs else draft.first_of(chosen))

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _take_reference(draft, token)


@dataclass(frozen=True)
class Selector(Step):
    """The selector of an aggregate or a selector width."""

    def allowed(self, draft: Draft) -> Mask:
        return reference_mask(draft.selectors)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _take_reference(draft, token)


@dataclass(frozen=True)
class Aggregated(Step):
    """The values of an aggregate: categorical, or numerical ones that Tracr can average."""

    def allowed(self, draft: Draft) -> Mask:
        return reference_mask(draft.categorical | draft.means)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        return _take_reference(draft, token)


@dataclass(frozen=True)
class Returned(Step):
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
class Unary(Step):
    """The function of a map: a named one, or a table."""

    def allowed(self, draft: Draft) -> Mask:
        if not draft.numerical_result:
            return _ANY_UNARY
        mask = _ANY_UNARY.copy()
        for position, op in enumerate(UNARY_OPS):
            mask[CODEBOOK.id(Group.UNARY, position)] = _can_give_numbers(op, draft)
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
class Constant(Step):
    """The constant of a named function."""

    op: UnaryOp

    def allowed(self, draft: Draft) -> Mask:
        return _constants(self.op, draft)

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


def _can_give_numbers(op: UnaryOp, draft: Draft) -> bool:
    if op in _ALWAYS_NUMBERS:
        return True
    if not op.takes_constant:
        return _gives_numbers(NamedUnary(op), draft)
    return _gives_numbers(NamedUnary(op, 1), draft) or bool(_constants(op, draft).any())


def _gives_numbers(function: NamedUnary, draft: Draft) -> bool:
    return all_numbers(tabulate_unary(function, draft.values(0)))


def _constants(op: UnaryOp, draft: Draft) -> Mask:
    """Tokens of the constants that `op` may take."""
    mask = draft.constants(0) if op in VALUE_FIRST else draft.codes.free_mask()
    if not draft.numerical_result or op in _ALWAYS_NUMBERS:
        return mask
    # Whether the results are numbers is the same for all numbers as constants; others are tried one by one.
    numbers_do = _gives_numbers(NamedUnary(op, 1), draft)
    allowed = mask & numbers_do
    for token in (mask & ~_INTEGERS_ONLY).nonzero()[0].tolist():
        constant = draft.codes.value(token, draft.values(0))
        numbers = numbers_do if is_number(constant) else _gives_numbers(NamedUnary(op, constant), draft)
        allowed[token] = numbers
    return allowed


# -- functions of two variables, factors, predicates ---------------------------------------------------------


@dataclass(frozen=True)
class Binary(Step):
    """The function of a sequence map."""

    def allowed(self, draft: Draft) -> Mask:
        return _ANY_BINARY

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        if CODEBOOK.group(token) is Group.FORM:
            return table_steps(draft, token)
        draft.line.function = NamedBinary(BINARY_OPS[CODEBOOK.index(token)])
        return ()


@dataclass(frozen=True)
class Factor(Step):
    """A factor of a linear sequence map: a number that keeps the sums in range."""

    def allowed(self, draft: Draft) -> Mask:
        reach = reach_of(1, draft.values(len(draft.line.factors)))
        mask = new_mask()
        mask[_INTEGERS.slice] = _INTEGER_SIZES * reach <= MAX_NUMBER / 2
        for value, token in draft.codes.named.items():
            mask[token] = isinstance(value, int | float) and abs(value) * reach <= MAX_NUMBER / 2
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        draft.line.factors.append(_number(draft.codes.value(token)))
        return ()


def _number(value: Value) -> int | float:
    if not isinstance(value, int | float):
        raise TokenError("a factor is no number", got=repr(value))
    return value


@dataclass(frozen=True)
class SelectedBy(Step):
    """The predicate of a select."""

    def allowed(self, draft: Draft) -> Mask:
        return _ANY_PREDICATE

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
class Offset(Step):
    """What is added to the query before the key is compared with it: a whole number that is not 0."""

    comparison: Comparison

    def allowed(self, draft: Draft) -> Mask:
        mask = _INTEGERS_ONLY.copy()
        mask[draft.codes.free_code(0)] = False
        mask[[token for value, token in draft.codes.named.items() if isinstance(value, int)]] = True
        return mask

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        offset = draft.codes.value(token)
        if not isinstance(offset, int):
            raise TokenError("an offset is no whole number", got=repr(offset))
        draft.line.function = NamedPredicate(self.comparison, offset=int(offset))
        return ()


@dataclass(frozen=True)
class OneSided(Step):
    """The constant that the key or the query alone is compared with."""

    comparison: Comparison
    side: Side

    def allowed(self, draft: Draft) -> Mask:
        return draft.constants(self._operand)

    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        constant = draft.codes.value(token, draft.values(self._operand))
        draft.line.function = NamedPredicate(self.comparison, self.side, constant)
        return ()

    @property
    def _operand(self) -> int:
        return 0 if self.side is Side.KEY_ALONE else 1
