from __future__ import annotations

import torch

from inverse_tracr.distill.half_by_half import HalfByHalf
from inverse_tracr.distill.natural.solve import Gram, Root, as_product, quick_solution, with_one
from inverse_tracr.distill.natural.uniform import Uniform, refit


def normal(*sizes: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(seed))


def test_a_weight_of_two_counts_as_two_places() -> None:
    features, targets = with_one(normal(20, 3)), normal(20, 2, seed=1)
    weights = torch.ones(20)
    weights[4] = 2
    twice = Gram.of(torch.cat([features, features[4:5]]), torch.cat([targets, targets[4:5]])).solution(1e-9)
    torch.testing.assert_close(
        Gram.of(features, targets, weights).solution(1e-9), twice, atol=1e-4, rtol=1e-4
    )
    half = Gram.of(features[:10], targets[:10])
    both = half.plus(Gram.of(features[10:], targets[10:]), 1.0).solution(1e-9)
    expected = torch.linalg.lstsq(features, targets).solution
    torch.testing.assert_close(both, expected, atol=1e-4, rtol=1e-4)


def test_quick_solutions_are_those_of_float64() -> None:
    features, targets = with_one(normal(200, 5)), normal(200, 2, seed=1)
    exact = Gram.of(features, targets).solution(1e-3)
    torch.testing.assert_close(quick_solution(features, targets, 1e-3), exact, atol=1e-5, rtol=1e-5)


def test_quick_solutions_of_features_that_float32_takes_for_dependent() -> None:
    features = normal(200, 5) * 1e4
    features = torch.cat([features, features.sum(dim=1, keepdim=True)], dim=1)
    targets = features[:, :2] + features[:, 5:]
    found = quick_solution(features, targets, 1e-9)
    assert float((features @ found - targets).abs().max()) < 1e-3 * float(targets.abs().max())


def test_roots_of_moments_and_back() -> None:
    places = normal(500, 4) @ torch.diag(torch.tensor([5.0, 1.0, 0.1, 1e-6]))
    root = Root.of(places, 1e-6)
    sizes = root.even(places).square().mean(dim=0).sqrt()
    assert sorted(round(float(s), 1) for s in sizes) == [0.0, 1.0, 1.0, 1.0]
    torch.testing.assert_close(root.into @ root.back, torch.eye(4).double(), atol=1e-6, rtol=0)
    heavy = torch.where(torch.arange(500) < 250, 3.0, 1.0)
    often = torch.cat([places, places[:250], places[:250]])
    torch.testing.assert_close(Root.of(places, 1e-6, heavy).back, Root.of(often, 1e-6).back)


def test_uniform_residuals_count_as_far_as_errors_are_borne() -> None:
    features = with_one(normal(50, 2))
    own, other = features @ torch.ones(3, 1), features @ -torch.ones(3, 1)

    def errors(write: torch.Tensor) -> torch.Tensor:
        return (features @ write - own).abs()

    exact = Gram.of(features, own, torch.full((50,), 0.02))
    uniform = Uniform(features, other, torch.full((50,), 0.02), torch.ones(1))
    strict = refit(exact, uniform, errors, HalfByHalf(slack=1e-3, loss_each=1e6))
    loose = refit(exact, uniform, errors, HalfByHalf(slack=1e3))
    assert float(errors(strict).max()) < 1e-3
    torch.testing.assert_close(loose, torch.zeros(3, 1), atol=1e-3, rtol=0)  # both count the same
    assert float(uniform.loss(loose)) < float(uniform.loss(strict))


def test_each_row_has_a_weight_of_its_own() -> None:
    features = with_one(normal(50, 2))
    own, other = features @ torch.ones(3, 2), features @ -torch.ones(3, 2)
    uniform = Uniform(features, other, torch.full((50,), 0.02), torch.tensor([1e-9, 1e9]))
    exact = Gram.of(features, own, torch.full((50,), 0.02))
    found = refit(exact, uniform, lambda write: (features @ write - own).abs(), HalfByHalf(slack=1e-3))
    torch.testing.assert_close(found[:, 0], torch.ones(3), atol=1e-2, rtol=0)
    assert float((found[:, 1] - 1).abs().min()) > 0.5


def test_a_map_as_a_product_near_to_the_first_values() -> None:
    first, wanted, second = normal(12, 6), normal(12, 4, seed=1), torch.eye(12, dtype=torch.double)
    values, out = as_product(first, wanted, second)
    torch.testing.assert_close(values @ out, wanted, atol=1e-4, rtol=1e-4)
    kept = first - first @ out @ torch.linalg.pinv(out)  # what W_O does not see is as it was
    torch.testing.assert_close(values - values @ out @ torch.linalg.pinv(out), kept, atol=1e-4, rtol=1e-3)
    values, out = as_product(first, normal(12, 9, seed=1), second)
    left, sizes, right = torch.linalg.svd(normal(12, 9, seed=1))
    best = left[:, :6] * sizes[:6] @ right[:6]
    torch.testing.assert_close(values @ out, best, atol=1e-4, rtol=1e-3)
