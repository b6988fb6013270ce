"""Zoos that many tests read and none writes to."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from inverse_tracr.zoo import ZooConfig
from inverse_tracr.zoo.compiled_hash import compiled_hash
from inverse_tracr.zoo.items import Item, make_item
from inverse_tracr.zoo.manifest import FileEntry
from inverse_tracr.zoo.rows import Row
from tests.cli.invoke import CommandLine
from tests.zoo.examples import COMPRESSED, build_serially, own_teachers


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@cache
def remembered(config: ZooConfig, number: int) -> Item | Row:
    """`make_item`, which is the same every time: making it once is enough."""
    return make_item(config, number)


@cache
def remembered_hash(folder: Path, files: tuple[tuple[str, str], ...]) -> str:
    return compiled_hash(folder, [name for name, _ in files])


def hash_once(folder: Path, files: Mapping[str, FileEntry]) -> str:
    """`compiled_hash`, which is the same for the same files."""
    names = tuple((name, entry.digest) for name, entry in files.items())
    if names not in _FOLDERS:
        _FOLDERS[names] = folder
    return remembered_hash(_FOLDERS[names], names)


_FOLDERS: dict[tuple[tuple[str, str], ...], Path] = {}


def remember_items(patch: pytest.MonkeyPatch) -> None:
    """Builds in this process make every item once: type checks in tests make that a hundred times slower."""
    patch.setattr(sys.modules["inverse_tracr.zoo.build"], "compiled_hash", hash_once)
    patch.setattr(sys.modules["inverse_tracr.zoo.chunks"], "make_item", remembered)


@pytest.fixture
def remembered_items(monkeypatch: pytest.MonkeyPatch) -> None:
    remember_items(monkeypatch)


@pytest.fixture(scope="session")
def standard_zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoos") / "standard"
    with pytest.MonkeyPatch.context() as patch:
        remember_items(patch)
        build_serially(folder)
    return folder


@pytest.fixture(scope="session")
def compressed_zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoos") / "compressed"
    with pytest.MonkeyPatch.context() as patch:
        remember_items(patch)
        build_serially(folder, COMPRESSED, trainer=own_teachers)
    return folder
