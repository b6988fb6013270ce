"""Errors of the project, named by whose fault they are.

Each carries the parts of its message, so that a command can print them one to a line or as JSON.
"""

from __future__ import annotations

from typing import ClassVar


class InverseTracrError(Exception):
    """Base of all errors that this project raises on purpose.

    `problem` is a short sentence; `where` names the file, tensor, line or token; `expected`, `got` and
    `advice` (what to do) may be empty. `exit_code` is what the command line returns.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, problem: str, *, where: str = "", expected: str = "", got: str = "", advice: str = ""
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.expected = expected
        self.got = got
        self.advice = advice

    def __str__(self) -> str:
        text = f"{self.where}: {self.problem}" if self.where else self.problem
        if self.expected:
            text += f"; expected {self.expected}"
        if self.got:
            text += f", got {self.got}" if self.expected else f"; got {self.got}"
        return f"{text}. {self.advice}" if self.advice else text

    def parts(self) -> dict[str, str]:
        """The parts of the message that are not empty, by name."""
        named = {
            "problem": self.problem,
            "where": self.where,
            "expected": self.expected,
            "got": self.got,
            "advice": self.advice,
        }
        return {name: text for name, text in named.items() if text}


class BadInputError(InverseTracrError):
    """The input is wrong or unsafe: a file, a program, a token."""

    exit_code: ClassVar[int] = 3


class CapExceededError(InverseTracrError):
    """A counted limit was reached: parameters, bytes, inputs."""

    exit_code: ClassVar[int] = 4
