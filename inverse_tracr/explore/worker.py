"""The process that does one task: it sends steps, and last an outcome or a failure."""

from __future__ import annotations

import signal
import sys
import traceback
from multiprocessing.connection import Connection

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.explore.answers import Failure, Outcome, Step
from inverse_tracr.explore.failures import failure_of, fault
from inverse_tracr.explore.tasks import CompareTask, DecompileTask, Task

Message = Step | Failure | Outcome


def work(task: Task, out: Connection) -> None:
    """Do a task in a process of its own. Interrupts of the terminal are the parent's to handle."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    out.send(outcome_of(task, out))
    out.close()


def outcome_of(task: Task, out: Connection) -> Outcome | Failure:
    """The outcome of a task, or why there is none."""
    text = "" if isinstance(task, CompareTask | DecompileTask) else task.text
    try:
        return task.run(out.send)
    except InverseTracrError as error:
        return failure_of(error, text)
    except Exception as error:  # a fault of ours must end in an answer, and in a traceback for its report
        sys.stderr.write(traceback.format_exc())
        return fault(error)
