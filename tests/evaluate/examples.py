"""Small cases."""

from __future__ import annotations

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.evaluate.cases import Case
from inverse_tracr.rasp import parse_source
from inverse_tracr.zoo import Kind

TWICE = "v1 = select(tokens, tokens, ==)\nv2 = selector_width(v1)\nv3 = map(v2, x > 1)\nreturn v3\n"
FIRST = (
    'v1 = select(indices, indices, k == 0)\nv2 = map(tokens, x == "a")\nv3 = aggregate(v1, v2)\nreturn v3\n'
)


def case_of_text(body: str, vocab: str, number: int = 0, kind: Kind = Kind.STANDARD) -> Case:
    """The compiled model of a program; `vocab` is a letter a token."""
    text = f"# signature: vocab=[{', '.join(vocab)}] max_seq_len=4\n{body}"
    source = parse_source(text)
    assert source.signature is not None
    model = compile_program(source.program, source.signature, mode=Mode.FIXED)
    return Case("small", kind, number, text, model)
