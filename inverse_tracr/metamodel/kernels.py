"""How well one thing on the sites tells another, compiled for the CPU.

Shares of variance are corrected for what as many cells would explain by chance.
"""

# pyright: reportUnknownVariableType=false, reportUntypedFunctionDecorator=false
# pyright: reportMissingParameterType=false, reportUnknownParameterType=false

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np


@numba.njit(cache=True)
@no_type_check
def between(codes, rows, seen, ids, sums, counts):
    """Share of the variance of centred `rows` [sites, r] that lies between cells of equal `codes` [sites].

    `seen`, `ids` [codes + 1] and `sums` [sites, r], `counts` [sites] are scratch; `seen` is 0 before and
    after.
    """
    n, r = rows.shape
    cells = 0
    total = 0.0
    for i in range(n):
        c = codes[i]
        if seen[c] == 0:
            seen[c] = 1
            ids[c] = cells
            counts[cells] = 0.0
            for j in range(r):
                sums[cells, j] = 0.0
            cells += 1
        cell = ids[c]
        counts[cell] += 1.0
        for j in range(r):
            x = rows[i, j]
            sums[cell, j] += x
            total += x * x
    for i in range(n):
        seen[codes[i]] = 0
    if total <= 0.0:
        return 0.0
    explained = 0.0
    for cell in range(cells):
        square = 0.0
        for j in range(r):
            square += sums[cell, j] * sums[cell, j]
        explained += square / counts[cell]
    free = max(n - cells, 1)
    share = 1.0 - ((total - explained) / free) / (total / max(n - 1, 1))
    return min(1.0, max(0.0, share))


@numba.njit(cache=True)
@no_type_check
def purity(codes, labels, kinds, seen, ids, counts, majority):
    """Share of sites whose label is the commonest in their cell, over what the commonest label alone gives.

    Cells are sites of equal `codes`, `labels` are below `kinds`. `seen`, `ids` [codes + 1], `counts`
    [>= sites * kinds] and `majority` [>= kinds] are scratch; `seen` is 0 before and after. 1 where the cell
    tells the label, 0 where it tells nothing.
    """
    n = len(codes)
    for k in range(kinds):
        majority[k] = 0
    cells = 0
    for i in range(n):
        c = codes[i]
        if seen[c] == 0:
            seen[c] = 1
            ids[c] = cells
            for k in range(kinds):
                counts[cells * kinds + k] = 0
            cells += 1
        counts[ids[c] * kinds + labels[i]] += 1
        majority[labels[i]] += 1
    for i in range(n):
        seen[codes[i]] = 0
    commonest = 0
    for k in range(kinds):
        commonest = max(commonest, majority[k])
    if commonest == n:
        return 1.0
    right = 0
    for c in range(cells):
        best = 0
        for k in range(kinds):
            best = max(best, counts[c * kinds + k])
        right += best
    return max(0.0, (right - commonest) / (n - commonest))


@numba.njit(cache=True)
@no_type_check
def pair_shares(labels, sizes, firsts, seconds, known, known_size, rows):
    """For pairs of columns the variance of `rows` between their cells, alone and with `known`: [pairs, 2].

    `labels` [columns, sites] below `sizes` [columns]; a second of -1 means the first alone.
    """
    n = rows.shape[0]
    largest = 1
    for s in sizes:
        largest = max(largest, s)
    room = largest * largest * max(known_size, 1) + 1
    seen, ids = np.zeros(room, np.uint8), np.zeros(room, np.int32)
    sums, counts = np.zeros(rows.shape, np.float64), np.zeros(n, np.float64)
    out = np.zeros((len(firsts), 2), np.float64)
    codes = np.zeros(n, np.int64)
    for p in range(len(firsts)):
        a, b = firsts[p], seconds[p]
        for i in range(n):
            codes[i] = labels[a, i] if b < 0 else labels[a, i] * sizes[b] + labels[b, i]
        out[p, 0] = between(codes, rows, seen, ids, sums, counts)
        if known_size > 1:
            for i in range(n):
                codes[i] = codes[i] * known_size + known[i]
            out[p, 1] = between(codes, rows, seen, ids, sums, counts)
        else:
            out[p, 1] = out[p, 0]
    return out


