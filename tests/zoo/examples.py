"""Small zoos, and students that are their own teachers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.zoo import Kind, ZooConfig, build
from inverse_tracr.zoo.engines.serial import SerialEngine
from inverse_tracr.zoo.items import Item
from inverse_tracr.zoo.manifest import Manifest
from inverse_tracr.zoo.training import Trained, Trainer

STANDARD = ZooConfig(Kind.STANDARD, count=24, seed=3)
COMPRESSED = ZooConfig(Kind.COMPRESSED, count=12, seed=3, copies=2)

Contents = dict[str, bytes]


def build_serially(
    folder: Path, config: ZooConfig = STANDARD, chunk_size: int = 8, trainer: Trainer | None = None
) -> Manifest:
    return build(
        config, folder, engine=SerialEngine(), chunk_size=chunk_size, trainer=trainer, revision="test"
    )


def contents(folder: Path) -> Contents:
    """Every file of a folder by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def copy(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    return target


def own_teachers(config: ZooConfig, items: Sequence[Item]) -> Iterator[Trained]:
    """Compiled models in place of students; every fifth is turned down."""
    for item in items:
        weights = compile_weights(item.program, item.signature, mode=Mode.FIXED).weights
        for number in range(config.copies):
            yield Trained(
                item=item.row.item,
                copy=number,
                weights=weights if item.row.item % 5 else None,
                loss=0.01,
                agreement=1.0,
                position_agreement=1.0,
                steps=100 + number,
            )
