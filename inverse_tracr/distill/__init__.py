"""Students of compiled programs: compressed ones (W_emb trained) and natural ones (everything trained).

In come programs with signatures and a recipe; out come folded models that mimic the compiled teachers, each
judged on held-out inputs. Many students are trained in one step. Nothing here knows how programs are sampled,
stored or found again.
"""

from inverse_tracr.distill.driver import distill
from inverse_tracr.distill.folding import FoldError, fold
from inverse_tracr.distill.judge import Judgement
from inverse_tracr.distill.recipe import (
    COMPRESSED,
    NATURAL,
    RECIPES,
    THESIS_COMPRESSED,
    THESIS_NATURAL,
    Inputs,
    Kind,
    LayerLoss,
    OutputLoss,
    Recipe,
    Start,
)
from inverse_tracr.distill.student import Checkpoint, Reason, Student
from inverse_tracr.distill.teacher import Teacher

__all__ = [
    "COMPRESSED",
    "NATURAL",
    "RECIPES",
    "THESIS_COMPRESSED",
    "THESIS_NATURAL",
    "Checkpoint",
    "FoldError",
    "Inputs",
    "Judgement",
    "Kind",
    "LayerLoss",
    "OutputLoss",
    "Reason",
    "Recipe",
    "Start",
    "Student",
    "Teacher",
    "distill",
    "fold",
]
