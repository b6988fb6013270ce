"""Lines are read off what half-layers write, in any basis: their indicators are linear in it."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.decompile import decompile
from inverse_tracr.decompile.linear.explain import Option, explain
from inverse_tracr.decompile.linear.indicators import linear_sets, partitions
from inverse_tracr.decompile.linear.mlps import Asked, MlpReader, first_seen
from inverse_tracr.decompile.linear.named import NAMED_COST, Outputs, named
from inverse_tracr.decompile.linear.numbers import number_maps, weighted_sum
from inverse_tracr.decompile.linear.readable import Readable
from inverse_tracr.decompile.linear.wanted import wanted_maps
from inverse_tracr.decompile.linear.written import functionals, indicators, orthonormal, written
from inverse_tracr.decompile.search.columns import Column, Sketch, numerical_column
from inverse_tracr.rasp import TOKENS, Encoding, LinearSequenceMap, Map, SequenceMap, parse_source
from inverse_tracr.rasp.canonical import canonical
from inverse_tracr.rasp.functions import BinaryTable, NamedBinary, NamedUnary, UnaryOp, UnaryTable
from inverse_tracr.rasp.values import Value
from tests.decompile.rotation import rotated

PROGRAMS = {
    "two maps of the tokens, and a map of both": """
# signature: vocab=[a, b, c, d] max_seq_len=4
v1 = map(tokens, x != "a")
v2 = map(tokens, x > "b")
v3 = sequence_map(indices, v2, {(0, False): 0, (1, True): 2, (2, True): 1, (3, False): 2, _: 1})
v4 = sequence_map(v1, v3, x * y)
return v4
""",
    "a line that only readers' values tell": """
# signature: vocab=[1, 2, 3, 4] max_seq_len=5
v1 = map(tokens, x > 1)
v2 = select(indices, v1, ==)
v3 = aggregate(v2, indices)
v4 = aggregate(v2, v3)
v5 = select(v1, v4, <)
v6 = selector_width(v5)
v7 = map(v6, x == 0)
return v7
""",
    "a mean of ones, not of zeros": """
# signature: vocab=[a, b, c] max_seq_len=5
v1 = map(tokens, x != "a", numerical)
v2 = select(indices, indices, k < q)
v3 = aggregate(v2, v1, numerical)
v4 = map(v3, x > 0.4)
return v4
""",
    "a number of one key or none": """
# signature: vocab=[0, 1, 2, 3] max_seq_len=5
v1 = map(tokens, x > 1)
v2 = select(indices, v1, ==)
v3 = sequence_map(v1, indices, x or y)
v4 = map(v3, x <= 0, numerical)
v5 = aggregate(v2, v4, numerical)
v6 = map(v5, x != 0)
v7 = sequence_map(v6, indices, x + y)
return v7
""",
    "a sum that tells all its arguments apart": """
# signature: vocab=[1, 2, 3, 4] max_seq_len=4
v1 = map(tokens, x > 2)
v2 = select(tokens, tokens, ==)
v3 = selector_width(v2)
v4 = map(v3, x > 1)
v5 = sequence_map(v3, v4, x + y)
v6 = sequence_map(v5, v1, x * y)
return v6
""",
    "a weighted sum of numbers": """
# signature: vocab=[a, b, c, d, e, f] max_seq_len=4
v1 = map(tokens, {"a": 2, "b": 3, "c": 2, "d": 3, "e": 0, "f": 0}, numerical)
v2 = map(indices, {0: 0, 1: 3, 2: 4, 3: 2}, numerical)
v3 = linear_sequence_map(v1, v2, -2, 1)
v4 = map(v3, x > -2)
v5 = select(v4, v4, ==)
v6 = selector_width(v5)
return v6
""",
    "a sum of zeros and ones, and of indices": """
# signature: vocab=[False, True] max_seq_len=9
v1 = map(tokens, x, numerical)
v2 = map(indices, x, numerical)
v3 = linear_sequence_map(v1, v2, -2, 1)
v4 = map(v3, x > 0)
v5 = select(v4, v4, ==)
v6 = selector_width(v5)
return v6
""",
    "a number that is put out": """
