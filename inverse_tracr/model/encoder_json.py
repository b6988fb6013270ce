"""The JSON form of encoders, which `config.json` and the descriptions of imported files share."""

from __future__ import annotations

from inverse_tracr.model.encoders import CategoricalOutput, InputEncoder, NumericalOutput, OutputEncoder
from inverse_tracr.model.json_fields import JsonFields
from inverse_tracr.rasp.values import Value, to_json, values_to_json


def input_to_json(encoder: InputEncoder) -> dict[str, object]:
    """`{"tokens": [...], "bos": ..., "pad": ..., "max_seq_len": ...}`; BOS and PAD by value."""
    return {
        "tokens": values_to_json(encoder.tokens),
        "bos": to_json(encoder.tokens[encoder.bos]),
        "pad": None if encoder.pad is None else to_json(encoder.tokens[encoder.pad]),
        "max_seq_len": encoder.max_seq_len,
    }


def input_from_json(fields: JsonFields, *, longest: int) -> InputEncoder:
    """Inverse of `input_to_json`; `max_seq_len` may be left out and is `longest` then.

    Raises ModelFileError.
    """
    tokens = fields.values("tokens")
    bos = _row(fields, "bos", tokens)
    if bos is None:
        raise fields.wrong("bos", "one of the tokens", None)
    pad = _row(fields, "pad", tokens) if "pad" in fields else None
    max_seq_len = fields.whole("max_seq_len") if "max_seq_len" in fields else longest
    fields.close()
    try:
        return InputEncoder(tokens, bos, pad, max_seq_len)
    except ValueError as error:
        raise fields.contradictory(error) from error


def output_to_json(encoder: OutputEncoder) -> dict[str, object]:
    """`{"kind": "categorical", "values": [...]}` or `{"kind": "numerical"}`."""
    if isinstance(encoder, CategoricalOutput):
        return {"kind": "categorical", "values": values_to_json(encoder.values)}
    return {"kind": "numerical"}


def output_from_json(fields: JsonFields) -> OutputEncoder:
    """Inverse of `output_to_json`; raises ModelFileError."""
    kind = fields.text("kind")
    if kind == "numerical":
        fields.close()
        return NumericalOutput()
    if kind != "categorical":
        raise fields.wrong("kind", '"categorical" or "numerical"', kind)
    values = fields.values("values")
    fields.close()
    try:
        return CategoricalOutput(values)
    except ValueError as error:
        raise fields.contradictory(error) from error


def _row(fields: JsonFields, name: str, tokens: tuple[Value, ...]) -> int | None:
    token = fields.value(name)
    if token is None:
        return None
    if token not in tokens:
        raise fields.wrong(name, "one of the tokens", token)
    return tokens.index(token)
