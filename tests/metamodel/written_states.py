"""States as a beam may write them, on the sites of a model of some program."""

from __future__ import annotations

import numpy as np

from inverse_tracr.compile import Mode, compile_weights, plan
from inverse_tracr.metamodel.lessons import Teacher
from inverse_tracr.metamodel.moves import Moves, read_streams
from inverse_tracr.metamodel.sites import draw_sites
from inverse_tracr.metamodel.state import State, begin
from inverse_tracr.metamodel.view import view
from inverse_tracr.model import TransformerProgram
from inverse_tracr.rasp import Program, Signature


def model_of(program: Program, signature: Signature) -> TransformerProgram:
    """The compiled model of a program."""
    return compile_weights(program, signature, mode=Mode.FIXED).model


def seen(program: Program, signature: Signature, model: TransformerProgram) -> tuple[State, Moves]:
    """The state after the lines of a program, on sites of a model that may have another."""
    sites = draw_sites(signature, key=0)
    state = begin(signature, view(model, sites))
    teacher = Teacher(plan(program, signature, mode=Mode.FIXED), state, np.random.default_rng(0))
    teacher.decisions()
    return teacher.state, Moves(model.weights(), read_streams(model, sites))
