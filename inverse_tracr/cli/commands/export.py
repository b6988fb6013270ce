"""`inverse-tracr export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from inverse_tracr.cli.destinations import Destination
from inverse_tracr.cli.files import read_model
from inverse_tracr.cli.output import note


def export(
    model: Path,
    /,
    *,
    output: Annotated[Destination, Parameter(alias="-o")],
    transformer_lens: Literal["3", "4"] = "4",
) -> None:
    """Write a model for TransformerLens.

    The folder holds model.safetensors (a state dict), transformer_lens_config.json (the arguments of its
    configuration) and description.json, with which `inverse-tracr import` reads it back.

    Parameters
    ----------
    model
        Model folder (model.safetensors and config.json).
    output
        Folder to write, none that holds a model folder.
    transformer_lens
        Layout: 3 for HookedTransformer, up to version 3; 4 for TransformerBridge, from version 4.
    """
    from inverse_tracr.model.bridges.exporting import export_transformer_lens

    export_transformer_lens(read_model(model), output, transformer_lens)
    note(f"{output}: for TransformerLens {transformer_lens}")
