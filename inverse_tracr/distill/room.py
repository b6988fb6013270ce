"""How much room a student's W_emb is left beside all that is read."""

from __future__ import annotations

import enum


class Room(enum.Enum):
    """When W_emb holds all that is read, and how large a code the output then has.

    USUAL: where the full code and two free dimensions have room beside it. TIGHT: also where only the least
    code has, and nothing is left free. LEAST: the same, and the code is always the least, so that more
    dimensions are left for uniform residuals.
    """

    USUAL = "usual"
    TIGHT = "tight"
    LEAST = "least"
