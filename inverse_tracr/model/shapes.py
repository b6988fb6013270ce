"""jaxtyping's names for the shapes in signatures.

They are checked while tests run. A machine that only trains may lack jaxtyping; signatures are then
never evaluated, because every module here postpones its annotations.
"""

from __future__ import annotations

try:
    from jaxtyping import Float, Float32, Int
except ModuleNotFoundError:
    Float = Float32 = Int = None  # pyright: ignore[reportAssignmentType]

__all__ = ["Float", "Float32", "Int"]
