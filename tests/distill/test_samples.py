"""The samples of zoos that the repository carries: they load, run, and agree as their rows say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inverse_tracr.rasp import Trace, Value, ValueSets
from inverse_tracr.rasp.values import as_number
from inverse_tracr.zoo import Kind, Specimen, Zoo
from inverse_tracr.zoo.check import check
from inverse_tracr.zoo.manifest import SPLITS
from inverse_tracr.zoo.quick import QUICK_FOLDER

SAMPLES = Path(__file__).parent.parent / "data" / "zoos"
FOLDERS = [SAMPLES / "standard-100", SAMPLES / "compressed-100", SAMPLES / "natural-100"]
STUDENTS = [*FOLDERS[1:], QUICK_FOLDER / "natural-test"]
MODELS = 100
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
    members = ValueSets(specimen.program, signature)[specimen.program.output]
    rows = [[named(value, members) for value in row] for row in said]
    return np.array([row == list(wanted) for row, wanted in zip(rows, truth, strict=True)])


def named(said: object, members: tuple[Value, ...]) -> object:
    """The member of the output's value set that a number is nearest to; anything else as it is."""
    if not isinstance(said, float):
        return said
    return min(members, key=lambda value: abs(as_number(value) - said))


def folder_name(folder: Path) -> str:
    return folder.name


def test_there_is_a_sample_of_every_kind() -> None:
    assert {Zoo(folder).config.kind for folder in FOLDERS} == set(Kind)
    assert all(Zoo(folder).manifest.count == MODELS for folder in FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS, ids=folder_name)
def test_a_sample_is_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < LARGEST


@pytest.mark.parametrize("folder", FOLDERS, ids=folder_name)
def test_a_sample_passes_its_check(folder: Path) -> None:
    assert check(folder, sample=12, seed=0).problems == ()


@pytest.mark.parametrize("folder", STUDENTS, ids=folder_name)
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
