"""The samples of student zoos that the repository carries: they load, run, and agree as their rows say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inverse_tracr.rasp import Trace
from inverse_tracr.zoo import Kind, Specimen, Zoo
from inverse_tracr.zoo.manifest import SPLITS
from inverse_tracr.zoo.quick import QUICK_FOLDER

SAMPLES = Path(__file__).parent.parent / "data" / "zoos"
FOLDERS = [*sorted(folder for folder in SAMPLES.iterdir() if folder.is_dir()), QUICK_FOLDER / "natural-test"]
LARGEST = 5_000_000
INPUTS = 32


def specimens(zoo: Zoo) -> Iterator[Specimen]:
    for split in SPLITS:
        for row in range(len(zoo.split(split))):
            yield zoo.specimen(split, row)


def right(specimen: Specimen) -> np.ndarray:
    """Which of some inputs of full length the student has right at every position."""
    signature = specimen.signature
    random = np.random.default_rng(specimen.row["item"])
    tokens = random.integers(0, len(signature.vocab), size=(INPUTS, signature.max_seq_len))
    said = specimen.model.output_encoder.decode(specimen.model.logits_for(tokens))
    truth = Trace(specimen.program, signature, tokens).output.decode()
    return np.array([all(map(same, *pair)) for pair in zip(said, truth, strict=True)])


def same(said: object, truth: object) -> bool:
    """Equal, or numbers nearer than any two members of a value set."""
    if isinstance(said, float) and isinstance(truth, int | float):
        return abs(said - truth) < 0.02
    return said == truth


def test_there_are_samples_of_both_kinds_of_students() -> None:
    assert {Zoo(folder).config.kind for folder in FOLDERS} == {Kind.COMPRESSED, Kind.NATURAL}


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_a_sample_is_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < LARGEST


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_students_agree_as_their_rows_say(folder: Path) -> None:
    zoo = Zoo(folder)
    count = 0
    for specimen in specimens(zoo):
        count += 1
        assert specimen.model.config.d_model < specimen.row["teacher_d_model"]
        share = float(right(specimen).mean())
        if specimen.row["agreement"] == 1:
            assert share == 1, specimen.row["item"]
        else:
            assert share >= specimen.row["agreement"] - 0.35, specimen.row["item"]
    assert count == zoo.manifest.count
