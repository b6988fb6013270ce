"""Names and functions where no input tells: the ones that programs are most likely to have."""

import math
from dataclasses import replace

import numpy as np
import pytest

import inverse_tracr as it
from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import Verdict, Verification
from inverse_tracr.decompile.decompiler import remembering_judge
from inverse_tracr.decompile.likely import likeliest
from inverse_tracr.decompile.likely.prior import binary_named, predicates, unary_named
from inverse_tracr.decompile.likely.reached import reached
from inverse_tracr.rasp import Signature, parse_source
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.values import Value

HEADER = "# signature: vocab=[a, b, c] max_seq_len=4\n"


def chosen(
    true: str, found: str, header: str = HEADER, *, read: bool = False
) -> tuple[it.Program, it.Program]:
    """The likeliest program for one that was found, and the true one, both in canonical form."""
    source = parse_source(header + true)
    signature = source.signature
    assert signature is not None
    model = compile_program(source.program, signature, mode=Mode.FIXED)
    judge = remembering_judge(model)
    program = parse_source(header + found).program
    assert judge(program).verdict is Verdict.EQUIVALENT
    better = likeliest(program, model, judge, read=read)
    assert judge(better).verdict is Verdict.EQUIVALENT
    return canonical(better, signature), canonical(source.program, signature)


FLAGS = 'a = map(tokens, x == "a")\nb = map(tokens, x == "b")\n'


def test_an_entry_that_nothing_reaches_follows_the_named_function_under_other_names() -> None:
    true = FLAGS + "d = sequence_map(a, b, x - y)\ne = sequence_map(d, indices, x * y)\nreturn e\n"
    entries = ", ".join(
        f"({d}, {i}): {(0, -1, 1)[d] * i}" for d, i in [(d, i) for d in range(3) for i in range(4)]
    )
    found = (
        FLAGS
        + "d = sequence_map(a, b, {(0, 0): 0, (0, 1): 1, (1, 0): 2, (1, 1): 2})\n"
        + f"e = sequence_map(d, indices, {{{entries}}})\nreturn e\n"
    )
    better, exact = chosen(true, found)
    assert better == exact


def test_outputs_are_those_that_the_encoder_knows() -> None:
    # Nothing is a and b at once: the encoder alone knows of 2.
    true = FLAGS + "d = sequence_map(a, b, x + y)\nreturn d\n"
    better, exact = chosen(true, FLAGS + "d = sequence_map(a, b, max(x, y))\nreturn d\n")
    assert better == exact


def test_a_select_of_everything_is_one_of_tokens() -> None:
    true = (
        's = select(tokens, tokens, True)\nn = map(tokens, x == "a", numerical)\n'
        "m = aggregate(s, n, numerical)\nreturn m\n"
    )
    found = true.replace("select(tokens, tokens, True)", "select(indices, tokens, True)")
    better, exact = chosen(true, found)
    assert better == exact


def test_selects_of_everything_are_one() -> None:
    true = (
        's = select(tokens, tokens, True)\nn = map(tokens, x == "a", numerical)\nw = selector_width(s)\n'
        "m = aggregate(s, n, numerical)\nf = map(m, x > 0.5)\nd = sequence_map(w, f, x + y)\nreturn d\n"
    )
    found = true.replace("w = selector_width(s)", "e = select(indices, tokens, True)\nw = selector_width(e)")
    better, exact = chosen(true, found)
    assert better == exact


def test_a_select_of_all_that_have_a_value_is_not_one_of_everything() -> None:
    program = (
        's = select(indices, indices, k == q + 1)\nt = aggregate(s, tokens)\nf = map(t, x == "a")\n'
        "e = select(f, f, {EQ})\nw = selector_width(e)\nreturn w\n"
    )
    better, exact = chosen(program.replace("{EQ}", "True"), program.replace("{EQ}", "True"))
    assert better == exact


