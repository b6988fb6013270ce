"""The application: routes behind the guard, errors as JSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from inverse_tracr import __version__, errors
from inverse_tracr.explore import pages, routes
from inverse_tracr.explore.answers import Failure, FailureAnswer
from inverse_tracr.explore.failures import failure_of
from inverse_tracr.explore.guard import Access, Guard
from inverse_tracr.explore.jobs import Jobs, TooBusyError
from inverse_tracr.explore.shelf import NotHereError, Shelf


def build_app(access: Access) -> FastAPI:
    """An application with a shelf and jobs of its own, which end with it."""
    workplace = routes.Workplace(Shelf(), Jobs())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        yield
        workplace.close()

    app = FastAPI(
        title="Inverse Tracr explorer",
        version=__version__,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.workplace = workplace
    app.include_router(pages.router)
    app.include_router(routes.router)
    app.add_exception_handler(errors.InverseTracrError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _no_such_thing)
    app.add_middleware(Guard, access=access)
    return app


def _expected(_request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.InverseTracrError)
    return _answer(_status(error), failure_of(error))


def _status(error: errors.InverseTracrError) -> int:
    match error:
        case NotHereError():
            return 404
        case TooBusyError():
            return 429
        case errors.CapExceededError():
            return 413
        case _:
            return 400


def _malformed(_request: Request, error: Exception) -> Response:
    """A request that does not fit its description: the first of its problems."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    got = repr(first.get("input"))[:80]
    failure = Failure(kind="Malformed", problem=str(first["msg"]), where=where, got=got)
    return _answer(422, failure)


def _no_such_thing(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = _answer(error.status_code, Failure(kind="HTTP", problem=str(error.detail)))
    response.headers.update(error.headers or {})
    return response


def _answer(status: int, failure: Failure) -> Response:
    return JSONResponse(FailureAnswer(error=failure).model_dump(), status)
