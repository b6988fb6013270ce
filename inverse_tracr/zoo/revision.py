"""The revision of the code, for the files that it writes."""

from __future__ import annotations

from pathlib import Path

from inverse_tracr import __version__

_PACKAGE = Path(__file__).parent.parent


def package_revision() -> str:
    """Version, and the commit of the checkout where there is one: `0.1.0+273b47d`."""
    commit = _commit(_PACKAGE.parent / ".git")
    return f"{__version__}+{commit[:12]}" if commit else __version__


def _commit(git: Path) -> str:
    """The commit that is checked out; empty where this is no plain checkout."""
    try:
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        ref = head.removeprefix("ref: ")
        if (git / ref).exists():
            return (git / ref).read_text(encoding="utf-8").strip()
        packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {ref}")), "")
    except OSError:
        return ""
