"""Running inputs of all lengths at once gives what the interpreter gives batch by batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inverse_tracr.rasp import Program, Signature, Trace, parse
from inverse_tracr.rasp.values import Maybe
from inverse_tracr.sample import Preset, default_config, hash_inputs, sample_program
from inverse_tracr.sample import ragged as module
from inverse_tracr.sample.grid import ragged_grid
from inverse_tracr.sample.ragged import RaggedTrace
from tests.sample.pool import pool


def check(program: Program, signature: Signature) -> None:
    batches = hash_inputs(len(signature.vocab), signature.max_seq_len)
    rows = [row.astype(np.intp) for batch in batches for row in batch]
    found = RaggedTrace(program, signature, ragged_grid(rows, causal=signature.causal)).output()
    columns = [Trace(program, signature, batch).output for batch in batches]
    expected = [value for column in columns for row in column.decode() for value in row]
    if isinstance(found, tuple):
        values, index = found
        names: list[Maybe] = [*values, None]
        assert [names[i] for i in index.tolist()] == expected
    else:
        np.testing.assert_allclose(
            found, np.array([np.nan if x is None else x for x in expected]), rtol=1e-12
        )


@pytest.mark.parametrize("preset", [Preset.SOUND, Preset.TRACR])
def test_sampled_programs_mean_the_same(preset: Preset) -> None:
    for found in pool(preset)[:40]:
        check(found.program, found.signature)


MIXING = """
v1 = select(tokens, indices, <)
v2 = aggregate(v1, tokens)
v3 = sequence_map(v2, tokens, x + y)
v4 = select(v3, v2, <=)
v5 = aggregate(v4, v2)
v6 = sequence_map(v5, v3, x - y)
return v6
"""


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("vocab", [(0, 1, 2), ("a", "b", "c")])
@pytest.mark.parametrize("largest_table", [4_096, 3])
def test_aggregates_that_mix_values_mean_the_same(
    monkeypatch: pytest.MonkeyPatch,
    vocab: tuple[int, ...] | tuple[str, ...],
    largest_table: int,
    causal: bool,
) -> None:
    monkeypatch.setattr(module, "LARGEST_TABLE", largest_table)
    check(parse(MIXING), Signature(vocab, 4, causal))


def test_programs_of_the_thesis_mean_the_same() -> None:
    config = replace(default_config(Preset.THESIS), length=(3, 6), vocab_size=(3, 4), max_seq_len=(4, 4))
    for index in range(25):
        found = sample_program(Preset.THESIS, 2, index, config)
        check(found.program, found.signature)
