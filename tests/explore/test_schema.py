"""The API keeps to its own description, whatever it is sent: answers, status codes, errors, no fault."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.explore.conftest import TOKEN, Api

OPERATIONS = (
    "GET /api/examples",
    "POST /api/check",
    "POST /api/models",
    "POST /api/models/shipped",
    "GET /api/models/{model}",
    "GET /api/models/{model}/model.safetensors",
    "GET /api/models/{model}/config.json",
    "POST /api/jobs/compile",
    "POST /api/jobs/compress",
    "POST /api/jobs/decompile",
    "POST /api/jobs/compare",
    "GET /api/jobs/{job}",
    "DELETE /api/jobs/{job}",
    "GET /api/jobs/{job}/report",
)

LIMITED = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def described(served: str) -> Any:
    address = served.partition("/?")[0]
    return schemathesis.openapi.from_url(f"{address}/api/openapi.json", headers=HEADERS)


def test_every_operation_is_described(api: Api) -> None:
    paths = api.get("openapi.json")["paths"]
    found = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_an_operation_keeps_to_its_description(name: str, mode: GenerationMode, described: Any) -> None:
    method, path = name.split()
    operation = described[path][method]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.path_parameters):
        pytest.skip("takes nothing that could be wrong")

    @LIMITED
    @given(operation.as_strategy(generation_mode=mode))
    def keeps(case: Any) -> None:
        # A model file or a method may be wrong in ways that no schema says: 400 is described too.
        case.call_and_validate(headers=HEADERS, excluded_checks=[positive_data_acceptance])

    keeps()
