"""The project's lossless tokens: what a neural decoder writes.

In: a program and its signature, or token ids. Out: token ids, or the program that they write; and, token by
token, the mask of what may come next. Every sequence that the mask allows is a program that type-checks,
whose value sets Tracr can infer, and that runs. Knows nothing of networks. Written down in docs/language.md.
"""

from inverse_tracr.rasp.tokens.codebook import CODEBOOK, CODEBOOK_VERSION, MAX_LINES, Codebook, TokenError
from inverse_tracr.rasp.tokens.grammar import Grammar, detokenise
from inverse_tracr.rasp.tokens.writer import tokenise

__all__ = [
    "CODEBOOK",
    "CODEBOOK_VERSION",
    "MAX_LINES",
    "Codebook",
    "Grammar",
    "TokenError",
    "detokenise",
    "tokenise",
]
