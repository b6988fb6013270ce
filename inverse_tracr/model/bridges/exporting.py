"""TransformerPrograms become state dicts and files of TransformerLens."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import numpy as np
import torch

from inverse_tracr.model.bridges.description import DESCRIPTION_FILE, describe
from inverse_tracr.model.bridges.transformer_bridge import to_bridge
from inverse_tracr.model.file_errors import ModelFileError
from inverse_tracr.model.files import CONFIG_FILE, WEIGHTS_FILE, serialise
from inverse_tracr.model.names import unstack
from inverse_tracr.model.safe_files import is_there, write_atomically
from inverse_tracr.model.strict_json import dump
from inverse_tracr.model.transformer_program import TransformerProgram

TRANSFORMER_LENS_CONFIG_FILE = "transformer_lens_config.json"


class TransformerLensVersion(StrEnum):
    """The layout of a state dict: that of `HookedTransformer` (up to 3) or `TransformerBridge` (from 4)."""

    V3 = "3"
    V4 = "4"


def to_transformer_lens(
    model: TransformerProgram, version: TransformerLensVersion | str = TransformerLensVersion.V4
) -> dict[str, torch.Tensor]:
    """The state dict for `HookedTransformer.load_state_dict(..., strict=False)` (version 3) or
    `TransformerBridge.boot_native(...).load_state_dict` (version 4); `transformer_lens_config` builds either.

    Raises ValueError for another version.
    """
    arrays = _arrays(model, TransformerLensVersion(version))
    return {name: torch.tensor(array) for name, array in arrays.items()}


def transformer_lens_config(model: TransformerProgram) -> dict[str, object]:
    """Arguments of `HookedTransformerConfig` and of `TransformerBridgeConfig` for this model."""
    config = model.config
    return {
        "n_layers": config.n_layers,
        "n_heads": config.n_heads,
        "d_model": config.d_model,
        "d_head": config.d_head,
        "d_mlp": config.d_mlp,
        "n_ctx": config.n_ctx,
        "d_vocab": config.d_vocab,
        "d_vocab_out": config.d_vocab_out,
        "act_fn": "relu",
        "normalization_type": None,
        "attention_dir": "causal" if config.causal else "bidirectional",
    }


def export_transformer_lens(
    model: TransformerProgram,
    folder: Path | str,
    version: TransformerLensVersion | str = TransformerLensVersion.V4,
) -> None:
    """Write the state dict (`model.safetensors`), the arguments of its configuration
    (`transformer_lens_config.json`) and `description.json`, with which `import_model` reads it back.

    Raises ModelFileError where `folder` is a model folder, whose weights would be lost.
    """
    folder = Path(folder)
    if is_there(folder / CONFIG_FILE):
        raise ModelFileError(
            "the folder holds a model, whose weights would be overwritten",
            where=str(folder),
            advice="Give another folder",
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / DESCRIPTION_FILE, dump(describe(model)))
    write_atomically(folder / TRANSFORMER_LENS_CONFIG_FILE, dump(transformer_lens_config(model)))
    write_atomically(folder / WEIGHTS_FILE, serialise(_arrays(model, TransformerLensVersion(version))))


def _arrays(model: TransformerProgram, version: TransformerLensVersion) -> dict[str, np.ndarray]:
    tensors = unstack(model.weights())
    return tensors if version is TransformerLensVersion.V3 else to_bridge(tensors)
