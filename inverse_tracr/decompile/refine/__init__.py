"""Refine: a verified program, until it tells apart what the model's MLPs tell apart.

Programs that compute the same differ in what they compute on the way: a line may be missing where its reader
has a larger table instead, or may give one value to what the model keeps apart. Function and verdict stay.
"""

from inverse_tracr.decompile.refine.observed import Observed
from inverse_tracr.decompile.refine.refine import refine

__all__ = ["Observed", "refine"]
