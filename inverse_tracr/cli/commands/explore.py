"""`inverse-tracr explore`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from inverse_tracr.cli.errors import UsageError
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json, note

LAST_PORT = 65_535


def explore(
    model: Path | None = None,
    /,
    *,
    port: int = 0,
    show: Annotated[Flag, Parameter(name="--open")] = False,
    json: Flag = False,
) -> None:
    """Serve a page on this computer where programs are written, compiled, compressed, decompiled, compared.

    Prints the address to open, which holds a token; ends with Ctrl-C. The page answers to this computer
    alone, and asks no other. Needs the extra `serve`.

    Parameters
    ----------
    model
        Model folder (model.safetensors and config.json) to open on the page.
    port
        Port of the address; 0 takes a free one.
    show
        Open the page in the browser.
    json
        Print the address as one JSON object.
    """
    if not 0 <= port <= LAST_PORT:
        raise UsageError("--port", expected=f"0 to {LAST_PORT}", got=str(port))
    from inverse_tracr.explore.server import serve

    def announce(address: str) -> None:
        if json:
            emit_json({"address": address})
        else:
            emit(address)
        sys.stdout.flush()  # a program that started this one waits for the address
        note("Open this address in a browser; Ctrl-C ends the explorer.")
        if show:
            import webbrowser

            webbrowser.open(address)

    serve(port, model, announce)