@numba.njit(cache=True)
@no_type_check
def pattern_shares(labels, sizes, firsts, seconds, queries, keys, scores):
    """Variance of attention scores [heads, pairs of sites] between cells of (key value, query value).

    Per pair of columns (keys `firsts`, queries `seconds`, -1 for none) and head: [pairs, heads].
    """
    heads, n = scores.shape
    largest = 1
    for s in sizes:
        largest = max(largest, s)
    out = np.zeros((len(firsts), heads), np.float64)
    sums = np.zeros((largest * largest, heads), np.float64)
    counts = np.zeros(largest * largest, np.float64)
    totals = np.zeros(heads, np.float64)
    for h in range(heads):
        for i in range(n):
            totals[h] += scores[h, i] * scores[h, i]
    for p in range(len(firsts)):
        a, b = firsts[p], seconds[p]
        width = sizes[b] if b >= 0 else 1
        room = (sizes[a] if a >= 0 else 1) * width
        counts[:room] = 0.0
        sums[:room] = 0.0
        for i in range(n):
            c = (labels[a, keys[i]] * width if a >= 0 else 0) + (labels[b, queries[i]] if b >= 0 else 0)
            counts[c] += 1.0
            for h in range(heads):
                sums[c, h] += scores[h, i]
        cells = (counts[:room] > 0).sum()
        for h in range(heads):
            if totals[h] <= 0.0:
                continue
            explained = 0.0
            for c in range(room):
                if counts[c] > 0:
                    explained += sums[c, h] * sums[c, h] / counts[c]
            share = 1.0 - ((totals[h] - explained) / max(n - cells, 1)) / (totals[h] / max(n - 1, 1))
            out[p, h] = min(1.0, max(0.0, share))
    return out


@numba.njit(cache=True)
@no_type_check
def label_scores(labels, sizes, rows, fine, fine_size, coarse, coarse_size, targets):
    """How candidate lines `labels` [candidates, sites] fit what a half-layer writes; [candidates, 5].

    Columns: variance of `rows` between their classes; whether the clusters `fine` and `coarse` of the rows
    tell the label; share of sites in the commonest class; whether the label tells `targets` (the model's
    outputs).
    """
    n = rows.shape[0]
    largest = max(fine_size, coarse_size)
    for s in sizes:
        largest = max(largest, s)
    target_size = 1
    for t in targets:
        target_size = max(target_size, t + 1)
    seen, ids = np.zeros(largest + 1, np.uint8), np.zeros(largest + 1, np.int32)
    sums, sizes_of = np.zeros(rows.shape, np.float64), np.zeros(n, np.float64)
    most = max(largest, target_size)
    counts, majority = np.zeros(n * most, np.int32), np.zeros(most, np.int32)
    out = np.zeros((len(labels), 5), np.float64)
    for p in range(len(labels)):
        own = labels[p]
        out[p, 0] = between(own, rows, seen, ids, sums, sizes_of)
        out[p, 1] = purity(fine, own, sizes[p], seen, ids, counts, majority)
        out[p, 2] = purity(coarse, own, sizes[p], seen, ids, counts, majority)
        commonest = 0
        for k in range(sizes[p]):
            commonest = max(commonest, majority[k])
        out[p, 3] = commonest / n
        out[p, 4] = purity(own, targets, target_size, seen, ids, counts, majority)
    return out


@numba.njit(cache=True)
@no_type_check
def joint_scores(labels, sizes, known, known_size, rows, coarse, coarse_size):
    """The same with lines that are there, `known` [sites] below `known_size`; [candidates, 2].

    Columns: variance of `rows` between the joint values of a candidate and these; whether they tell the
    cluster `coarse`.
    """
    n = rows.shape[0]
    largest = 1
    for s in sizes:
        largest = max(largest, s)
    room = largest * known_size + 1
    seen, ids = np.zeros(room, np.uint8), np.zeros(room, np.int32)
    sums, sizes_of = np.zeros(rows.shape, np.float64), np.zeros(n, np.float64)
    counts, majority = np.zeros(n * coarse_size, np.int32), np.zeros(coarse_size, np.int32)
    out = np.zeros((len(labels), 2), np.float64)
    codes = np.zeros(n, np.int64)
    for p in range(len(labels)):
        for i in range(n):
            codes[i] = labels[p, i] * known_size + known[i]
        out[p, 0] = between(codes, rows, seen, ids, sums, sizes_of)
        out[p, 1] = purity(codes, coarse, coarse_size, seen, ids, counts, majority)
    return out


