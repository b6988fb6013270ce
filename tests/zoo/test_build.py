"""A zoo is the same whatever was done to build it, and is never half there."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inverse_tracr.errors import CapExceededError
from inverse_tracr.sample import Preset
from inverse_tracr.zoo import Kind, ZooConfig, ZooConflictError, build
from inverse_tracr.zoo.engines import EngineKind, make_engine
from inverse_tracr.zoo.engines.serial import SerialEngine
from inverse_tracr.zoo.items import Item, make_item
from inverse_tracr.zoo.job import BUILDING, locked
from inverse_tracr.zoo.reader import Zoo
from inverse_tracr.zoo.rows import Outcome, Row
from inverse_tracr.zoo.training import Trained
from tests.zoo.examples import COMPRESSED, STANDARD, build_serially, contents, own_teachers

KILLS = 25

pytestmark = pytest.mark.usefixtures("remembered_items")


def test_the_zoo_holds_what_was_asked_for(standard_zoo: Path) -> None:
    zoo = Zoo(standard_zoo)
    assert zoo.manifest.count == STANDARD.count
    assert sum(len(zoo.split(split)) for split in zoo.manifest.rows) == STANDARD.count
    assert zoo.manifest.outcomes["kept"] == STANDARD.count
    assert not (standard_zoo / BUILDING).exists()


@pytest.mark.parametrize("chunk_size", [7, 64])
def test_the_size_of_chunks_does_not_matter(standard_zoo: Path, tmp_path: Path, chunk_size: int) -> None:
    build_serially(tmp_path / "zoo", chunk_size=chunk_size)
    assert contents(tmp_path / "zoo") == contents(standard_zoo)


def test_two_processes_build_the_same(standard_zoo: Path, tmp_path: Path) -> None:
    engine = make_engine(EngineKind.LOCAL, workers=2, memory=2**31, timeout=300.0)
    build(STANDARD, tmp_path / "zoo", engine=engine, chunk_size=7, revision="test")
    assert contents(tmp_path / "zoo") == contents(standard_zoo)


def test_a_finished_zoo_is_left_alone(tmp_path: Path) -> None:
    manifest = build_serially(tmp_path / "zoo")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "zoo").rglob("*")}
    assert build_serially(tmp_path / "zoo") == manifest
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "zoo").rglob("*")} == before


@pytest.mark.parametrize("other", [replace(STANDARD, seed=4), replace(STANDARD, count=25)])
def test_another_configuration_is_refused(standard_zoo: Path, other: ZooConfig) -> None:
    with pytest.raises(ZooConflictError, match="another configuration"):
        build_serially(standard_zoo, other)


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ZooConflictError, match="not empty"):
        build_serially(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name != BUILDING] == ["thesis.tex"]


def test_two_builds_of_one_zoo_are_refused(tmp_path: Path) -> None:
    (tmp_path / BUILDING).mkdir()
    with locked(tmp_path), pytest.raises(ZooConflictError, match="another process"):
        build_serially(tmp_path)


def test_every_length_and_preset_has_its_quota(tmp_path: Path) -> None:
    config = replace(STANDARD, count=13, stratified=True)
    build_serially(tmp_path / "zoo", config)
    zoo = Zoo(tmp_path / "zoo")
    rows = [zoo.split(split).row(row) for split in zoo.manifest.rows for row in range(len(zoo.split(split)))]
    counts = np.bincount([row["item"] % 12 for row in rows], minlength=12)
    assert counts.tolist() == [2] + [1] * 11
    assert all(row["lines"] == 4 + row["item"] % 12 for row in rows)


def test_too_few_functions_end_with_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["inverse_tracr.zoo.build"], "MOST_ITEMS_PER_ROW", 1)
    config = ZooConfig(Kind.STANDARD, count=1, seed=0, cap=300)
    with pytest.raises(CapExceededError, match="too few different programs"):
        build_serially(tmp_path / "zoo", config, chunk_size=1)


def test_unsound_programs_are_left_out_except_the_thesiss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inverse_tracr.zoo.items.plan_soundness", lambda _: ("a fault",))
    made = make_item(ZooConfig(Kind.STANDARD, count=1, seed=0), 0)
    assert isinstance(made, Row)
    assert made.outcome == Outcome.UNSOUND.value
    thesis = ZooConfig(Kind.STANDARD, count=1, seed=0, presets=(Preset.THESIS,))
    outcomes = {
        item.outcome for item in (make_item(thesis, number) for number in range(5)) if isinstance(item, Row)
    }
    assert Outcome.UNSOUND.value not in outcomes


class _KilledError(BaseException):
    """What no handler of errors may stop."""


@pytest.mark.parametrize("writes", range(13))
def test_neither_a_stop_nor_a_full_disk_at_any_write_loses_anything(
    standard_zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    chunks, card_and_manifest = 3, 3
    all_writes = 1 + 2 * chunks + len(list((standard_zoo / "data").iterdir())) + card_and_manifest
    rename, left = Path.replace, min(writes, all_writes - 1)
    full = writes % 2 == 0

    def replace_some(self: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) if full else _KilledError
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_some)
        with pytest.raises(OSError if full else _KilledError):
            build_serially(tmp_path / "zoo")
    assert not (tmp_path / "zoo" / "zoo.json").exists()
    build_serially(tmp_path / "zoo")
    assert contents(tmp_path / "zoo") == contents(standard_zoo)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the build that is killed is a fork; Windows has none")
def test_kill_9_at_random_points_loses_nothing(standard_zoo: Path, tmp_path: Path) -> None:
    expected = contents(standard_zoo)
    events = _killed_after(10**6, tmp_path / "undisturbed")
    assert events > KILLS
    assert contents(tmp_path / "undisturbed") == expected
    random = np.random.default_rng(0)
    points = random.integers(0, events, size=KILLS).tolist()
    folder = tmp_path / "zoo"
    for point in points:
        if _killed_after(point, folder) != point:  # it was finished before
            assert contents(folder) == expected
            shutil.rmtree(folder)
    build_serially(folder)
    assert contents(folder) == expected


def _killed_after(events: int, folder: Path) -> int:
    """Build in a process that is killed at the file it touches after so many; the number it touched.

    Points are counted and not timed, so that they are the same on every machine.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        left = events

        def count(event: str, _arguments: object) -> None:
            nonlocal left
            if event not in _TOUCHES:
                return
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            os.write(writer, b".")

        sys.addaudithook(count)
        try:
            build_serially(folder)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as touched:
        found = len(touched.read())
    os.waitpid(child, 0)
    return found


_TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.listdir", "os.scandir"}


def test_a_damaged_chunk_is_made_again(standard_zoo: Path, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise _KilledError

    folder = tmp_path / "zoo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["inverse_tracr.zoo.build"], "merge", stop)
        with pytest.raises(_KilledError):
            build_serially(folder)
    chunks = sorted((folder / BUILDING).glob("chunk-*.parquet"))
    data = bytearray(chunks[0].read_bytes())
    data[len(data) // 3] ^= 1
    chunks[0].write_bytes(data)
    chunks[1].write_bytes(b"")
    (folder / BUILDING / f"{chunks[2].stem}.json").write_bytes(b"{")
    build_serially(folder)
    assert contents(folder) == contents(standard_zoo)


def test_an_interrupted_build_can_be_closed(standard_zoo: Path, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "zoo"
    with pytest.raises(CapExceededError, match="nothing to close"):
        build(STANDARD, folder, engine=SerialEngine(), chunk_size=7, close=True)
    with pytest.raises(KeyboardInterrupt):
        build(STANDARD, folder, engine=SerialEngine(), chunk_size=7, report=stop)
    closed = build(STANDARD, folder, engine=SerialEngine(), chunk_size=7, close=True)
    assert 0 < closed.count < STANDARD.count
    whole, part = Zoo(standard_zoo), Zoo(folder)
    for split, count in part.manifest.rows.items():
        for row in range(count):
            assert part.specimen(split, row).program == whole.specimen(split, row).program


def test_students_of_any_chunks_are_put_together_alike(compressed_zoo: Path, tmp_path: Path) -> None:
    build_serially(tmp_path / "zoo", COMPRESSED, chunk_size=9, trainer=own_teachers)
    assert contents(tmp_path / "zoo") == contents(compressed_zoo)
    outcomes = Zoo(compressed_zoo).manifest.outcomes
    assert outcomes["kept"] == COMPRESSED.count
    assert outcomes["student rejected"] >= 3


def test_no_student_is_trained_for_a_stratum_that_is_full(tmp_path: Path) -> None:
    config = ZooConfig(Kind.COMPRESSED, count=8, seed=3, presets=(Preset.SOUND, Preset.TRACR))
    asked: list[int] = []

    def odd_ones_fail(config: ZooConfig, items: Sequence[Item]) -> Iterator[Trained]:
        asked.extend(item.row.item for item in items)
        for trained in own_teachers(config, items):
            fails = trained.item % 2 and trained.item < 40
            yield replace(trained, weights=None) if fails else trained

    manifest = build_serially(tmp_path / "zoo", config, chunk_size=4, trainer=odd_ones_fail)
    assert manifest.count == 8
    assert max(asked) >= 40
    assert max(item for item in asked if item % 2 == 0) < 24, "even ones are done after a round or two"
    assert manifest.outcomes["more than asked for"] >= 8
