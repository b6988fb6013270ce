"""What a model is made of, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inverse_tracr.model import TransformerProgram


def model_data(model: TransformerProgram) -> dict[str, object]:
    """Sizes, parameter count, vocabulary and output of a model."""
    from inverse_tracr.model import CategoricalOutput
    from inverse_tracr.rasp.values import values_to_json

    says = model.output_encoder
    output = values_to_json(says.values) if isinstance(says, CategoricalOutput) else "number"
    return {
        "config": asdict(model.config),
        "parameters": model.config.parameter_count,
        "vocab": values_to_json(model.signature.vocab),
        "max_seq_len": model.signature.max_seq_len,
        "output": output,
    }
