"""What the API does with programs and models."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import pytest

from inverse_tracr.explore import examples as shipped
from inverse_tracr.explore.jobs import MOST_RUNNING
from inverse_tracr.explore.shelf import MOST_MODELS, Shelf
from inverse_tracr.model import TransformerProgram, load
from inverse_tracr.model.files import CONFIG_FILE, WEIGHTS_FILE
from inverse_tracr.rasp import Program, parse, parse_source
from tests.explore.conftest import Api
from tests.explore.texts import HISTOGRAM, HISTOGRAM_TOO, REVERSE
from tests.report.models import MIXED, known


def compiled(api: Api, text: str, mode: str = "fixed") -> dict[str, Any]:
    answer = api.job("compile", text=text, mode=mode)
    assert answer["state"] == "done", answer["error"]
    return answer["outcome"]["model"]


def files_of(folder: Path) -> dict[str, str]:
    weights = base64.b64encode((folder / WEIGHTS_FILE).read_bytes()).decode("ascii")
    return {"weights": weights, "config": (folder / CONFIG_FILE).read_text(encoding="utf-8")}


def shelf_of(api: Api) -> Shelf:
    return workplace_of(api).shelf


def jobs_of(api: Api) -> Any:
    return workplace_of(api).jobs


def workplace_of(api: Api) -> Any:
    app: Any = api.client.app  # the test client knows it as a callable only
    return app.state.workplace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    known(MIXED)[0].save(tmp_path / "model")
    return tmp_path / "model"


def test_examples_are_programs_and_models(api: Api) -> None:
    answer = api.get("examples")
    assert len(answer["programs"]) >= 8
    for example in answer["programs"]:
        assert api.post("check", 200, text=example["text"])["problem"] is None, example["name"]
    assert answer["methods"][:2] == ["auto", "lift"]
    assert {model["test_set"] for model in answer["models"]} >= {"standard-test", "compressed-test"}


def test_the_examples_of_the_package_are_those_of_the_checkout() -> None:
    names = sorted(path.name for path in shipped.SHIPPED.glob("*.rasp"))
    assert len(names) == 8
    for name in names:
        assert (shipped.SHIPPED / name).read_text() == (shipped.CHECKOUT / name).read_text()


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        (HISTOGRAM.replace("selector_width", "selector_widt"), 3, 9, "expected one of map"),
        (HISTOGRAM.replace("==", "="), 2, 31, "expected"),
        (HISTOGRAM.replace("max_seq_len=4", "max_seq_len=0"), 1, 14, "at least 1"),
        (HISTOGRAM.replace("return count", "return same"), 4, 1, "cannot return a selector"),
        (HISTOGRAM.replace("(same)", "(tokens)"), 3, 1, "expected the result of a select"),
        (HISTOGRAM.replace("return count\n", ""), 4, 1, "expected `return NAME`"),
        (HISTOGRAM.replace("# sig", "# no sig"), None, None, "does not say which inputs"),
        (HISTOGRAM.replace("max_seq_len=4", "max_seq_len=1000000000"), None, None, "too long"),
    ],
)
def test_errors_have_line_and_column(
    text: str, line: int | None, column: int | None, says: str, api: Api
) -> None:
    problem = api.post("check", 200, text=text)["problem"]
    assert says in problem["problem"]
    assert (problem["line"], problem["column"]) == (line, column)
    failed = api.job("compile", text=text)
    assert failed["state"] == "failed"
    assert failed["error"] == problem


def test_a_program_becomes_a_model(api: Api) -> None:
    card = compiled(api, HISTOGRAM)
    assert card["origin"] == "compiled"
    assert card["program"] == HISTOGRAM
    assert (card["sizes"]["n_layers"], card["output"]) == (1, "0, 1, 2, 3, 4")
    assert api.get(f"models/{card['id']}") == card
    assert compiled(api, HISTOGRAM)["id"] == card["id"]


def test_the_files_of_a_model_can_be_saved_and_loaded(api: Api, tmp_path: Path) -> None:
    card = compiled(api, HISTOGRAM)
    for name in (WEIGHTS_FILE, CONFIG_FILE):
        response = api.client.get(f"/api/models/{card['id']}/{name}", headers=api.headers)
        assert f'filename="{name}"' in response.headers["content-disposition"]
        (tmp_path / name).write_bytes(response.content)
    assert load(tmp_path)(["a", "b", "a"]) == [2, 1, 2]


def test_a_fault_of_tracr_is_said(api: Api) -> None:
    text = "# signature: vocab=[1, 2] max_seq_len=4\nv = map(tokens, x * -1, numerical)\nreturn v\n"
    assert "clips the negative numbers" in compiled(api, text, "tracr")["notes"][0]


@pytest.mark.parametrize("text", [HISTOGRAM, REVERSE], ids=["histogram", "reverse"])
def test_a_model_is_decompiled_and_compared_with_its_program(text: str, api: Api) -> None:
    answer = api.job("decompile", model=compiled(api, text)["id"])
    found = answer["outcome"]
    assert (found["verdict"], found["inputs_checked"]) == ("equivalent", 3 + 9 + 27 + 81)
    assert parse(found["program"])
    assert found["written"]["verdict"] == "equivalent"
    report = api.client.get(f"/api/jobs/{answer['id']}/report", headers=api.headers)
    assert report.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "<h1>" in report.text


def test_students_are_distilled_with_progress(api: Api) -> None:
    answer = api.job("compress", text=HISTOGRAM, factor=1.25, tries=6)
    card = answer["outcome"]["model"]
    assert card["origin"] == "student"
    assert card["sizes"]["d_model"] < compiled(api, HISTOGRAM)["sizes"]["d_model"]
    assert answer["steps"][-1]["good"]
    assert "accepted" in answer["steps"][-1]["text"]
    found = api.job("decompile", model=card["id"])["outcome"]
    assert found["written"]["verdict"] == "equivalent"


def test_students_that_all_fail_are_no_model(api: Api) -> None:
    answer = api.job("compress", text=REVERSE, factor=8, tries=1)
    assert answer["state"] == "failed"
    assert "none of 1 students was accepted" in answer["error"]["problem"]


def test_jobs_leave_no_files_but_those_of_models_and_reports(api: Api) -> None:
    shelf = shelf_of(api)
    before = set(shelf.root.iterdir())
    api.job("compile", text="nonsense")
    job = api.post("jobs/compress", 202, text=REVERSE, factor=2, tries=20)["id"]
    api.client.delete(f"/api/jobs/{job}", headers=api.headers)
    for _ in range(200):
        if set(shelf.root.iterdir()) == before:
            return
        time.sleep(0.02)
    raise AssertionError("a folder is left over")


def test_the_oldest_jobs_are_forgotten_with_their_reports(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inverse_tracr.explore.jobs.MOST_KEPT", 2)
    model = compiled(api, HISTOGRAM)["id"]
    first = api.job("decompile", model=model)["id"]
    report = jobs_of(api).task(first).report
    assert report.exists()
    for _ in range(2):
        api.job("compare", first=HISTOGRAM, second=HISTOGRAM)
    assert api.get(f"jobs/{first}", 404)
    assert not report.exists()
    assert api.get(f"models/{model}")["id"] == model


def test_programs_are_compared(api: Api) -> None:
    same = api.job("compare", first=HISTOGRAM, second=HISTOGRAM.replace("count", "n"))["outcome"]
    assert same["same_canonical"]
    alike = api.job("compare", first=HISTOGRAM, second=HISTOGRAM_TOO)["outcome"]
    assert (alike["same_canonical"], alike["verdict"]) == (False, "equivalent")
    other = api.job("compare", first=HISTOGRAM, second=HISTOGRAM.replace("==", "!="))["outcome"]
    assert other["verdict"] == "refuted"
    assert [row["values"] for row in other["counterexample"]] == [["a"], ["1"], ["0"]]
    assert other["counterexample"][2]["differs"] == [0]


def test_programs_for_different_inputs_are_not_compared(api: Api) -> None:
    answer = api.job("compare", first=HISTOGRAM, second=HISTOGRAM.replace("max_seq_len=4", "max_seq_len=5"))
    assert answer["error"]["problem"] == "the programs are for different inputs"
    assert "max_seq_len=5" in answer["error"]["got"]


def test_an_uploaded_model_is_checked_and_decompiled(api: Api, folder: Path) -> None:
    card = api.post("models", 201, title="mine", **files_of(folder))
    assert (card["origin"], card["program"], card["title"]) == ("uploaded", None, "mine")
    found = api.job("decompile", model=card["id"])["outcome"]
    assert found["verdict"] == "equivalent"
    assert found["written"] is None


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        ({"weights": base64.b64encode(b"\x80\x04junk" * 4).decode()}, WEIGHTS_FILE, "refused"),
        ({"weights": "not base64!"}, WEIGHTS_FILE, "not in base64"),
        ({"weights": ""}, WEIGHTS_FILE, "no safetensors file"),
        ({"config": "{"}, CONFIG_FILE, "malformed"),
        ({"config": "{}"}, CONFIG_FILE, "model_type"),
    ],
)
def test_a_bad_upload_is_refused_and_not_kept(
    change: dict[str, str], where: str, says: str, api: Api, folder: Path
) -> None:
    shelf = shelf_of(api)
    before = sorted(shelf.root.iterdir())
    error = api.post("models", 400, **{**files_of(folder), **change})["error"]
    assert error["where"].startswith(where)
    assert says in f"{error['problem']} {error['where']}"
    assert str(shelf.root) not in str(error)
    assert sorted(shelf.root.iterdir()) == before


def test_a_shipped_model_is_found(api: Api) -> None:
    card = api.post("models/shipped", test_set="compressed-test", row=0)
    found = api.job("decompile", model=card["id"])["outcome"]
    assert found["verdict"] in ("equivalent", "no-counterexample")
    assert found["written"]["verdict"] != "refuted"
    assert api.post("models/shipped", 404, test_set="compressed-test", row=10_000)


def test_what_is_not_here_is_said(api: Api) -> None:
    gone = "0" * 24
    assert "not here any more" in api.get(f"models/{gone}", 404)["error"]["problem"]
    assert "not here any more" in api.get(f"jobs/{gone}", 404)["error"]["problem"]
    assert api.post("jobs/decompile", 404, model=gone)
    job = api.job("compare", first=HISTOGRAM, second=HISTOGRAM)["id"]
    assert "has no report" in api.get(f"jobs/{job}/report", 404)["error"]["problem"]
    magic = api.post("jobs/decompile", 400, model=gone, method="magic")
    assert "no method is called" in magic["error"]["problem"]


def test_a_malformed_request_names_its_place(api: Api) -> None:
    error = api.post("jobs/compress", 422, text=HISTOGRAM, tries=99)["error"]
    assert error["where"] == "body.tries"
    assert error["got"] == "99"
    assert "unicode" in api.post("check", 422, text="\ud800")["error"]["problem"]


def test_a_job_is_stopped(api: Api) -> None:
    job = api.post("jobs/compress", 202, text=REVERSE, factor=2, tries=20)["id"]
    stopped = api.client.delete(f"/api/jobs/{job}", headers=api.headers).json()
    assert (stopped["state"], stopped["outcome"]) == ("stopped", None)
    assert api.over(job)["state"] == "stopped"


def test_more_jobs_than_may_run_are_refused(api: Api) -> None:
    body = {"text": REVERSE, "factor": 2.0, "tries": 20}
    jobs = [api.post("jobs/compress", 202, **body)["id"] for _ in range(MOST_RUNNING)]
    try:
        error = api.post("jobs/compress", 429, **body)["error"]
        assert (error["kind"], error["expected"]) == ("TooBusyError", f"at most {MOST_RUNNING}")
    finally:
        for job in jobs:
            api.client.delete(f"/api/jobs/{job}", headers=api.headers)


def test_a_worker_that_dies_is_reported(api: Api) -> None:
    job = api.post("jobs/compress", 202, text=REVERSE, factor=2, tries=20)["id"]
    jobs_of(api)._job(job).process.kill()
    assert api.over(job)["error"]["kind"] == "WorkerLost"


def test_the_oldest_models_are_dropped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("inverse_tracr.explore.shelf.MOST_MODELS", 2)
    assert MOST_MODELS > 2
    shelf = Shelf()
    try:
        ids: list[str] = []
        for n in range(3):
            source = parse_source(HISTOGRAM.replace("max_seq_len=4", f"max_seq_len={n + 2}"))
            assert source.signature is not None
            model_of(source.program, n + 2).save(tmp_path / str(n))
            ids.append(shelf.add(tmp_path / str(n)).id)
        assert len(list(shelf.root.iterdir())) == 2
        assert shelf.card(ids[2]).title == "2"
    finally:
        shelf.close()
    assert not shelf.root.exists()


def model_of(program: Program, longest: int) -> TransformerProgram:
    import inverse_tracr as it

    return it.compile(program, vocab=["a", "b", "c"], max_seq_len=longest)
