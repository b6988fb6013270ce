"""Likely: of the programs that differ only where no input leads, the one that is most likely written.

In comes a verified program; out goes one of the same lines, with other functions where values may have other
names, tables have entries that nothing reaches, or weights have lost differences that nothing reads. It knows
how programs are sampled, and of the model nothing but its output encoder and its verdict.
"""

from inverse_tracr.decompile.likely.likely import likeliest

__all__ = ["likeliest"]