@numba.njit(cache=True)
@no_type_check
def linear_shares(labels, sizes, basis):
    """How much of the indicators of the classes of `labels` [candidates, sites] lies in the span of `basis`.

    `basis` [sites, rank] is orthonormal and orthogonal to constants. [candidates, 2]: the share of all
    indicators, and the least share of one.
    """
    n, rank = basis.shape
    largest = 1
    for s in sizes:
        largest = max(largest, s)
    sums, counts = np.zeros((largest, rank)), np.zeros(largest)
    out = np.zeros((len(labels), 2))
    for p in range(len(labels)):
        for k in range(sizes[p]):
            counts[k] = 0.0
            for j in range(rank):
                sums[k, j] = 0.0
        for i in range(n):
            k = labels[p, i]
            counts[k] += 1.0
            for j in range(rank):
                sums[k, j] += basis[i, j]
        inside, total, least = 0.0, 0.0, 1.0
        for k in range(sizes[p]):
            own = counts[k] * (1.0 - counts[k] / n)
            if own <= 0.0:
                continue
            square = 0.0
            for j in range(rank):
                square += sums[k, j] * sums[k, j]
            inside += square
            total += own
            least = min(least, square / own)
        out[p, 0] = min(1.0, inside / total) if total > 0 else 0.0
        out[p, 1] = min(1.0, least) if total > 0 else 0.0
    return out


@numba.njit(cache=True)
@no_type_check
def single_linkage(rows):
    """Lengths and ends of the edges of a minimum spanning tree of `rows` [sites, r]."""
    n, r = rows.shape
    near, best = np.zeros(n, np.int64), np.full(n, np.inf)
    used = np.zeros(n, np.uint8)
    ends, lengths = np.zeros((n - 1, 2), np.int64), np.zeros(n - 1)
    at = 0
    used[0] = 1
    for e in range(n - 1):
        nearest, shortest = -1, np.inf
        for i in range(n):
            if used[i]:
                continue
            d = 0.0
            for j in range(r):
                x = rows[i, j] - rows[at, j]
                d += x * x
            if d < best[i]:
                best[i], near[i] = d, at
            if best[i] < shortest:
                shortest, nearest = best[i], i
        ends[e, 0], ends[e, 1], lengths[e] = near[nearest], nearest, np.sqrt(shortest)
        used[nearest] = 1
        at = nearest
    return lengths, ends


@numba.njit(cache=True)
@no_type_check
def moved_labels(chosen, payload, none, starts):
    """The value at the chosen keys, per query: its index, `none` for no key or several values. [sites]."""
    n = len(starts)
    out = np.full(n, none, np.int64)
    for q in range(n):
        end = starts[q + 1] if q + 1 < n else len(chosen)
        found = -1
        for i in range(starts[q], end):
            if chosen[i]:
                value = payload[i]
                if found == -1:
                    found = value
                elif found != value:
                    found = -2
        if found >= 0:
            out[q] = found
    return out


@numba.njit(cache=True)
@no_type_check
def renumbered(labels):
    """Whole numbers `labels` [n], which lie close together, as 0, 1, ... in the order of first occurrence."""
    out = np.zeros(len(labels), np.int64)
    if len(labels) == 0:
        return out
    least = labels.min()
    known = np.full(labels.max() - least + 1, -1)
    fresh = 0
    for i in range(len(labels)):
        at = labels[i] - least
        if known[at] < 0:
            known[at] = fresh
            fresh += 1
        out[i] = known[at]
    return out
