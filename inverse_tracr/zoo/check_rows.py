"""All rows of a zoo: their number, order, splits, and that none is there twice or belongs to a test set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inverse_tracr.zoo.excluded import excluded_functions, keys_of
from inverse_tracr.zoo.manifest import SPLITS
from inverse_tracr.zoo.merge import combined, split_of
from inverse_tracr.zoo.reader import Zoo
from inverse_tracr.zoo.rows import final_schema, row_type_of


def check_rows(zoo: Zoo) -> Iterator[tuple[str, str]]:
    """What is wrong with the index: where, and what."""
    functions: list[np.ndarray] = []
    forms: list[np.ndarray] = []
    programs: dict[str, str] = {}
    for split in SPLITS:
        table, found = _read(zoo, split)
        yield from found
        first = table.filter(_first_copies(table)) if zoo.config.trained else table
        functions.append(keys_of(first["function_hash"].to_pylist()))
        forms.append(keys_of(first["canonical_hash"].to_pylist()))
        yield from _check_split(zoo, split, first)
        digest = hashlib.blake2b(digest_size=16)
        for program in table["program"].to_pylist():
            digest.update(program.encode())
        programs[split] = digest.hexdigest()
    where = str(zoo.folder)
    for name, keys in (("function", np.concatenate(functions)), ("canonical form", np.concatenate(forms))):
        if twice := len(keys) - len(np.unique(keys)):
            yield where, f"{twice} rows have the {name} of another row"
    if zoo.config.without_test_functions:
        hits = int(np.isin(np.concatenate(functions), excluded_functions()).sum())
        if hits:
            yield where, f"{hits} rows have the function of a test set"
    if (got := combined(programs)) != zoo.manifest.programs_hash:
        yield where, f"programs_hash: expected {zoo.manifest.programs_hash}, got {got}"


def _read(zoo: Zoo, split: str) -> tuple[pa.Table, list[tuple[str, str]]]:
    """The columns that are compared, of all shards of a split; and what is wrong with the shards."""
    schema = final_schema(row_type_of(trained=zoo.config.trained))
    names = ["item", "program", "function_hash", "canonical_hash"]
    names += ["copy"] if zoo.config.trained else []
    tables: list[pa.Table] = []
    found: list[tuple[str, str]] = []
    for name in zoo.split(split).names:
        path = zoo.folder / name
        if not pq.read_schema(path).equals(schema, check_metadata=False):
            found.append((str(path), f"expected the columns {schema.names}"))
            continue
        tables.append(pq.read_table(path, columns=names))
        if len(tables[-1]) != zoo.manifest.files[name].rows:
            found.append((str(path), f"expected {zoo.manifest.files[name].rows} rows, got {len(tables[-1])}"))
    return pa.concat_tables(tables) if tables else schema.empty_table().select(names), found


def _check_split(zoo: Zoo, split: str, table: pa.Table) -> Iterator[tuple[str, str]]:
    where = f"{zoo.folder}, {split}"
    if not (np.diff(table["item"].to_numpy()) > 0).all():
        yield where, "the items are out of order"
    wrong = sum(split_of(zoo.config, digest) != split for digest in table["function_hash"].to_pylist())
    if wrong:
        yield where, f"{wrong} rows belong to another split"
    if zoo.config.copies == 1 and len(table) != zoo.manifest.rows[split]:
        yield where, f"expected {zoo.manifest.rows[split]} rows, got {len(table)}"


def _first_copies(table: pa.Table) -> pa.Array:
    """The first row of every item."""
    items = table["item"].to_numpy()
    return pa.array(np.concatenate([[True], np.diff(items) != 0])[: len(items)])
