"""The manifest of a finished zoo, `zoo.json`: what it is and the digest of every file; written last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inverse_tracr.model.file_errors import ModelFileError
from inverse_tracr.model.json_fields import JsonFields
from inverse_tracr.model.safe_files import is_there, write_atomically
from inverse_tracr.model.strict_json import dump
from inverse_tracr.zoo.config import SCHEMA_VERSION, ZooConfig, config_from_json, read_fields
from inverse_tracr.zoo.job import BUILDING, JOB_FILE, MANIFEST_FILE

SPLITS: tuple[str, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class FileEntry:
    """A file of a zoo: digest of its content, size in bytes; rows, 0 where it holds none."""

    digest: str
    size: int
    rows: int


@dataclass(frozen=True)
class Manifest:
    """What a zoo is.

    `rows` by split; `outcomes` of all items up to the last that was kept, by name. `programs_hash` covers the
    programs in order; `weights_hash` the weights: those of students, or of some compiled models.
    """

    config: ZooConfig
    fingerprint: str
    revision: str
    rows: dict[str, int]
    outcomes: dict[str, int]
    programs_hash: str
    weights_hash: str
    files: dict[str, FileEntry]

    @property
    def count(self) -> int:
        """Number of rows."""
        return sum(self.rows.values())

    def to_json(self) -> dict[str, object]:
        """JSON form."""
        return {
            "schema_version": SCHEMA_VERSION,
            "format": "inverse_tracr zoo",
            "config": self.config.to_json(),
            "fingerprint": self.fingerprint,
            "revision": self.revision,
            "rows": self.rows,
            "outcomes": self.outcomes,
            "programs_hash": self.programs_hash,
            "weights_hash": self.weights_hash,
            "files": {
                name: {"digest": entry.digest, "size": entry.size, "rows": entry.rows}
                for name, entry in self.files.items()
            },
        }


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `zoo.json`."""
    write_atomically(folder / MANIFEST_FILE, dump(manifest.to_json()))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a zoo; raises ModelFileError where there is none or it is wrong."""
    if not is_there(folder / MANIFEST_FILE):
        raise _no_zoo(folder)
    fields = read_fields(folder / MANIFEST_FILE)
    if (version := fields.whole("schema_version")) != SCHEMA_VERSION:
        raise fields.wrong("schema_version", str(SCHEMA_VERSION), version)
    if (kind := fields.text("format")) != "inverse_tracr zoo":
        raise fields.wrong("format", '"inverse_tracr zoo"', kind)
    config = config_from_json(fields.child("config"))
    listed = fields.object("files")
    manifest = Manifest(
        config=config,
        fingerprint=fields.text("fingerprint"),
        revision=fields.text("revision"),
        rows=_counts(fields, "rows"),
        outcomes=_counts(fields, "outcomes"),
        programs_hash=fields.text("programs_hash"),
        weights_hash=fields.text("weights_hash"),
        files={name: _entry(JsonFields(listed, "files").child(name)) for name in listed},
    )
    fields.close()
    return manifest


def _no_zoo(folder: Path) -> ModelFileError:
    if is_there(folder / BUILDING / JOB_FILE):
        return ModelFileError(
            "the zoo is not finished",
            where=str(folder),
            advice="The `zoo build` that began it goes on with it, or with --close ends it as it is",
        )
    problem = "this is no zoo" if is_there(folder) else "there is no such folder"
    return ModelFileError(problem, where=str(folder), expected=f"a folder with {MANIFEST_FILE}")


def _entry(fields: JsonFields) -> FileEntry:
    entry = FileEntry(fields.text("digest"), fields.whole("size"), fields.whole("rows"))
    fields.close()
    return entry


def _counts(fields: JsonFields, name: str) -> dict[str, int]:
    counts = fields.object(name)
    inner = JsonFields(counts, name)
    return {key: inner.whole(key) for key in counts}
