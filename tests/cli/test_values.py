"""Values on the command line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inverse_tracr.cli.errors import UsageError
from inverse_tracr.cli.values import parse_tokens, parse_value, parse_values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("True", True),
        ("False", False),
        ("true", "true"),
        ("a", "a"),
        ('"3"', "3"),
        ("'3'", "3"),
        ('"a\\"b"', 'a"b'),
        ("e3", "e3"),
        ("nan", "nan"),
        ("(", "("),
    ],
)
def test_a_value_is_what_it_looks_like(text: str, value: object) -> None:
    read = parse_value(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a,b,c", ("a", "b", "c")),
        ("1, 2 ,3", (1, 2, 3)),
        ('"1",1', ("1", 1)),
        ('",",b', (",", "b")),
        ("(,)", ("(", ")")),
        ("True,False", (True, False)),
        ("a", ("a",)),
        ("hello world,b", ("hello world", "b")),
    ],
)
def test_a_list_is_split_at_its_commas(text: str, values: tuple[object, ...]) -> None:
    assert parse_values(text) == values


@pytest.mark.parametrize("text", ["a,,b", "a,", ",a", " "])
def test_an_empty_item_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="an item of the list is empty"):
        parse_values(text)


@pytest.mark.parametrize("text", ['"a,b', 'a"b', "a,'b"])
def test_an_open_quote_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot read the list at character"):
        parse_values(text)


def test_a_broken_escape_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot read the escapes"):
        parse_value('"\\q"')


@given(st.lists(st.text(min_size=1), min_size=1))
def test_quoted_strings_come_back(values: list[str]) -> None:
    assert parse_values(",".join(json.dumps(value) for value in values)) == tuple(values)


def test_a_token_is_a_string_where_the_vocabulary_says_so() -> None:
    assert parse_tokens(["1", "2"], ["1", "2"]) == ["1", "2"]
    assert parse_tokens(["1", "2"], [1, 2]) == [1, 2]
    assert parse_tokens(["1", '"1"'], [1, "1"]) == [1, "1"]
    assert parse_tokens(["7"], [1, 2]) == [7]
