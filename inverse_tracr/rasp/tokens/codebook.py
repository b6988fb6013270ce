"""The codebook: which token id means what. Ids never change within a version."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from inverse_tracr.errors import BadInputError
from inverse_tracr.rasp.functions import BinaryOp, Comparison, UnaryOp

CODEBOOK_VERSION = 1

MAX_LINES = 64
MAX_LITERALS = 256
MAX_POSITIONS = 128
MAX_TOKENS_OF_VOCABULARY = 64
LEAST_INTEGER, GREATEST_INTEGER = -32, 255


class TokenError(BadInputError):
    """A program that the tokens cannot write, or tokens that write no program."""


class Group(enum.Enum):
    """Kinds of token; within a kind tokens are told apart by an index from 0."""

    SPECIAL = "special"
    STATEMENT = "statement"
    REFERENCE = "reference"
    UNARY = "unary"
    BINARY = "binary"
    COMPARE = "predicate"
    SHIFTED = "predicate of a shifted query"
    KEY = "predicate of the key"
    QUERY = "predicate of the query"
    FORM = "form"
    POSITION = "value"
    INTEGER = "integer"
    VOCABULARY = "vocabulary"
    LITERAL = "literal"
    BITS = "bits"
    SPELLING = "spelling"
    CHARACTER = "character"


class Statement(enum.Enum):
    """What a line may begin with; the return ends the program."""

    RETURN = "return"
    MAP = "map"
    MAP_NUMERICAL = "map numerical"
    SEQUENCE_MAP = "sequence_map"
    LINEAR_SEQUENCE_MAP = "linear_sequence_map"
    SELECT = "select"
    AGGREGATE = "aggregate"
    SELECTOR_WIDTH = "selector_width"
    SELECTOR_WIDTH_NUMERICAL = "selector_width numerical"


class Form(enum.Enum):
    """Tables and their ends; no value."""

    TABLE = "table of all values"
    ENTRIES = "table of entries"
    DEFAULT = "default"
    END = "end"
    NONE = "None"


class Spelling(enum.Enum):
    """How a literal is spelled, before the lines."""

    RATIO = "ratio"
    NUMBER = "number"
    FLOAT = "float"
    STRING = "string"
    TUPLE = "tuple"
    ESCAPE = "escape"


UNARY_OPS = (
    UnaryOp.IDENTITY,
    UnaryOp.EQ,
    UnaryOp.NE,
    UnaryOp.LT,
    UnaryOp.LE,
    UnaryOp.GT,
    UnaryOp.GE,
    UnaryOp.NOT,
    UnaryOp.NEGATE,
    UnaryOp.ABS,
    UnaryOp.ADD,
    UnaryOp.SUBTRACT,
    UnaryOp.SUBTRACT_FROM,
    UnaryOp.MULTIPLY,
    UnaryOp.DIVIDE,
    UnaryOp.DIVIDE_INTO,
    UnaryOp.FLOOR_DIVIDE,
    UnaryOp.MODULO,
    UnaryOp.MINIMUM,
    UnaryOp.MAXIMUM,
    UnaryOp.AND,
    UnaryOp.OR,
    UnaryOp.INT,
    UnaryOp.BOOL,
    UnaryOp.ROUND,
    UnaryOp.CONSTANT,
)
BINARY_OPS = (
    BinaryOp.FIRST,
    BinaryOp.SECOND,
    BinaryOp.EQ,
    BinaryOp.NE,
    BinaryOp.LT,
    BinaryOp.LE,
    BinaryOp.GT,
    BinaryOp.GE,
    BinaryOp.ADD,
    BinaryOp.SUBTRACT,
    BinaryOp.SUBTRACT_FROM,
    BinaryOp.MULTIPLY,
    BinaryOp.DIVIDE,
    BinaryOp.DIVIDE_INTO,
    BinaryOp.FLOOR_DIVIDE,
    BinaryOp.MODULO,
    BinaryOp.MINIMUM,
    BinaryOp.MAXIMUM,
    BinaryOp.AND,
    BinaryOp.OR,
    BinaryOp.DISTANCE,
    BinaryOp.PAIR,
)
COMPARISONS = (
    Comparison.EQ,
    Comparison.NE,
    Comparison.LT,
    Comparison.LE,
    Comparison.GT,
    Comparison.GE,
    Comparison.TRUE,
    Comparison.FALSE,
)
STATEMENTS = tuple(Statement)
FORMS = tuple(Form)
SPELLINGS = tuple(Spelling)
CHARACTERS = "".join(map(chr, range(32, 127)))

_ORDERINGS = tuple(c.value for c in COMPARISONS[:6])

_NAMES: dict[Group, Iterable[str]] = {
    Group.SPECIAL: ("PAD", "START"),
    Group.STATEMENT: (s.value for s in STATEMENTS),
    Group.REFERENCE: ("tokens", "indices", *(f"line {n + 1}" for n in range(MAX_LINES))),
    Group.UNARY: (op.value for op in UNARY_OPS),
    Group.BINARY: (op.value for op in BINARY_OPS),
    Group.COMPARE: (*(f"k {sign} q" for sign in _ORDERINGS), "True", "False"),
    Group.SHIFTED: (f"k {sign} q + c" for sign in _ORDERINGS),
    Group.KEY: (f"k {sign} c" for sign in _ORDERINGS),
    Group.QUERY: (f"q {sign} c" for sign in _ORDERINGS),
    Group.FORM: (form.value for form in FORMS),
    Group.POSITION: map(str, range(MAX_POSITIONS)),
    Group.INTEGER: map(str, range(LEAST_INTEGER, GREATEST_INTEGER + 1)),
    Group.VOCABULARY: map(str, range(MAX_TOKENS_OF_VOCABULARY)),
    Group.LITERAL: map(str, range(MAX_LITERALS)),
    Group.BITS: (f"{nibble:04b}" for nibble in range(16)),
    Group.SPELLING: (spelling.value for spelling in SPELLINGS),
    Group.CHARACTER: CHARACTERS,
}


@dataclass(frozen=True)
class Block:
    """The ids of one group: `start` to `start + size - 1`."""

    start: int
    size: int

    @property
    def slice(self) -> slice:
        """The ids as a slice of a mask."""
        return slice(self.start, self.start + self.size)

    def __contains__(self, token: int) -> bool:
        return self.start <= token < self.start + self.size


@dataclass(frozen=True)
class Codebook:
    """Names of all tokens in the order of their ids, and the block of each group."""

    names: tuple[str, ...]
    blocks: Mapping[Group, Block]
    version: int = CODEBOOK_VERSION
    _groups: tuple[Group, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        groups = tuple(group for group, block in self.blocks.items() for _ in range(block.size))
        object.__setattr__(self, "_groups", groups)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def digest(self) -> str:
        """SHA-256 of the names in order: what a trained decoder writes beside its weights."""
        return sha256("\n".join(self.names).encode()).hexdigest()

    def group(self, token: int) -> Group:
        """The group of a token id; raises TokenError for an id that is none."""
        if not 0 <= token < len(self.names):
            raise TokenError(
                "unknown token", expected=f"an id from 0 to {len(self.names) - 1}", got=str(token)
            )
        return self._groups[token]

    def id(self, group: Group, index: int) -> int:
        """Id of a token by its group and its index there."""
        return self.blocks[group].start + index

    def index(self, token: int) -> int:
        """Index of a token within its group."""
        return token - self.blocks[self.group(token)].start

    def describe(self, tokens: Iterable[int]) -> list[str]:
        """The names of tokens, for people."""
        return [self.names[t] if self.group(t) else "" for t in tokens]


def _codebook() -> Codebook:
    names: list[str] = []
    blocks: dict[Group, Block] = {}
    for group in Group:
        members = [f"{group.value} {name}" for name in _NAMES[group]]
        blocks[group] = Block(len(names), len(members))
        names += members
    return Codebook(tuple(names), blocks)


CODEBOOK = _codebook()

PAD = CODEBOOK.id(Group.SPECIAL, 0)
START = CODEBOOK.id(Group.SPECIAL, 1)


def statement_id(statement: Statement) -> int:
    """Id of the token that begins a line."""
    return CODEBOOK.id(Group.STATEMENT, STATEMENTS.index(statement))


def form_id(form: Form) -> int:
    """Id of a token of tables."""
    return CODEBOOK.id(Group.FORM, FORMS.index(form))


def spelling_id(spelling: Spelling) -> int:
    """Id of the token that begins a literal."""
    return CODEBOOK.id(Group.SPELLING, SPELLINGS.index(spelling))


def reference_id(ref: int) -> int:
    """Id of an operand: -2 for the tokens, -1 for the indices, else the position of a line."""
    return CODEBOOK.id(Group.REFERENCE, ref + 2)
