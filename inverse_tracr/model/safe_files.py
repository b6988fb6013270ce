"""Files opened with care and written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from inverse_tracr.model.file_errors import ModelFileError

MAX_BYTES = 2**30
"""The largest file that is read unless the caller allows more: 1 GiB."""


@contextmanager
def open_regular(path: Path, max_bytes: int = MAX_BYTES) -> Generator[tuple[BinaryIO, int]]:
    """Open a regular file of at most `max_bytes` for reading; yields it and its size.

    Symbolic links are not followed, and pipes and devices not waited for. Raises ModelFileError.
    """
    # O_NOFOLLOW and O_NONBLOCK do not exist on Windows.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise ModelFileError(
            "the file cannot be opened",
            where=str(path),
            expected="a regular file, not a link",
            got=error.strerror or str(error),
        ) from error
    except ValueError as error:  # a null byte in the name
        raise ModelFileError("the file name is invalid", where=repr(str(path)), got=str(error)) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError("this is no regular file", where=str(path), expected="a regular file")
        if status.st_size > max_bytes:
            raise ModelFileError(
                "the file is too large",
                where=str(path),
                expected=f"at most {max_bytes:,} bytes",
                got=f"{status.st_size:,}",
                advice="Raise the limit (max_bytes) if the file is trusted",
            )
        yield file, status.st_size


def read_exactly(file: BinaryIO, count: int, path: Path) -> bytes:
    """The next `count` bytes; raises ModelFileError when there are fewer."""
    data = file.read(count)
    if len(data) != count:
        raise ModelFileError(
            "the file ends early", where=str(path), expected=f"{count:,} more bytes", got=f"{len(data):,}"
        )
    return data


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name in its folder, sync it, rename it, sync the folder.

    The file is afterwards either the old one or wholly the new one, even after a crash.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder durable; nothing on systems that cannot open folders."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_folder(path: Path) -> bool:
    """Whether there is a folder of that name; False for names that no system could have."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_there(path: Path) -> bool:
    """Whether there is anything of that name; False for names that no system could have."""
    try:
        return path.exists()
    except OSError:
        return False
