"""The layers of a transformer program, with TransformerLens's parameter and activation names.

Dense code: b batch, q/k positions, h heads, m d_model, d d_head.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from inverse_tracr.model.shapes import Float, Int

Record = Callable[[str, Tensor], None]
"""Is told each activation's name (within its layer) and value."""


def ignore(_name: str, _activation: Tensor) -> None:
    """The `Record` of a forward pass that keeps no activations."""


Arrays = Mapping[str, np.ndarray]
"""The parameters of a model by TransformerLens's names."""


def _adopt(module: nn.Module, arrays: Arrays, prefix: str, names: tuple[str, ...]) -> None:
    """Give a module copies of the arrays `prefix` + name as parameters.

    Straight into the dictionary: a model has dozens of them, and one assignment each, which looks every
    name up in five places, took half the time of compiling a program.
    """
    for name in names:
        tensor = torch.from_numpy(arrays[prefix + name].copy())
        module._parameters[name] = nn.Parameter(tensor)  # pyright: ignore[reportPrivateUsage]


class Embed(nn.Module):
    """Rows of W_E for token ids."""

    W_E: Tensor

    def __init__(self, arrays: Arrays) -> None:
        super().__init__()
        _adopt(self, arrays, "embed.", ("W_E",))

    def forward(self, ids: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        """What each token writes."""
        return self.W_E[ids]


class PosEmbed(nn.Module):
    """The first rows of W_pos, the same for every sequence of the batch."""

    W_pos: Tensor

    def __init__(self, arrays: Arrays) -> None:
        super().__init__()
        _adopt(self, arrays, "pos_embed.", ("W_pos",))

    def forward(self, ids: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        """What each position writes; only the shape of `ids` is read."""
        batch, pos = ids.shape
        return self.W_pos[:pos].expand(batch, -1, -1)


class Attention(nn.Module):
    """Heads that read and write the residual stream; softmax(QK^T / sqrt(d_head))."""

    W_Q: Tensor
    W_K: Tensor
    W_V: Tensor
    W_O: Tensor
    b_Q: Tensor
    b_K: Tensor
    b_V: Tensor
    b_O: Tensor

    def __init__(self, arrays: Arrays, prefix: str, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        _adopt(self, arrays, prefix, ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O"))

    def forward(
        self, residual: Float[Tensor, "batch pos d_model"], record: Record = ignore
    ) -> Float[Tensor, "batch pos d_model"]:
        """What the heads write; records hook_q/k/v, hook_attn_scores, hook_pattern and hook_z."""
        q = torch.einsum("bqm,hmd->bqhd", residual, self.W_Q) + self.b_Q
        k = torch.einsum("bkm,hmd->bkhd", residual, self.W_K) + self.b_K
        v = torch.einsum("bkm,hmd->bkhd", residual, self.W_V) + self.b_V
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / self.W_Q.shape[-1] ** 0.5
        if self.causal:
            later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
            scores = scores.masked_fill(later, float("-inf"))
        pattern = scores.softmax(dim=-1)
        z = torch.einsum("bhqk,bkhd->bqhd", pattern, v)
        record("hook_q", q)
        record("hook_k", k)
        record("hook_v", v)
        record("hook_attn_scores", scores)
        record("hook_pattern", pattern)
        record("hook_z", z)
        return torch.einsum("bqhd,hdm->bqm", z, self.W_O) + self.b_O


class MLP(nn.Module):
    """One hidden layer of ReLU neurons."""

    W_in: Tensor
    b_in: Tensor
    W_out: Tensor
    b_out: Tensor

    def __init__(self, arrays: Arrays, prefix: str) -> None:
        super().__init__()
        _adopt(self, arrays, prefix, ("W_in", "b_in", "W_out", "b_out"))

    def forward(
        self, residual: Float[Tensor, "batch pos d_model"], record: Record = ignore
    ) -> Float[Tensor, "batch pos d_model"]:
        """What the neurons write; records hook_pre and hook_post."""
        before = residual @ self.W_in + self.b_in
        after = before.relu()
        record("hook_pre", before)
        record("hook_post", after)
        return after @ self.W_out + self.b_out


class Block(nn.Module):
    """An attention and an MLP half-layer, each added to the residual stream; no LayerNorm."""

    def __init__(self, arrays: Arrays, layer: int, causal: bool) -> None:
        super().__init__()
        self.attn = Attention(arrays, f"blocks.{layer}.attn.", causal)
        self.mlp = MLP(arrays, f"blocks.{layer}.mlp.")

    def forward(
        self, residual: Float[Tensor, "batch pos d_model"], record: Record = ignore
    ) -> Float[Tensor, "batch pos d_model"]:
        """The residual stream after this layer; records what both half-layers read and write."""
        record("hook_resid_pre", residual)
        attn_out = self.attn(residual, lambda name, value: record(f"attn.{name}", value))
        residual_mid = residual + attn_out
        record("hook_attn_out", attn_out)
        record("hook_resid_mid", residual_mid)
        mlp_out = self.mlp(residual_mid, lambda name, value: record(f"mlp.{name}", value))
        residual_post = residual_mid + mlp_out
        record("hook_mlp_out", mlp_out)
        record("hook_resid_post", residual_post)
        return residual_post


class Unembed(nn.Module):
    """Reads logits off the residual stream."""

    W_U: Tensor
    b_U: Tensor

    def __init__(self, arrays: Arrays) -> None:
        super().__init__()
        _adopt(self, arrays, "unembed.", ("W_U", "b_U"))

    def forward(self, residual: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_vocab_out"]:
        """One logit a column of W_U."""
        return residual @ self.W_U + self.b_U
