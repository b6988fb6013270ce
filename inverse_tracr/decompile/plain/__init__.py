"""Plain: a verified program less what it does not need, with names for what it says in tables.

Compressed students lose what nothing reads: a value that never occurs, the difference between values that
every reader takes for one. Programs read off them then map a line to itself, or have a table where the
program had a name. Verdicts stay, and no half-layer is explained less than before.
"""

from inverse_tracr.decompile.plain.plain import Entries, plain

__all__ = ["Entries", "plain"]