# signature: vocab=[a, b, c] max_seq_len=5
v1 = select(tokens, tokens, ==)
v2 = selector_width(v1, numerical)
return v2
""",
    "counts, and where they are the same": """
# signature: vocab=[a, b, c] max_seq_len=4
v1 = select(tokens, tokens, ==)
v2 = selector_width(v1)
v3 = select(v2, v2, ==)
v4 = selector_width(v3)
return v4
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_turned_model_gives_its_very_program(name: str) -> None:
    source = parse_source(PROGRAMS[name].lstrip())
    assert source.signature is not None
    model = rotated(compile_program(source.program, source.signature, mode=Mode.FIXED), seed=4)

    found = decompile(model, method="linear")

    assert found.verification.verified
    assert found.method == "linear"
    assert found.program is not None
    assert canonical(found.program, source.signature) == canonical(source.program, source.signature)
    assert found.candidates <= 20


def _named(option: Option, op: UnaryOp, constant: object) -> bool:
    function = option.line.function if isinstance(option.line, Map) else None
    return isinstance(function, NamedUnary) and (function.op, function.constant) == (op, constant)


def column(values: tuple[Value, ...], labels: list[int], ref: int = -2) -> Column:
    return Column(ref, np.array([labels]), values)


def test_sets_of_cells_are_found_that_are_linear_in_what_is_written() -> None:
    random = np.random.default_rng(0)
    cells = random.integers(0, 6, size=400)
    first, second = cells % 2, (cells > 3).astype(int)
    rows = np.stack([first, second], axis=1) @ random.normal(size=(2, 5)) + 1e-4 * random.normal(
        size=(400, 5)
    )

    own = functionals(written(rows), cells)

    assert own.means.shape == (6, 2)
    found = {tuple(one.astype(int)) if not one[0] else tuple((~one).astype(int)) for one in linear_sets(own)}
    assert found == {(0, 1, 0, 1, 0, 1), (0, 0, 0, 0, 1, 1)}


def test_three_classes_are_a_partition_of_their_own_beside_those_in_two() -> None:
    random = np.random.default_rng(1)
    cells = random.integers(0, 5, size=300)
    rows = np.eye(3)[np.array([0, 1, 2, 0, 1])[cells]] @ random.normal(size=(3, 4))

    found = list(partitions(linear_sets(functionals(written(rows), cells))))

    assert [0, 1, 2, 0, 1] in [np.unique(one, return_inverse=True)[1].tolist() for one in found]
    assert len(found) == 4


def test_numbers_of_one_column_that_share_two_directions_are_told_from_each_other() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 6, size=300)
    truth = np.array([[1, 2, 1, 2, -1, -1], [0, 0, 0, 0, 0, 1]])
    what = written(truth[:, labels].T @ random.normal(size=(2, 5)))
    tokens = Column(TOKENS, labels[None], tuple("abcdef"))
    own = functionals(what, labels)

    found = list(number_maps(tokens, np.arange(6)[:, None], labels, own, what, np.ones((1, 300), np.bool_)))

    assert 0 < len(found) <= 8
    lines = [option.line for option in found if isinstance(option.line, Map)]
    assert {line.encoding for line in lines} == {Encoding.NUMERICAL}
    tables = [tuple(map(line.function, "abcdef")) for line in lines]
    assert (2, 3, 2, 3, 0, 0) in tables or (1, 0, 1, 0, 3, 3) in tables


def test_no_numbers_where_any_would_do() -> None:
    random = np.random.default_rng(4)
    labels = random.integers(0, 3, size=300)
    what = written(np.eye(3)[labels] @ random.normal(size=(3, 5)))
    tokens = Column(TOKENS, labels[None], tuple("abc"))

    mask = np.ones((1, 300), np.bool_)
    found = list(number_maps(tokens, np.arange(3)[:, None], labels, functionals(what, labels), what, mask))

    assert not found


def _sum_of(numbers: tuple[list[int], list[int]], factors: tuple[int, int], noise: float) -> Option | None:
    """What is found where this sum of two numbers is written, 300 positions."""
    random = np.random.default_rng(5)
    mask = np.ones((1, 300), np.bool_)
    drawn = [np.array(values, float)[random.integers(0, len(values), size=(1, 300))] for values in numbers]
    columns = [numerical_column(ref, own, mask) for ref, own in enumerate(drawn)]
    total = factors[0] * drawn[0][0] + factors[1] * drawn[1][0]
    rows = total[:, None] * random.normal(size=(1, 4)) + noise * random.normal(size=(300, 4))
    return weighted_sum(columns, written(rows), mask)


