"""Small teachers that the tests of distillation share."""

from __future__ import annotations

import pytest
import torch

from inverse_tracr.distill import Teacher
from inverse_tracr.rasp import Source, parse_source

TEXTS = (
    """
# signature: vocab=[a, b, c] max_seq_len=4
v1 = map(tokens, x == "a")
v2 = select(indices, indices, k == 0)
v3 = aggregate(v2, v1)
v4 = sequence_map(v1, v3, x and y)
return v4
""",
    """
# signature: vocab=[a, b] max_seq_len=4
v1 = select(tokens, tokens, ==)
v2 = selector_width(v1)
v3 = map(v2, x > 1)
return v3
""",
    """
# signature: vocab=[0, 1, 2] max_seq_len=3
v1 = map(tokens, x == 1, numerical)
v2 = select(indices, indices, <=)
v3 = aggregate(v2, v1)
return v3
""",
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def teachers() -> list[Teacher]:
    found: list[Teacher] = []
    for item, text in enumerate(TEXTS):
        source = parse_source(text)
        assert isinstance(source, Source)
        assert source.signature is not None
        found.append(Teacher(item, source.program, source.signature))
    return found
