"""Models of a zoo as files that other programs read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

from inverse_tracr.errors import BadInputError
from inverse_tracr.model import TransformerLensVersion, export_transformer_lens
from inverse_tracr.zoo.manifest import SPLITS
from inverse_tracr.zoo.reader import Specimen, Zoo

EXPORTING = ".exporting"


class Layout(StrEnum):
    """One model folder a model; a dataset of Hugging Face's Hub; state dicts of TransformerLens 3 or 4."""

    SAFETENSORS = "safetensors"
    HUGGING_FACE = "hugging-face"
    TRANSFORMER_LENS_3 = "transformer-lens-3"
    TRANSFORMER_LENS_4 = "transformer-lens-4"


def export(
    zoo: Zoo,
    folder: Path,
    layout: Layout,
    *,
    limit: int | None = None,
    report: Callable[[int], None] = lambda _count: None,
) -> int:
    """Write the first `limit` models of every split, or all, and return how many.

    Each becomes `models/SPLIT/ITEM/` with its weights, `program.rasp` and `circuit.json`.
    `hugging-face` adds the card, the licence and the index. Until all are written they lie in `.exporting`;
    an export that was interrupted begins anew. Raises BadInputError when `folder` holds anything else, or
    `limit` is below 1.
    """
    if limit is not None and limit < 1:
        raise BadInputError("the limit of an export", expected="at least 1", got=str(limit))
    if folder.exists() and any(path.name != EXPORTING for path in folder.iterdir()):
        raise BadInputError("the folder is not empty", where=str(folder), advice="Give another folder.")
    unfinished = folder / EXPORTING
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    written = 0
    for split, specimen in _specimens(zoo, limit):
        target = unfinished / "models" / split / _name(specimen)
        _write_model(specimen, target, layout)
        (target / "program.rasp").write_text(specimen.row["program"], encoding="utf-8")
        circuit = json.dumps(specimen.circuit(), ensure_ascii=False, indent=2)
        (target / "circuit.json").write_text(circuit + "\n", encoding="utf-8")
        written += 1
        report(written)
    if layout is Layout.HUGGING_FACE:
        for name in ("README.md", "LICENSE", *zoo.manifest.files):
            (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(zoo.folder / name, unfinished / name)
    for finished in list(unfinished.iterdir()):
        finished.rename(folder / finished.name)
    unfinished.rmdir()
    return written


def _specimens(zoo: Zoo, limit: int | None) -> Iterator[tuple[str, Specimen]]:
    for split in SPLITS:
        count = len(zoo.split(split))
        for row in range(count if limit is None else min(limit, count)):
            yield split, zoo.specimen(split, row)


def _name(specimen: Specimen) -> str:
    item = f"{specimen.row['item']:012}"
    return f"{item}-{specimen.row['copy']}" if "copy" in specimen.row else item


def _write_model(specimen: Specimen, target: Path, layout: Layout) -> None:
    match layout:
        case Layout.TRANSFORMER_LENS_3:
            export_transformer_lens(specimen.model, target, TransformerLensVersion.V3)
        case Layout.TRANSFORMER_LENS_4:
            export_transformer_lens(specimen.model, target, TransformerLensVersion.V4)
        case Layout.SAFETENSORS | Layout.HUGGING_FACE:
            specimen.model.save(target, {"item": specimen.row["item"], "preset": specimen.row["preset"]})
