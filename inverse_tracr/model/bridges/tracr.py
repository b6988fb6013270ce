"""From Tracr's assembled models. Labels are dropped; nothing is read from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from inverse_tracr.errors import BadInputError
from inverse_tracr.model.bridges.haiku import weights_from_haiku
from inverse_tracr.model.config import ModelConfig
from inverse_tracr.model.encoders import CategoricalOutput, InputEncoder, NumericalOutput, OutputEncoder
from inverse_tracr.model.transformer_program import TransformerProgram
from inverse_tracr.rasp.values import Value


def from_tracr(assembled: Any) -> TransformerProgram:
    """Convert a `tracr.compiler.assemble.AssembledTransformerModel`.

    The order of the rows of W_E and W_pos and of the columns of W_U is kept. Raises BadInputError when
    the model has LayerNorm or lacks an encoder.
    """
    if assembled.model_config.layer_norm:
        raise BadInputError(
            "the Tracr model uses LayerNorm, which no RASP program needs", expected="layer_norm=False"
        )
    input_encoder = _input_encoder(assembled.input_encoder)
    params = {
        f"{module}/{name}": np.asarray(array)
        for module, named in assembled.params.items()
        for name, array in named.items()
    }
    unembedding = _unembedding(assembled, d_model=params["token_embed/embeddings"].shape[1])
    output_encoder = _output_encoder(assembled.output_encoder)
    weights = weights_from_haiku(params, unembedding, n_heads=assembled.model_config.num_heads)
    config: ModelConfig = weights.config(causal=bool(assembled.model_config.causal))
    return TransformerProgram(config, weights, input_encoder, output_encoder)


def _input_encoder(encoder: Any) -> InputEncoder:
    if getattr(encoder, "bos_encoding", None) is None or encoder._max_seq_len is None:
        raise BadInputError(
            "the Tracr model has no input encoder with BOS and a maximal length",
            advice="Use the model that `compile_rasp_to_model` returns.",
        )
    return InputEncoder(
        tokens=_values(encoder),
        bos=encoder.bos_encoding,
        pad=encoder.pad_encoding,
        max_seq_len=encoder._max_seq_len - 1,  # Tracr counts BOS
    )


def _output_encoder(encoder: Any) -> OutputEncoder:
    if hasattr(encoder, "encoding_map"):
        return CategoricalOutput(_values(encoder))
    if encoder is None:
        raise BadInputError(
            "the Tracr model has no output encoder, so its outputs cannot be named",
            advice="Use the model that `compile_rasp_to_model` returns.",
        )
    return NumericalOutput()


def _values(encoder: Any) -> tuple[Value, ...]:
    """The values of a categorical encoder in the order of their indices."""
    return tuple(sorted(encoder.encoding_map, key=encoder.encoding_map.__getitem__))


def _unembedding(assembled: Any, d_model: int) -> np.ndarray:
    """W_U, which Tracr keeps in a closure: what `unembed` makes of each residual direction."""
    import haiku as hk  # JAX is no dependency of the package

    def unembed_identity() -> Any:
        compiled = assembled.get_compiled_model()
        return compiled.unembed(np.eye(d_model, dtype=np.float32), use_unembed_argmax=False)

    transformed = hk.without_apply_rng(hk.transform(unembed_identity))
    columns = np.asarray(transformed.apply({}), dtype=np.float32)
    return columns.reshape(d_model, -1)  # a single column comes back squeezed
