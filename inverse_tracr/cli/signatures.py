"""The signature that a command's options and a program's header name together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inverse_tracr.cli.errors import UsageError
from inverse_tracr.cli.values import parse_values

if TYPE_CHECKING:
    from inverse_tracr.rasp import Signature


def signature_of(
    header: Signature | None, vocab: str | None, max_seq_len: int | None, *, causal: bool
) -> Signature:
    """The signature of the options; what they leave out comes from the header.

    Raises UsageError when neither says the vocabulary or the length, or when they make no signature.
    """
    from inverse_tracr.rasp import Signature

    tokens = parse_values(vocab) if vocab is not None else header.vocab if header else ()
    length = max_seq_len if max_seq_len is not None else header.max_seq_len if header else None
    if not tokens or length is None:
        missing = "--vocab" if not tokens else "--max-seq-len"
        raise UsageError(
            f"{missing} is missing, and the program has no header that says it",
            advice="A header is a line such as `# signature: vocab=[a, b, c] max_seq_len=5`",
        )
    try:
        return Signature(tokens, length, causal or (header is not None and header.causal))
    except ValueError as error:
        raise UsageError(str(error)) from None