def test_a_sum_has_the_factors_that_were_written() -> None:
    found = _sum_of(([0, 1, 4], [0, 2, 3, 7]), (-3, 2), noise=1e-3)

    assert found is not None
    line = found.line
    assert isinstance(line, LinearSequenceMap)
    assert line.first_factor * line.second_factor == -6
    assert abs(line.first_factor) == 3


def test_what_only_one_of_two_numbers_says_is_no_sum() -> None:
    assert _sum_of(([0, 1, 4], [0, 2, 3, 7]), (1, 0), noise=1e-3) is None


def test_what_is_no_function_of_the_cells_is_left_out() -> None:
    random = np.random.default_rng(2)
    cells, other = random.integers(0, 4, size=(2, 300))
    rows = np.stack([cells == 1, other == 2, other == 3], axis=1).astype(float) @ random.normal(size=(3, 6))
    assert functionals(written(rows), cells).means.shape == (4, 1)


def test_entries_that_do_not_occur_are_those_of_the_name_that_fits() -> None:
    operands = [column((0, 1, 2), [0]), column((0, 1, 2), [0], ref=-1)]
    cells = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [2, 0]])
    found = named(operands, cells, np.array([0, 1, 1, 2, 2]))
    assert isinstance(found.line, SequenceMap)
    assert isinstance(found.line.function, NamedBinary)
    assert found.line.function.op.value == "x + y"
    assert found.values == (0, 1, 2, 3, 4)


def test_a_table_costs_more_than_a_name_and_its_values_are_free() -> None:
    tokens = [column(("a", "b", "c", "d"), [0])]
    cells = np.arange(4)[:, None]
    by_name = named(tokens, cells, np.array([0, 0, 1, 1]))
    by_table = named(tokens, cells, np.array([0, 1, 1, 0]))
    assert isinstance(by_name.line, Map)
    assert isinstance(by_name.line.function, NamedUnary)
    assert isinstance(by_table.line, Map)
    assert isinstance(by_table.line.function, UnaryTable)
    assert by_table.free
    assert not by_name.free
    assert by_name.cost < by_table.cost


def test_of_functions_that_fit_one_says_only_what_the_model_may_say() -> None:
    operands = [column((0, 1), [0], ref=0), column((0, 1), [0], ref=1)]
    cells, classes = np.array([[0, 0], [0, 1], [1, 0]]), np.array([0, 1, 1])
    free = named(operands, cells, classes)
    put_out = named(operands, cells, classes, Outputs((0, 1), frozenset({0, 1})))
    assert set(free.values) == {0, 1, 2}
    assert set(put_out.values) == {0, 1}


def test_two_values_of_a_line_may_be_exchanged_for_a_name() -> None:
    """A product with zero and one, where the line's values are called one and zero."""
    operands = [column((1, 0), [0], ref=0), column((0, 1, 2), [0], ref=1)]
    cells = np.array([[x, y] for x in range(2) for y in range(3)])
    found = named(operands, cells, np.array([0, 0, 0, 0, 1, 2]))
    assert isinstance(found.line, SequenceMap)
    assert isinstance(found.line.function, BinaryTable)
    assert found.values == (0, 1, 2)
    assert found.cost == NAMED_COST


def test_the_cheapest_lines_that_explain_everything_are_taken() -> None:
    random = np.random.default_rng(3)
    first, second, junk = random.integers(0, 2, size=(3, 200))
    what = written(np.stack([first, 0.01 * second], axis=1) @ random.normal(size=(2, 4)))
    made = [(first, 4.0), (second, 4.0), (junk, 1.0), (2 * first + second, 30.0)]
    options = [
        Option(
            Map(-2, UnaryTable(())),
            column((0, 1), labels.tolist()),
            indicators(labels),
            cost,
            straight=what.linear(indicators(labels)) > 0.99,
        )
        for labels, cost in made
    ]

    best = explain(what, np.zeros((200, 0)), options, 3)[0]

    assert set(best.chosen) == {0, 1}, "the second line is small, but it is there"
    assert best.left < 1e-6
    assert best.uncovered < 0.01


