"""Model folders: what is saved comes back to the bit, and nothing else is believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from inverse_tracr.errors import BadInputError, CapExceededError
from inverse_tracr.model import ModelFileError, TransformerProgram, load, read_provenance, save
from inverse_tracr.model import files as module
from inverse_tracr.model.names import unstack
from tests.model.examples import all_equal, random_model
from tests.model.raw_files import safetensors_bytes, split

Json = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved model."""
    random_model().save(tmp_path / "model", {"seed": 3, "preset": "sound", "rate": 0.5, "tried": None})
    return tmp_path / "model"


@pytest.mark.parametrize("numerical", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("n_layers", [0, 2])
def test_a_saved_model_comes_back_to_the_bit(
    numerical: bool, causal: bool, n_layers: int, tmp_path: Path
) -> None:
    model = random_model(seed=1, numerical=numerical, causal=causal, n_layers=n_layers)
    model.save(tmp_path / "deep" / "model")
    assert all_equal(load(tmp_path / "deep" / "model"), model)
    assert all_equal(load(tmp_path / "deep" / "model" / "model.safetensors"), model)
    assert all_equal(TransformerProgram.from_pretrained(str(tmp_path / "deep" / "model")), model)


def test_the_library_reads_the_same_numbers(folder: Path) -> None:
    theirs = safetensors.numpy.load_file(folder / "model.safetensors")
    ours = unstack(load(folder).weights())
    assert theirs.keys() == ours.keys()
    assert all(np.array_equal(theirs[name], ours[name]) for name in ours)


def test_the_same_model_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    load(folder).save(tmp_path / "again", read_provenance(folder))
    for name in ("model.safetensors", "config.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_provenance_is_kept_apart(folder: Path) -> None:
    assert read_provenance(folder) == {"seed": 3, "preset": "sound", "rate": 0.5, "tried": None}


def test_saving_over_a_model_leaves_other_files_and_no_temporary_ones(folder: Path) -> None:
    (folder / "program.rasp").write_text("not read")
    other = random_model(seed=2)
    other.save_pretrained(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.safetensors",
        "program.rasp",
    ]
    assert all_equal(load(folder), other)


@pytest.mark.parametrize("failing", ["model.safetensors", "config.json"])
def test_a_failure_while_writing_leaves_nothing_half_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if target.name == failing:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        random_model(seed=2).save(folder)
    assert [path.name for path in folder.iterdir()] == ["model.safetensors"]
    with pytest.raises(ModelFileError, match=r"no config.json"):
        load(folder)


def test_files_are_synced_before_they_are_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        steps.append("sync")
        fsync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    random_model().save(tmp_path / "model")
    assert "".join(step[0] for step in steps).endswith("srs" * 2)


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    model = random_model()
    with torch.no_grad():
        model.unembed.W_U[1, 2] = float("nan")
    with pytest.raises(
        ModelFileError, match=r"tensor unembed.W_U: a number is not finite .* got nan at \[1, 2\]"
    ):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_more_layers_than_a_file_may_hold_are_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_TENSORS", 27)
    with pytest.raises(CapExceededError, match="27 tensors, got 28"):
        save(random_model(), tmp_path / "model")


def test_from_pretrained_asks_no_server(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="Only local folders are read"):
        TransformerProgram.from_pretrained("somebody/some-model")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "no such file or folder"),
        ("x" * 5000, "no such file or folder"),
        ("x" * 5000 + ".safetensors", "cannot be opened|no config.json"),
        ("nul\0byte", "no such file or folder"),
        ("config.json", "this is no model"),
        ("", "the folder holds no model"),
    ],
)
def test_a_path_to_something_else_is_refused(tmp_path: Path, folder: Path, name: str, message: str) -> None:
    path = folder / name if name else tmp_path
    with pytest.raises(ModelFileError, match=message):
        load(path)


Change = Callable[[Json], object]

