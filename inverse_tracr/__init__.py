"""From the weights of a transformer to the RASP program that it computes, verified.

    import inverse_tracr as it
    model = it.load("path")
    found = it.decompile(model)
    print(found.program, found.verdict)

Names are imported when they are first used, so that `import inverse_tracr` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inverse_tracr.compile import compile_for as compile
    from inverse_tracr.decompile import Decompilation, Verdict, decompile, verify
    from inverse_tracr.errors import BadInputError, CapExceededError, InverseTracrError
    from inverse_tracr.model import TransformerProgram, load
    from inverse_tracr.rasp import Program, Signature, parse

__version__ = "0.1.0"

__all__ = [
    "BadInputError",
    "CapExceededError",
    "Decompilation",
    "InverseTracrError",
    "Program",
    "Signature",
    "TransformerProgram",
    "Verdict",
    "__version__",
    "compile",
    "decompile",
    "load",
    "parse",
    "verify",
]

_HOMES = {
    "BadInputError": "errors",
    "CapExceededError": "errors",
    "Decompilation": "decompile",
    "InverseTracrError": "errors",
    "Program": "rasp",
    "Signature": "rasp",
    "TransformerProgram": "model",
    "Verdict": "decompile",
    "load": "model",
    "parse": "rasp",
    "verify": "decompile",
}
_CALLABLE_PACKAGES = ("compile", "decompile")


def __getattr__(name: str) -> object:
    if name in _CALLABLE_PACKAGES:
        return import_module(f"inverse_tracr.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'inverse_tracr' has no attribute {name!r}")
    value: object = getattr(import_module(f"inverse_tracr.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
