"""W_emb of a student, and its heads before and after folding (thesis, Figures 6.2, 6.3, 6.5 and 6.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inverse_tracr.errors import BadInputError
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.report.pictures.activations import Axis, residual_axis, significant
from inverse_tracr.report.pictures.heat import Heat, sheet
from inverse_tracr.report.study import Study

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Embedding:
    """W_emb, [student's d_model, teacher's d_model]; `error` is what it leaves unexplained of the student.

    That is the root of the mean square of what is left, over that of what was to be explained.
    """

    matrix: Floats
    error: float


def find_embedding(teacher: TransformerProgram, student: TransformerProgram) -> Embedding:
    """W_emb, found by least squares from what the two models write to their residual streams and read there.

    Written rows are the teacher's times W_embᵀ, read columns W_emb times the teacher's. Of a compressed
    student embeddings, heads and MLPs are compared, of a natural one embeddings and unembedding alone,
    since its heads and neurons are no teacher's. What the comparison does not tell apart gets equal
    shares. Raises BadInputError for models that do not read the same inputs.
    """
    if teacher.signature != student.signature or _columns(teacher) != _columns(student):
        raise BadInputError(
            "the models are no teacher and student",
            expected="equal vocabularies, lengths of inputs and outputs",
            got=f"{teacher!r} and {student!r}",
        )
    full, narrow = _rows(teacher, student), _rows(student, teacher)
    size = np.linalg.norm(full, axis=1, keepdims=True)
    full, narrow = (rows[size[:, 0] > 0] / size[size[:, 0] > 0] for rows in (full, narrow))
    solved, *_ = np.linalg.lstsq(full, narrow, rcond=1e-6)
    left = np.linalg.norm(full @ solved - narrow) / (np.linalg.norm(narrow) or 1.0)
    return Embedding(np.asarray(solved.T, dtype=np.float64), float(left))


def _columns(model: TransformerProgram) -> int:
    return model.config.d_vocab_out


def _rows(model: TransformerProgram, other: TransformerProgram) -> Floats:
    """Vectors of the residual stream that a model writes or reads, as far as `other` has the same ones."""
    weights, size = model.weights(), model.config.d_model
    written, read = [weights.W_E, weights.W_pos], [weights.W_U]
    if _blocks(weights) == _blocks(other.weights()):
        written += [weights.W_O, weights.W_out]
        read += [weights.W_Q, weights.W_K, weights.W_V, weights.W_in]
    rows = [array.reshape(-1, size) for array in written]
    rows += [np.moveaxis(array, -2, -1).reshape(-1, size) for array in read]
    return np.concatenate(rows).astype(np.float64)


def _blocks(weights: Weights) -> tuple[int, ...]:
    return (*weights.W_O.shape[:3], *weights.W_out.shape[:2])


def embedding_picture(teacher: Study, student: TransformerProgram) -> str:
    """W_emb and W_embᵀ W_emb: how far the student keeps the teacher's named directions apart."""
    axis, found = residual_axis(teacher), find_embedding(teacher.model, student)
    matrix = found.matrix[:, list(axis.dims)]
    rows = [f"{dim}" for dim in range(len(matrix))]
    heats = [
        Heat(f"W_emb (error {found.error:.1%})", matrix, rows, axis.labels, axis.groups),
        Heat("W_embᵀ W_emb", matrix.T @ matrix, axis.labels, axis.labels, axis.groups),
    ]
    return sheet([heats], "W_emb, and which of the teacher's directions it keeps apart")


def folding_picture(teacher: Study, student: TransformerProgram) -> str:
    """W_Q W_Kᵀ of each head: the teacher's, the student's, and the student's in the teacher's directions."""
    axis, matrix = residual_axis(teacher), find_embedding(teacher.model, student).matrix
    if _blocks(teacher.model.weights()) != _blocks(student.weights()):
        raise BadInputError(
            "the student's heads are not its teacher's",
            expected="a compressed student, whose heads are folded",
            got=f"{student!r}",
        )
    rows = [
        _head(teacher, student, axis, matrix, half.layer, head)
        for half in teacher.halves[::2]
        for head in half.heads
    ]
    return sheet(rows, "Attention heads before and after folding")


def _head(
    teacher: Study, student: TransformerProgram, axis: Axis, matrix: Floats, layer: int, head: int
) -> list[Heat]:
    before, after = (_product(model, layer, head) for model in (teacher.model, student))
    back = matrix.T @ after @ matrix
    queries, keys = axis.only(significant(before, 0)), axis.only(significant(before, 1))
    block = np.ix_(queries.dims, keys.dims)
    lines = [teacher.line(p).split(" = ")[0] for p in teacher.lines_of_head((layer, head))]
    name = f"head {layer}.{head}" + (f" ({', '.join(lines)})" if lines else "")
    dims = [f"{dim}" for dim in range(len(after))]
    return [
        Heat(f"{name}: W_Q W_Kᵀ before", before[block], queries.labels, keys.labels, keys.groups),
        Heat("folded", after, dims, dims),
        Heat("folded, seen by W_emb", back[block], queries.labels, keys.labels, keys.groups),
    ]


def _product(model: TransformerProgram, layer: int, head: int) -> Floats:
    weights = model.weights()
    w_q, w_k = (w[layer, head].astype(np.float64) for w in (weights.W_Q, weights.W_K))
    return w_q @ w_k.T / model.config.d_head**0.5
