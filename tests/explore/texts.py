"""Programs that the explorer's tests send."""

from __future__ import annotations

HISTOGRAM = """\
# signature: vocab=[a, b, c] max_seq_len=4
same = select(tokens, tokens, ==)
count = selector_width(same)
return count
"""

HISTOGRAM_TOO = """\
# signature: vocab=[a, b, c] max_seq_len=4
unlike = select(tokens, tokens, !=)
others = selector_width(unlike)
all = select(tokens, tokens, True)
length = selector_width(all)
count = sequence_map(length, others, x - y)
return count
"""

REVERSE = """\
# signature: vocab=[a, b, c] max_seq_len=4
all = select(indices, indices, True)
length = selector_width(all)
mirrored = sequence_map(length, indices, x - y)
from_end = map(mirrored, x - 1)
there = select(indices, from_end, ==)
said = aggregate(there, tokens)
return said
"""
