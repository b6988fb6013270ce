"""Decompilers that look for what they should not find, or fail in every way there is."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from pathlib import Path

from inverse_tracr.compile.plan import Plan
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program
from inverse_tracr.zoo import Zoo


class FoundError(Exception):
    """What a decompiler can reach besides weights and configuration."""


def look_around(model: TransformerProgram) -> Program:
    """Raise an error that names every program and label within reach."""
    files = sorted(Path.cwd().rglob("*"))
    contents = [file.read_bytes().decode("latin-1") for file in files]
    reached = {
        "objects": [type(x).__name__ for x in gc.get_objects() if isinstance(x, Program | Plan | Zoo)],
        "files": [file.name for file in files],
        "words": [word for word in ("select", "map", "v1") if any(word in text for text in contents)],
        "attributes": sorted(set(vars(model)) & {"program", "labels", "residual_labels", "circuit"}),
        "arguments": [argument for argument in sys.argv if "zoo" in argument],
    }
    raise FoundError(reached)


def moody(model: TransformerProgram) -> str | None:
    """Die, sleep, say nothing or nonsense, raise, toil, or be wrong: by the size of the vocabulary."""
    match len(model.signature.vocab):
        case 2:
            os.kill(os.getpid(), signal.SIGKILL)
        case 3:
            time.sleep(3_600)
        case 4:
            return None
        case 5:
            return "v1 = tokens plus one"
        case 6:
            raise ZeroDivisionError("by accident")
        case 7:
            while True:
                pass
        case _:
            pass
    return "v1 = select(tokens, tokens, True)\nv2 = selector_width(v1)\nreturn v2\n"
