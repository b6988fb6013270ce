"""How often a folded student says what its program says, over the inputs of the verifier.

A folded student keeps the sizes of its teacher's heads and MLPs, most of which are padding: compiled weights
have as many neurons in every layer as the largest MLP needs. Units that move nothing are left out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inverse_tracr.distill.attention import Scope, attend
from inverse_tracr.distill.halves import Half, folded_halves
from inverse_tracr.distill.teacher import Task
from inverse_tracr.distill.truth import Tokens, right, targets_of
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.model.shapes import Float
from inverse_tracr.rasp import comparison_inputs

PLACES = 8_192
"""Positions that are run at once: what they read and write fits the cache."""


def agreement_of(task: Task, folded: Weights, most: int | None = None) -> tuple[float, float, int]:
    """Shares of inputs and of positions that the folded student has right, and the number of inputs:
    the verifier's, at most `most` of each length.
    """
    return _agreement(task, FoldedStudent.of(task, folded).logits, most)


def own_agreement_of(
    task: Task, model: TransformerProgram, most: int | None = None
) -> tuple[float, float, int]:
    """The same of a folded model's own forward pass, which adds up in another order."""

    def logits(tokens: Tokens) -> Tensor:
        return torch.from_numpy(model.logits_for(tokens)).permute(2, 1, 0)

    return _agreement(task, logits, most)


def _agreement(task: Task, logits: Callable[[Tokens], Tensor], most: int | None) -> tuple[float, float, int]:
    """`logits` gives [d_vocab_out, positions, inputs]."""
    whole = places = right_places = inputs = 0
    for tokens in _parts(task, most):
        said = logits(tokens)
        good = right(task, said, torch.from_numpy(targets_of(task, tokens).T.copy()))
        whole += int(good.all(dim=0).sum())
        right_places += int(good.sum())
        places += good.numel()
        inputs += len(tokens)
    return whole / inputs, right_places / places, inputs


def _parts(task: Task, most: int | None) -> Iterator[Tokens]:
    """Inputs of one length each, about `PLACES` positions at a time."""
    for tokens in comparison_inputs(task.signature):
        stride = 1 if most is None else -(-len(tokens) // most)
        chosen = tokens[::stride]
        yield from np.array_split(chosen, -(-len(chosen) * (tokens.shape[1] + 1) // PLACES))


@dataclass(frozen=True)
class Part:
    """A half-layer without idle units. `read` [units, d_model], where units are heads × (Q, K, V) × `size`,
    or neurons; `write` [d_model, units]; biases are columns. `heads` is 0 for an MLP.
    """

    heads: int
    read: Tensor
    read_bias: Tensor
    write: Tensor
    write_bias: Tensor


@dataclass(frozen=True)
class FoldedStudent:
    """A folded model that runs on many inputs. `embedding` [d_model, d_vocab] and `position` [d_model, n_ctx]
    stand on end, as all activations do; `rows` [vocabulary] are the columns of tokens, `bos` that of BOS.
    """

    parts: Sequence[Part]
    embedding: NDArray[np.float32]
    position: NDArray[np.float32]
    unembed: Tensor
    rows: NDArray[np.int64]
    bos: int
    scale: Tensor
    causal: Tensor

    @classmethod
    def of(cls, task: Task, folded: Weights) -> FoldedStudent:
        """The student of a task, folded into these weights."""
        encoder = task.compiled.input_encoder
        return cls(
            [part for half in folded_halves(folded) if (part := _part(half)) is not None],
            folded.W_E.T.copy(),
            folded.W_pos.T.copy(),
            torch.from_numpy(folded.W_U.T.copy()),
            np.array([encoder.row(token) for token in task.signature.vocab]),
            encoder.bos,
            torch.tensor([task.d_head**-0.5]),
            torch.tensor([float(task.config.causal)]),
        )

    @torch.no_grad()
    def logits(self, tokens: Tokens) -> Float[Tensor, "d_vocab_out positions inputs"]:
        """Logits at every position of inputs of one length, but that of BOS."""
        count, length = tokens.shape
        ids = np.concatenate([np.full((1, count), self.bos), self.rows[tokens.T]])
        stream = self.embedding.take(ids, axis=1) + self.position[:, : length + 1, None]
        stream = torch.from_numpy(stream).view(len(stream), -1)
        scope = Scope(torch.zeros(1, length + 1, count), self.scale, self.causal)
        for part in self.parts:
            stream = _write(part, stream, scope)
        return torch.mm(self.unembed, stream[:, count:]).view(-1, length, count)


def _write(part: Part, stream: Tensor, scope: Scope) -> Tensor:
    """The residual stream [d_model, places] after a half-layer, in the place of what it was before."""
    hidden = torch.addmm(part.read_bias, part.read, stream)
    if part.heads:
        moved = [attend(qkv[None], scope)[0] for qkv in hidden.chunk(part.heads)]
        hidden = moved[0] if len(moved) == 1 else torch.cat(moved)
    else:
        hidden = hidden.relu_()
    return stream.addmm_(part.write, hidden).add_(part.write_bias)


def _part(half: Half) -> Part | None:
    """A half-layer without the units that move nothing, None where it writes nothing."""
    if half.silent:
        return None
    kept = [_kept(half, head) for head in range(len(half.read))]
    heads = [head for head, units in enumerate(kept) if len(units[-1])]
    size = max((len(units) for head in heads for units in kept[head]), default=0)
    (_, matrices, _, d_model), rows = half.read.shape, len(half.dims)
    read = np.zeros((len(heads), matrices, size, d_model), dtype=np.float32)
    read_bias = np.zeros((len(heads), matrices, size), dtype=np.float32)
    write = np.zeros((rows, len(heads), size), dtype=np.float32)
    for slot, head in enumerate(heads):
        for matrix, units in enumerate(kept[head]):
            read[slot, matrix, : len(units)] = half.read[head, matrix, units]
            read_bias[slot, matrix, : len(units)] = half.read_bias[head, matrix, units]
        moved = kept[head][-1]
        write[:, slot, : len(moved)] = half.write[:, head, moved]
    return Part(
        len(heads) if half.attends else 0,
        torch.from_numpy(read.reshape(-1, d_model)),
        torch.from_numpy(read_bias.reshape(-1, 1)),
        torch.from_numpy(write.reshape(rows, -1)),
        torch.from_numpy(half.write_bias[:, None]),
    )


def _kept(half: Half, head: int) -> list[NDArray[np.int64]]:
    """Units of a head's queries, keys and values, or neurons, that can make a difference: a product of which
    one factor is always 0 makes none.
    """
    reads = np.any(half.read[head], axis=2) | (half.read_bias[head] != 0)
    moves = np.flatnonzero(reads[-1] & np.any(half.write[:, head], axis=0))
    if not half.attends:
        return [moves]
    scores = np.flatnonzero(reads[0] & reads[1])
    return [scores, scores, moves]
