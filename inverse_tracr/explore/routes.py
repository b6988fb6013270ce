"""The API: JSON in, JSON out. What takes long is a job, asked for until it is done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as PathOnDisk
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse

from inverse_tracr.compile import Mode
from inverse_tracr.decompile import method_parts
from inverse_tracr.explore.answers import (
    CheckAnswer,
    CompareRequest,
    CompileRequest,
    CompressRequest,
    DecompileRequest,
    Examples,
    FailureAnswer,
    JobAnswer,
    Made,
    ModelCard,
    Outcome,
    ProgramText,
    ShippedRequest,
    UploadRequest,
)
from inverse_tracr.explore.examples import examples
from inverse_tracr.explore.guard import REPORT_POLICY
from inverse_tracr.explore.jobs import Ending, Jobs
from inverse_tracr.explore.programs import check
from inverse_tracr.explore.shelf import NotHereError, Shelf
from inverse_tracr.explore.tasks import REPORT_FILE, CompareTask, CompileTask, CompressTask, DecompileTask
from inverse_tracr.model.files import CONFIG_FILE, WEIGHTS_FILE

Id = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")]


@dataclass(frozen=True)
class Workplace:
    """What requests work on."""

    shelf: Shelf
    jobs: Jobs

    def close(self) -> None:
        """Stop all jobs and remove all files."""
        self.jobs.close()
        self.shelf.close()


def workplace(request: Request) -> Workplace:
    """The workplace of the application that a request came to."""
    return request.app.state.workplace


Here = Annotated[Workplace, Depends(workplace)]

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": FailureAnswer, "description": text}
    for status, text in {
        400: "bad or unsafe input",
        401: "the token is missing or wrong",
        404: "not here",
        413: "a limit was reached",
        422: "the request is malformed",
        429: "too many jobs are running",
    }.items()
}

router = APIRouter(prefix="/api", responses=_ERRORS)


@router.get("/examples")
def list_examples() -> Examples:
    """Programs, models and methods that can be picked."""
    return examples()


@router.post("/check")
def check_program(sent: ProgramText) -> CheckAnswer:
    """Whether a text is a program, and if not, where."""
    return check(sent.text)


@router.post("/models", status_code=201)
def upload_model(sent: UploadRequest, here: Here) -> ModelCard:
    """Check and keep a model folder."""
    return here.shelf.upload(sent)


@router.post("/models/shipped", status_code=201)
def take_shipped_model(sent: ShippedRequest, here: Here) -> ModelCard:
    """Take a model of a quick test set."""
    return here.shelf.shipped(sent.test_set, sent.row)


@router.get("/models/{model}")
def show_model(model: Id, here: Here) -> ModelCard:
    """A model that is here."""
    return here.shelf.card(model)


@router.get("/models/{model}/model.safetensors", response_class=FileResponse)
def download_weights(model: Id, here: Here) -> FileResponse:
    """A model's weights."""
    path = here.shelf.folder(model) / WEIGHTS_FILE
    return FileResponse(path, media_type="application/octet-stream", filename=WEIGHTS_FILE)


@router.get("/models/{model}/config.json", response_class=FileResponse)
def download_config(model: Id, here: Here) -> FileResponse:
    """A model's sizes, tokens and outputs."""
    path = here.shelf.folder(model) / CONFIG_FILE
    return FileResponse(path, media_type="application/json", filename=CONFIG_FILE)


@router.post("/jobs/compile", status_code=202)
def start_compiling(sent: CompileRequest, here: Here) -> JobAnswer:
    """Begin to compile a program."""
    folder = here.shelf.fresh()
    return here.jobs.start(CompileTask(sent.text, Mode(sent.mode), folder), _on_shelf(here, folder))


@router.post("/jobs/compress", status_code=202)
def start_compressing(sent: CompressRequest, here: Here) -> JobAnswer:
    """Begin to distil students of a program."""
    folder = here.shelf.fresh()
    task = CompressTask(sent.text, sent.kind, sent.factor, sent.tries, sent.seed, folder)
    return here.jobs.start(task, _on_shelf(here, folder))


@router.post("/jobs/decompile", status_code=202)
def start_decompiling(sent: DecompileRequest, here: Here) -> JobAnswer:
    """Begin to look for the program of a model."""
    method_parts(sent.method)
    card = here.shelf.card(sent.model)
    folder, own = here.shelf.folder(sent.model), here.shelf.fresh()
    task = DecompileTask(card.id, folder, card.title, sent.method, own / REPORT_FILE, card.program)
    return here.jobs.start(task, Ending(lambda _outcome: None, lambda: here.shelf.discard(own)))


@router.post("/jobs/compare", status_code=202)
def start_comparing(sent: CompareRequest, here: Here) -> JobAnswer:
    """Begin to compare two programs."""
    return here.jobs.start(CompareTask(sent.first, sent.second))


@router.get("/jobs/{job}")
def show_job(job: Id, here: Here) -> JobAnswer:
    """How a job stands."""
    return here.jobs.answer(job)


@router.delete("/jobs/{job}")
def stop_job(job: Id, here: Here) -> JobAnswer:
    """Stop a job; one that is over stays as it is."""
    return here.jobs.stop(job)


@router.get("/jobs/{job}/report", response_class=FileResponse)
def show_report(job: Id, here: Here) -> FileResponse:
    """The report of a model that was decompiled."""
    task = here.jobs.task(job)
    if not isinstance(task, DecompileTask) or here.jobs.answer(job).state != "done":
        raise NotHereError("this job has no report", where=job)
    headers = {"Content-Security-Policy": REPORT_POLICY}
    return FileResponse(task.report, media_type="text/html; charset=utf-8", headers=headers)


def _on_shelf(here: Workplace, folder: PathOnDisk) -> Ending:
    """A model that is made in `folder` goes on the shelf."""

    def done(outcome: Outcome) -> None:
        if isinstance(outcome, Made):
            here.shelf.put(outcome.model, folder)

    return Ending(done, lambda: here.shelf.discard(folder))
