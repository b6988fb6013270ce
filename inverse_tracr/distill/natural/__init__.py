"""Natural students, trained one half-layer after the other.

In comes a compiled teacher with the sizes of its student; out come the student's half-layers and W_emb.
Every half-layer is a regression problem of its own: it reads what the half-layers before it, trained already,
leave in the residual stream, and learns what the teacher's writes there. Nothing here knows of fleets,
folding or judging.
"""

from inverse_tracr.distill.natural.trainer import Trained, train_halves

__all__ = ["Trained", "train_halves"]
