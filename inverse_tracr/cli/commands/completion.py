"""`inverse-tracr completion`."""

from __future__ import annotations

from typing import Literal

from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, note


def completion(
    shell: Literal["bash", "zsh", "fish"] | None = None,
    *,
    install: Flag = False,
) -> None:
    """Print the completion script of a shell, or install it.

    Parameters
    ----------
    shell
        Shell to complete in; the one that runs this command when it is not given.
    install
        Write the script where the shell looks for it, and name it in the shell's start-up file.
    """
    from inverse_tracr.cli.app import build_app

    app = build_app()
    if install:
        note(f"installed: {app.install_completion(shell=shell)}; it works in new shells")
    else:
        emit(app.generate_completion(shell=shell))
