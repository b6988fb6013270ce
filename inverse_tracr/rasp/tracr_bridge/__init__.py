"""Programs and Tracr's s-ops, both ways.

In: a `Program`, or an s-op of `tracr.rasp`. Out: a runnable s-op, its Python source, or a `Program`.
Tracr is imported only when a function of this package is called. This package knows nothing of weights.
"""

from inverse_tracr.rasp.tracr_bridge.from_tracr import UnsupportedExpressionError, from_tracr
from inverse_tracr.rasp.tracr_bridge.to_python import to_python
from inverse_tracr.rasp.tracr_bridge.to_tracr import to_tracr

__all__ = ["UnsupportedExpressionError", "from_tracr", "to_python", "to_tracr"]
