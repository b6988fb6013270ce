"""A program of the network revised by the model's parameters, which the network does not see.

The network sees what happens on inputs. Parameters also say which classes a half-layer tells apart, of what a
mean is, and what would happen where inputs never lead. Compiled models and their compressed students answer
that clearly; a student that was trained on inputs alone often does not, and then the program stays as it is.
"""

from __future__ import annotations

from inverse_tracr.metamodel.revise.revised import completed, revised

__all__ = ["completed", "revised"]
