"""The grammar as a state that grows token by token, and the way from tokens to a program."""

from __future__ import annotations

from collections.abc import Iterable

from inverse_tracr.rasp.program import Program
from inverse_tracr.rasp.signature import Signature
from inverse_tracr.rasp.tokens.codebook import CODEBOOK, MAX_LINES, TokenError
from inverse_tracr.rasp.tokens.draft import Draft, Limits
from inverse_tracr.rasp.tokens.statements import Begin
from inverse_tracr.rasp.tokens.step import Step
from inverse_tracr.rasp.tokens.value_codes import Mask, new_mask
from inverse_tracr.rasp.value_sets import MAX_PAIRS


class Grammar:
    """What may come next in a sequence of tokens, under a signature.

    Every sequence that it allows can be completed, and then is a program that type-checks, whose value sets
    Tracr can infer, and that runs. `max_lines` bounds the lines, `max_pairs` the pairs of values of two
    operands; without `literals` no value is spelled, and each program has one sequence.
    Raises TokenError for limits out of range.
    """

    def __init__(
        self,
        signature: Signature,
        *,
        max_lines: int = MAX_LINES,
        max_pairs: int = MAX_PAIRS,
        literals: bool = True,
    ) -> None:
        self._draft = Draft(signature, Limits(max_lines, max_pairs, literals))
        self._waiting: list[Step] = [Begin()]
        self._mask: Mask | None = None
        self._length = 0

    @property
    def complete(self) -> bool:
        """Whether the program has returned: then no token is allowed."""
        return not self._waiting

    def allowed(self) -> Mask:
        """The tokens that may come next, shape [len(CODEBOOK)]; read only."""
        if self._mask is None:
            self._mask = self._waiting[-1].allowed(self._draft) if self._waiting else new_mask()
            self._mask.flags.writeable = False
        return self._mask

    def advance(self, token: int) -> None:
        """Write the next token; raises TokenError, naming token and place, for one that is not allowed."""
        group = CODEBOOK.group(token)
        if not self.allowed()[token]:
            where = f"token {self._length} ({CODEBOOK.names[token]})"
            after = "nothing: the program is complete" if self.complete else self._expected()
            raise TokenError("not allowed here", where=where, expected=after, got=f"a {group.value}")
        self._length += 1
        self._mask = None
        self._waiting += reversed(self._waiting.pop().take(self._draft, token))
        if not self._waiting and self._draft.output is None:
            if self._draft.parts is not None:
                self._draft.finish()
            self._waiting = [Begin()]

    def program(self) -> Program:
        """The program written; raises TokenError before its return."""
        return self._draft.program()

    def copy(self) -> Grammar:
        """The same state, growing apart from now on: for beams."""
        twin = Grammar.__new__(Grammar)
        twin._draft = self._draft.copy()
        twin._waiting = self._waiting.copy()
        twin._mask, twin._length = self._mask, self._length
        return twin

    def _expected(self) -> str:
        """The kinds of token that are allowed, for messages."""
        groups = dict.fromkeys(CODEBOOK.group(t) for t in self.allowed().nonzero()[0].tolist())
        return "a " + " or ".join(group.value for group in groups)


def detokenise(ids: Iterable[int], signature: Signature) -> Program:
    """The program that tokens write, its lines named v1, v2, ...

    Raises TokenError naming the first token that the grammar does not allow, or for an end too early.
    """
    grammar = Grammar(signature)
    for token in ids:
        grammar.advance(int(token))
    return grammar.program()