def test_lines_that_must_be_there_are_taken_first() -> None:
    random = np.random.default_rng(5)
    classes = random.integers(0, 3, size=200)
    what = written(np.eye(3)[classes] @ random.normal(size=(3, 4)))
    made = [(np.minimum(classes, 1), 9.0), (np.maximum(classes, 1), 9.0), (classes, 4.0)]
    options = [
        Option(Map(-2, UnaryTable(())), column((0, 1), labels.tolist()), indicators(labels), cost)
        for labels, cost in made
    ]

    assert set(explain(what, np.zeros((200, 0)), options, 1)[0].chosen) == {2}
    assert set(explain(what, np.zeros((200, 0)), options, 1, first=2)[0].chosen) == {0, 1}


def test_maps_with_a_name_are_read_however_many_others_span_the_same() -> None:
    labels = np.random.default_rng(7).integers(0, 10, size=(1, 900))
    rows = np.eye(6)[np.array([0, 0, 1, 0, 0, 0, 2, 3, 4, 5])[labels[0]]]
    tokens = Column(-2, labels, tuple(range(10)))
    maps = MlpReader(written(rows), np.ones((1, 900), np.bool_)).maps(tokens, None)
    named_ones = [o.line.function for o in maps if isinstance(o.line, Map) and o.cost < 2 * NAMED_COST]
    assert NamedUnary(UnaryOp.MAXIMUM, 5) in named_ones
    assert NamedUnary(UnaryOp.GT, 3) not in named_ones, "0 and 4 are written alike"


@pytest.mark.parametrize(("noise", "read"), [(0.13, True), (1.0, False)])
def test_where_nothing_explains_what_is_written_lines_are_read_that_are_less_sure(
    noise: float, read: bool
) -> None:
    random = np.random.default_rng(6)
    labels = random.integers(0, 4, size=(1, 600))
    tokens = Column(-2, labels, ("a", "b", "c", "d"))
    rows = (labels[0] > 1)[:, None] + noise * random.normal(size=(600, 1))
    reader = MlpReader(written(rows), np.ones((1, 600), np.bool_))

    found = reader.read(Readable([tokens], {-2}), np.zeros((600, 0)), Asked(), 5)

    assert any(len(options) == 1 and _named(options[0], UnaryOp.GT, "b") for options, _ in found) is read


def test_a_table_of_classes_asks_for_a_map_with_these() -> None:
    """The table tells apart two classes of tokens, and the MLP before it may write a map with these."""
    labels = np.random.default_rng(8).integers(0, 4, size=(50, 3))
    mask = np.ones((50, 3), np.bool_)
    tokens = Column(-2, labels, ("a", "b", "c", "d"))
    indices = Column(-1, np.tile(np.arange(3), (50, 1)), (0, 1, 2))
    said = np.array([[0, 1, 2], [3, 3, 1]])[np.array([0, 1, 1, 0])[labels], indices.labels]
    line = SequenceMap(-2, -1, BinaryTable(()))
    sketch = Sketch((line,), (tokens, indices, Column(0, said, (0, 1, 2, 3))), (3,), ((),), 50, 0.0)
    reader = MlpReader(written(np.eye(4)[labels[mask]]), mask)
    seen = np.ones((50, 3, 3), np.bool_)

    def maps(half: int, column: Column, classes: np.ndarray | None) -> list[Option]:
        return reader.maps(column, classes) if half == 1 and column.ref == -2 else []

    asked = np.array([0, 1, 1, 0])[labels]
    assert wanted_maps(sketch, maps, seen, mask).missing == {(1, first_seen(asked[mask]).tobytes())}
    assert not wanted_maps(sketch, lambda *_: [], seen, mask).missing


def test_features_that_depend_on_each_other_make_one_direction() -> None:
    labels = np.array([0, 1, 0, 1, 1])
    both = np.concatenate([indicators(labels), indicators(1 - labels)], axis=1)
    assert orthonormal(both).shape == (5, 1)
