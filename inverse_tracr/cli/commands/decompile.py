"""`inverse-tracr decompile`."""

from __future__ import annotations

from pathlib import Path

from inverse_tracr.cli.destinations import PAGE, Destination, check_file
from inverse_tracr.cli.errors import ExitCode
from inverse_tracr.cli.files import read_model
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json, note
from inverse_tracr.cli.verdicts import decompilation_data, decompilation_text, exit_code


def decompile(
    model: Path,
    /,
    *,
    method: str = "auto",
    report: Destination | None = None,
    json: Flag = False,
) -> ExitCode:
    """Find the RASP program that a model computes, and verify it.

    Prints the program, then the verdict as comments, so that the output is itself a program file.
    Exit code 0: equivalent, or no counterexample found; 1: refuted.

    Parameters
    ----------
    model
        Model folder (model.safetensors and config.json).
    method
        How programs are found: some of lift, unmix, linear, meta, search, repair joined by +, as in
        lift+search, or auto: all of them, cheapest first.
    report
        HTML file (.html) to write, too: the program beside the model, to look at and to step through.
    json
        Print one JSON object: program, verdict, inputs_checked, agreement, counterexample, seconds, and more.
    """
    from inverse_tracr.decompile import decompile as decompile_model
    from inverse_tracr.decompile import method_parts

    method_parts(method)
    if report is not None:
        check_file(report, PAGE)
    loaded = read_model(model)
    found = decompile_model(loaded, method=method)
    if report is not None:
        from inverse_tracr.report import write_report

        write_report(loaded, found, report, title=model.resolve().name)
        note(f"{report}: written")
    if json:
        emit_json(decompilation_data(found))
    else:
        emit(decompilation_text(found))
    return exit_code(found.verification)
