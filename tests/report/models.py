"""Models for the tests of report/, each with what a decompiler would say of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from inverse_tracr.compile import Mode
from inverse_tracr.compile.compiler import compile_weights
from inverse_tracr.compile.plan import Plan
from inverse_tracr.decompile import Decompilation, LineEvidence, Verdict, Verification
from inverse_tracr.model import TransformerProgram, Weights
from inverse_tracr.rasp import Signature, parse_source
from inverse_tracr.rasp.program import Aggregate, Program, Select, SelectorWidth

SORT = """\
# signature: vocab=[1, 2, 3] max_seq_len=4
smaller = select(tokens, tokens, <)
target = selector_width(smaller)
here = select(target, indices, ==)
ordered = aggregate(here, tokens)
return ordered
"""

MIXED = """\
# signature: vocab=[a, b, c] max_seq_len=5
same = select(tokens, tokens, ==)
before = select(indices, indices, k == q - 1)
count = selector_width(same)
often = map(count, x > 1)
moved = aggregate(before, often)
said = sequence_map(tokens, moved, {("a", True): "u", ("b", False): "v", _: "w"})
return said
"""

NUMBERS = """\
# signature: vocab=[x, y, z] max_seq_len=5 causal
all = select(indices, indices, True)
is_x = map(tokens, x == "x", numerical)
is_y = map(tokens, x == "y", numerical)
share_x = aggregate(all, is_x, numerical)
share_y = aggregate(all, is_y, numerical)
more = linear_sequence_map(share_x, share_y, 1, -2)
return more
"""

THRESHOLD = """\
# signature: vocab=[x, y] max_seq_len=6
all = select(indices, indices, <=)
is_x = map(tokens, x == "x", numerical)
share = aggregate(all, is_x, numerical)
many = map(share, x > 0.4)
return many
"""

HOSTILE = """\
# signature: vocab=["<script>alert(1)</script>", "</script>", "a b", ",", "\\"", "{{data}}"] max_seq_len=3
same = select(tokens, tokens, ==)
count = selector_width(same)
said = sequence_map(tokens, count, {("</script>", 1): "<img src=x onerror=alert(1)>", _: "<!--"})
return said
"""

EVERY = {"sort": SORT, "mixed": MIXED, "numbers": NUMBERS, "threshold": THRESHOLD, "hostile": HOSTILE}

Known = tuple[TransformerProgram, Decompilation]


@cache
def known(text: str) -> Known:
    """The model that a program compiles to, and the decompilation that a perfect decompiler would give."""
    source = parse_source(text)
    assert source.signature is not None
    compiled = compile_weights(source.program, source.signature, mode=Mode.FIXED)
    program = compiled.plan.program
    found = decompilation(program, source.signature, evidence_of(compiled.plan))
    return compiled.model, found


def decompilation(
    program: Program | None,
    signature: Signature,
    evidence: Sequence[LineEvidence] = (),
    verification: Verification | None = None,
) -> Decompilation:
    """A finished decompilation that took a fixed time."""
    verification = verification or Verification(Verdict.EQUIVALENT, 100, 1.0)
    return Decompilation(
        program,
        signature,
        verification,
        "lift",
        1,
        0.25,
        tuple(evidence),
        partial="" if program is not None else "unknown(everything)\n",
        unexplained=() if program is not None else ("row 0 of W_E",),
        tried=("lift: 1",),
    )


def evidence_of(plan: Plan) -> tuple[LineEvidence, ...]:
    """Where the compiler put each line of its program."""
    return tuple(_evidence(plan, position) for position in range(len(plan.program)))


def _evidence(plan: Plan, position: int) -> LineEvidence:
    program = plan.program
    line, name = program.lines[position], program.names[position]
    if isinstance(line, Select):
        users = [p for p, user in enumerate(program.lines) if _reads(user, position)]
        heads = tuple(_named(*plan.heads[p]) for p in users)
        return LineEvidence(name, 2 * plan.heads[users[0]][0], heads, (), ())
    heads = (_named(*plan.heads[position]),) if position in plan.heads else ()
    layer, first, count = plan.neurons.get(position, (plan.heads.get(position, (0, 0))[0], 0, 0))
    neurons = tuple(_named(layer, first + n) for n in range(count))
    scratch = [plan.scratch[position]] if position in plan.scratch else []
    dims = (*scratch, *plan.dims[position].tolist())
    half = 2 * layer + (0 if heads else 1)
    return LineEvidence(name, half, heads, neurons, dims)


def _reads(line: object, selector: int) -> bool:
    return isinstance(line, Aggregate | SelectorWidth) and line.selector == selector


def _named(layer: int, number: int) -> str:
    return f"{layer}.{number}"


def rotated(model: TransformerProgram, *, seed: int = 0) -> TransformerProgram:
    """The same function with its residual stream turned, so that no dimension holds one thing."""
    size = model.config.d_model
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))
    weights = model.weights()
    writes = {
        name: getattr(weights, name) @ turn for name in ("W_E", "W_pos", "W_O", "W_out", "b_O", "b_out")
    }
    reads = {
        name: np.einsum("ji,...jk->...ik", turn, getattr(weights, name))
        for name in ("W_Q", "W_K", "W_V", "W_in", "W_U")
    }
    turned = {name: array.astype(np.float32) for name, array in {**writes, **reads}.items()}
    others = {name: getattr(weights, name) for name in ("b_Q", "b_K", "b_V", "b_in", "b_U")}
    return TransformerProgram(
        model.config, Weights(**turned, **others), model.input_encoder, model.output_encoder
    )


def without_parts(found: Decompilation) -> Decompilation:
    """Evidence as the search gives it: half-layers only."""
    assert found.program is not None
    evidence = [LineEvidence(e.line, e.half_layer, (), (), ()) for e in found.evidence]
    return decompilation(found.program, found.signature, evidence, found.verification)


def random_weights(model: TransformerProgram, *, seed: int = 0) -> TransformerProgram:
    """A model of the same sizes that computes nothing in particular, biases included."""
    rng = np.random.default_rng(seed)
    weights = model.weights()
    arrays = {
        name: (0.3 * rng.normal(size=array.shape)).astype(np.float32) for name, array in vars(weights).items()
    }
    return TransformerProgram(model.config, Weights(**arrays), model.input_encoder, model.output_encoder)


def large() -> str:
    """A program of 12 half-layers in a residual stream of 568 dimensions."""
    vocab = "abcdefghijklmn"
    rows = [f"# signature: vocab=[{', '.join(vocab)}] max_seq_len=15"]
    rows += ["s0 = select(tokens, tokens, ==)", "w0 = selector_width(s0)"]
    for i in range(1, 5):
        sign = "<=" if i % 2 else "=="
        rows += [f"s{i} = select(w{i - 1}, w{i - 1}, {sign})", f"w{i} = selector_width(s{i})"]
    rows += ["pair = sequence_map(tokens, w0, (x, y))", "near = select(w4, w3, ==)"]
    rows += ["moved = aggregate(near, pair)", 'last = map(moved, {("a", 1): "u", ("b", 2): "v", _: "w"})']
    return "\n".join([*rows, "return last"])
