"""`inverse-tracr explore`, started as a person starts it."""

from __future__ import annotations

import builtins
import json
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inverse_tracr.cli.errors import ExitCode
from tests.cli.invoke import CommandLine
from tests.report.models import MIXED, known


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder with a short name: addresses of sockets of the system end at 108 characters."""
    with tempfile.TemporaryDirectory(prefix="it") as folder:
        yield Path(folder)


def test_it_prints_its_address_serves_loopback_and_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    known(MIXED)[0].save(tmp_path / "model")
    process = subprocess.Popen(
        [sys.executable, "-m", "inverse_tracr", "explore", tmp_path / "model", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            "PATH": "/usr/bin:/bin",
            "TMPDIR": str(temporary),
            "PYTHONPATH": ":".join(sys.path),
        },
    )
    patience = threading.Timer(60, process.kill)
    patience.start()
    try:
        assert process.stdout is not None
        address = json.loads("".join(process.stdout.readline() for _ in range(4)))["address"]
        assert address.startswith("http://127.0.0.1:")
        page, _, fragment = address.partition("#model=")
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(page) as answer:
            assert b"<title>Explorer" in answer.read()
        base, token = page.split("/?token=")
        request = urllib.request.Request(f"{base}/api/models/{fragment}")  # noqa: S310, our own address
        request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            assert json.load(answer)["title"] == "model"
        assert list(temporary.glob("inverse-tracr-*"))
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        patience.cancel()
    assert process.returncode == ExitCode.INTERRUPTED, errors
    assert "Traceback" not in errors
    assert list(temporary.glob("inverse-tracr-*")) == []


def test_without_the_extra_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "uvicorn":
            raise ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn")
        return real(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "inverse_tracr.explore.server", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    result = CommandLine(capsys)("explore")
    assert result.code == ExitCode.USAGE
    assert "pip install 'inverse-tracr[serve]'" in result.err


def test_a_bad_model_is_refused_before_anything_is_served(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "no-model").mkdir()
    result = CommandLine(capsys)("explore", tmp_path / "no-model")
    assert result.code == ExitCode.BAD_INPUT
    assert "config.json" in result.err
    assert result.out == ""
    assert list(tmp_path.glob("inverse-tracr-*")) == []
