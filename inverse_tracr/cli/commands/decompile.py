"""`inverse-tracr decompile`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from inverse_tracr.cli.errors import ExitCode
from inverse_tracr.cli.files import read_model
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json
from inverse_tracr.cli.verdicts import exit_code, verdict_data, verdict_text


def decompile(model: Path, /, *, method: Literal["auto", "lift"] = "auto", json: Flag = False) -> ExitCode:
    """Find the RASP program that a model computes, and verify it.

    Prints the program, then the verdict as comments, so that the output is itself a program file.
    Exit code 0: equivalent, or no counterexample found; 1: refuted.

    Parameters
    ----------
    model
        Model folder (model.safetensors and config.json).
    method
        How programs are proposed.
    json
        Print one JSON object: program, verdict, inputs_checked, agreement, counterexample, seconds.
    """
    from inverse_tracr.decompile import decompile as decompile_model
    from inverse_tracr.rasp import print_program

    loaded = read_model(model)
    found = decompile_model(loaded, method=method)
    program = print_program(found.program, loaded.signature)
    if json:
        emit_json({"program": program, **verdict_data(found), "seconds": found.seconds})
    else:
        emit(program)
        emit(verdict_text(found))
    return exit_code(found)
