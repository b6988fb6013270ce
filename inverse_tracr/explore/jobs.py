"""Jobs: each a process of its own that can be stopped, a counted number at a time."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Literal

from inverse_tracr.errors import CapExceededError
from inverse_tracr.explore.answers import Failure, JobAnswer, Outcome, Step
from inverse_tracr.explore.shelf import NotHereError
from inverse_tracr.explore.tasks import Task
from inverse_tracr.explore.worker import work
from inverse_tracr.zoo.engines.fork_server import worker_context

MOST_RUNNING = 4
MOST_KEPT = 64

State = Literal["running", "done", "failed", "stopped"]


class TooBusyError(CapExceededError):
    """As many jobs run as may."""


@dataclass(frozen=True)
class Ending:
    """What becomes of the files of a job.

    `done` gets the outcome before anyone sees it; `gone` is called where there is none, and when the job is
    forgotten.
    """

    done: Callable[[Outcome], None]
    gone: Callable[[], None]


NOTHING_KEPT = Ending(lambda _outcome: None, lambda: None)
"""For jobs without files."""


@dataclass
class Job:
    """A task in its process, and what came of it so far. What changes, changes under the lock of `Jobs`."""

    id: str
    task: Task
    ending: Ending
    process: BaseProcess
    started: float
    state: State = "running"
    steps: list[Step] = field(default_factory=list)
    outcome: Outcome | None = None
    error: Failure | None = None
    seconds: float = 0.0


class Jobs:
    """Starts, follows and stops jobs; remembers the last `MOST_KEPT`."""

    def __init__(self) -> None:
        self._context = worker_context("inverse_tracr.explore.worker")
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, task: Task, ending: Ending = NOTHING_KEPT) -> JobAnswer:
        """Begin a task; raises TooBusyError."""
        with self._lock:
            running = sum(job.state == "running" for job in self._jobs.values())
            if running >= MOST_RUNNING:
                ending.gone()
                raise TooBusyError(
                    "too many jobs are running",
                    expected=f"at most {MOST_RUNNING}",
                    got=f"{running}",
                    advice="Stop one, or wait for it",
                )
            near, far = self._context.Pipe(duplex=False)
            # Every context has Process, but the type that they share does not say so.
            process = self._context.Process(target=work, args=(task, far), daemon=True)  # pyright: ignore[reportAttributeAccessIssue]
            job = Job(secrets.token_hex(12), task, ending, process, time.monotonic())
            self._jobs[job.id] = job
            self._forget_old()
        process.start()
        far.close()
        threading.Thread(target=self._follow, args=(job, near), daemon=True).start()
        return self.answer(job.id)

    def answer(self, id_: str) -> JobAnswer:
        """How a job stands; raises NotHereError."""
        job = self._job(id_)
        with self._lock:
            return JobAnswer(
                id=job.id,
                task=job.task.name,
                state=job.state,
                seconds=job.seconds or time.monotonic() - job.started,
                steps=tuple(job.steps),
                outcome=job.outcome,
                error=job.error,
            )

    def task(self, id_: str) -> Task:
        """What a job does; raises NotHereError."""
        return self._job(id_).task

    def stop(self, id_: str) -> JobAnswer:
        """End a job's process if it still runs; raises NotHereError."""
        job = self._job(id_)
        with self._lock:
            if job.state == "running":
                job.state, job.seconds = "stopped", time.monotonic() - job.started
        self._kill(job)
        return self.answer(id_)

    def close(self) -> None:
        """Stop everything."""
        for id_ in list(self._jobs):
            self.stop(id_)

    def _job(self, id_: str) -> Job:
        with self._lock:
            if id_ not in self._jobs:
                raise NotHereError("this job is not here any more", where=id_)
            return self._jobs[id_]

    def _forget_old(self) -> None:
        over = [id_ for id_, job in self._jobs.items() if job.state != "running"]
        for id_ in over[: max(0, len(self._jobs) - MOST_KEPT)]:
            self._jobs.pop(id_).ending.gone()

    def _follow(self, job: Job, near: Connection) -> None:
        """Read what the process sends until it has sent an outcome or a failure, or is gone."""
        message: Step | Failure | Outcome
        try:
            while isinstance(message := near.recv(), Step):
                with self._lock:
                    job.steps.append(message)
        except (EOFError, OSError):
            message = Failure(
                kind="WorkerLost",
                problem="the process that did the work ended before it was done",
                advice="Perhaps memory ran out; a smaller program or model may do",
            )
        near.close()
        job.process.join()
        self._end(job, message)

    def _end(self, job: Job, message: Failure | Outcome) -> None:
        """Settle a job whose process has ended."""
        with self._lock:
            if job.state == "running":
                job.seconds = time.monotonic() - job.started
                if isinstance(message, Failure):
                    job.state, job.error = "failed", message
                else:
                    job.ending.done(message)
                    job.state, job.outcome = "done", message
            if job.state != "done":
                job.ending.gone()

    def _kill(self, job: Job) -> None:
        if job.process.is_alive():
            job.process.kill()
