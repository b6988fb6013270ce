"""What is sampled: presets and their options."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from inverse_tracr.errors import BadInputError
from inverse_tracr.rasp.values import Value

Range = tuple[int, int]


class Preset(enum.Enum):
    """The distributions of programs: the thesis's own, sound ones, sound ones of the whole language."""

    THESIS = "thesis"
    SOUND = "sound"
    TRACR = "tracr"


@dataclass(frozen=True)
class SamplerConfig:
    """Ranges (both ends included) and caps of the presets `sound` and `tracr`.

    `length`: lines, selects counted. `vocab` fixes the vocabulary, else its size is drawn from
    `vocab_size`. `max_values`: values of a line. `max_pairs`: pairs of values of a sequence map.
    `max_table`: entries of a table. `max_share`, `max_empty`: largest share of probe positions with one and
    the same value, and with none. `causal`: share of causal signatures. `constants`: those of the thesis's
    functions. `whole_language`: numerical lines, custom predicates and tables everywhere.
    """

    length: Range = (4, 15)
    vocab_size: Range = (3, 10)
    max_seq_len: Range = (4, 10)
    vocab: tuple[Value, ...] | None = None
    max_values: int = 24
    max_pairs: int = 144
    max_table: int = 12
    max_binary_table: int = 24
    max_share: float = 0.96
    max_empty: float = 0.6
    causal: float = 0.0
    constants: Range = (3, 15)
    whole_language: bool = False

    def __post_init__(self) -> None:
        for name, low in (("length", 2), ("vocab_size", 2), ("max_seq_len", 2)):
            first, last = getattr(self, name)
            if not low <= first <= last:
                raise BadInputError(
                    f"{name} of a sampler", expected=f"a range from {low} or more", got=f"{first}–{last}"
                )
        if self.vocab is not None and len(set(self.vocab)) < max(2, len(self.vocab)):
            raise BadInputError(
                "vocabulary of a sampler", expected="two or more different tokens", got=str(list(self.vocab))
            )

    def with_options(
        self,
        *,
        length: int | None = None,
        vocab: tuple[Value, ...] | None = None,
        max_seq_len: int | None = None,
    ) -> SamplerConfig:
        """The same with some of its ranges fixed to one value."""
        changed = self
        if length is not None:
            changed = replace(changed, length=(length, length))
        if max_seq_len is not None:
            changed = replace(changed, max_seq_len=(max_seq_len, max_seq_len))
        return changed if vocab is None else replace(changed, vocab=vocab)


def default_config(preset: Preset) -> SamplerConfig:
    """The options of a preset."""
    match preset:
        case Preset.SOUND:
            return SamplerConfig()
        case Preset.TRACR:
            return SamplerConfig(
                vocab_size=(3, 15),
                max_seq_len=(4, 15),
                max_values=40,
                max_pairs=300,
                max_table=24,
                max_binary_table=48,
                causal=0.3,
                whole_language=True,
            )
        case Preset.THESIS:
            return SamplerConfig(length=(3, 15), vocab_size=(3, 15), max_seq_len=(15, 15), max_pairs=10_000)


def thesis_students_config() -> SamplerConfig:
    """The thesis's options for programs whose compiled models teach compressed and natural ones."""
    return replace(
        default_config(Preset.THESIS),
        length=(10, 15),
        vocab_size=(5, 8),
        max_seq_len=(4, 8),
        constants=(5, 8),
    )
