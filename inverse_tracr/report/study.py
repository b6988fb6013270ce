"""Everything that report and pictures say of a model, worked out once."""

from __future__ import annotations

from dataclasses import dataclass

from inverse_tracr.decompile import Decompilation
from inverse_tracr.model import TransformerProgram
from inverse_tracr.report.parts import HalfLayer, half_layers
from inverse_tracr.report.places import Part, Place, places
from inverse_tracr.report.readouts import Readout, readouts
from inverse_tracr.report.subspaces import Subspace, subspaces
from inverse_tracr.report.tables import Tables, tables
from inverse_tracr.report.text import line_text


@dataclass(frozen=True)
class Study:
    """A model, what was found of it, and where each line lies.

    `places` has one entry a line of the program and is empty without one; so has `written`, the program as
    tables.
    """

    model: TransformerProgram
    found: Decompilation
    halves: tuple[HalfLayer, ...]
    places: tuple[Place, ...]
    spaces: tuple[Subspace, ...]
    readouts: tuple[Readout, ...]
    written: Tables | None

    def lines_at(self, rank: int) -> list[int]:
        """The lines that are complete at a half-layer."""
        return [position for position, place in enumerate(self.places) if place.rank == rank]

    def lines_of_head(self, head: Part) -> list[int]:
        """The lines that rest on a head."""
        return [position for position, place in enumerate(self.places) if head in place.heads]

    def lines_of_neuron(self, neuron: Part) -> list[int]:
        """The lines that rest on a neuron."""
        return [position for position, place in enumerate(self.places) if neuron in place.neurons]

    def line(self, position: int) -> str:
        """A line of the program as text."""
        assert self.found.program is not None
        return line_text(self.found.program, position)

    def where(self, position: int) -> str:
        """Where a line lies, in words."""
        place = self.places[position]
        if place.rank < 0:
            return "nowhere: the model has no layers"
        parts = [self.halves[place.rank].name]
        if place.heads:
            parts.append(f"{_plural('head', place.heads)} {_listed(place.heads)}")
        if place.neurons:
            parts.append(f"{_plural('neuron', place.neurons)} {_listed(place.neurons)}")
        if not place.measured:
            parts.append("as the compiler would place it, not as evidence says")
        return ", ".join(parts)

    def unclaimed_heads(self, half: HalfLayer) -> list[int]:
        """Heads in use that no line names, in a half-layer whose lines name heads or that has no lines."""
        here = {h for place in self.places for layer, h in place.heads if layer == half.layer}
        if not here and self._explained(half):
            return []
        return [head for head in half.heads if head not in here]

    def unclaimed_neurons(self, half: HalfLayer) -> bool:
        """Whether an MLP with neurons in use has no line."""
        return bool(half.neurons) and not self._explained(half)

    def _explained(self, half: HalfLayer) -> bool:
        neurons = any(layer == half.layer for place in self.places for layer, _ in place.neurons)
        return bool(self.lines_at(half.rank)) or (bool(half.rank % 2) and neurons)


def study_model(model: TransformerProgram, found: Decompilation) -> Study:
    """Work out places and subspaces; runs the model on some inputs to name dimensions."""
    where = places(found, model.config)
    spaces = subspaces(model, found, where)
    written = None if found.program is None else tables(found.program, model.signature)
    read: tuple[Readout, ...] = ()
    if found.program is not None and written is not None:
        known = {space.ref for space in spaces if space.ref is not None}
        read = readouts(model, found.program, where, written, known)
    return Study(model, found, half_layers(model), where, spaces, read, written)


def _plural(word: str, parts: tuple[Part, ...]) -> str:
    return word if len(set(parts)) == 1 else f"{word}s"


def _listed(parts: tuple[Part, ...]) -> str:
    """`1.0–1.5, 2.3`: neighbours joined."""
    texts: list[str] = []
    ordered = sorted(set(parts))
    start = 0
    for i, part in enumerate(ordered):
        after = ordered[i + 1] if i + 1 < len(ordered) else None
        if after == (part[0], part[1] + 1):
            continue
        first = f"{ordered[start][0]}.{ordered[start][1]}"
        texts.append(first if start == i else f"{first}–{part[0]}.{part[1]}")
        start = i + 1
    return ", ".join(texts)
