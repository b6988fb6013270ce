"""The layers of a transformer program, with TransformerLens's parameter and activation names.

Dense code: b batch, q/k positions, h heads, m d_model, d d_head.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from inverse_tracr.model.shapes import Float, Int

Record = Callable[[str, Tensor], None]
"""Is told each activation's name (within its layer) and value."""


def ignore(_name: str, _activation: Tensor) -> None:
    """The `Record` of a forward pass that keeps no activations."""


def _parameter(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape, dtype=torch.float32))


class Embed(nn.Module):
    """Rows of W_E for token ids."""

    def __init__(self, d_vocab: int, d_model: int) -> None:
        super().__init__()
        self.W_E = _parameter(d_vocab, d_model)

    def forward(self, ids: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        """What each token writes."""
        return self.W_E[ids]


class PosEmbed(nn.Module):
    """The first rows of W_pos, the same for every sequence of the batch."""

    def __init__(self, n_ctx: int, d_model: int) -> None:
        super().__init__()
        self.W_pos = _parameter(n_ctx, d_model)

    def forward(self, ids: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        """What each position writes; only the shape of `ids` is read."""
        batch, pos = ids.shape
        return self.W_pos[:pos].expand(batch, -1, -1)


class Attention(nn.Module):
    """Heads that read and write the residual stream; softmax(QK^T / sqrt(d_head))."""

    def __init__(self, n_heads: int, d_model: int, d_head: int, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.W_Q = _parameter(n_heads, d_model, d_head)
        self.W_K = _parameter(n_heads, d_model, d_head)
        self.W_V = _parameter(n_heads, d_model, d_head)
        self.W_O = _parameter(n_heads, d_head, d_model)
        self.b_Q = _parameter(n_heads, d_head)
        self.b_K = _parameter(n_heads, d_head)
        self.b_V = _parameter(n_heads, d_head)
        self.b_O = _parameter(d_model)

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

    def __init__(self, d_model: int, d_mlp: int) -> None:
        super().__init__()
        self.W_in = _parameter(d_model, d_mlp)
        self.b_in = _parameter(d_mlp)
        self.W_out = _parameter(d_mlp, d_model)
        self.b_out = _parameter(d_model)

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

    def __init__(self, n_heads: int, d_model: int, d_head: int, d_mlp: int, causal: bool) -> None:
        super().__init__()
        self.attn = Attention(n_heads, d_model, d_head, causal)
        self.mlp = MLP(d_model, d_mlp)

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

    def __init__(self, d_model: int, d_vocab_out: int) -> None:
        super().__init__()
        self.W_U = _parameter(d_model, d_vocab_out)
        self.b_U = _parameter(d_vocab_out)

    def forward(self, residual: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_vocab_out"]:
        """One logit a column of W_U."""
        return residual @ self.W_U + self.b_U
