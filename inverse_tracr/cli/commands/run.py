"""`inverse-tracr run`."""

from __future__ import annotations

from pathlib import Path

from inverse_tracr.cli.files import read_model
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json
from inverse_tracr.cli.values import parse_tokens


def run(
    model: Path,
    /,
    *tokens: str,
    json: Flag = False,
) -> None:
    """Run a model on an input, and print its output: one value for each token.

    Parameters
    ----------
    model
        Model folder (model.safetensors and config.json).
    tokens
        The input without BOS; 3, 0.5 and True are values, '"3"' is a string.
    json
        Print one JSON object: input, output.
    """
    from inverse_tracr.rasp.values import value_text, values_to_json

    loaded = read_model(model)
    given = parse_tokens(tokens, loaded.signature.vocab)
    output = loaded(given)
    if json:
        emit_json({"input": values_to_json(given), "output": values_to_json(output)})
    else:
        emit(" ".join(value_text(value) for value in output))
