"""Search finds programs where no dimension of the residual stream holds one thing."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import decompile
from inverse_tracr.decompile.search.cells import dense
from inverse_tracr.rasp import Aggregate, Line, Select, SelectorWidth, parse_source
from tests.decompile.rotation import rotated

PROGRAMS = {
    "histogram": """
# signature: vocab=[a, b, c] max_seq_len=4
same = select(tokens, tokens, ==)
count = selector_width(same)
return count
""",
    "sorted tokens": """
# signature: vocab=[1, 2, 3, 4] max_seq_len=4
smaller = select(tokens, tokens, <)
target = selector_width(smaller)
there = select(target, indices, ==)
found = aggregate(there, tokens)
return found
""",
    "most of the tokens before": """
# signature: vocab=[a, b, c] max_seq_len=5
is_a = map(tokens, x == "a", numerical)
before = select(indices, indices, <=)
share = aggregate(before, is_a, numerical)
most = map(share, x > 0.5)
return most
""",
    "a table of two counts": """
# signature: vocab=[a, b] max_seq_len=4
same = select(tokens, tokens, ==)
count = selector_width(same)
parity = map(indices, x % 2)
mixed = sequence_map(parity, count, {(0, 1): 2, (0, 2): 0, (1, 1): 1, (1, 3): 2, _: 1})
return mixed
""",
    "the token before, causal": """
# signature: vocab=[a, b, c, d] max_seq_len=5 causal
before = select(indices, indices, k == q - 1)
previous = aggregate(before, tokens)
pair = sequence_map(previous, tokens, x == y)
return pair
""",
}


def is_attention(line: Line) -> bool:
    return isinstance(line, Select | Aggregate | SelectorWidth)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_turned_model_is_decompiled_and_verified(name: str) -> None:
    source = parse_source(PROGRAMS[name].lstrip())
    assert source.signature is not None
    model = rotated(compile_program(source.program, source.signature, mode=Mode.FIXED), seed=1)

    assert decompile(model, method="lift").program is None
    found = decompile(model, method="search")

    assert found.verification.verified, str(found)
    assert found.method == "search"
    assert found.program is not None
    assert {line.half_layer for line in found.evidence} != {None}
    attending = [e for e, line in zip(found.evidence, found.program.lines, strict=True) if is_attention(line)]
    assert all(len(evidence.heads) >= 1 and evidence.probes > 0 for evidence in attending)


def test_auto_goes_on_where_the_lift_fails() -> None:
    source = parse_source(PROGRAMS["histogram"].lstrip())
    assert source.signature is not None
    model = rotated(compile_program(source.program, source.signature), seed=2)
    found = decompile(model)
    assert found.method == "unmix"
    assert [entry.split(":")[0] for entry in found.tried] == ["lift", "unmix"]


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0, 1), (7, -3, 2), (500, 0, 40), (500, 0, 10**9)])
def test_codes_without_gaps(count: int, low: int, high: int) -> None:
    codes = np.random.default_rng(0).integers(low, high, count)
    found, names = dense(codes)
    distinct, places = np.unique(codes, return_inverse=True)
    np.testing.assert_array_equal(found, places)
    np.testing.assert_array_equal(names, distinct)
    assert found.dtype == names.dtype == np.int64
