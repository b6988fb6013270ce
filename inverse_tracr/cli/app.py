"""The application: its commands, by name, each in a module that is imported when it is used."""

from __future__ import annotations

import sys
from typing import NoReturn

from cyclopts import App

from inverse_tracr import __version__
from inverse_tracr.cli.errors import guarded

_COMMANDS = {
    "decompile": ("decompile:decompile", "Find the RASP program that a model computes, and verify it."),
    "compile": ("compile:compile", "Compile a RASP program to a model folder."),
    "run": ("run:run", "Run a model on an input."),
    "verify": ("verify:verify", "Compare a model with a RASP program, input by input."),
    "show": ("show:show", "Show a program or a model."),
    "import": ("import_model:import_model", "Convert a model of another project to a model folder."),
    "doctor": ("doctor:doctor", "Report versions, extras, threads and caps."),
    "completion": ("completion:completion", "Print or install shell completion."),
}


def build_app() -> App:
    """The application with all of its commands, none of them imported yet."""
    app = App(
        name="inverse-tracr",
        help="From the weights of a transformer to the RASP program that it computes, verified.",
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    for name, (target, summary) in _COMMANDS.items():
        app.command(f"inverse_tracr.cli.commands.{target}", name=name, help=summary)
    return app


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code."""
    arguments = sys.argv[1:]
    sys.exit(guarded(lambda: build_app()(arguments), as_json="--json" in arguments))
