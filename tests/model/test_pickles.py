"""Pickles are refused under every name, and none is ever opened."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from inverse_tracr.model import ModelFileError, import_model, load
from inverse_tracr.model.bridges.description import describe
from tests.model.examples import random_model
from tests.model.pickle_payloads import payloads

KINDS = sorted(payloads(Path("mark")))
DESCRIPTION = describe(random_model())


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "mark"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random_model().save(tmp_path / "model")
    return tmp_path / "model"


def test_there_are_many_kinds() -> None:
    assert len(KINDS) >= 30


@pytest.mark.parametrize(
    "kind", ["protocol 4", "global by name", "inst opcode", "obj opcode", "resolved by name"]
)
def test_a_payload_leaves_its_mark_when_opened(mark: Path, kind: str) -> None:
    pickle.loads(payloads(mark)[kind])  # noqa: S301 - so that the other tests can fail
    assert mark.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_payload_is_refused_as_any_file_of_a_model(folder: Path, mark: Path, kind: str) -> None:
    content = payloads(mark)[kind]
    for name in ("model.safetensors", "config.json"):
        good = (folder / name).read_bytes()
        (folder / name).write_bytes(content)
        with pytest.raises(ModelFileError):
            load(folder)
        with pytest.raises(ModelFileError):
            load(folder / "model.safetensors")
        (folder / name).write_bytes(good)
    load(folder)
    assert not mark.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_payload_is_refused_on_import(folder: Path, mark: Path, kind: str) -> None:
    content = payloads(mark)[kind]
    for name in (
        "model.safetensors",
        "weights.npz",
        "weights.pt",
        "weights.PKL",
        "pytorch_model.bin",
        "weights",
    ):
        (folder / name).write_bytes(content)
        with pytest.raises(ModelFileError):
            import_model(folder / name, DESCRIPTION)
        with pytest.raises(ModelFileError):
            load(folder / name)
    random_model().save(folder)
    (folder / "description.json").write_bytes(content)
    with pytest.raises(ModelFileError):
        import_model(folder / "model.safetensors")
    assert not mark.exists()


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl", ".bin", ".ckpt", ".PT"])
def test_a_pickles_name_is_enough_and_the_way_out_is_told(folder: Path, suffix: str) -> None:
    renamed = (folder / "model.safetensors").rename(folder / f"model{suffix}")
    for read in (load, import_model):
        with pytest.raises(ModelFileError, match=r"safetensors.torch.save_file.*numpy.savez") as caught:
            read(renamed)
        assert caught.value.where == str(renamed)


@pytest.mark.parametrize(
    ("kind", "message"),
    [("protocol 4", "got a pickle"), ("torch archive", "torch.save writes them with a pickle inside")],
)
def test_a_pickle_under_another_name_is_recognised(folder: Path, mark: Path, kind: str, message: str) -> None:
    (folder / "model.safetensors").write_bytes(payloads(mark)[kind])
    with pytest.raises(ModelFileError, match=message):
        load(folder)
