"""Packages that are called: `inverse_tracr.compile(program, ...)` beside `inverse_tracr.compile.layout`.

The public function and the package that holds it have one name, and Python binds a submodule to its
parent as soon as anything imports it; so the module itself takes the call.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def make_callable(package: str, function: Callable[..., Any]) -> None:
    """Let the imported module named `package` be called as `function` is."""

    class CallablePackage(ModuleType):
        __doc__ = function.__doc__

        def __call__(self, *arguments: Any, **options: Any) -> Any:
            return function(*arguments, **options)

    sys.modules[package].__class__ = CallablePackage
