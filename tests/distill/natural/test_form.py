"""Scores of heads as bilinear forms, and their factors."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from inverse_tracr.distill.natural.heads import Form

FEATURES = 5


def drawn(size: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Queries, keys, a bias, and places."""
    random = torch.Generator().manual_seed(seed)
    query, key = torch.randn(2, FEATURES, size, generator=random)
    return query, key, torch.randn(size, generator=random), torch.randn(400, FEATURES, generator=random) + 1


def scores(query: Tensor, key: Tensor, bias: Tensor, places: Tensor) -> Tensor:
    found = (places @ query + bias) @ (places @ key).T * query.shape[1] ** -0.5
    return found - found.mean(dim=1, keepdim=True)


@pytest.mark.parametrize("size", [3, 5, 8])
def test_factors_of_a_form_are_the_queries_and_keys_that_it_is_of(size: int) -> None:
    query, key, bias, places = drawn(size)
    form = Form.of(query, key, bias, places)
    found = form.factors((query, key), places)
    assert [tuple(part.shape) for part in found] == [(FEATURES, size), (FEATURES, size), (size,)]
    wanted = scores(query, key, bias, places)
    torch.testing.assert_close(scores(*found, places) * wanted.std() / scores(*found, places).std(), wanted)


def test_first_scores_are_calm() -> None:
    query, key, bias, places = drawn(8)
    form = Form.of(20 * query, key, bias, places)
    assert float(form.between(places, places).std()) == pytest.approx(1)


def test_too_few_columns_hold_what_matters_between_the_places() -> None:
    query, key, bias, places = drawn(8)
    places[:, 3:] = 1 + 1e-3 * places[:, 3:]
    form = Form.of(query, key, bias, places)
    found = form.factors((query[:, :3], key[:, :3]), places)
    wanted = form.between(places, places)
    wanted = wanted - wanted.mean(dim=1, keepdim=True)
    assert float((scores(*found, places) - wanted).abs().max()) < 0.02


def test_factors_are_near_to_the_first_ones() -> None:
    query, key, bias, places = drawn(8)
    form = Form.of(query, key, bias, places)
    first = drawn(8, seed=1)[:2]
    query, key, _ = form.factors(first, places)
    turn = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(2)))[0]

    def far(query: Tensor, key: Tensor) -> float:
        return float((query - first[0]).square().sum() + (key - first[1]).square().sum())

    assert far(query, key) < far(query @ turn, key @ turn)
