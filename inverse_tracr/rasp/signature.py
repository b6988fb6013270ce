"""The signature of a program: the inputs that it is compiled for."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.rasp.values import Value, check_value, ordered

BOS = "compiler_bos"
PAD = "compiler_pad"


@dataclass(frozen=True)
class Signature:
    """Vocabulary (without BOS and PAD), maximal sequence length (without BOS), causal or not.

    Raises ValueError when the vocabulary is empty, has doubles or holds a reserved token, or when
    `max_seq_len` is below 1.
    """

    vocab: tuple[Value, ...]
    max_seq_len: int
    causal: bool = False

    def __post_init__(self) -> None:
        for token in self.vocab:
            check_value(token)
        object.__setattr__(self, "vocab", tuple(self.vocab))
        if not self.vocab:
            raise ValueError("expected at least one token in the vocabulary, got none")
        if len(set(self.vocab)) != len(self.vocab):
            raise ValueError(f"the vocabulary names a token twice: {list(self.vocab)}")
        for reserved in (BOS, PAD):
            if reserved in self.vocab:
                raise ValueError(f"the token {reserved!r} is reserved and cannot be in the vocabulary")
        if self.max_seq_len < 1:
            raise ValueError(f"expected max_seq_len of at least 1, got {self.max_seq_len}")
        object.__setattr__(self, "vocab", ordered(self.vocab))
