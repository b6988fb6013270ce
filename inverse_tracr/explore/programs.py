"""Programs as the explorer is sent them: text with a signature as header."""

from __future__ import annotations

from inverse_tracr.errors import BadInputError, CapExceededError, InverseTracrError
from inverse_tracr.explore.answers import CheckAnswer
from inverse_tracr.explore.failures import failure_of
from inverse_tracr.rasp import Program, Signature, ValueSets, parse_source, print_signature

HEADER_ADVICE = "Begin with a line such as `# signature: vocab=[a, b, c] max_seq_len=5`"
MAX_SEQ_LEN = 1_000
"""The longest input of a program that the explorer works on: its pages have a column a position."""


def read(text: str, where: str = "") -> tuple[Program, Signature]:
    """The program and its signature; raises BadInputError, CapExceededError or RaspSyntaxError."""
    source = parse_source(text)
    if source.signature is None:
        raise BadInputError(
            "the program does not say which inputs it is for", where=where, advice=HEADER_ADVICE
        )
    if source.signature.max_seq_len > MAX_SEQ_LEN:
        raise CapExceededError(
            "the inputs are too long for the explorer",
            where=where,
            expected=f"max_seq_len of at most {MAX_SEQ_LEN}",
            got=f"{source.signature.max_seq_len}",
        )
    return source.program, source.signature


def check(text: str) -> CheckAnswer:
    """Whether a text can be compiled, as far as can be said at once."""
    try:
        program, signature = read(text)
        ValueSets(program, signature)
    except InverseTracrError as error:
        return CheckAnswer(problem=failure_of(error, text), lines=0, signature="")
    return CheckAnswer(problem=None, lines=len(program), signature=print_signature(signature))
