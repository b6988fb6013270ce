"""`inverse-tracr picture`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from inverse_tracr.cli.errors import UsageError
from inverse_tracr.cli.files import read_model
from inverse_tracr.cli.output import note
from inverse_tracr.cli.values import parse_tokens


def picture(
    kind: Literal["graph", "residual", "heads", "mlp"],
    model: Path,
    /,
    *tokens: str,
    output: Annotated[Path, Parameter(alias="-o")],
    method: str = "auto",
) -> None:
    """Draw a model as its program explains it: an SVG file, or PNG with the extra `pictures`.

    Parameters
    ----------
    kind
        graph: the program and the residual stream's subspaces; residual: the stream after each half-layer;
        heads: truth table, scores and pattern of each head; mlp: inputs, hidden layer, outputs of each MLP.
    model
        Model folder (model.safetensors and config.json).
    tokens
        The input to draw, without BOS; left out: a long one of many different tokens.
    output
        File to write: .svg or .png.
    method
        How programs are proposed: auto, or the name of a proposer.
    """
    if output.suffix not in (".svg", ".png"):
        raise UsageError("no such format", where=str(output), expected="a name that ends in .svg or .png")
    from inverse_tracr.decompile import decompile
    from inverse_tracr.report import study_model, write_whole
    from inverse_tracr.report.pictures import PictureKind, to_png
    from inverse_tracr.report.pictures import picture as draw
    from inverse_tracr.report.samples import varied_input

    loaded = read_model(model)
    signature = loaded.signature
    given = parse_tokens(tokens, signature.vocab) if tokens else varied_input(signature)
    found = decompile(loaded, method=method)
    text = draw(PictureKind(kind), study_model(loaded, found), given)
    write_whole(output, to_png(text) if output.suffix == ".png" else text.encode())
    note(f"{output}: {found.verdict.value}")
