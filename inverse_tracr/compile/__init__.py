"""From programs to weights, exactly Tracr's, and fast.

In come a program and a signature; out goes a model, or an error that says which line cannot be compiled.
A plan lays everything out (value sets, half-layers, heads, neurons, residual dimensions) before any array
is allocated; the emitter writes the arrays. Mode `tracr` reproduces Tracr's faults, mode `fixed` mends them.
Nothing here knows how programs are sampled or found.
"""

from inverse_tracr.callable_package import make_callable
from inverse_tracr.compile.compiler import Compiled, compile_for, compile_program, compile_weights
from inverse_tracr.compile.craft_labels import Label, dim_labels, neuron_labels
from inverse_tracr.compile.faults import Fault, FaultKind
from inverse_tracr.compile.mode import CompileError, Mode
from inverse_tracr.compile.plan import DEFAULT_CAP, Plan, plan
from inverse_tracr.compile.soundness import plan_soundness, soundness

__all__ = [
    "DEFAULT_CAP",
    "CompileError",
    "Compiled",
    "Fault",
    "FaultKind",
    "Label",
    "Mode",
    "Plan",
    "compile_for",
    "compile_program",
    "compile_weights",
    "dim_labels",
    "neuron_labels",
    "plan",
    "plan_soundness",
    "soundness",
]

make_callable(__name__, compile_for)
