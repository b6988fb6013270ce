"""Models that Tracr compiled, once for all tests of model/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from inverse_tracr.model import TransformerProgram


@dataclass(frozen=True)
class Compiled:
    """An assembled Tracr model and its conversion."""

    assembled: Any
    model: TransformerProgram


def _programs() -> dict[str, tuple[Callable[[], Any], set[Any], int, bool]]:
    """Name -> program, vocabulary, max_seq_len, causal: few, for Haiku is slow."""
    from tracr.compiler import lib
    from tracr.rasp import rasp

    return {
        "shift": (lambda: lib.shift_by(1, rasp.tokens), {"a", "b"}, 4, False),
        "fraction, causal": (lambda: lib.make_frac_prevs(rasp.tokens == "("), {"(", ")"}, 4, True),
        "sort": (lambda: lib.make_sort(rasp.tokens, rasp.tokens, max_seq_len=4, min_key=1), {1, 2}, 4, False),
    }


@pytest.fixture(scope="session")
def compiled() -> dict[str, Compiled]:
    pytest.importorskip("tracr")
    from tracr.compiler import compiling

    models: dict[str, Compiled] = {}
    for name, (program, vocab, max_seq_len, causal) in _programs().items():
        assembled = compiling.compile_rasp_to_model(program(), vocab, max_seq_len, causal=causal)
        models[name] = Compiled(assembled, TransformerProgram.from_tracr(assembled))
    return models
