"""Files of other projects become TransformerPrograms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from inverse_tracr.model.bridges.description import DESCRIPTION_FILE, Description, read_description
from inverse_tracr.model.bridges.foreign import ForeignArrays, Tensors, build
from inverse_tracr.model.bridges.haiku import POSITIONS, from_haiku, is_haiku
from inverse_tracr.model.bridges.hooked import from_hooked, is_hooked
from inverse_tracr.model.bridges.linear import stated_heads
from inverse_tracr.model.bridges.transformer_bridge import bridge_name, from_bridge, is_bridge
from inverse_tracr.model.file_errors import ModelFileError, in_tensor, refuse_pickle_suffix
from inverse_tracr.model.safe_files import MAX_BYTES, is_folder, is_there, open_regular
from inverse_tracr.model.safe_npz import read_npz
from inverse_tracr.model.safe_tensors import read_floats, read_header
from inverse_tracr.model.transformer_program import TransformerProgram

_BUFFER = re.compile(r".*\.attn\.(mask|IGNORE)")
"""Constants that HookedTransformer stores beside its parameters."""


def import_model(
    file: Path | str,
    description: Path | str | Mapping[str, object] | None = None,
    *,
    max_bytes: int = MAX_BYTES,
) -> TransformerProgram:
    """Convert the weights of another project.

    Args:
        file: `.safetensors` or `.npz`. Its names tell what it holds: a state dict of TransformerLens, up
            to version 3 or from version 4, or Tracr's Haiku parameters.
        description: what the weights do not say (tokens, outputs, ...), as JSON or its file; see
            docs/model-files.md. By default `description.json` beside `file`.
        max_bytes: the largest file that is read.

    Raises ModelFileError, which names file and tensor or field, what was expected and what came.

    """
    path = Path(file)
    arrays = _read_arrays(path, max_bytes)
    beside = path.with_name(DESCRIPTION_FILE)
    if description is None and not beside.exists():
        raise ModelFileError(
            "weights alone do not say which tokens they read and what their outputs mean",
            where=str(path),
            expected=f"a description, or {DESCRIPTION_FILE} beside the file",
            advice="docs/model-files.md shows its form",
        )
    if is_bridge(arrays):
        arrays = _renamed(arrays, path)
    described = read_description(
        beside if description is None else description, n_ctx=_positions(arrays, path)
    )
    tensors = _tensors(arrays, described, path)
    return build(
        tensors, described.input_encoder, described.output_encoder, causal=described.causal, where=str(path)
    )


def _read_arrays(path: Path, max_bytes: int) -> dict[str, np.ndarray]:
    refuse_pickle_suffix(path)
    if is_folder(path) or not is_there(path):
        raise ModelFileError(
            "this is a folder" if is_folder(path) else "there is no such file",
            where=str(path),
            expected="a file of weights, .safetensors or .npz",
        )
    if path.suffix == ".npz":
        return read_npz(path, max_bytes=max_bytes)
    if path.suffix != ".safetensors":
        raise ModelFileError(
            "files of this kind are not imported",
            where=str(path),
            expected=".safetensors or .npz",
            got=path.suffix or "no suffix",
        )
    with open_regular(path, max_bytes) as (file, size):
        return read_floats(file, read_header(file, size, path, unused=_BUFFER), path)


def _renamed(arrays: Mapping[str, np.ndarray], path: Path) -> dict[str, np.ndarray]:
    """The arrays of a bridge under the names of its own state dict, whichever way they were stored."""
    renamed: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        known = renamed.setdefault(bridge_name(name), array)
        if not np.array_equal(known, array):  # the module inside a bridge stores its tensors twice
            raise ModelFileError(
                "two tensors have one name in a bridge", where=in_tensor(path, name), got=bridge_name(name)
            )
    return renamed


def _positions(arrays: Mapping[str, np.ndarray], path: Path) -> int:
    """The number of rows of W_pos."""
    for name in ("pos_embed.W_pos", "pos_embed.weight", POSITIONS):
        if name in arrays and arrays[name].ndim:
            return len(arrays[name])
    raise ModelFileError(
        "the weights have no positional embedding in a form that is known here",
        where=str(path),
        expected=f"pos_embed.W_pos, pos_embed.weight or {POSITIONS}",
        got=", ".join(sorted(arrays))[:200],
    )


def _tensors(arrays: Mapping[str, np.ndarray], described: Description, path: Path) -> Tensors:
    source = ForeignArrays(arrays, str(path))
    if is_hooked(arrays):
        return from_hooked(source)
    if is_bridge(arrays):
        return from_bridge(source, stated_heads(described.n_heads, str(path)))
    if is_haiku(arrays):
        return from_haiku(source, stated_heads(described.n_heads, str(path)), described.unembedding)
    raise ModelFileError(
        "the tensors are named in no way that is known here",
        where=str(path),
        expected="embed.W_E (TransformerLens to 3), embed.weight (from 4) or token_embed/embeddings (Tracr)",
        got=", ".join(sorted(arrays))[:200],
    )
