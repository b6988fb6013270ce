"""Model folders: `model.safetensors` and `config.json`. The format is written down in docs/model-files.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy

from inverse_tracr.errors import CapExceededError
from inverse_tracr.model.config import SIZES, ModelConfig
from inverse_tracr.model.encoder_json import input_from_json, input_to_json, output_from_json, output_to_json
from inverse_tracr.model.encoders import InputEncoder, OutputEncoder
from inverse_tracr.model.file_errors import ModelFileError, in_tensor, refuse_pickle_suffix
from inverse_tracr.model.json_fields import JsonFields
from inverse_tracr.model.names import IN_LAYER, WHOLE, stack, tensor_shapes, unstack
from inverse_tracr.model.safe_files import (
    MAX_BYTES,
    is_folder,
    is_there,
    open_regular,
    sync_folder,
    write_atomically,
)
from inverse_tracr.model.safe_tensors import MAX_TENSORS, check_finite, check_shapes, read_floats, read_header
from inverse_tracr.model.strict_json import dump, read_json
from inverse_tracr.model.transformer_program import Provenance, Scalar, TransformerProgram

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
MODEL_TYPE = "inverse_tracr"
SCHEMA_VERSION = 1


def save(model: TransformerProgram, folder: Path | str, provenance: Provenance | None = None) -> None:
    """Write a model folder, made if need be. Other files in it are left alone.

    A crash leaves the old model, the new one, or a folder without `config.json`, which `load` refuses.
    Raises ModelFileError for weights that are not finite and where the folder's `config.json` is another
    project's, CapExceededError for more layers than a file
    may hold, OSError when the disk refuses.
    """
    folder = Path(folder)
    tensors = unstack(model.weights())
    if len(tensors) > MAX_TENSORS:
        raise CapExceededError(
            "the model has too many layers to be saved",
            expected=f"{MAX_TENSORS} tensors",
            got=f"{len(tensors)}",
        )
    for name, array in tensors.items():
        check_finite(array, in_tensor(folder / WEIGHTS_FILE, name))
    config = dump(_config_json(model, provenance or {}))
    _refuse_foreign(folder / CONFIG_FILE)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG_FILE).unlink(missing_ok=True)
    sync_folder(folder)
    write_atomically(folder / WEIGHTS_FILE, serialise(tensors))
    write_atomically(folder / CONFIG_FILE, config)


def load(path: Path | str, *, max_bytes: int = MAX_BYTES) -> TransformerProgram:
    """Read a model folder, or its `.safetensors` file with `config.json` beside it.

    Nothing is believed before it is checked; a program beside the model is not read. Raises
    ModelFileError, which names the file and the tensor or field, what was expected and what came.
    """
    weights_file = _weights_file(Path(path))
    config_file = weights_file.with_name(CONFIG_FILE)
    if is_folder(Path(path)) and not is_there(weights_file):
        raise ModelFileError(
            "the folder holds no model", where=str(path), expected=f"{WEIGHTS_FILE} and {CONFIG_FILE} in it"
        )
    if not is_there(config_file):
        raise ModelFileError(
            f"there is no {CONFIG_FILE} beside the weights",
            where=str(weights_file),
            advice="A model of another project is converted by `inverse-tracr import`",
        )
    config, input_encoder, output_encoder, _ = _read_config(config_file)
    with open_regular(weights_file, max_bytes) as (file, size):
        header = read_header(file, size, weights_file)
        expected = len(WHOLE) + config.n_layers * len(IN_LAYER)
        if len(header) != expected:  # before a list of as many names is made as a false n_layers asks for
            raise ModelFileError(
                f"the file holds a wrong number of tensors for {config.n_layers} layers",
                where=str(weights_file),
                expected=f"{expected}",
                got=f"{len(header)}",
            )
        check_shapes(header, tensor_shapes(config), weights_file)
        tensors = read_floats(file, header, weights_file)
    return TransformerProgram(config, stack(config, tensors), input_encoder, output_encoder)


def read_provenance(path: Path | str) -> Provenance:
    """What `save` was told of a model's origin; raises ModelFileError."""
    return _read_config(_weights_file(Path(path)).with_name(CONFIG_FILE))[3]


