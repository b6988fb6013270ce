"""`inverse-tracr doctor`."""

from __future__ import annotations

import platform
import re
from importlib import metadata

from inverse_tracr import __version__
from inverse_tracr.cli.errors import ExitCode, UsageError
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def doctor(*, json: Flag = False) -> ExitCode:
    """Report versions, extras, the build of torch, threads and caps.

    Exit code 1 when a package is missing that the core needs.

    Parameters
    ----------
    json
        Print one JSON object.
    """
    packages = _packages()
    missing = [name for name, version in packages.pop("").items() if version is None]
    report: dict[str, dict[str, object]] = {
        "inverse-tracr": {"version": __version__, "python": platform.python_version(), **_machine()},
        "core": _core_versions(),
        "extras": {extra: _state(versions) for extra, versions in sorted(packages.items())},
        "torch": {} if "torch" in missing else _torch(),
        "caps": {} if missing else _caps(),
    }
    if json:
        emit_json({**report, "missing": missing})
    else:
        emit("\n".join(_section(title, rows) for title, rows in report.items() if rows))
        emit(f"missing: {', '.join(missing)}" if missing else "no problem found")
    return ExitCode.PROBLEM_FOUND if missing else ExitCode.DONE


def _packages() -> dict[str, dict[str, str | None]]:
    """Installed version of every package that the metadata names, by extra; the core's extra is ''."""
    found: dict[str, dict[str, str | None]] = {"": {}}
    for requirement in _requirements():
        name, extra = _NAME.match(requirement), _EXTRA.search(requirement)
        if name:
            versions = found.setdefault(extra.group(1) if extra else "", {})
            versions[name.group()] = _installed(name.group())
    return found


def _requirements() -> list[str]:
    try:
        return metadata.requires("inverse-tracr") or []
    except metadata.PackageNotFoundError:
        raise UsageError(
            "the source of inverse-tracr is here, but it is not installed", advice="Run: pip install -e ."
        ) from None


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _core_versions() -> dict[str, object]:
    return {name: version or "missing" for name, version in _packages()[""].items()}


def _state(versions: dict[str, str | None]) -> str:
    absent = [name for name, version in versions.items() if version is None]
    return f"not installed ({', '.join(absent)})" if absent else "installed"


def _machine() -> dict[str, object]:
    return {"system": platform.system(), "machine": platform.machine()}


def _torch() -> dict[str, object]:
    import torch

    cuda = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    return {"version": torch.__version__, "threads": torch.get_num_threads(), "cuda device": cuda}


def _caps() -> dict[str, object]:
    from inverse_tracr.compile import DEFAULT_CAP
    from inverse_tracr.model.safe_files import MAX_BYTES
    from inverse_tracr.rasp.inputs import EXHAUSTIVE_LIMIT, SAMPLES

    return {
        "parameters of a compiled model": DEFAULT_CAP,
        "bytes of a model file": MAX_BYTES,
        "inputs compared, all of them up to": EXHAUSTIVE_LIMIT,
        "inputs compared, sampled beyond": SAMPLES,
    }


def _section(title: str, rows: dict[str, object]) -> str:
    width = max(map(len, rows)) + 2
    lines = [f"  {name:<{width}}{_text(value)}" for name, value in rows.items()]
    return "\n".join([title, *lines])


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
