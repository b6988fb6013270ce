"""What every place in a sequence of tokens can say."""

from __future__ import annotations

from abc import ABC, abstractmethod

from inverse_tracr.rasp.tokens.draft import Draft
from inverse_tracr.rasp.tokens.value_codes import Mask


class Step(ABC):
    """A place in a sequence: which tokens may stand there, and which steps follow the one that does."""

    @abstractmethod
    def allowed(self, draft: Draft) -> Mask:
        """The tokens that may come; the array may be shared, so that nobody writes to it."""

    @abstractmethod
    def take(self, draft: Draft, token: int) -> tuple[Step, ...]:
        """Write an allowed token; the steps that come next, before those already waiting."""
