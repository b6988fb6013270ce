"""One row of a zoo: a program, its hashes and the sizes of its model; and the tables that hold rows."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, fields

import pyarrow as pa

from inverse_tracr.model.config import SIZES


class Outcome(enum.Enum):
    """What became of an item: the first six are known at once, the others when all are put together."""

    MADE = "made"
    NO_PROGRAM = "no program found"
    NOT_COMPILED = "does not compile"
    TOO_LARGE = "too large"
    UNSOUND = "not sound"
    REJECTED = "student rejected"
    KEPT = "kept"
    TEST_FUNCTION = "function of a test set"
    SAME_FUNCTION = "function seen before"
    SAME_FORM = "canonical form seen before"
    SURPLUS = "more than asked for"


@dataclass(frozen=True)
class Row:
    """A row of the index.

    `item` is the number of the program in its stream. `program` is the text form with the signature as its
    header; `lines` counts its lines, `length` those of its canonical form. Hashes are hexadecimal digits.
    `parameters` and the sizes are those of the model, for a student its own.
    """

    item: int
    outcome: str
    preset: str
    program: str = ""
    lines: int = 0
    length: int = 0
    vocab_size: int = 0
    max_seq_len: int = 0
    causal: bool = False
    canonical_hash: str = ""
    function_hash: str = ""
    parameters: int = 0
    n_layers: int = 0
    n_heads: int = 0
    d_model: int = 0
    d_head: int = 0
    d_mlp: int = 0
    n_ctx: int = 0
    d_vocab: int = 0
    d_vocab_out: int = 0


@dataclass(frozen=True)
class StudentRow(Row):
    """A row of a compressed or natural zoo.

    `copy` counts the checkpoints of one student, 0 is the first that was accepted. `config` is the
    `config.json` of the model. `loss` is the one that decides
    acceptance; `agreement` is the share of inputs of the comparison that are right at every position,
    `position_agreement` the share of positions. `teacher_d_model` is that of the compiled model.
    """

    copy: int = 0
    config: str = ""
    loss: float = 0.0
    agreement: float = 0.0
    position_agreement: float = 0.0
    steps: int = 0
    teacher_d_model: int = 0
    weights_hash: str = ""


_ARROW = {"int": pa.int32(), "str": pa.string(), "bool": pa.bool_(), "float": pa.float64()}
_WIDE = {"item", "parameters"}


def schema_of(row_type: type[Row]) -> pa.Schema:
    """Columns of a table of rows, none of which may be null."""
    return pa.schema(
        [
            pa.field(f.name, pa.int64() if f.name in _WIDE else _ARROW[str(f.type)], nullable=False)
            for f in fields(row_type)
        ]
    )


def final_schema(row_type: type[Row]) -> pa.Schema:
    """Columns of a finished zoo: all rows there have the same outcome."""
    schema = schema_of(row_type)
    return schema.remove(schema.get_field_index("outcome"))


def row_type_of(*, trained: bool) -> type[Row]:
    """The rows that a zoo has."""
    return StudentRow if trained else Row


def to_table(rows: Sequence[Row], row_type: type[Row]) -> pa.Table:
    """Rows as an Arrow table."""
    return pa.Table.from_pylist([vars(row) for row in rows], schema=schema_of(row_type))


SIZE_COLUMNS = SIZES
"""Columns that hold the sizes of a model."""
