"""The thesis's encoding of parameters and programs (Figures 5.4 and 5.5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.thesis_view import OPERATIONS, Row, argument_tokens, thesis_rows

Floats = NDArray[np.float32]
Tokens = NDArray[np.int64]

BLOCK = 512
"""Parameters of a timestep."""

TYPES = ("pad", "W_K", "W_Q", "W_V", "W_O", "W_in", "W_out", "program start", "program")
SLOTS = 75
"""Half-layers of the architecture string, each attention, MLP or none."""

LONGEST = 15
"""Lines of a program."""

ROWS = LONGEST + 2
COLUMNS = 5
ARGUMENTS = argument_tokens(LONGEST)
SEGMENTS = (len(OPERATIONS), *(len(ARGUMENTS),) * (COLUMNS - 1))
"""Classes of each column of a row."""

MOST_TIMESTEPS = 1_024
"""Timesteps that the network has positions for, program and prompt included."""

_OPERATION = {name: i for i, name in enumerate(OPERATIONS)}
_ARGUMENT = {name: i for i, name in enumerate(ARGUMENTS)}


def width(*, architecture: bool) -> int:
    """Numbers of a timestep: type, whether a parameter ends here, the block, and the architecture string."""
    return len(TYPES) + 1 + BLOCK + (3 * SLOTS if architecture else 0)


def encode_model(model: TransformerProgram, *, architecture: bool) -> Floats:
    """The timesteps of a model [timesteps, width]: each parameter matrix flattened, padded with zeros."""
    weights = model.weights()
    rows: list[Floats] = []
    for layer in range(model.config.n_layers):
        for name in TYPES[1:7]:
            flat = getattr(weights, name)[layer].ravel()
            blocks = -(-len(flat) // BLOCK)
            steps = np.zeros((blocks, width(architecture=architecture)), np.float32)
            steps[:, TYPES.index(name)] = 1
            steps[-1, len(TYPES)] = 1
            padded = np.zeros(blocks * BLOCK, np.float32)
            padded[: len(flat)] = flat
            steps[:, len(TYPES) + 1 : len(TYPES) + 1 + BLOCK] = padded.reshape(blocks, BLOCK)
            rows.append(steps)
    found = np.concatenate(rows)
    if architecture:
        found[:, len(TYPES) + 1 + BLOCK :] = _architecture(2 * model.config.n_layers)
    return found


def _architecture(halves: int) -> Floats:
    """One-hot rows of the half-layers in order, one behind the other [3 * SLOTS]."""
    slots = np.zeros((SLOTS, 3), np.float32)
    kinds = [0] * SLOTS
    kinds[:halves] = [1 + half % 2 for half in range(min(halves, SLOTS))]
    slots[np.arange(SLOTS), kinds] = 1
    return slots.ravel()


def prompt(*, architecture: bool) -> Floats:
    """What the network reads while it writes a program: its start, then nothing but that it is writing."""
    steps = np.zeros((ROWS, width(architecture=architecture)), np.float32)
    steps[:, TYPES.index("program")] = 1
    steps[0] = 0
    steps[0, TYPES.index("program start")] = 1
    return steps


def encode_program(program: Program) -> Tokens | None:
    """A canonical program as [ROWS, COLUMNS] token numbers; None for one of more lines than there is room."""
    rows = thesis_rows(program)
    if len(rows) > ROWS:
        return None
    found = np.zeros((ROWS, COLUMNS), np.int64)
    for at, row in enumerate(rows):
        operation, *arguments = row.cells
        found[at] = [_OPERATION[operation], *(_ARGUMENT[name] for name in arguments)]
    return found


def decode_rows(tokens: Tokens) -> tuple[Row, ...]:
    """The rows that token numbers [ROWS, COLUMNS] write, up to the end of the program."""
    rows: list[Row] = []
    for operation, *arguments in tokens.tolist():
        row = Row(OPERATIONS[operation], *(ARGUMENTS[i] for i in arguments))
        rows.append(row)
        if row.operation == "PROGRAM_END":
            break
    return tuple(rows)


def program_as_input(tokens: Tokens, *, architecture: bool) -> Floats:
    """A program in place of a model's timesteps: what the sanity check of section 5.1.1 reads."""
    steps = np.zeros((ROWS, width(architecture=architecture)), np.float32)
    steps[:, 1] = 1
    at = len(TYPES) + 1
    for column, size in enumerate(SEGMENTS):
        steps[np.arange(ROWS), at + tokens[:, column]] = 1
        at += size
    return steps
