"""Zoos in PyTorch and as plain tables; shuffling whose state is one integer."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.dataset as pads
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from inverse_tracr.errors import BadInputError
from inverse_tracr.rasp import comparison_inputs
from inverse_tracr.zoo.check_models import share_right
from inverse_tracr.zoo.datasets import Shuffle, ZooDataset, ZooStream
from inverse_tracr.zoo.permutation import KeyedPermutation
from inverse_tracr.zoo.reader import Specimen, Zoo
from tests.zoo.examples import copy


def items(specimens: list[Specimen]) -> list[int]:
    return [specimen.row["item"] for specimen in specimens]


def as_they_are(specimens: list[Specimen]) -> list[Specimen]:
    return specimens


@settings(max_examples=25)
@given(st.integers(1, 80), st.integers(0, 2**70))
def test_a_keyed_permutation_is_one(size: int, key: int) -> None:
    permutation = KeyedPermutation(size, key)
    assert sorted(permutation[index] for index in range(size)) == list(range(size))


def test_keys_shuffle_differently_and_well() -> None:
    orders = [[KeyedPermutation(20, key)[index] for index in range(20)] for key in range(60)]
    assert len(set(map(tuple, orders))) == 60
    heads = Counter(order[0] for order in orders)
    assert len(heads) > 15


def test_models_by_number_compute_their_programs(standard_zoo: Path) -> None:
    dataset = ZooDataset(standard_zoo)
    specimen = dataset[len(dataset) - 1]
    assert specimen.model.signature == specimen.signature
    assert len(comparison_inputs(specimen.signature))
    assert share_right(specimen.model, specimen.program, specimen.signature, 200, 50) == 1.0
    with pytest.raises(IndexError, match="expected a row below"):
        _ = dataset[len(dataset)]


def test_students_are_read_with_their_own_weights(compressed_zoo: Path) -> None:
    zoo = Zoo(compressed_zoo)
    rows = len(zoo.split("train"))
    found = [zoo.specimen("train", row) for row in range(rows)]
    assert [s.row["copy"] for s in found] == [0, 1] * (rows // 2)
    for specimen in found[:3]:
        assert share_right(specimen.model, specimen.program, specimen.signature, 200, 50) == 1.0


def test_a_stream_gives_every_model_once_an_epoch(standard_zoo: Path) -> None:
    size = len(ZooDataset(standard_zoo))
    stream = iter(ZooStream(standard_zoo, key=7))
    first, second = items(list(islice(stream, size))), items(list(islice(stream, size)))
    assert (
        sorted(first) == sorted(second) == sorted(items([ZooDataset(standard_zoo)[i] for i in range(size)]))
    )
    assert first != second
    assert first != sorted(first)


def test_a_stream_resumes_from_one_integer(standard_zoo: Path) -> None:
    stream = ZooStream(standard_zoo, key=7)
    gone = items(list(islice(stream, 5)))
    assert stream.state == 5
    rest = items(list(islice(ZooStream(standard_zoo, key=7, state=stream.state), 4)))
    assert gone + rest == items(list(islice(ZooStream(standard_zoo, key=7), 9)))


def test_ranks_share_a_stream(standard_zoo: Path) -> None:
    whole = items(list(islice(ZooStream(standard_zoo, key=7), 6)))
    ranks = [ZooStream(standard_zoo, key=7, rank=rank, ranks=2) for rank in range(2)]
    assert [items(list(islice(rank, 3))) for rank in ranks] == [whole[0::2], whole[1::2]]


def test_workers_of_a_loader_share_a_stream(standard_zoo: Path) -> None:
    whole = items(list(islice(ZooStream(standard_zoo, key=7), 6)))
    loader = DataLoader(ZooStream(standard_zoo, key=7), batch_size=1, num_workers=2, collate_fn=as_they_are)
    found = [items(batch)[0] for batch in islice(loader, 6)]
    assert sorted(found) == sorted(whole)


def test_several_windows_hold_every_row_once(standard_zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = Zoo(standard_zoo).split("train")
    groups = tuple(type(index.groups[0])(0, number, 3 * number, 3) for number in range(7))
    monkeypatch.setattr(type(index), "__len__", lambda _self: 21)
    index.__dict__["groups"] = groups
    monkeypatch.setattr("inverse_tracr.zoo.datasets.GROUPS_PER_WINDOW", 2)
    shuffle = Shuffle(index, key=1)
    rows = [shuffle.row(position) for position in range(21)]
    assert sorted(rows) == list(range(21))
    assert [shuffle.row(position) for position in (30, 3, 20)] == [shuffle.row(30), rows[3], rows[20]]


def test_an_empty_split_is_refused(compressed_zoo: Path, tmp_path: Path) -> None:
    folder = copy(compressed_zoo, tmp_path / "zoo")
    manifest = json.loads((folder / "zoo.json").read_text())
    manifest["files"] = {name: entry for name, entry in manifest["files"].items() if "/test-" not in name}
    (folder / "zoo.json").write_text(json.dumps(manifest))
    with pytest.raises(BadInputError, match="is empty"):
        ZooStream(folder, "test", key=0)


def test_the_index_is_a_plain_table(standard_zoo: Path) -> None:
    table = pads.dataset(standard_zoo / "data", format="parquet").to_table()
    assert len(table) == Zoo(standard_zoo).manifest.count
    assert table["program"][0].as_py().startswith("# signature: ")
    assert b"inverse_tracr.fingerprint" in table.schema.metadata


def test_polars_reads_the_index(standard_zoo: Path) -> None:
    polars: Any = pytest.importorskip("polars")
    table = polars.scan_parquet(standard_zoo / "data" / "*.parquet").collect()
    assert table.height == Zoo(standard_zoo).manifest.count


def test_datasets_reads_zoos_by_their_card(
    standard_zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets: Any = pytest.importorskip("datasets")
    found = datasets.load_dataset(str(standard_zoo))
    rows = {name: count for name, count in Zoo(standard_zoo).manifest.rows.items() if count}
    assert {name: len(split) for name, split in found.items()} == rows
