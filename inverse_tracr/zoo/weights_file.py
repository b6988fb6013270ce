"""Packed weights: the parameters of many models end to end in one safetensors file.

`values` holds all parameters, `offsets` where each model begins and the last one ends. Within a model the
arrays stand in the order of `Weights`, each in C order; the sizes are in the index.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from inverse_tracr.model import ModelConfig, Weights
from inverse_tracr.model.file_errors import ModelFileError, in_tensor
from inverse_tracr.model.safe_files import open_regular, read_exactly
from inverse_tracr.model.safe_tensors import check_finite, read_header
from inverse_tracr.model.weights import TENSORS, weight_shapes

MAX_BYTES = 2**34
Flat = NDArray[np.float32]


def flatten(weights: Weights) -> Flat:
    """All parameters of a model in a row."""
    return np.concatenate([getattr(weights, name).ravel() for name in TENSORS])


def unflatten(flat: Flat, config: ModelConfig) -> Weights:
    """Inverse of `flatten`; raises ValueError when their number does not fit the sizes."""
    shapes = weight_shapes(config)
    needed = sum(math.prod(shape) for shape in shapes.values())
    if len(flat) != needed:
        raise ValueError(f"expected {needed} parameters, got {len(flat)}")
    arrays: dict[str, np.ndarray] = {}
    at = 0
    for name in TENSORS:
        size = math.prod(shapes[name])
        arrays[name] = flat[at : at + size].reshape(shapes[name])
        at += size
    return Weights(**arrays)


def pack(models: Sequence[Flat]) -> bytes:
    """The bytes of a file of one or more models; the same models give the same bytes."""
    offsets = np.cumsum([0, *(len(flat) for flat in models)], dtype=np.int64)
    return save({"offsets": offsets, "values": np.concatenate(models)}, metadata={"format": "pt"})


@dataclass(frozen=True)
class PackedWeights:
    """A file of packed weights, its values mapped into memory and read when they are used."""

    path: Path
    offsets: NDArray[np.int64]
    values: Flat

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Flat:
        """A copy of the parameters of one model; raises IndexError, ModelFileError for numbers not finite."""
        if not 0 <= index < len(self):
            raise IndexError(f"expected 0 to {len(self) - 1}, got {index}")
        flat = np.array(self.values[self.offsets[index] : self.offsets[index + 1]])
        check_finite(flat, in_tensor(self.path, f"values, model {index}"))
        return flat


def open_packed(path: Path) -> PackedWeights:
    """Open a file of packed weights, its header and offsets checked; raises ModelFileError."""
    with open_regular(path, MAX_BYTES) as (file, size):
        header = read_header(file, size, path)
        begin = file.tell()
        kinds = {name: (entry.dtype, len(entry.shape)) for name, entry in header.items()}
        if kinds != {"offsets": ("I64", 1), "values": ("F32", 1)}:
            raise ModelFileError(
                "these are no packed weights", where=str(path), expected="offsets I64 and values F32"
            )
        file.seek(begin + header["offsets"].begin)
        offsets = np.frombuffer(read_exactly(file, 8 * header["offsets"].shape[0], path), dtype="<i8")
        count = header["values"].shape[0]
        _check_offsets(offsets, count, path)
        values = np.memmap(file, "<f4", "r", begin + header["values"].begin, count)
    return PackedWeights(path, offsets, values)


def _check_offsets(offsets: NDArray[np.int64], count: int, path: Path) -> None:
    if offsets[0] != 0 or offsets[-1] != count or (np.diff(offsets) < 0).any():
        raise ModelFileError(
            "the offsets are malformed",
            where=in_tensor(path, "offsets"),
            expected=f"rising numbers from 0 to {count}",
        )
