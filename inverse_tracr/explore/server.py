"""Serving the explorer on loopback."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from inverse_tracr.errors import BadInputError
from inverse_tracr.explore.app import build_app
from inverse_tracr.explore.examples import examples
from inverse_tracr.explore.guard import Access

LOOPBACK = "127.0.0.1"


def serve(port: int, model: Path | None, announce: Callable[[str], None]) -> None:
    """Serve until interrupted, and raise KeyboardInterrupt then.

    `announce` gets the address, token included, once requests are taken.

    `port` 0 takes any free one. A `model` folder is opened on the page. Raises BadInputError when the port
    is taken, ModelFileError for a model that cannot be read.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as error:
            raise BadInputError(
                error.strerror or str(error),
                where=f"port {port}",
                advice="Without --port a free one is taken",
            ) from error
        access = Access(secrets.token_urlsafe(24), listener.getsockname()[1])
        app = build_app(access)
        try:
            opened = "" if model is None else f"#model={app.state.workplace.shelf.add(model).id}"
            examples()  # read now, so that the first view need not wait
            listener.listen(64)
            announce(f"http://{LOOPBACK}:{access.port}/?token={access.token}{opened}")
            uvicorn.Server(_config(app)).run(sockets=[listener])
            # Nothing but an interrupt ends it; the server passes that on or not, as it comes.
            raise KeyboardInterrupt
        finally:
            app.state.workplace.close()


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=2,
    )
