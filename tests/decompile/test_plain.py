"""Verified programs in plainer words, where no half-layer is explained less."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import decompile, register_proposer
from inverse_tracr.decompile.outcome import LineEvidence
from inverse_tracr.decompile.plain.names import Tables
from inverse_tracr.decompile.proposers import Proposal
from inverse_tracr.rasp import Program, parse_source, print_program
from inverse_tracr.rasp.functions import BinaryOp, BinaryTable, NamedBinary
from inverse_tracr.rasp.program import Map, SequenceMap

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
    wanted = relayed if kept else source.program
    model = compile_program(wanted, source.signature, mode=Mode.FIXED)
    found = decompile(model, method="relaying")
    assert found.verification.verified
    assert found.program is not None
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


def found_for(true: str, proposed: str) -> Program:
    """What is made of a proposed program for the model of a true one."""
    source = parse_source(true)
    assert source.signature is not None
    register_proposer("proposing", lambda _model, _judge: iter([Proposal(parse_source(proposed).program)]))
    found = decompile(compile_program(source.program, source.signature, mode=Mode.FIXED), method="proposing")
    assert found.verification.verified
    assert found.program is not None
    return found.program


RELAYED = TRUE.replace("return v2", "v3 = select(v2, indices, <=)\nv4 = selector_width(v3)\nreturn v4")


def test_a_map_goes_that_gives_other_names_and_loses_what_never_occurs() -> None:
    named_anew = """\
v3 = map(v2, {0: 3, 1: 2, 2: 1, 3: 0, 4: None})
v4 = select(v3, indices, table {(3, 0), (3, 1), (2, 1), (3, 2), (2, 2), (1, 2), (3, 3), (2, 3), (1, 3),
    (0, 3)})
v5 = selector_width(v4)
return v5"""
    found = found_for(RELAYED, TRUE.replace("return v2", named_anew))
    assert found.lines == parse_source(RELAYED).program.lines


SUMS = """\
# signature: vocab=[0, 1, 2, 3, 4, 5] max_seq_len=6
v1 = sequence_map(tokens, indices, x + y)
v2 = map(v1, x > 4)
return v2
"""


LATE = """\
# signature: vocab=[0, 1, 2, 3, 4, 5] max_seq_len=6
v1 = map(indices, x > 2)
v2 = select(tokens, v1, <=)
v3 = selector_width(v2)
return v3
"""


def test_classes_that_no_reader_tells_apart_are_one_unless_the_model_does() -> None:
    scrambled = "v1 = map(indices, {0: 3, 1: 0, 2: 5, 3: 2, 4: 1, 5: 4})"
    chosen = "table {(0, 0), (0, 3), (0, 5), (0, 1), (1, 1), (0, 2), (1, 2), (0, 4), (1, 4)}"
    six = LATE.replace("v1 = map(indices, x > 2)", scrambled).replace("<=", chosen)
    assert len(set(_values(found_for(six, six)))) == 6
    merged = found_for(LATE, six)
    assert len(set(_values(merged))) == 2
    assert merged.lines[1:] == parse_source(LATE).program.lines[1:]


def test_a_table_that_only_a_named_function_explains_is_that_function() -> None:
    classes = {(x, y): (x + y) // 2 for x in range(6) for y in range(6)}
    read = "v2 = map(v1, {0: 1, 1: 0, 2: 0, 3: 1, 4: 0, 5: 1})"
    lost = SUMS.replace("x + y", str(classes)).replace("v2 = map(v1, x > 4)", read)
    assert "v1 = sequence_map(tokens, indices, x + y)" in print_program(found_for(lost, lost))


def test_chance_gives_no_names() -> None:
    table = "{(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 0}"
    text = SUMS.replace("0, 1, 2, 3, 4, 5", "0, 1").replace("=6", "=2").replace("x + y", table)
    text = text.replace("x > 4", "x == 1")
    assert "x + y" not in print_program(found_for(text, text))


def test_a_last_map_that_the_model_has_no_layer_for_is_said_by_the_line_before() -> None:
    classes = {(x, y): (x * y) % 5 for x in range(6) for y in range(6)}
    renamed = {place: 4 - value for place, value in classes.items()}
    early = SUMS.replace("x + y", str(classes)).replace("v2 = map(v1, x > 4)\nreturn v2", "return v1")
    late = SUMS.replace("x + y", str(renamed)).replace("x > 4", "{0: 4, 1: 3, 2: 2, 3: 1, 4: 0}")
    assert found_for(early, late).lines == parse_source(early).program.lines


THIRDS = """\
# signature: vocab=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9] max_seq_len=5
v1 = select(indices, indices, table {(0, 0), (4, 1), (1, 2), (2, 3)})
v2 = map(tokens, x // 3)
v3 = aggregate(v1, indices)
v4 = select(v3, v2, >)
v5 = selector_width(v4)
return v5
"""


def test_what_reads_a_line_is_named_with_it() -> None:
    lost = THIRDS.replace("x // 3", "{0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 1, 6: 2, 7: 2, 8: 2, 9: 2}")
    lost = lost.replace(">)", "table {(1, 0), (2, 0), (4, 0), (2, 1), (4, 1), (4, 2)})")
    assert found_for(THIRDS, lost).lines == parse_source(THIRDS).program.lines


def _values(program: Program) -> list[object]:
    line = program.lines[0]
    assert isinstance(line, Map)
    return [line.function(x) for x in range(6)]


def test_names_are_looked_for_in_large_tables() -> None:
    entries = {(x, y): x * y for x in range(50) for y in range(50)}
    header = f"# signature: vocab={list(range(50))} max_seq_len=50"
    text = f"{header}\nv1 = sequence_map(tokens, indices, {entries})\nreturn v1"
    source = parse_source(text)
    assert source.signature is not None
    line = source.program.lines[0]
    assert isinstance(line, SequenceMap)
    table = BinaryTable(tuple((pair, value % 97) for pair, value in entries.items()))
    program = replace(source.program, lines=(replace(line, function=table),))
    found = [name.line for name in Tables(source.signature, others=True).names(program, 0)]
    assert replace(line, function=NamedBinary(BinaryOp.MULTIPLY)) in found
