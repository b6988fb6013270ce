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
    from inverse_tracr.rasp.values import to_json, value_text

    loaded = read_model(model)
    given = parse_tokens(tokens, loaded.signature.vocab)
    output = loaded(given)
    if json:
        emit_json(
            {"input": [to_json(token) for token in given], "output": [to_json(value) for value in output]}
        )
    else:
        emit(" ".join(value_text(value) for value in output))