LOST = (
    'a = map(tokens, x == "a")\n'
    "d = sequence_map(a, indices, {D})\n"
    "e = map(d, {E})\n"
    "s = select(e, a, ==)\nw = selector_width(s)\nreturn w\n"
)


@pytest.mark.parametrize("read", [True, False])
def test_a_difference_that_weights_have_lost_follows_from_what_lines_do_together(read: bool) -> None:
    # The reader asks for one value of five; weights told it from the others, and these not from each other.
    true = LOST.replace("{D}", "x - y").replace("{E}", "x != -2")
    entries = ", ".join(f"({a}, {i}): {int(a - i == -2)}" for a in range(2) for i in range(4))
    found = LOST.replace("{D}", f"{{{entries}}}").replace("{E}", "x == 0")
    better, exact = chosen(true, found, read=read)
    assert (better == exact) is read


def test_entries_that_weights_have_are_believed_though_no_input_leads_to_them() -> None:
    # A position and what stands two before it: the flags of the first two are never read.
    lines = (
        "s = select(indices, indices, k == q - 2)\nj = aggregate(s, indices)\n"
        "m = map(j, {0: 0, 1: 1, 2: 2, 3: 1})\n"
        "t = select(m, indices, table {(1, 1), (2, 0), (0, 2), (1, 3)})\n"
        "w = selector_width(t)\nreturn w\n"
    )
    better, exact = chosen(lines, lines, read=True)
    assert better == exact
    assert chosen(lines, lines)[0] != exact


def test_tables_stay_where_no_name_fits() -> None:
    entries = '(0, "a"): 1, (0, "b"): 0, (0, "c"): 0, (1, "a"): 2, (1, "b"): 1, (1, "c"): 0, (2, "a"): 2, '
    program = (
        "m = map(indices, {0: 1, 1: 0, 2: 2, 3: 0})\n"
        f'd = sequence_map(m, tokens, {{{entries}(2, "b"): 2, (2, "c"): 1}})\nreturn d\n'
    )
    better, exact = chosen(program, program)
    assert better == exact


def test_a_name_that_another_input_refutes_is_not_taken() -> None:
    source = parse_source(HEADER + 'm = map(tokens, x == "a")\nreturn m\n')
    model = it.compile(source.program, vocab=["a", "b", "c"], max_seq_len=4)
    honest = remembering_judge(model)

    def strict(program: it.Program) -> Verification:
        found = honest(program)
        return found if program == source.program else replace(found, verdict=Verdict.REFUTED)

    assert likeliest(source.program, model, strict) == source.program


def test_arguments_that_occur() -> None:
    program = parse_source(
        HEADER + 'f = map(tokens, x == "a")\nd = sequence_map(f, tokens, {(True, "a"): 1, (False, "b"): 0})\n'
        "s = select(indices, indices, <)\nw = selector_width(s)\nreturn w\n"
    ).program
    found = reached(program, Signature(("a", "b", "c"), 4, causal=True), [np.array([[0, 1], [0, 0]])])
    assert set(found[0]) == {("a",), ("b",)}
    assert set(found[1]) == {(True, "a"), (False, "b")}
    assert set(found[2]) == {(0, 0), (0, 1), (1, 1)}  # no query looks ahead


@pytest.mark.parametrize("values", [(0, 1, 2, 3), (-1, 0, 1), ("a", "b", "c", "d")])
def test_functions_share_a_probability_of_one_at_most(values: tuple[Value, ...]) -> None:
    unary = sum(math.exp(-nats) for _, nats in unary_named(values, values, fractions=False))
    binary = sum(math.exp(-nats) for _, nats in binary_named(values, values))
    for moves in (False, True):
        likely = predicates(values, values, moves=moves, by_position=moves)
        assert 0.5 < sum(math.exp(-nats) for nats in likely.values()) <= 1
    # Orders of operands are counted for both functions of a pair.
    assert 0.5 < unary <= 1.1
    assert 0.4 < binary <= 1
