"""What a model is made of."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inverse_tracr.model import TransformerProgram
    from inverse_tracr.rasp.values import Value


def model_data(model: TransformerProgram) -> dict[str, object]:
    """Sizes, vocabulary, output and the parts of each layer that are not all zero, for JSON."""
    from inverse_tracr.rasp.values import values_to_json

    output = _output_values(model)
    return {
        "config": asdict(model.config),
        "parameters": model.config.parameter_count,
        "vocab": values_to_json(model.signature.vocab),
        "max_seq_len": model.signature.max_seq_len,
        "output": "number" if output is None else values_to_json(output),
        "layers": [{"heads": heads, "neurons": neurons} for heads, neurons in _in_use(model)],
    }


def model_text(model: TransformerProgram) -> str:
    """The same for a person."""
    from inverse_tracr.rasp import print_signature
    from inverse_tracr.rasp.values import value_text

    c = model.config
    output = _output_values(model)
    says = "a number" if output is None else " ".join(value_text(value) for value in output)
    rows = [
        print_signature(model.signature).removeprefix("# "),
        f"output: {says}",
        f"parameters: {c.parameter_count:,}",
        f"residual stream: {c.d_model} dimensions; {c.n_layers} layers",
    ]
    rows += [
        f"  layer {layer}: {heads} of {c.n_heads} heads (d_head {c.d_head}) and"
        f" {neurons} of {c.d_mlp} neurons in use"
        for layer, (heads, neurons) in enumerate(_in_use(model))
    ]
    return "\n".join(rows)


def _output_values(model: TransformerProgram) -> tuple[Value, ...] | None:
    """The values of a categorical output; None for a numerical one."""
    from inverse_tracr.model import CategoricalOutput

    says = model.output_encoder
    return says.values if isinstance(says, CategoricalOutput) else None


def _in_use(model: TransformerProgram) -> list[tuple[int, int]]:
    """Heads and neurons of each layer that write anything to the residual stream."""
    weights = model.weights()
    heads = (weights.W_O != 0).any(axis=(2, 3)).sum(axis=1)
    neurons = (weights.W_out != 0).any(axis=2).sum(axis=1)
    return [(int(h), int(n)) for h, n in zip(heads, neurons, strict=True)]
