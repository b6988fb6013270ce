"""Nothing but this computer's own browser, with the token, gets past the guard."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from inverse_tracr.explore.guard import MAX_BODY, Access
from tests.explore.conftest import TOKEN, Api

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def problem(client: TestClient, path: str, headers: dict[str, str], status: int, method: str = "GET") -> str:
    response = client.request(method, path, headers=headers)
    assert response.status_code == status, response.text
    return response.json()["error"]["problem"]


@pytest.mark.parametrize("path", ["/api/examples", "/api/openapi.json", "/static/main.js", "/nothing"])
def test_without_the_token_nothing_is_answered(path: str, stranger: TestClient) -> None:
    assert "token" in problem(stranger, path, {}, 401)
    assert "token" in problem(stranger, path, {"Authorization": "Bearer wrong"}, 401)
    assert "token" in problem(stranger, path, {"Cookie": "inverse_tracr_1=wrong; ="}, 401)


def test_the_token_in_the_address_becomes_a_cookie_that_no_script_reads(
    stranger: TestClient, access: Access
) -> None:
    response = stranger.get(f"/?token={TOKEN}")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"inverse_tracr_{access.port}={TOKEN}")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    stranger.cookies.clear()
    page = stranger.get("/", headers={"Cookie": f"{access.cookie}={TOKEN}"})
    assert page.status_code == 200
    assert "<h1>" in page.text


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%ff&token=%00"])
def test_the_first_page_says_what_is_missing(query: str, stranger: TestClient) -> None:
    response = stranger.get(f"/{query}")
    assert response.status_code == 401
    assert "the terminal printed" in response.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", ""])
def test_another_host_name_is_refused(host: str, stranger: TestClient) -> None:
    assert "address" in problem(stranger, "/api/examples", {**BEARER, "Host": host}, 421)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_another_site_is_refused(method: str, headers: dict[str, str], stranger: TestClient) -> None:
    said = problem(stranger, "/api/examples", {**BEARER, **headers}, 403, method)
    assert said == "the request comes from another site"


def test_the_own_page_may_ask(stranger: TestClient, access: Access) -> None:
    for name in ("127.0.0.1", "localhost", "[::1]"):
        host = f"{name}:{access.port}"
        headers = {**BEARER, "Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
        assert stranger.post("/api/check", json={"text": ""}, headers=headers).status_code == 200


def test_a_body_without_bounds_is_refused(stranger: TestClient) -> None:
    headers = {**BEARER, "Content-Length": str(MAX_BODY + 1)}
    assert stranger.post("/api/check", headers=headers, content=b"{}").status_code == 413
    chunks = stranger.post("/api/check", headers=BEARER, content=iter([b"{}"]))
    assert chunks.status_code == 411


def test_every_answer_keeps_to_itself(stranger: TestClient) -> None:
    for path in ("/", "/api/examples", "/static/style.css", "/nothing"):
        headers = stranger.get(path, headers=BEARER).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_no_file_but_the_page_s_own_is_served(api: Api) -> None:
    for name in ("..%2fpage.html", "page.html", "%2e%2e/app.py", "explore.css"):
        response = api.client.get(f"/static/{name}", headers=api.headers)
        assert response.status_code == 404, name
