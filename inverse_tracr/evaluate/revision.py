"""What code results belong to: a hash of the sources themselves, which commits of other files leave alone."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from inverse_tracr import __version__

_PACKAGE = Path(__file__).parent.parent


@cache
def code_revision(folder: Path = _PACKAGE) -> str:
    """Version and hash of all Python files of the package: `0.1.0+src.1f0c2b9a4d3e`."""
    found = hashlib.blake2b(digest_size=6)
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        found.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode())
        found.update(content)
    return f"{__version__}+src.{found.hexdigest()}"
