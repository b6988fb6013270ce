"""`inverse-tracr import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inverse_tracr import __version__
from inverse_tracr.cli.destinations import Destination
from inverse_tracr.cli.errors import UsageError
from inverse_tracr.cli.models import model_data
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit_json, note


def import_(
    weights: Path,
    /,
    *,
    output: Annotated[Destination, Parameter(alias="-o")],
    description: Path | None = None,
    json: Flag = False,
) -> None:
    """Convert a model of another project to a model folder.

    Reads the state dict of a TransformerLens model (.safetensors, of any version) and the Haiku
    parameters of a Tracr model (.npz). Pickled files (.pt, .pth, .pkl) are refused.

    Parameters
    ----------
    weights
        File of weights.
    output
        Model folder to write, another than that of the weights.
    description
        JSON file that says what weights do not: tokens, outputs, mask; description.json beside the
        weights when it is not given. docs/model-files.md shows its form.
    json
        Print the sizes of the model as one JSON object.
    """
    from inverse_tracr.model.bridges.importing import import_model
    from inverse_tracr.model.files import save

    if weights.is_file() and output.is_dir() and weights.parent.samefile(output):
        raise UsageError(
            "the weights lie in this folder themselves", where=str(output), expected="another folder"
        )
    model = import_model(weights, description)
    save(model, output, {"made_by": f"inverse-tracr {__version__} import", "from": weights.name})
    note(f"{output}: {model.config.parameter_count:,} parameters")
    if json:
        emit_json({"model": str(output), **model_data(model)})
