"""Coarser: what a line reads, where a map of it, or another line, says enough.

The network often lets a line read a whole s-op where the program has a map in between, for both say the same.
Which of them the model has is seen in what its half-layers write: in comes a state of the beam, out goes the
state whose lines fit that best.
"""

from inverse_tracr.metamodel.coarser.coarser import coarser

__all__ = ["coarser"]
