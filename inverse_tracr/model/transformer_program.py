"""A transformer that computes a RASP program: weights, encoders and the forward pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inverse_tracr.model.config import SIZES, ModelConfig
from inverse_tracr.model.encoders import CategoricalOutput, Decoded, InputEncoder, OutputEncoder
from inverse_tracr.model.layers import Block, Embed, PosEmbed, Record, Unembed, ignore
from inverse_tracr.model.names import stack, unstack
from inverse_tracr.model.shapes import Float, Int
from inverse_tracr.model.weights import Weights
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.values import Value, value_text

Scalar = str | int | float | bool | None
Provenance = Mapping[str, Scalar]
"""Where a model comes from, in a few words and numbers: seed, revision, preset."""

Cache = dict[str, Tensor]
"""Activations by TransformerLens's names."""

ACTIVATION_BUDGET = 2**24
"""Floats of one activation that a batch of `run` or `logits_for` may hold (64 MiB)."""


class TransformerProgram(nn.Module):
    """Plain PyTorch; parameters and activations named as TransformerLens names them; float32.

    `weights` are copied. Raises ValueError when weights, encoders and `config` contradict each other.
    """

    blocks: nn.ModuleList

    def __init__(
        self,
        config: ModelConfig,
        weights: Weights,
        input_encoder: InputEncoder,
        output_encoder: OutputEncoder,
    ) -> None:
        super().__init__()
        weights.check(config)
        _check_encoders(config, input_encoder, output_encoder)
        self.config = config
        self.input_encoder = input_encoder
        self.output_encoder: OutputEncoder = output_encoder
        arrays = unstack(weights)
        self.embed = Embed(arrays)
        self.pos_embed = PosEmbed(arrays)
        self.blocks = nn.ModuleList(Block(arrays, layer, config.causal) for layer in range(config.n_layers))
        self.unembed = Unembed(arrays)

    @property
    def signature(self) -> Signature:
        """Vocabulary, maximal length and causality of the inputs."""
        return self.input_encoder.signature(self.config.causal)

    def forward(
        self, ids: Int[Tensor, "batch pos"], record: Record = ignore
    ) -> Float[Tensor, "batch pos d_vocab_out"]:
        """Logits for rows of W_E that start with BOS. Positions are not masked: no padding."""
        embedded = self.embed(ids)
        positions = self.pos_embed(ids)
        record("hook_embed", embedded)
        record("hook_pos_embed", positions)
        residual = embedded + positions
        for layer, block in enumerate(self.blocks):
            residual = block(
                residual, lambda name, value, layer=layer: record(f"blocks.{layer}.{name}", value)
            )
        return self.unembed(residual)

    def run_with_cache(
        self, ids: Int[Tensor, "batch pos"]
    ) -> tuple[Float[Tensor, "batch pos d_vocab_out"], Cache]:
        """Logits and every activation under TransformerLens's name (`blocks.0.attn.hook_pattern`)."""
        cache: Cache = {}
        logits = self.forward(ids, cache.__setitem__)
        return logits, cache

    def __call__(self, ids: Any, *args: Any, **kwargs: Any) -> Any:
        """Logits for a tensor of ids; decoded outputs, one a token, for a sequence of tokens without BOS."""
        if isinstance(ids, Tensor):
            return super().__call__(ids, *args, **kwargs)
        return self.run([ids])[0]

    def run(self, sequences: Sequence[Sequence[Value]]) -> list[Decoded]:
        """Decoded outputs of many inputs, BOS left out; inputs of one length share a batch.

        Raises TokenError for an input that the model cannot read.
        """
        by_length: dict[int, list[int]] = defaultdict(list)
        encoded = [self.input_encoder.encode(sequence) for sequence in sequences]
        for index, ids in enumerate(encoded):
            by_length[len(ids)].append(index)
        outputs: list[Decoded] = [[] for _ in sequences]
        for indices in by_length.values():
            logits = self._batched_logits(torch.tensor([encoded[index] for index in indices]))
            for index, decoded in zip(indices, self.output_encoder.decode(logits), strict=True):
                outputs[index] = decoded
        return outputs

    def logits_for(
        self, tokens: Int[np.ndarray, "batch length"]
    ) -> Float[np.ndarray, "batch length d_vocab_out"]:
        """Logits, BOS left out, of inputs given as indices into `signature.vocab`; all of one length.

        Raises IndexError for an index outside the vocabulary, ValueError for a wrong length.
        """
        batch, length = tokens.shape
        if not 1 <= length <= self.config.max_seq_len:
            raise ValueError(f"expected inputs of 1 to {self.config.max_seq_len} tokens, got {length}")
        if tokens.size and tokens.min() < 0:
            raise IndexError(f"expected indices into a vocabulary, got {tokens.min()}")
        rows = np.array([self.input_encoder.row(token) for token in self.signature.vocab])
        bos = np.full((batch, 1), self.input_encoder.bos)
        return self._batched_logits(torch.from_numpy(np.concatenate([bos, rows[tokens]], axis=1)))

    def weights(self) -> Weights:
        """The parameters as arrays, stacked over layers; they may share memory with the model's."""
        arrays = {name: tensor.detach().cpu().numpy() for name, tensor in self.named_parameters()}
        return stack(self.config, arrays)

    def save(self, folder: Path | str, provenance: Provenance | None = None) -> None:
        """Write `model.safetensors` and `config.json` into `folder`; see `inverse_tracr.model.files.save`."""
        from inverse_tracr.model.files import save  # files.py builds on this module

        save(self, folder, provenance)

    def save_pretrained(self, folder: Path | str) -> None:
        """`save`, under the name that the Hugging Face libraries use."""
        self.save(folder)

    @classmethod
    def from_pretrained(cls, folder: Path | str) -> TransformerProgram:
        """Read a model from a local folder; raises ModelFileError. No server is asked."""
        from inverse_tracr.model.files import load_local

        return load_local(folder)

    @classmethod
    def from_tracr(cls, assembled: Any) -> TransformerProgram:
        """Convert a `tracr.compiler.assemble.AssembledTransformerModel`; its labels are dropped.

        Raises BadInputError when it has LayerNorm or lacks an encoder.
        """
        from inverse_tracr.model.bridges.tracr import from_tracr

        return from_tracr(assembled)

    def __repr__(self) -> str:
        c = self.config
        sizes = ", ".join(f"{name}={getattr(c, name)}" for name in (*SIZES, "causal"))
        return f"TransformerProgram({sizes}, parameters={c.parameter_count:,}, output={self._output_text()})"

    def _batched_logits(self, ids: Int[Tensor, "batch pos"]) -> Float[np.ndarray, "batch length d_vocab_out"]:
        """Logits without BOS, computed in batches whose activations stay within the budget."""
        c = self.config
        ids = ids.to(self.embed.W_E.device)
        pos = ids.shape[1]
        widest = max(c.d_model, c.d_mlp, c.n_heads * max(c.d_head, pos), c.d_vocab_out)
        size = max(1, ACTIVATION_BUDGET // (pos * widest))
        with torch.inference_mode():
            parts = [self.forward(part)[:, 1:] for part in ids.split(size)]
        return torch.cat(parts).cpu().numpy()

    def _repr_html_(self) -> str:
        from inverse_tracr.model.notebook import model_html

        return model_html(self)

    def _output_text(self) -> str:
        if isinstance(self.output_encoder, CategoricalOutput):
            return "one of " + ", ".join(value_text(value) for value in self.output_encoder.values)
        return "a number"


def _check_encoders(config: ModelConfig, reads: InputEncoder, says: OutputEncoder) -> None:
    """Raise ValueError unless the encoders fit the sizes."""
    if len(reads.tokens) != config.d_vocab:
        raise ValueError(f"expected an input encoder of {config.d_vocab} tokens, got {len(reads.tokens)}")
    if reads.max_seq_len != config.max_seq_len:
        raise ValueError(f"expected max_seq_len {config.max_seq_len} (n_ctx - 1), got {reads.max_seq_len}")
    if says.columns != config.d_vocab_out:
        raise ValueError(f"expected an output encoder of {config.d_vocab_out} columns, got {says.columns}")