CHANGES: dict[str, tuple[Change, str]] = {
    "unknown field": (lambda c: c.update(extra=1), "unknown field; got 'extra'"),
    "unknown size": (lambda c: c["config"].update(extra=1), "config: unknown field"),
    "missing field": (lambda c: c.pop("output"), "'output' is missing"),
    "missing size": (lambda c: c["config"].pop("d_mlp"), "'d_mlp' is missing"),
    "version": (lambda c: c.update(schema_version=2), "'schema_version' is wrong; expected 1; .* got 2"),
    "version of another type": (lambda c: c.update(schema_version=True), "expected a whole number, got True"),
    "type of model": (lambda c: c.update(model_type="gpt2"), "'model_type' is wrong"),
    "size of another type": (lambda c: c["config"].update(d_head=3.0), "'d_head' is wrong; expected a whole"),
    "size zero": (
        lambda c: c["config"].update(d_head=0),
        "contradict each other: d_head: expected at least 1, got 0",
    ),
    "mask of another type": (
        lambda c: c["config"].update(causal=1),
        "'causal' is wrong; expected true or false",
    ),
    "many layers": (
        lambda c: c["config"].update(n_layers=10**9),
        "wrong number of tensors for 1000000000 layers",
    ),
    "other width": (
        lambda c: c["config"].update(d_model=9),
        "does not fit the sizes in config.json; expected F32",
    ),
    "huge width": (lambda c: c["config"].update(d_model=10**30), "does not fit the sizes in config.json"),
    "token missing": (lambda c: c["input"]["tokens"].pop(1), "'input' is wrong; expected 5 tokens"),
    "token twice": (lambda c: c["input"]["tokens"].__setitem__(1, "a"), "twice"),
    "token of no type": (
        lambda c: c["input"]["tokens"].__setitem__(1, {"x": 1}),
        "'tokens' is wrong; .* a list of",
    ),
    "no list of tokens": (lambda c: c["input"].update(tokens="abc"), "'tokens' is wrong"),
    "bos unknown": (lambda c: c["input"].update(bos="start"), "'bos' is wrong; expected one of the tokens"),
    "no bos": (lambda c: c["input"].update(bos=None), "'bos' is wrong"),
    "bos is pad": (lambda c: c["input"].update(pad=c["input"]["bos"]), "same row"),
    "length": (lambda c: c["input"].update(max_seq_len=9), "'input' is wrong; .* max_seq_len 5"),
    "kind of output": (
        lambda c: c.update(output={"kind": "other"}),
        "'kind' is wrong; expected \"categorical\"",
    ),
    "number of outputs": (
        lambda c: c["output"]["values"].pop(),
        "'output' is wrong; expected 4 columns, got 3",
    ),
    "outputs of a number": (lambda c: c["output"].update(kind="numerical"), "unknown field; got 'values'"),
    "nested provenance": (lambda c: c["provenance"].update(x=[1]), "'provenance' is wrong"),
    "no object": (lambda c: c.update(config=[]), "'config' is wrong; expected an object"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_wrong_config_is_refused_by_field(folder: Path, name: str) -> None:
    change, message = CHANGES[name]
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFileError, match=message) as caught:
        load(folder)
    assert str(folder) in caught.value.where
    assert caught.value.exit_code == 3
    assert isinstance(caught.value, BadInputError)


TENSOR_CHANGES: dict[str, tuple[Change, str]] = {
    "another name": (
        lambda h: h.update({"embed.W_e": h.pop("embed.W_E")}),
        "a tensor is missing; expected embed.W_E",
    ),
    "another shape": (
        lambda h: h["blocks.1.mlp.W_in"].update(shape=[7, 8]),
        r"tensor blocks.1.mlp.W_in: .* expected F32 \[8, 7\], got F32 \[7, 8\]",
    ),
    "another type": (lambda h: h["embed.W_E"].update(dtype="I32"), r"tensor embed.W_E: .* got I32"),
}


@pytest.mark.parametrize("name", TENSOR_CHANGES)
def test_a_tensor_that_does_not_fit_is_named(folder: Path, name: str) -> None:
    change, message = TENSOR_CHANGES[name]
    header, data = split(folder / "model.safetensors")
    change(header)
    (folder / "model.safetensors").write_bytes(safetensors_bytes(header, data))
    with pytest.raises(ModelFileError, match=message):
        load(folder)


def test_a_number_that_is_not_finite_is_found(folder: Path) -> None:
    header, data = split(folder / "model.safetensors")
    begin = header["unembed.b_U"]["data_offsets"][0] + 4
    infinite = data[:begin] + np.array(-np.inf, "<f4").tobytes() + data[begin + 4 :]
    (folder / "model.safetensors").write_bytes(safetensors_bytes(header, infinite))
    with pytest.raises(
        ModelFileError, match=r"tensor unembed.b_U: a number is not finite .* got -inf at \[1\]"
    ):
        load(folder)


def test_nothing_is_allocated_for_a_false_config(folder: Path) -> None:
    """In a process of its own that may use 1.5 GB more than it needs to import the package."""
    config = json.loads((folder / "config.json").read_text())
    config["config"].update(n_layers=10**12, d_model=10**12)
    (folder / "config.json").write_text(json.dumps(config))
    code = (
        "import resource, sys\n"
        "from inverse_tracr.model import ModelFileError, load\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))\n"
        "try:\n    load(sys.argv[1])\nexcept ModelFileError as error:\n    print(error.problem)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    assert "wrong number of tensors" in done.stdout
