"""`inverse-tracr report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inverse_tracr.cli.destinations import PAGE, Destination, check_file
from inverse_tracr.cli.errors import ExitCode
from inverse_tracr.cli.files import read_model
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit_json, note
from inverse_tracr.cli.verdicts import decompilation_data, exit_code


def report(
    model: Path,
    /,
    *,
    output: Annotated[Destination, Parameter(alias="-o")],
    method: str = "auto",
    json: Flag = False,
) -> ExitCode:
    """Decompile a model and write what was found as one HTML file that opens in any browser.

    The file holds the model, the program and everything else it shows; it loads nothing from any server.
    Exit code 0: equivalent, or no counterexample found; 1: refuted. The file is written either way.

    Parameters
    ----------
    model
        Model folder (model.safetensors and config.json).
    output
        HTML file to write, its name ending in .html.
    method
        How programs are proposed: auto, or the name of a proposer.
    json
        Print one JSON object: report, program, verdict, inputs_checked, agreement, counterexample, and more.
    """
    from inverse_tracr.decompile import decompile as decompile_model
    from inverse_tracr.decompile import method_parts
    from inverse_tracr.report import write_report

    check_file(output, PAGE)
    method_parts(method)
    loaded = read_model(model)
    found = decompile_model(loaded, method=method)
    write_report(loaded, found, output, title=model.resolve().name)
    note(f"{output}: {found.verdict.value}, {output.stat().st_size:,} bytes")
    if json:
        emit_json({"report": str(output), **decompilation_data(found)})
    return exit_code(found.verification)
