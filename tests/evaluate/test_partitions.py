"""Classes of positions against activation vectors."""

from __future__ import annotations

import numpy as np
import pytest

from inverse_tracr.evaluate.partitions import determined, joint_labels, nearest_means, purity, spread

RANDOM = np.random.default_rng(0)
CENTRES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
LABELS = RANDOM.integers(0, 3, size=600)


def vectors(noise: float) -> np.ndarray:
    return CENTRES[LABELS] + noise * np.random.default_rng(1).standard_normal((600, 2))


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_the_right_classes_are_found_again(noise: float) -> None:
    assert purity(vectors(noise), LABELS, noise) == 1.0
    assert (nearest_means(vectors(noise), LABELS) == LABELS).all()


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_classes_that_are_too_fine_are_not_in_the_vectors(noise: float) -> None:
    halved = LABELS + 3 * RANDOM.integers(0, 2, size=600)
    assert purity(vectors(noise), halved, noise) < 0.7
    alone = np.arange(600)
    assert purity(vectors(noise), alone, spread(vectors(noise), LABELS)) < 0.3


def test_classes_that_are_too_coarse_leave_something_open() -> None:
    merged = np.where(LABELS == 2, 1, LABELS)
    assert purity(vectors(0.05), merged, 0.05) > 0.99
    assert determined(LABELS, merged) < 0.9
    assert determined(merged, LABELS) == 1.0


def test_no_lines_give_one_class_which_a_constant_output_allows() -> None:
    one = joint_labels([], 600)
    assert purity(np.zeros((600, 0)), one, 0.0) == 1.0
    assert determined(LABELS, one) < 0.5
    assert determined(one, one) == 1.0


def test_values_are_joined() -> None:
    first, second = np.array([0, 0, 1, 1]), np.array([5, 6, 5, 5])
    assert joint_labels([first, second], 4).tolist() == [0, 1, 2, 2]


def test_a_position_that_lies_with_others_counts_against_its_class() -> None:
    # Its own vector moves the mean of its class: that mean is taken without it.
    labels = np.array([0, 0, 1, 1, 1])
    found = np.array([[0.0], [1.0], [1.0], [1.0], [1.0]])
    assert purity(found, labels, 0.0) == pytest.approx(0.6)


def test_classes_that_the_vectors_do_not_tell_apart_are_one() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    merged = np.array([[0.0], [0.0], [0.0], [0.0], [1.0], [1.0]])
    assert determined(nearest_means(merged, labels), np.array([0, 0, 0, 0, 1, 1])) == 1
    apart = merged + np.array([[0.0], [0.0], [0.01], [0.01], [0.0], [0.0]])
    assert determined(nearest_means(apart, labels), np.array([0, 0, 0, 0, 1, 1])) < 1
