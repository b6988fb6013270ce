"""Maps that hand on what they read are left out where the program is right without them."""

from __future__ import annotations

import pytest

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import decompile, register_proposer
from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.proposers import Proposal
from inverse_tracr.rasp import parse_source, print_program

# No head selects more than 3 keys, so that a width of 4 never occurs.
TRUE = """\
# signature: vocab=[a, b] max_seq_len=4
v1 = select(indices, indices, <)
v2 = selector_width(v1)
return v2
"""


@pytest.mark.parametrize(
    ("table", "kept"),
    [
        ("{0: 0, 1: 1, 2: 2, 3: 3, 4: None}", False),  # a value that never occurs is lost
        ("{0: 0, 1: 1, 2: 2, 3: 3, 4: 4}", True),  # nothing is lost: a line of the program's own
    ],
)
def test_a_map_to_itself_goes_where_it_only_loses_what_never_occurs(table: str, kept: bool) -> None:
    source = parse_source(TRUE)
    assert source.signature is not None
    relayed = parse_source(TRUE.replace("return v2", f"v3 = map(v2, {table})\nreturn v3")).program
    register_proposer(
        "relaying",
        lambda _model, _judge: iter(
            [Proposal(relayed, tuple(LineEvidence(n, 0, (), (), ()) for n in relayed.names))]
        ),
    )
    model = compile_program(source.program, source.signature, mode=Mode.FIXED)
    found = decompile(model, method="relaying")
    assert found.verification.verified
    assert found.program is not None
    wanted = relayed if kept else source.program
    assert print_program(found.program) == print_program(wanted)
    assert [entry.line for entry in found.evidence] == list(found.program.names)


def test_a_map_that_loses_what_occurs_stays() -> None:
    text = TRUE.replace("return v2", "v3 = map(v2, {0: 0, 1: 1, 2: None, 3: 3, 4: None})\nreturn v3")
    source = parse_source(text)
    assert source.signature is not None
    register_proposer("losing", lambda _model, _judge: iter([Proposal(source.program)]))
    found = decompile(compile_program(source.program, source.signature, mode=Mode.FIXED), method="losing")
    assert found.verification.verified
    assert found.program is not None
    assert len(found.program.lines) == 3
