"""Tracr's own compiler as an oracle: its CRAFT stage, and the weights of its heads and MLPs by label."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import haiku as hk
import jax
import networkx as nx
from tracr.compiler import (
    assemble,
    basis_inference,
    craft_graph_to_model,
    craft_model_to_transformer,
    expr_to_craft_graph,
    nodes,
    rasp_to_graph,
    validating,
)
from tracr.compiler.assemble import AssembledTransformerModel
from tracr.craft import bases, transformers
from tracr.rasp import rasp

from inverse_tracr.compile import Label
from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import BOS, PAD, Signature
from inverse_tracr.rasp.values import Value, ordered


class TracrRefusesError(Exception):
    """Tracr cannot compile the program; says what Tracr raised."""


@dataclass(frozen=True)
class Craft:
    """What Tracr's CRAFT stage makes of a program: the graph of s-ops and the model."""

    graph: nx.DiGraph[str]
    sink: dict[str, Any]
    model: transformers.SeriesWithResiduals
    names: dict[str, str]

    def label(self, direction: bases.BasisDirection) -> Label:
        """The name of a basis direction without Tracr's unique ids."""
        name, value = str(direction.name), direction.value
        if name.startswith("_hidden_"):
            return Label(self._hidden(name), self._hidden_value(value))
        for suffix in ("_selector_width_attn_output", ""):
            if name.endswith(suffix) and name.removesuffix(suffix) in self.names:
                return Label(self.names[name.removesuffix(suffix)] + suffix, value)
        return Label(name, value)

    def _hidden(self, name: str) -> str:
        inner = name.removeprefix("_hidden_")
        for suffix in ("_start", "_x", "_y", "_"):
            if inner.endswith(suffix) and inner.removesuffix(suffix) in self.names:
                return f"_hidden_{self.names[inner.removesuffix(suffix)]}{suffix}"
        return name

    def _hidden_value(self, value: Any) -> Any:
        if isinstance(value, tuple) and len(value) == 4:
            first, x, second, y = value
            return (self.names.get(first, first), x, self.names.get(second, second), y)
        return value


def craft(program: Program, signature: Signature) -> Craft:
    """Everything that `compile_rasp_to_model` does before it makes arrays for JAX.

    Raises TracrRefusesError where Tracr raises, then or later for want of `tokens`.
    """
    try:
        with silent():
            return _craft(program.to_tracr(signature), signature)
    except Exception as error:  # Tracr raises whatever comes: TypeError, IndexError, AssertionError
        raise TracrRefusesError(f"{type(error).__name__}: {error}") from error


def _craft(tip: rasp.SOp, signature: Signature) -> Craft:
    unsupported = validating.static_validate(tip)
    if unsupported:
        raise NotImplementedError(unsupported[0].reason)  # as Tracr's own compile_rasp_to_model does
    extracted = rasp_to_graph.extract_rasp_graph(tip)
    graph, sink = extracted.graph, extracted.sink
    vocab: Any = set(signature.vocab)  # tuples are values too, which Tracr's own type leaves out
    basis_inference.infer_bases(graph, sink, vocab, signature.max_seq_len)
    expr_to_craft_graph.add_craft_components_to_rasp_graph(
        graph, bos_dir=bases.BasisDirection(rasp.tokens.label, BOS)
    )
    model = craft_graph_to_model.craft_graph_to_model(graph, extracted.sources)
    if rasp.tokens.label not in graph.nodes:
        raise ValueError("the program does not use tokens")
    names = {label: node[nodes.EXPR].name for label, node in graph.nodes.items()}
    return Craft(graph, sink, model, names)


def assemble_craft(made: Craft, signature: Signature) -> AssembledTransformerModel:
    """The rest of `compile_rasp_to_model`; raises TracrRefusesError where Tracr raises.

    The random numbers that Haiku draws first, all of which Tracr overwrites, are zeros here, and what JAX
    would compile operation by operation is compiled as a whole: a quarter of the time.
    """
    zeros = hk.initializers.Constant(0.0)
    unseeded = mock.patch.object(hk.initializers, "VarianceScaling", return_value=zeros)
    whole = mock.patch.object(hk, "without_apply_rng", _compiled_whole)
    try:
        with silent(), unseeded, whole:
            return craft_model_to_transformer.craft_model_to_transformer(
                craft_model=made.model,
                graph=made.graph,
                sink=made.sink,
                max_seq_len=signature.max_seq_len,
                causal=signature.causal,
                compiler_bos=BOS,
                compiler_pad=PAD,
            )
    except Exception as error:
        raise TracrRefusesError(f"{type(error).__name__}: {error}") from error


_without_apply_rng = hk.without_apply_rng


def _compiled_whole(transformed: hk.Transformed) -> hk.Transformed:
    pure = _without_apply_rng(transformed)
    return hk.Transformed(init=jax.jit(pure.init), apply=jax.jit(pure.apply))


def residual_labels(made: Craft, signature: Signature) -> list[Label]:
    """The basis of the assembled model's residual stream, in order."""
    tokens = bases.VectorSpaceWithBasis.from_values(rasp.tokens.label, {*signature.vocab, BOS, PAD})
    indices = bases.VectorSpaceWithBasis.from_values(rasp.indices.label, range(signature.max_seq_len))
    output = bases.VectorSpaceWithBasis(made.sink[nodes.OUTPUT_BASIS])
    space = bases.join_vector_spaces(made.model.residual_space, tokens, indices, output)
    return [made.label(direction) for direction in space.basis]


def sizes_and_places(made: Craft) -> tuple[Any, list[tuple[int, str]]]:
    """Tracr's sizes, and (layer, "attn" or "mlp") of every block of the CRAFT model."""
    # Tracr has no public way to learn the sizes that it will choose.
    config, names = assemble._get_model_config_and_module_names(made.model)  # pyright: ignore[reportPrivateUsage]
    places = [name.removeprefix("transformer/layer_").split("/") for name in names]
    return config, [(int(layer), kind) for layer, kind in places]


def check_assembly(made: Craft) -> None:
    """Raise TracrRefusesError where JAX would fail: wider values than keys, an output without values."""
    if not made.sink[nodes.OUTPUT_BASIS]:
        raise TracrRefusesError("ValueError: attempt to get argmax of an empty sequence")
    heads = [head for block in made.model.blocks for head in heads_of(block)]
    key_size = max((max(head.w_qk.matrix.shape) for head in heads), default=1)
    if any(head.w_ov.matrix.shape[1] > key_size for head in heads):
        raise TracrRefusesError("ValueError: values are wider than keys")


def heads_of(block: Any) -> list[transformers.AttentionHead]:
    """The heads of a half-layer; none for an MLP."""
    return [] if isinstance(block, transformers.MLP) else list(block.as_multi().heads())


def is_ordered(values: Sequence[Value]) -> bool:
    """Whether Tracr's comparison puts `values` into one order.

    Numbers compare as numbers, a number and a string as strings: 2 < 10, "10" < "10x", "10x" < "2", and
    1 is neither before nor behind "1". The order of such a set, and with it which value a head moves where,
    hangs on Python's hash seed.
    """
    directions = [bases.BasisDirection("", value) for value in ordered(values)]
    return all(earlier < later for i, later in enumerate(directions) for earlier in directions[:i])


@contextlib.contextmanager
def silent() -> Generator[None]:
    """Without Tracr's warnings."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
