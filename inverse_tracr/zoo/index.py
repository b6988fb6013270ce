"""Random access to the rows of a finished zoo, group by group, with little memory."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inverse_tracr.model.file_errors import ModelFileError

CACHED_GROUPS = 32
IndexRow = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """A row group of a shard: `rows` rows, the first of which is row `first` of the split."""

    shard: int
    group: int
    first: int
    rows: int


class SplitIndex:
    """The rows of one split, numbered from 0 over its shards in order.

    `names` are the shards, paths within the folder of the zoo. Raises ModelFileError where one cannot be
    read.
    """

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self.folder = folder
        self.names = tuple(names)
        self._cache: OrderedDict[tuple[int, int], list[IndexRow]] = OrderedDict()

    def __len__(self) -> int:
        return sum(group.rows for group in self.groups)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The row groups in order."""
        found: list[Group] = []
        first = 0
        for shard in range(len(self.names)):
            metadata = self._open(shard).metadata
            for group in range(metadata.num_row_groups):
                rows = metadata.row_group(group).num_rows
                found.append(Group(shard, group, first, rows))
                first += rows
        return tuple(found)

    @cached_property
    def _firsts(self) -> list[int]:
        return [group.first for group in self.groups]

    def group_of(self, row: int) -> Group:
        """The group that holds a row; raises IndexError."""
        if not 0 <= row < len(self):
            raise IndexError(f"expected a row below {len(self)}, got {row}")
        return self.groups[bisect_right(self._firsts, row) - 1]

    def row(self, row: int) -> IndexRow:
        """One row; raises IndexError."""
        group = self.group_of(row)
        return self.read(group)[row - group.first]

    def read(self, group: Group) -> list[IndexRow]:
        """The rows of a group; the last few groups that were read are kept."""
        key = (group.shard, group.group)
        if key not in self._cache:
            rows = self._open(group.shard).read_row_group(group.group).to_pylist()
            self._cache[key] = rows
            if len(self._cache) > CACHED_GROUPS:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]

    def place(self, row: int) -> tuple[int, int]:
        """Shard of a row, and its number within the shard."""
        group = self.group_of(row)
        start = next(g.first for g in self.groups if g.shard == group.shard)
        return group.shard, row - start

    def _open(self, shard: int) -> pq.ParquetFile:
        path = self.folder / self.names[shard]
        try:
            return pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise ModelFileError("the index cannot be read", where=str(path), got=str(error)) from error
