"""What every request passes first: the right host, no other site, the token, a bounded body.

The page is reached at the address that the terminal prints, which holds the token; the browser then keeps it
in a cookie that no script and no other site can use.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inverse_tracr.explore.answers import MAX_CONFIG, MAX_WEIGHTS, Failure, FailureAnswer

MAX_BODY = MAX_WEIGHTS * 4 // 3 + 2 * MAX_CONFIG
SAFE_METHODS = frozenset({"GET", "HEAD"})

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = "sandbox allow-scripts; frame-ancestors 'self'"
"""Reports bring a policy of their own; the sandbox gives them an origin of their own, away from the API."""

HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Access:
    """Who may ask: the token, and the port on which this computer's own addresses are served."""

    token: str
    port: int

    @property
    def hosts(self) -> frozenset[str]:
        """Host headers of this server."""
        return frozenset(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    @property
    def cookie(self) -> str:
        """Name of the cookie; browsers share cookies between ports."""
        return f"inverse_tracr_{self.port}"


class Guard:
    """Refuses what does not come from this computer's own browser and the person at it."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a refusal."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        await self._app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self._access.hosts:
            return refused(
                421, "this server answers at its own address only", "Host", sorted(self._access.hosts)
            )
        if not self._same_site(scope["method"], headers):
            return refused(
                403, "the request comes from another site", "Origin", [f"http://{headers['host']}"]
            )
        if "transfer-encoding" in headers:
            return refused(411, "the request does not say how long it is", "Content-Length", ["a length"])
        if _declared(headers) > MAX_BODY:
            return refused(413, "the request is too large", "Content-Length", [f"{MAX_BODY} bytes at most"])
        if self._known(headers):
            return None
        if scope["path"] == "/" and scope["method"] in SAFE_METHODS:
            return self._enter(scope)
        return refused(401, "the token is missing or wrong", "cookie or Authorization header", ["the token"])

    def _same_site(self, method: str, headers: Headers) -> bool:
        """Whether a request comes from our own page, from no page at all, or only looks at the first one."""
        site = headers.get("sec-fetch-site", "none")
        if method in SAFE_METHODS and headers.get("sec-fetch-mode") == "navigate":
            return True
        origin = headers.get("origin")
        own = origin is None or origin == f"http://{headers['host']}"
        return own and site in ("none", "same-origin")

    def _known(self, headers: Headers) -> bool:
        given = headers.get("authorization", "").removeprefix("Bearer ")
        return self._right(given) or self._right(_cookies(headers).get(self._access.cookie, ""))

    def _right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._access.token.encode())

    def _enter(self, scope: Scope) -> Response:
        """The first visit: with the token in the address, the cookie is set and the address is cleaned."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if not self._right(query.get("token", [""])[0]):
            return PlainTextResponse(
                "Inverse Tracr's explorer is here, but this address lacks its token.\n"
                "Open the address that the terminal printed.\n",
                401,
            )
        response = RedirectResponse("/", 303)
        response.set_cookie(self._access.cookie, self._access.token, httponly=True, samesite="strict")
        return response


def refused(status: int, problem: str, where: str, expected: list[str]) -> JSONResponse:
    """A refusal as JSON."""
    failure = Failure(kind="Refused", problem=problem, where=where, expected=" or ".join(expected))
    return JSONResponse(FailureAnswer(error=failure).model_dump(), status)


def _cookies(headers: Headers) -> Mapping[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _declared(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0


def _with_headers(send: Send) -> Send:
    """`send`, with the headers that keep pages to themselves, where an answer does not bring its own."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
