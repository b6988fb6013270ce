"""`inverse-tracr verify`."""

from __future__ import annotations

from pathlib import Path

from inverse_tracr.cli.errors import ExitCode
from inverse_tracr.cli.files import read_model, read_program
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json, note
from inverse_tracr.cli.verdicts import exit_code, verdict_data, verdict_text


def verify(model: Path, program: Path, /, *, json: Flag = False) -> ExitCode:
    """Compare a model with a RASP program, input by input.

    The program is interpreted, and compiled again, on the inputs of the model's own signature.
    Exit code 0: equivalent, or no counterexample found; 1: refuted.

    Parameters
    ----------
    model
        Model folder (model.safetensors and config.json).
    program
        Program in the text form: a file, or a pipe such as /dev/stdin.
    json
        Print one JSON object: verdict, inputs_checked, agreement, counterexample.
    """
    from inverse_tracr.decompile import verify as verify_program

    loaded = read_model(model)
    source = read_program(program)
    if source.signature not in (None, loaded.signature):
        note("the program's header says another signature than the model; the model's is taken")
    found = verify_program(loaded, source.program)
    if json:
        emit_json(verdict_data(found))
    else:
        emit(verdict_text(found))
    return exit_code(found)
