"""From a compressed model to the compiled one that it was folded from, as far as the weights tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from inverse_tracr.compile.ladders import EXACTNESS, USUAL
from inverse_tracr.decompile.unmix.atoms import Atoms, Floats, least_squares
from inverse_tracr.decompile.unmix.reads import Reader, Special
from inverse_tracr.decompile.unmix.writes import ladder_atoms
from inverse_tracr.model import TransformerProgram, Weights

Written = dict[int, float]
"""Atoms and their factors: what a row of a matrix writes."""
Place = tuple[str, int, int]
"""A matrix: its name, layer and head (0 for an MLP)."""

TOLERANCE = 1e-3
"""Error, relative to a vector, of what is still the same."""

_MOST_VOTED = 40
"""Vectors voted for as what is always 1 that are tried."""
_SMALLEST_ONE, _LARGEST_ONE = 0.3, 1.3
"""Sizes that it may have."""
_SEVERAL, _NEARLY = 1.5, 0.05
"""The factor from which on a neuron may read several values, and how far activations are from whole ones."""

_LEAST_VOTES = 3
"""ANDs that must agree on what is always 1."""


class CannotUnmixError(Exception):
    """The weights are no sums of columns of one W_emb; says which."""


def unmixed(model: TransformerProgram, tolerance: float = TOLERANCE) -> TransformerProgram:
    """The model on a basis of atoms; raises CannotUnmixError where a part reads what is no sum of few."""
    reason = CannotUnmixError("nothing is always 1")
    for attempt in range(_MOST_VOTED):
        unmixer = _Unmixer(model, tolerance, attempt)
        try:
            return unmixer.model()
        except CannotUnmixError as error:
            reason = error if attempt == 0 else reason
        if unmixer.last:
            break
    raise reason


class _Unmixer:
    """One attempt. What is always 1 can only be voted for in some models: the `attempt`-th vote is taken.

    `last`: there is no other one.
    """

    def __init__(self, model: TransformerProgram, tolerance: float, attempt: int) -> None:
        self.last = True
        self._model, self._attempt = model, attempt
        self._tolerance = tolerance
        self._w = model.weights()
        self._atoms = Atoms(model.config.d_model, tolerance)
        self._lengths: dict[int, float] = {}
        self._fixed: set[int] = set()
        self._reads: dict[Place, list[Floats]] = {}
        self._writes: dict[Place, list[Written]] = {}
        self._tokens = [model.input_encoder.row(token) for token in model.signature.vocab]
        self._inputs: list[list[int]] = []  # the atoms of tokens, and those of positions

    def model(self) -> TransformerProgram:
        """Read the parts from the first to the last."""
        w, config = self._w, self._model.config
        if any(np.any(getattr(w, name)) for name in ("b_Q", "b_K", "b_V", "b_O", "b_in", "b_out", "b_U")):
            raise CannotUnmixError("compressed models have no biases")
        special = self._special()
        self._keys_and_values()
        w_e = self._embedding(special)
        w_pos = [self._written(w.W_pos[0].astype(np.float64))]
        positions = self._atoms.place_own(_rows(w.W_pos[1:]))
        w_pos += [{atom: 1.0} for atom in positions]
        self._inputs.append(positions)
        self._atoms.written |= {a for row in (*w_e, *w_pos) for a in row}
        w_u = self._unembedding()
        self._fixed = {atom for row in w_u for atom in row}
        for layer in range(config.n_layers):
            for head in range(config.n_heads):
                self._head(layer, head, special)
            self._note_written(("W_O", layer, head) for head in range(config.n_heads))
            self._mlp(layer, special)
            self._note_written([("W_out", layer, 0)])
        return self._assembled(w_e, w_pos, w_u)

    # -- atoms that are there to be seen ----------------------------------------------------------

    def _special(self) -> Special:
        """BOS and what is always 1: the query that every head has for BOS reads one, its key the other."""
        bos_row = self._w.W_E[self._model.input_encoder.bos].astype(np.float64)
        best: tuple[float, Floats, Floats] | None = None
        for layer, head in np.ndindex(*self._w.W_Q.shape[:2]):
            if not self._w.W_O[layer, head].any():
                continue
            for key, query in zip(
                _columns(self._w.W_K[layer, head]), _columns(self._w.W_Q[layer, head]), strict=True
            ):
                if not key.any() or not query.any():
                    continue
                factor = (bos_row - key) @ query / (query @ query)
                gap = float(np.linalg.norm(bos_row - key - factor * query))
                if best is None or gap < best[0]:
                    best = gap, key, factor * query
        if best is not None and best[0] <= self._tolerance * np.linalg.norm(bos_row):
            return Special(self._atoms.place(best[2]), self._atoms.place(best[1]))
        if best is not None:
            raise CannotUnmixError("no head attends to BOS")
        one = self._voted_one()
        if one is None:
            return Special(None, self._atoms.place(bos_row))
        return Special(self._atoms.place(one), self._atoms.place(bos_row - one))

    def _voted_one(self) -> Floats | None:
        """What is always 1 in a model without heads: each AND of two values, taken apart, says the same."""
        w = self._w
        tokens, others = w.W_E[self._tokens], np.concatenate([w.W_pos[1:], *w.W_out])
        others = self._distinct(others[np.abs(others).max(axis=1) > 0])
        known = np.concatenate([tokens, others]).astype(np.float64)
        shares = np.arange(len(known)) < len(tokens)
        first, second = np.triu_indices(len(known), 1)
        neurons = self._distinct(np.concatenate([layer.T[layer.any(axis=0)] for layer in w.W_in]))
        times = (1 + shares[first].astype(int) + shares[second])[:, None]
        sums = known[first] + known[second]
        votes = np.concatenate([np.zeros((0, known.shape[1])), *((sums - c) / times for c in neurons)])
        votes = votes[np.linalg.norm(votes, axis=1) > self._tolerance]
        _, places, counts = np.unique(
            np.round(votes / (10 * self._tolerance)), axis=0, return_index=True, return_counts=True
        )
        sizes = np.linalg.norm(votes[places], axis=1)
        plausible = np.flatnonzero(
            (counts >= _LEAST_VOTES) & (sizes > _SMALLEST_ONE) & (sizes < _LARGEST_ONE)
        )
        ranked = plausible[np.argsort(-counts[plausible], kind="stable")]
        self.last = self._attempt + 1 >= len(ranked)
        return votes[places[ranked[self._attempt]]] if len(ranked) > self._attempt else None

    def _distinct(self, rows: np.ndarray) -> np.ndarray:
        """Rows without those that were there before."""
        _, places = np.unique(np.round(rows / (10 * self._tolerance)), axis=0, return_index=True)
        return rows[np.sort(places)]

    def _keys_and_values(self) -> None:
        w = self._w
        for layer, head in np.ndindex(*w.W_Q.shape[:2]):
            if w.W_O[layer, head].any():
                for matrix in (w.W_K, w.W_V):
                    self._identity(_columns(matrix[layer, head]))

    def _embedding(self, special: Special) -> list[Written]:
        rows = _rows(self._w.W_E)
        always: Written = {}
        one: Floats = np.zeros(self._model.config.d_model)
        if special.one is not None:
            one, always = self._atoms.vectors[special.one], {special.one: 1.0}
        found = [self._written(row - one) | always for row in rows]
        own = self._atoms.place_own(rows[row] - one for row in self._tokens)
        self._inputs.append(own)
        for row, atom in zip(self._tokens, own, strict=True):
            found[row] = {atom: 1.0} | always
        return found

    def _unembedding(self) -> list[Written]:
        columns = _columns(self._w.W_U)
        self._atoms.place_group(columns)
        return [self._written(column) for column in columns]

    def _written(self, vector: Floats, *, new: bool = False) -> Written:
        """A vector as a multiple of an atom, which is new where there is none."""
        if not vector.any():
            return {}
        known = self._atoms.parallel(vector, new=new)
        return {known[0]: known[1]} if known else {self._atoms.place(vector, new=new): 1.0}

    # -- parts ------------------------------------------------------------------------------------

    def _note_written(self, places: Iterable[Place]) -> None:
        """Other parts write other atoms, and from here on these can be read."""
        rows = [row for place in places for row in self._writes.get(place, [])]
        self._atoms.written |= {atom for row in rows for atom in row}

    def _head(self, layer: int, head: int, special: Special) -> None:
        w = self._w
        if not w.W_O[layer, head].any():
            return
        self._writes["W_O", layer, head] = self._identity(_rows(w.W_O[layer, head]), new=True)
        for name, matrix in (("W_K", w.W_K), ("W_V", w.W_V)):
            units = np.zeros((matrix.shape[-1], len(self._atoms)))
            _fill(units, self._identity(_columns(matrix[layer, head])))
            self._reads[name, layer, head] = list(units)
        reader = Reader(self._atoms, special, self._tolerance, self._scales(layer, head, special))
        self._reads["W_Q", layer, head] = [
            self._read(reader, column, f"W_Q of head {layer}.{head}")
            for column in _columns(w.W_Q[layer, head])
        ]

    def _identity(self, vectors: list[Floats], *, new: bool = False) -> list[Written]:
        """Keys, values and what heads write: an atom for each vector that is not zero."""
        present = [i for i, vector in enumerate(vectors) if vector.any()]
        found: list[Written] = [{} for _ in vectors]
        for i, atom in zip(
            present, self._atoms.place_own((vectors[i] for i in present), new=new), strict=True
        ):
            found[i] = {atom: 1.0}
        return found

    def _scales(self, layer: int, head: int, special: Special) -> tuple[float, ...]:
        """What a selected key counts: as much as BOS where keys are counted, else twice that."""
        if special.one is None:
            return (1.0,)
        one = self._atoms.vectors[special.one]
        factors = {
            round(float(c @ one / (one @ one)), 4)
            for c in _columns(self._w.W_Q[layer, head])
            if np.linalg.norm(c - (c @ one) / (one @ one) * one) <= self._tolerance * np.linalg.norm(c)
        }
        times = 1 if self._moves_only_bos(layer, head, special) else 2
        return tuple(times * f for f in sorted(factors) if f > 0) or (1.0,)

    def _mlp(self, layer: int, special: Special) -> None:
        w = self._w
        reader = Reader(self._atoms, special, self._tolerance)
        columns = _columns(w.W_in[layer])
        w_in = [
            self._once(column, self._read(reader, column, f"W_in of mlp {layer}"), special)
            for column in columns
        ]
        rows = _rows(w.W_out[layer])
        written = ladder_atoms(
            self._atoms,
            special,
            np.array(w_in).reshape(len(rows), -1),
            rows,
            self._tolerance,
            self._counts(layer, special),
        )
        self._reads["W_in", layer, 0] = w_in
        self._note_slopes(w_in, special)
        self._atoms.written |= {atom for row in written if row for atom in row}
        cleaners = [_reads_only(column, special.bos) for column in w_in]
        found = [
            {} if cleans else known if known is not None else self._written(row, new=True)
            for cleans, known, row in zip(cleaners, written, rows, strict=True)
        ]
        lookups = [row for row, known in zip(found, written, strict=True) if known is None]
        self._atoms.note(a for row in lookups for a in row)
        self._atoms.note(a for row in found for a in row if a not in special.both)
        near = sorted(self._in_layer(layer) | {a for row in found for a in row})
        self._writes["W_out", layer, 0] = [
            self._sum_of(near, row) if cleans else known
            for cleans, known, row in zip(cleaners, found, rows, strict=True)
        ]

    def _once(self, column: Floats, found: Floats, special: Special) -> Floats:
        """A neuron that reads several values with one vector, as one that reads this vector for all of them.

        What is read of a value then is the neuron's activation.
        """
        atoms = np.flatnonzero(found)
        if not len(atoms) or np.abs(found[atoms]).max() < _SEVERAL or found[special.both].any():
            return found
        atoms = np.array(next((g for g in self._atoms.groups if set(atoms.tolist()) <= set(g)), atoms))
        active = self._activations(atoms, column)
        if np.abs(active - found[atoms]).max() <= _NEARLY * np.abs(active).max():
            return found
        once = np.zeros_like(found)
        whole = np.round(active)
        once[atoms] = np.where(np.abs(active - whole) <= _NEARLY, whole, active)
        return once

    def _activations(self, atoms: np.ndarray, column: Floats) -> Floats:
        """What a neuron makes of each of some values; of a token beside all positions, and the other way."""
        seen = self._w.W_E[self._tokens].astype(np.float64) @ column, self._w.W_pos[1:] @ column
        for own, rows, others in zip(self._inputs, seen, seen[::-1], strict=True):
            place = {atom: i for i, atom in enumerate(own)}
            if set(atoms.tolist()) <= set(own) and np.ptp(others) <= _NEARLY:
                return rows[[place[atom] for atom in atoms.tolist()]] + others.mean()
        return self._atoms.vectors[atoms] @ column

    def _counts(self, layer: int, special: Special) -> set[int]:
        """Atoms that heads of a layer write which move nothing but BOS: 1 over the keys selected and BOS."""
        found: set[int] = set()
        for head in range(self._model.config.n_heads):
            if self._moves_only_bos(layer, head, special):
                found |= {atom for row in self._writes["W_O", layer, head] for atom in row}
        return found

    def _moves_only_bos(self, layer: int, head: int, special: Special) -> bool:
        moved = self._reads.get(("W_V", layer, head), [])
        return bool(moved) and all(_reads_only(c, special.bos) or not c.any() for c in moved)

    def _note_slopes(self, w_in: list[Floats], special: Special) -> None:
        """The length of a number's atom is that of what was written first; its readers tell the right one.

        A linear map reads a number and its opposite as they are. Steps have Tracr's slope, or the usual one
        or a larger power of two.
        """
        for column in w_in:
            atoms = [a for a in np.flatnonzero(column).tolist() if a not in special.both]
            if len(atoms) != 1 or atoms[0] in self._fixed:
                continue
            slope = abs(float(column[atoms[0]]))
            if special.one is not None and column[special.one] != 0:
                power = max(USUAL, 2.0 ** np.round(np.log2(slope)))
                plain = any(abs(slope - right) <= self._tolerance * slope for right in (EXACTNESS, power))
                self._lengths.setdefault(atoms[0], 1.0 if plain else USUAL / slope)
            elif column[atoms[0]] < 0 and column[special.bos] == 0:
                self._lengths[atoms[0]] = 1 / slope

    def _in_layer(self, layer: int) -> set[int]:
        """What the heads of a layer write."""
        heads = (self._writes.get(("W_O", layer, head), []) for head in range(self._model.config.n_heads))
        return {a for rows in heads for row in rows for a in row}

    def _sum_of(self, near: list[int], vector: Floats) -> Written:
        """A vector as a sum of a few of some atoms: what keeps BOS clean takes away what a layer writes."""
        chosen: list[int] = []
        rest, factors = vector, np.zeros(0)
        while np.linalg.norm(rest) > self._tolerance * np.linalg.norm(vector) and len(chosen) < len(near):
            free = [a for a in near if a not in chosen]
            gaps = [np.linalg.norm(self._residual([*chosen, a], vector)[1]) for a in free]
            chosen.append(free[int(np.argmin(gaps))])
            factors, rest = self._residual(chosen, vector)
        return dict(zip(chosen, factors.tolist(), strict=True))

    def _residual(self, chosen: list[int], vector: Floats) -> tuple[Floats, Floats]:
        basis = self._atoms.vectors[chosen]
        factors = least_squares(basis, vector)
        return factors, vector - factors @ basis

    def _read(self, reader: Reader, vector: Floats, what: str) -> Floats:
        found = reader.read(vector)
        if found is None:
            raise CannotUnmixError(f"{what} reads what is no sum of few columns of W_emb")
        return found

    # -- the model --------------------------------------------------------------------------------

    def _assembled(self, w_e: list[Written], w_pos: list[Written], w_u: list[Written]) -> TransformerProgram:
        w, size = self._w, len(self._atoms)
        found = {
            name: np.zeros((*getattr(w, name).shape[:-2], size, getattr(w, name).shape[-1]), np.float32)
            for name in ("W_Q", "W_K", "W_V", "W_in", "W_U")
        } | {
            name: np.zeros((*getattr(w, name).shape[:-1], size), np.float32)
            for name in ("W_E", "W_pos", "W_O", "W_out")
        }
        for (name, layer, head), columns in self._reads.items():
            target = found[name][layer] if name == "W_in" else found[name][layer, head]
            for j, column in enumerate(columns):
                target[: len(column), j] = column if name == "W_Q" else rounded(column)
        for (name, layer, head), rows in self._writes.items():
            target = found[name][layer] if name == "W_out" else found[name][layer, head]
            _fill(target, rows)
        _fill(found["W_E"], w_e)
        _fill(found["W_pos"], w_pos)
        _fill(found["W_U"].T, w_u)
        for atom, length in self._lengths.items():
            for name in ("W_Q", "W_K", "W_V", "W_in", "W_U"):
                found[name][..., atom, :] *= length
            for name in ("W_E", "W_pos", "W_O", "W_out"):
                found[name][..., atom] *= length
        model = self._model
        config = replace(model.config, d_model=size)
        return TransformerProgram(config, Weights(**found), model.input_encoder, model.output_encoder)


def _reads_only(column: Floats, atom: int) -> bool:
    """Whether a neuron reads one atom and nothing else."""
    return bool(column[atom] != 0) and int(np.count_nonzero(column)) == 1


def rounded(factors: Floats) -> Floats:
    """Factors that are all but a plain number, made it: float32 and least squares have left them beside."""
    for parts in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100):
        plain = np.round(factors * parts) / parts
        factors = np.where(np.abs(factors - plain) <= 1e-4 * np.maximum(np.abs(factors), 1), plain, factors)
    return factors


def _fill(target: np.ndarray, rows: list[Written]) -> None:
    for i, row in enumerate(rows):
        for atom, factor in row.items():
            target[i, atom] += factor


def _rows(matrix: np.ndarray) -> list[Floats]:
    return list(matrix.astype(np.float64))


def _columns(matrix: np.ndarray) -> list[Floats]:
    return list(matrix.T.astype(np.float64))
