"""A build on disk: its configuration, and which chunks are done. What is on disk is the truth."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model.file_errors import ModelFileError
from inverse_tracr.model.safe_files import write_atomically
from inverse_tracr.model.strict_json import dump, read_json
from inverse_tracr.zoo.config import SCHEMA_VERSION, ZooConfig, config_from_json, read_fields

BUILDING = ".building"
JOB_FILE = "job.json"
MANIFEST_FILE = "zoo.json"
LOCK_FILE = "lock"
_RECORD = re.compile(r"chunk-(\d{12})-(\d{12})\.json")


class ZooConflictError(InverseTracrError):
    """The folder holds another zoo, something else, or is being built by another process."""

    exit_code = 2


@dataclass(frozen=True, order=True)
class Chunk:
    """The items from `first` to before `last`."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    @property
    def stem(self) -> str:
        """Name of its files without their endings."""
        return f"chunk-{self.first:012}-{self.last:012}"


@dataclass(frozen=True)
class ChunkRecord:
    """What is known of a chunk that is done: digests of its files by name, rows made, core-seconds spent."""

    chunk: Chunk
    digests: dict[str, str]
    made: int
    core_seconds: float

    def to_json(self) -> dict[str, object]:
        """JSON form."""
        return {
            "first": self.chunk.first,
            "last": self.chunk.last,
            "digests": self.digests,
            "made": self.made,
            "core_seconds": self.core_seconds,
        }


@dataclass(frozen=True)
class Job:
    """A build in `folder`; `revision` and `chunk_size` are those that it was begun with."""

    folder: Path
    config: ZooConfig
    chunk_size: int
    revision: str

    @property
    def building(self) -> Path:
        """Folder of what is not final yet."""
        return self.folder / BUILDING

    def records(self) -> dict[Chunk, ChunkRecord]:
        """The chunks that are done, by range."""
        found: dict[Chunk, ChunkRecord] = {}
        for path in sorted(self.building.iterdir()):
            if match := _RECORD.fullmatch(path.name):
                chunk = Chunk(int(match[1]), int(match[2]))
                record = _read_record(path, chunk)
                if record is not None:
                    found[chunk] = record
        return found

    def record(self, record: ChunkRecord) -> None:
        """Write down that a chunk is done; its files must be on disk by now."""
        write_atomically(self.building / f"{record.chunk.stem}.json", dump(record.to_json()))

    def forget(self, chunk: Chunk) -> None:
        """Take a chunk for not done."""
        (self.building / f"{chunk.stem}.json").unlink(missing_ok=True)


def remove_building(folder: Path) -> None:
    """Remove what was needed only while a zoo was built."""
    shutil.rmtree(folder / BUILDING, ignore_errors=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what writes that were cut off left beside the files of a zoo."""
    for left_over in folder.glob(".*.tmp"):
        left_over.unlink()


def open_job(folder: Path, config: ZooConfig, chunk_size: int, revision: str) -> Job:
    """Begin a build in `folder`, or take up the one that is there.

    Raises ZooConflictError when the folder holds anything but a build of the same configuration.
    """
    building = folder / BUILDING
    if (building / JOB_FILE).exists():
        return _read_job(folder, config)
    check_free(folder)
    building.mkdir(parents=True, exist_ok=True)
    state: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "config": config.to_json(),
        "fingerprint": config.fingerprint,
        "chunk_size": chunk_size,
        "revision": revision,
    }
    write_atomically(building / JOB_FILE, dump(state))
    return Job(folder, config, chunk_size, revision)


def check_free(folder: Path) -> None:
    """Raise ZooConflictError where a build cannot begin: a file, or a folder that holds something else."""
    if folder.is_file():
        raise ZooConflictError("this is a file", where=str(folder), expected="a folder, new or empty")
    begun = (folder / BUILDING / JOB_FILE).exists()
    if not begun and folder.exists() and any(path.name != BUILDING for path in folder.iterdir()):
        raise ZooConflictError(
            "the folder is not empty and holds no zoo", where=str(folder), advice="Give another folder."
        )


def check_same(folder: Path, found: ZooConfig, fingerprint: str, config: ZooConfig) -> None:
    """Raise ZooConflictError, with what differs, unless what was found is the same configuration."""
    theirs, ours = found.to_json(), config.to_json()
    differing = [name for name in ours if ours[name] != theirs[name]]
    if differing:
        raise ZooConflictError(
            "the folder holds a zoo of another configuration",
            where=str(folder),
            expected=json.dumps({name: ours[name] for name in differing}),
            got=json.dumps({name: theirs[name] for name in differing}),
            advice="Give the same options, or another folder.",
        )
    if fingerprint != config.fingerprint:
        raise ZooConflictError(
            "the zoo was built with other samplers, recipes of training or test sets",
            where=str(folder),
            expected=config.fingerprint,
            got=fingerprint,
            advice="Build into another folder.",
        )


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold the lock of a build; raises ZooConflictError while another process has it.

    The lock goes when its process does, however that ends. There is none where the system has no `flock`.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    (folder / BUILDING).mkdir(parents=True, exist_ok=True)
    with (folder / BUILDING / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ZooConflictError("another process is building this zoo", where=str(folder)) from None
        yield


def _read_job(folder: Path, wanted: ZooConfig) -> Job:
    fields = read_fields(folder / BUILDING / JOB_FILE)
    if (version := fields.whole("schema_version")) != SCHEMA_VERSION:
        raise fields.wrong("schema_version", str(SCHEMA_VERSION), version)
    config = config_from_json(fields.child("config"))
    fingerprint, chunk_size = fields.text("fingerprint"), fields.whole("chunk_size")
    revision = fields.text("revision")
    fields.close()
    check_same(folder, config, fingerprint, wanted)
    return Job(folder, config, chunk_size, revision)


def _read_record(path: Path, chunk: Chunk) -> ChunkRecord | None:
    """The record, or None where it or one of its files is not whole: the chunk is then made again."""
    try:
        data = read_json(path)
    except ModelFileError:
        return None
    digests, made, seconds = data.get("digests"), data.get("made"), data.get("core_seconds")
    if not isinstance(digests, dict) or not isinstance(made, int) or not isinstance(seconds, float):
        return None
    files = {str(name): str(digest) for name, digest in digests.items()}
    if not all((path.parent / name).is_file() for name in files):
        return None
    return ChunkRecord(chunk, files, made, seconds)
