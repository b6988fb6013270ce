"""The explorer in this process: asked by a client, and served for the browser."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from inverse_tracr.explore.app import build_app
from inverse_tracr.explore.guard import Access

TOKEN = "the-token-of-the-tests"  # noqa: S105, of no use elsewhere


@pytest.fixture(scope="session")
def listener() -> Iterator[socket.socket]:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


@pytest.fixture(scope="session")
def access(listener: socket.socket) -> Access:
    return Access(TOKEN, listener.getsockname()[1])


@pytest.fixture(scope="session")
def app(access: Access) -> FastAPI:
    return build_app(access)


@pytest.fixture(scope="session")
def stranger(app: FastAPI, access: Access) -> Iterator[TestClient]:
    """A client at the right address, without the token."""
    with TestClient(app, base_url=f"http://127.0.0.1:{access.port}", follow_redirects=False) as client:
        yield client


@dataclass(frozen=True)
class Api:
    """The API as the page uses it."""

    client: TestClient

    def get(self, path: str, status: int = 200) -> Any:
        response = self.client.get(f"/api/{path}", headers=self.headers)
        assert response.status_code == status, response.text
        return response.json()

    def post(self, path: str, status: int = 201, **body: object) -> Any:
        headers = {**self.headers, "Content-Type": "application/json"}
        response = self.client.post(f"/api/{path}", content=json.dumps(body), headers=headers)
        assert response.status_code == status, response.text
        return response.json()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKEN}"}

    def job(self, task: str, **body: object) -> dict[str, Any]:
        """Start a job and wait until it is over."""
        return self.over(self.post(f"jobs/{task}", 202, **body)["id"])

    def over(self, job: str) -> dict[str, Any]:
        """A job when it is over."""
        for _ in range(3_000):
            answer = self.get(f"jobs/{job}")
            if answer["state"] != "running":
                return answer
            time.sleep(0.02)
        raise AssertionError(f"{job} does not end")


@pytest.fixture(scope="session")
def api(stranger: TestClient) -> Api:
    return Api(stranger)


@pytest.fixture(scope="session")
def served(app: FastAPI, api: Api, listener: socket.socket, access: Access) -> Iterator[str]:
    """The address that the terminal would print; the client's lifespan is the application's."""
    del api
    listener.listen(64)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{access.port}/?token={TOKEN}"
    server.should_exit = True
    thread.join(10)
