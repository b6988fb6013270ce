"""What is known of one model after its evaluation, and the file that keeps it: JSON lines."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from inverse_tracr.errors import BadInputError
from inverse_tracr.evaluate.decompilers import Answer
from inverse_tracr.evaluate.score import Score
from inverse_tracr.zoo import Kind


@dataclass(frozen=True)
class Key:
    """What a result belongs to: the model's bytes, who was asked, and the revision of this package."""

    model: str
    method: str
    revision: str


@dataclass(frozen=True)
class Record:
    """The answer about one model of a test set, with its score; `score` is None where scoring failed.

    `program` is the true program. `fault` says why there is no score.
    """

    key: Key
    test_set: str
    kind: Kind
    number: int
    program: str
    answer: Answer
    score: Score | None
    fault: str = ""

    @property
    def functional(self) -> bool:
        """Functional match; without a score there is none."""
        return self.score is not None and self.score.functional


class Results:
    """Records of one or more runs, in a file where one is given; a run goes on where it was interrupted.

    A line that was cut off by a crash is ignored. Raises BadInputError for a file of something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[tuple[str, int, Key], Record] = {}
        if path is not None and path.exists():
            self._read(path)

    def find(self, test_set: str, number: int, key: Key) -> Record | None:
        """The record of a model of a test set."""
        return self._known.get((test_set, number, key))

    def all(self) -> list[Record]:
        """Every record."""
        return list(self._known.values())

    def add(self, record: Record) -> None:
        """Keep a record; it is on disk when this returns."""
        self._known[record.test_set, record.number, record.key] = record
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, path: Path) -> None:
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) != len(content):
            path.write_bytes(whole)
        decoder = msgspec.json.Decoder(Record)
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                record = decoder.decode(line)
            except msgspec.DecodeError as error:
                raise BadInputError(
                    "this line is no result of an evaluation", where=f"{path}, line {number}", got=str(error)
                ) from error
            self._known[record.test_set, record.number, record.key] = record
