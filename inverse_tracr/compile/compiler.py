"""From a program to a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from inverse_tracr.compile.emit import emit
from inverse_tracr.compile.mode import Mode
from inverse_tracr.compile.plan import DEFAULT_CAP, Plan, plan
from inverse_tracr.model import CategoricalOutput, InputEncoder, NumericalOutput, TransformerProgram, Weights
from inverse_tracr.model.encoders import OutputEncoder
from inverse_tracr.rasp.program import Encoding, Program
from inverse_tracr.rasp.signature import BOS, PAD, Signature
from inverse_tracr.rasp.values import Value


@dataclass(frozen=True)
class Compiled:
    """A compiled program: its plan and weights; `model` is the module, made when asked for."""

    plan: Plan
    weights: Weights

    @cached_property
    def input_encoder(self) -> InputEncoder:
        """Rows of W_E in Tracr's order, BOS and PAD among them."""
        rows = self.plan.rows
        return InputEncoder(rows, rows.index(BOS), rows.index(PAD), self.plan.signature.max_seq_len)

    @cached_property
    def output_encoder(self) -> OutputEncoder:
        """Values of the returned line, one a column of W_U; or numbers."""
        output = self.plan.program.output
        if self.plan.program.encoding(output) is Encoding.NUMERICAL:
            return NumericalOutput()
        return CategoricalOutput(self.plan.values[output])

    @cached_property
    def model(self) -> TransformerProgram:
        """The compiled model."""
        return TransformerProgram(self.plan.config, self.weights, self.input_encoder, self.output_encoder)


def compile_weights(
    program: Program, signature: Signature, *, mode: Mode = Mode.TRACR, cap: int = DEFAULT_CAP
) -> Compiled:
    """Compile without making a module; errors as `compile_program`."""
    layout = plan(program, signature, mode=mode, cap=cap)
    return Compiled(layout, emit(layout))


def compile_program(
    program: Program, signature: Signature, *, mode: Mode = Mode.TRACR, cap: int = DEFAULT_CAP
) -> TransformerProgram:
    """The model that Tracr would compile `program` to (`Mode.TRACR`), or one without Tracr's faults.

    Raises ProgramError or CompileError for a program that cannot be compiled, CapExceededError for one
    whose model would have more than `cap` parameters; nothing is allocated before that.
    """
    return compile_weights(program, signature, mode=mode, cap=cap).model


def compile_for(
    program: Program,
    *,
    vocab: Sequence[Value],
    max_seq_len: int,
    causal: bool = False,
    mode: Mode | str = Mode.TRACR,
    cap: int = DEFAULT_CAP,
) -> TransformerProgram:
    """`compile_program` with the signature written out; this is `inverse_tracr.compile`."""
    signature = Signature(tuple(vocab), max_seq_len, causal)
    return compile_program(program, signature, mode=Mode(mode), cap=cap)