def load_local(folder: Path | str) -> TransformerProgram:
    """`load`, for a folder that must exist: no name of a model on a server is looked up."""
    if not is_folder(Path(folder)):
        raise ModelFileError(
            "there is no such folder",
            where=str(folder),
            advice="Only local folders are read; download the model first",
        )
    return load(folder)


def serialise(tensors: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of a safetensors file; the same tensors give the same bytes."""
    contiguous = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    return safetensors.numpy.save(contiguous, metadata={"format": "pt"})


def _refuse_foreign(config_file: Path) -> None:
    """Raise ModelFileError where a `config.json` is there that this package did not write."""
    if not is_there(config_file):
        return
    try:
        found = read_json(config_file).get("model_type", "no model_type")
    except ModelFileError as error:
        found = error.problem
    if found != MODEL_TYPE:
        raise ModelFileError(
            "the folder holds files of another project, which would be overwritten",
            where=str(config_file),
            expected=f'model_type "{MODEL_TYPE}"',
            got=str(found),
            advice="Give another folder",
        )


def _config_json(model: TransformerProgram, provenance: Provenance) -> dict[str, object]:
    return {
        "model_type": MODEL_TYPE,
        "schema_version": SCHEMA_VERSION,
        "config": {name: getattr(model.config, name) for name in (*SIZES, "causal")},
        "input": input_to_json(model.input_encoder),
        "output": output_to_json(model.output_encoder),
        "provenance": dict(provenance),
    }


def _read_config(path: Path) -> tuple[ModelConfig, InputEncoder, OutputEncoder, Provenance]:
    fields = JsonFields(read_json(path), str(path))
    if (model_type := fields.text("model_type")) != MODEL_TYPE:
        raise fields.wrong("model_type", f'"{MODEL_TYPE}", as `inverse-tracr import` writes it', model_type)
    check_version(fields, SCHEMA_VERSION)
    config = _sizes(fields.child("config"))
    input_encoder = input_from_json(fields.child("input"), longest=config.max_seq_len)
    output_encoder = output_from_json(fields.child("output"))
    provenance = _provenance(fields) if "provenance" in fields else {}
    fields.close()
    if len(input_encoder.tokens) != config.d_vocab or input_encoder.max_seq_len != config.max_seq_len:
        raise fields.wrong(
            "input",
            f"{config.d_vocab} tokens and max_seq_len {config.max_seq_len}",
            (len(input_encoder.tokens), input_encoder.max_seq_len),
        )
    if output_encoder.columns != config.d_vocab_out:
        raise fields.wrong("output", f"{config.d_vocab_out} columns", output_encoder.columns)
    return config, input_encoder, output_encoder, provenance


def check_version(fields: JsonFields, version: int) -> None:
    """Raise ModelFileError unless `schema_version` is `version`."""
    found = fields.whole("schema_version")
    if found != version:
        raise fields.wrong("schema_version", f"{version}; a newer version of this package may read it", found)


def _sizes(fields: JsonFields) -> ModelConfig:
    sizes = {name: fields.whole(name) for name in SIZES}
    causal = fields.flag("causal")
    fields.close()
    try:
        return ModelConfig(**sizes, causal=causal)
    except ValueError as error:
        raise fields.contradictory(error) from error


def _provenance(fields: JsonFields) -> Provenance:
    provenance: dict[str, Scalar] = {}
    for name, item in fields.object("provenance").items():
        if not isinstance(item, Scalar) or (isinstance(item, float) and not math.isfinite(item)):
            raise fields.wrong("provenance", f"a string, number, boolean or null under {name!r}", item)
        provenance[name] = item
    return provenance


def _weights_file(path: Path) -> Path:
    refuse_pickle_suffix(path)
    if is_folder(path):
        return path / WEIGHTS_FILE
    if path.suffix != ".safetensors":
        raise ModelFileError(
            "this is no model" if is_there(path) else "there is no such file or folder",
            where=str(path),
            expected=f"a folder with {WEIGHTS_FILE} and {CONFIG_FILE}, or the .safetensors file",
            advice="A model of another project is converted by `inverse-tracr import`"
            if is_there(path)
            else "",
        )
    return path
