"""Models as notebooks show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inverse_tracr.model.config import SIZES
from inverse_tracr.model.encoders import CategoricalOutput
from inverse_tracr.rasp.notebook import table_html
from inverse_tracr.rasp.values import Value, value_text

if TYPE_CHECKING:
    from inverse_tracr.model.transformer_program import TransformerProgram

_SHOWN = 24


def model_html(model: TransformerProgram) -> str:
    """Sizes, what the model reads and says, and what is in use, layer by layer."""
    config, says = model.config, model.output_encoder
    rows = {name: [str(getattr(config, name))] for name in (*SIZES, "causal")}
    rows["parameters"] = [f"{config.parameter_count:,}"]
    rows["reads"] = [_listed(model.signature.vocab)]
    rows["says"] = [_listed(says.values) if isinstance(says, CategoricalOutput) else "a number"]
    weights = model.weights()
    for layer in range(config.n_layers):
        heads = int((weights.W_O[layer] != 0).any(axis=(1, 2)).sum())
        neurons = int((weights.W_out[layer] != 0).any(axis=1).sum())
        used = f"{heads} of {config.n_heads} heads, {neurons} of {config.d_mlp} neurons"
        rows[f"layer {layer}, in use"] = [used]
    return f"<strong>TransformerProgram</strong>{table_html(rows)}"


def _listed(values: tuple[Value, ...]) -> str:
    text = ", ".join(value_text(value) for value in values[:_SHOWN])
    return text if len(values) <= _SHOWN else f"{text}, … ({len(values)} values)"
