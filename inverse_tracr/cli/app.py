"""The application: its commands, by name, each in a module that is imported when it is used."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from inverse_tracr import __version__
from inverse_tracr.cli.errors import ExitCode, guarded
from inverse_tracr.cli.output import emit

if TYPE_CHECKING:
    from cyclopts import App

SUMMARY = "From the weights of a transformer to the RASP program that it computes, verified."

COMMANDS = {
    "decompile": ("decompile:decompile", "Find the RASP program that a model computes, and verify it."),
    "compile": ("compile:compile_", "Compile a RASP program to a model folder."),
    "run": ("run:run", "Run a model on an input."),
    "verify": ("verify:verify", "Compare a model with a RASP program, input by input."),
    "show": ("show:show", "Show a program, or what a model is made of."),
    "report": ("report:report", "Decompile a model and write what was found as an HTML page."),
    "explore": ("explore:explore", "Serve a local page to write, compile, compress, decompile and compare."),
    "picture": ("picture:picture", "Draw a model as its program explains it."),
    "import": ("import_:import_", "Convert a model of another project to a model folder."),
    "export": ("export:export", "Write a model for TransformerLens."),
    "sample": ("sample:sample", "Sample random programs, or print statistics of a sample."),
    "zoo": ("zoo:zoo", "Build, check and export datasets of models with known programs."),
    "train": ("train:train", "Train a meta-model that writes programs off models."),
    "evaluate": ("evaluate:evaluate", "Measure a decompiler on the test sets."),
    "doctor": ("doctor:doctor", "Report versions, extras, threads and caps."),
    "completion": ("completion:completion", "Print or install the completion of a shell."),
}
"""Name of each command: its module and function under `inverse_tracr.cli.commands`, and its summary."""


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code.

    SIGTERM, which schedulers send, ends work as Ctrl-C does: cleanly, its workers too.
    """
    arguments = sys.argv[1:]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(guarded(lambda: run(arguments), as_json="--json" in arguments))


def run(arguments: list[str]) -> ExitCode | None:
    """Run one command; raises its errors.

    What needs no command is answered before the library that parses arguments is imported, which takes
    most of the time of a `--help`.
    """
    match arguments:
        case [] | ["--help"] | ["-h"]:
            return emit(root_help())
        case ["--version"]:
            return emit(__version__)
        case _:
            return build_app()(arguments)


def root_help() -> str:
    """What `inverse-tracr --help` prints."""
    width = max(map(len, COMMANDS)) + 3
    commands = "\n".join(f"  {name:<{width}}{summary}" for name, (_, summary) in COMMANDS.items())
    return f"""\
Usage: inverse-tracr COMMAND [OPTIONS]

{SUMMARY}

Commands:
{commands}

`inverse-tracr COMMAND --help` says more. Every command that prints data takes --json.
Exit codes: 0 done, 1 refuted or a problem found, 2 usage, 3 bad input, 4 a cap was hit, 130 interrupted.
"""


def build_app() -> App:
    """The application with all of its commands, none of them imported yet."""
    from cyclopts import App

    app = App(
        name="inverse-tracr",
        help=SUMMARY,
        version=__version__,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    for name, (target, summary) in COMMANDS.items():
        app.command(f"inverse_tracr.cli.commands.{target}", name=name, help=summary)
    return app
