"""What a model is besides its weights, as a cell of the index: the fields of its `config.json`."""

from __future__ import annotations

import json

from inverse_tracr.compile import Compiled
from inverse_tracr.model import ModelConfig, TransformerProgram
from inverse_tracr.model.config import SIZES
from inverse_tracr.model.encoder_json import input_from_json, input_to_json, output_from_json, output_to_json
from inverse_tracr.model.json_fields import JsonFields
from inverse_tracr.model.strict_json import MAX_DEPTH, parse_object
from inverse_tracr.zoo.weights_file import Flat, unflatten


def model_to_json(teacher: Compiled, sizes: ModelConfig) -> str:
    """Sizes of a student, and the encoders that it shares with its compiled teacher."""
    data = {
        "config": {name: getattr(sizes, name) for name in (*SIZES, "causal")},
        "input": input_to_json(teacher.input_encoder),
        "output": output_to_json(teacher.output_encoder),
    }
    return json.dumps(data, ensure_ascii=False)


def model_from_json(text: str, flat: Flat, where: str) -> TransformerProgram:
    """The model of these parameters; raises ModelFileError, which names `where`."""
    fields = JsonFields(parse_object(text.encode(), where, MAX_DEPTH), where)
    sizes = fields.child("config")
    config = ModelConfig(**{name: sizes.whole(name) for name in SIZES}, causal=sizes.flag("causal"))
    reads = input_from_json(fields.child("input"), longest=config.max_seq_len)
    says = output_from_json(fields.child("output"))
    try:
        return TransformerProgram(config, unflatten(flat, config), reads, says)
    except ValueError as error:
        raise fields.contradictory(error) from error
