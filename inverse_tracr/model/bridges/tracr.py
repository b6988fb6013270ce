"""From Tracr's assembled models. Labels are dropped; nothing is read from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from inverse_tracr.errors import BadInputError
from inverse_tracr.model.bridges.foreign import ForeignArrays, build
from inverse_tracr.model.bridges.haiku import EMBEDDING, UNEMBEDDING, from_haiku
from inverse_tracr.model.encoders import CategoricalOutput, InputEncoder, NumericalOutput, OutputEncoder
from inverse_tracr.model.transformer_program import TransformerProgram
from inverse_tracr.rasp.values import Value

_WHERE = "Tracr model"
_ADVICE = "Use the model that `compile_rasp_to_model` returns"


def from_tracr(assembled: Any) -> TransformerProgram:
    """Convert a `tracr.compiler.assemble.AssembledTransformerModel`.

    The order of the rows of W_E and W_pos and of the columns of W_U is kept. Raises BadInputError when
    the model has LayerNorm or lacks an encoder.
    """
    if assembled.model_config.layer_norm:
        raise BadInputError("LayerNorm is not supported", where=_WHERE, expected="layer_norm=False")
    input_encoder = _input_encoder(assembled.input_encoder)
    output_encoder = _output_encoder(assembled.output_encoder)
    arrays = haiku_arrays(assembled)
    tensors = from_haiku(ForeignArrays(arrays, _WHERE), n_heads=assembled.model_config.num_heads)
    causal = bool(assembled.model_config.causal)
    return build(tensors, input_encoder, output_encoder, causal=causal, where=_WHERE)


def haiku_arrays(assembled: Any) -> dict[str, np.ndarray]:
    """The parameters of an assembled model by flat names, and its unembedding as `unembed/w`.

    `numpy.savez(file, **haiku_arrays(assembled))` is a file that `import_model` reads.
    """
    arrays = {
        f"{module}/{name}": np.asarray(array, dtype=np.float32)
        for module, named in assembled.params.items()
        for name, array in named.items()
    }
    return arrays | {UNEMBEDDING: _unembedding(assembled, d_model=arrays[EMBEDDING].shape[1])}


def _input_encoder(encoder: Any) -> InputEncoder:
    longest = getattr(encoder, "_max_seq_len", None)
    if longest is None or encoder.bos_encoding is None:
        raise BadInputError(
            "the input encoder lacks BOS or a maximal length",
            where=_WHERE,
            got=type(encoder).__name__,
            advice=_ADVICE,
        )
    return InputEncoder(
        tokens=_values(encoder),
        bos=encoder.bos_encoding,
        pad=encoder.pad_encoding,
        max_seq_len=longest - 1,  # Tracr counts BOS
    )


def _output_encoder(encoder: Any) -> OutputEncoder:
    if encoder is None:
        raise BadInputError("there is no output encoder", where=_WHERE, advice=_ADVICE)
    return CategoricalOutput(_values(encoder)) if hasattr(encoder, "encoding_map") else NumericalOutput()


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
