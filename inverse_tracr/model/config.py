"""The sizes of a transformer program."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class ModelConfig:
    """Sizes, named as TransformerLens names them.

    `n_ctx` counts BOS, so it is `max_seq_len + 1`. `d_vocab` counts the rows of W_E, BOS and PAD
    included. `d_vocab_out` is the number of columns of W_U: the values of a categorical output, 1 for a
    numerical one. Every size is at least 1, except that `n_layers` may be 0.

    Raises TypeError when a size is no whole number and ValueError when it is too small.
    """

    n_layers: int
    n_heads: int
    d_model: int
    d_head: int
    d_mlp: int
    n_ctx: int
    d_vocab: int
    d_vocab_out: int
    causal: bool = False

    def __post_init__(self) -> None:
        for name in SIZES:
            size: object = getattr(self, name)
            if type(size) is not int:
                raise TypeError(f"{name}: expected an int, got {type(size).__name__}: {size!r}")
            least = 0 if name == "n_layers" else 2 if name == "n_ctx" else 1
            if size < least:
                raise ValueError(f"{name}: expected at least {least}, got {size}")
        if type(self.causal) is not bool:
            raise TypeError(f"causal: expected a bool, got {type(self.causal).__name__}")

    @property
    def max_seq_len(self) -> int:
        """Length of the longest input, BOS not counted."""
        return self.n_ctx - 1

    @property
    def parameter_count(self) -> int:
        """Number of parameters, embeddings, biases and unembedding included."""
        attention = self.n_heads * (4 * self.d_model * self.d_head + 3 * self.d_head) + self.d_model
        mlp = 2 * self.d_model * self.d_mlp + self.d_mlp + self.d_model
        embeddings = (self.d_vocab + self.n_ctx) * self.d_model
        return self.n_layers * (attention + mlp) + embeddings + (self.d_model + 1) * self.d_vocab_out


SIZES = tuple(field.name for field in fields(ModelConfig) if field.name != "causal")
