"""Linear: the lines whose values are linear in what a half-layer writes.

A half-layer writes a sum: for each of its lines the vector of its value. So the indicator of every value of
a true line is a linear function of what is written, in any basis, and all lines together explain all of it.
Functions of s-ops with that property are few; the simplest set of them that explains everything is taken.
"""

from inverse_tracr.decompile.linear.proposer import propose_linear

__all__ = ["propose_linear"]
