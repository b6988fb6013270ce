"""PyTorch datasets over a zoo: by number, or as a shuffled stream whose state is one integer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from torch.utils.data import Dataset, IterableDataset, get_worker_info

from inverse_tracr.errors import BadInputError
from inverse_tracr.zoo.index import Group, SplitIndex
from inverse_tracr.zoo.permutation import KeyedPermutation, mix
from inverse_tracr.zoo.reader import Specimen, Zoo

GROUPS_PER_WINDOW = 16
"""Row groups that are shuffled together: 16,384 rows."""


class ZooDataset(Dataset[Specimen]):
    """The models of one split by number; a standard zoo compiles each when it is asked for.

    Items are not tensors: give the DataLoader a `collate_fn`.
    """

    def __init__(self, folder: Path | str, split: str = "train") -> None:
        self._zoo, self._split = Zoo(folder), split

    def __len__(self) -> int:
        return len(self._zoo.split(self._split))

    def __getitem__(self, index: int) -> Specimen:
        return self._zoo.specimen(self._split, index)


class Shuffle:
    """An order of the rows of a split, epoch after epoch.

    Row groups are permuted and taken together in windows, and the rows of each window are permuted. Any
    position is found without those before it, and near positions lie in one window, so that a stream needs
    the memory of one window whatever the size of the zoo.
    """

    def __init__(self, index: SplitIndex, key: int) -> None:
        self._index, self._key = index, key
        self._rows = len(index)
        self._epoch = -1
        self._windows: list[list[Group]] = []
        self._firsts: list[int] = []

    def row(self, position: int) -> int:
        """The row at a position of the endless stream."""
        epoch, within = divmod(position, self._rows)
        if epoch != self._epoch:
            self._begin(epoch)
        number = bisect_right(self._firsts, within) - 1
        window = self._windows[number]
        size = sum(group.rows for group in window)
        place = KeyedPermutation(size, mix(self._key, epoch, number + 1))[within - self._firsts[number]]
        for group in window:
            if place < group.rows:
                return group.first + place
            place -= group.rows
        raise AssertionError("a window holds all of its rows")

    def _begin(self, epoch: int) -> None:
        groups = self._index.groups
        order = KeyedPermutation(len(groups), mix(self._key, epoch, 0))
        shuffled = [groups[order[at]] for at in range(len(groups))]
        starts = range(0, len(groups), GROUPS_PER_WINDOW)
        self._windows = [shuffled[start : start + GROUPS_PER_WINDOW] for start in starts]
        sizes = [sum(group.rows for group in window) for window in self._windows]
        self._firsts = list(accumulate(sizes[:-1], initial=0))
        self._epoch = epoch


class ZooStream(IterableDataset[Specimen]):
    """An endless, shuffled stream of models; `state` is the number of those that came before.

    Position p holds the same model whatever the number of workers and ranks: rank r of R with W workers
    gives positions congruent to its own number modulo R x W. A stream with state s resumes as
    `ZooStream(folder, key=…, state=s)`; `state` counts what this object gave itself, so with workers of a
    DataLoader the reader counts. Raises BadInputError for an empty split.
    """

    def __init__(
        self,
        folder: Path | str,
        split: str = "train",
        *,
        key: int,
        state: int = 0,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self._zoo, self._split = Zoo(folder), split
        self._shuffle = Shuffle(self._zoo.split(split), key)
        if not len(self._zoo.split(split)):
            raise BadInputError(f"the split {split} is empty", where=str(folder))
        self._rank, self._ranks = rank, ranks
        self.state = state

    def __iter__(self) -> Iterator[Specimen]:
        worker = get_worker_info()
        workers, own = (1, 0) if worker is None else (worker.num_workers, worker.id)
        step, offset = self._ranks * workers, self._rank + self._ranks * own
        while True:
            row = self._shuffle.row(self.state + offset)
            self.state += step
            yield self._zoo.specimen(self._split, row)
