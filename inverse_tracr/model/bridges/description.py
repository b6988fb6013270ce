"""What the weights of another project do not say: the tokens, the outputs, the mask.

The JSON form is written down in docs/model-files.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inverse_tracr.model.encoder_json import input_from_json, input_to_json, output_from_json, output_to_json
from inverse_tracr.model.encoders import InputEncoder, OutputEncoder
from inverse_tracr.model.file_errors import ModelFileError
from inverse_tracr.model.json_fields import JsonFields
from inverse_tracr.model.strict_json import dump, parse_object, read_json
from inverse_tracr.model.transformer_program import TransformerProgram

DESCRIPTION_FILE = "description.json"
SCHEMA_VERSION = 1
MAX_DEPTH = 32


@dataclass(frozen=True)
class Description:
    """How to read imported weights.

    `n_heads` is needed by layouts that keep all heads in one matrix. `unembedding` lists the residual
    dimensions that the outputs are read from, in the order of the outputs, where no W_U is stored.
    """

    input_encoder: InputEncoder
    output_encoder: OutputEncoder
    causal: bool = False
    n_heads: int | None = None
    unembedding: tuple[int, ...] | None = None


def describe(model: TransformerProgram) -> dict[str, object]:
    """The JSON description of a model, enough to import its exported weights again."""
    return {
        "schema_version": SCHEMA_VERSION,
        "input": input_to_json(model.input_encoder),
        "output": output_to_json(model.output_encoder),
        "causal": model.config.causal,
        "n_heads": model.config.n_heads,
        "act_fn": "relu",
        "normalization_type": None,
    }


def read_description(source: Path | str | Mapping[str, object], *, n_ctx: int) -> Description:
    """A description from its file or its JSON object, for weights of `n_ctx` positions.

    Raises ModelFileError, which names the field.
    """
    if isinstance(source, Mapping):
        where = "description"
        content = parse_object(_as_json(source), where, MAX_DEPTH)
    else:
        where, content = str(source), read_json(Path(source))
    fields = JsonFields(content, where)
    if (version := fields.whole("schema_version")) != SCHEMA_VERSION:
        raise fields.wrong("schema_version", str(SCHEMA_VERSION), version)
    _check_activation(fields)
    description = Description(
        input_encoder=input_from_json(fields.child("input"), longest=n_ctx - 1),
        output_encoder=output_from_json(fields.child("output")),
        causal=fields.flag("causal") if "causal" in fields else False,
        n_heads=_count(fields, "n_heads") if "n_heads" in fields else None,
        unembedding=fields.wholes("unembedding") if "unembedding" in fields else None,
    )
    fields.close()
    return description


def _as_json(source: Mapping[str, object]) -> bytes:
    """The object by way of JSON text, so that it is checked as a file would be."""
    try:
        return dump(dict(source))
    except (TypeError, ValueError) as error:
        raise ModelFileError(
            "the description is no JSON object", where="description", got=str(error)
        ) from error


def _check_activation(fields: JsonFields) -> None:
    """Raise ModelFileError when the description says that the model does what weights cannot show."""
    for name, known in (("act_fn", "relu"), ("normalization_type", None)):
        if name in fields and (stated := fields.take(name)) != known:
            raise fields.wrong(name, repr(known), stated)


def _count(fields: JsonFields, name: str) -> int:
    count = fields.whole(name)
    if count < 1:
        raise fields.wrong(name, "at least 1", count)
    return count
