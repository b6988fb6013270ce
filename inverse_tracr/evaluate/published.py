"""What others published, to stand beside what is measured here. Percent; None where not reported."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ThesisRow:
    """A row of the thesis's Table 9.1: token accuracy, and programs at 100, 90, ... 50 % and more."""

    kind: str
    tokens: float
    levels: tuple[float, ...]


THESIS = (
    ThesisRow("standard", 73.04, (0.4, 13.27, 32.61, 58.41, 81.1, 95.4)),
    ThesisRow("compressed", 66.38, (0.3, 5.5, 16.0, 38.0, 63.0, 87.0)),
    ThesisRow("natural", 60.18, (0.0, 0.2, 1.0, 8.4, 43.0, 88.9)),
)
"""Baker, "Inverse Tracr" (Cambridge, 2023), Table 9.1; levels in the order of `summary.LEVELS`."""


@dataclass(frozen=True)
class PeerRow:
    """A system, the weights that it reads, and its best figures, each on a test set of its own."""

    system: str
    weights: str
    tokens: float | None
    exact: float | None
    functional: float | None


PEERS = (
    PeerRow("thesis (774 M parameters)", "standard", 73.04, 0.4, None),
    PeerRow("thesis's repository, autoregressive", "standard", 73.49, 6.76, None),
    PeerRow("TraDe (2410.00061)", "standard", None, 30.0, 73.0),
    PeerRow("Langosco et al. (1zDOkoZAtl), lengths 4–8", "standard", 98.3, 60.0, None),
    PeerRow("Langosco et al., length 5", "turned, 0.9 of d_model", None, 77.0, None),
    PeerRow("thesis (377 M parameters)", "compressed", 66.38, 0.3, None),
    PeerRow("thesis (377 M parameters)", "natural", 60.18, 0.0, None),
)
