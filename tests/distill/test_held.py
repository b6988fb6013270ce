"""Where everything that is read is held, a student is exact without training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inverse_tracr.distill import COMPRESSED, Reason, Teacher, distill
from inverse_tracr.distill.held import Basis, exact_basis
from inverse_tracr.distill.output_code import CODE, MARGIN, least_code, output_code, spread
from inverse_tracr.distill.room import Room

SIZE = 12


def random_basis(columns: int, seed: int) -> np.ndarray:
    found, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((SIZE, columns)))
    return found


def test_what_is_read_of_reached_directions_is_met_exactly() -> None:
    reached, reads = random_basis(7, 0), np.random.default_rng(1).standard_normal((SIZE, 3))
    nothing, none = np.zeros((SIZE, SIZE)), np.zeros((SIZE, 0))
    random = np.random.default_rng(2)
    basis = exact_basis(reached @ reached.T, nothing, reads @ reads.T, nothing, none, 6, random)
    assert basis.exact
    others = random.standard_normal((2, SIZE)) @ basis.outside
    w_emb = np.concatenate([basis.rows, others])
    np.testing.assert_allclose(reached.T @ w_emb.T @ w_emb @ reads, reached.T @ reads, atol=1e-9)


def test_without_room_only_what_bears_no_error_is_held() -> None:
    reached, none = random_basis(9, 0), np.zeros((SIZE, 0))
    stiff, reads = random_basis(2, 1), random_basis(8, 2)
    random = np.random.default_rng(2)
    moments = (reached @ reached.T, stiff @ stiff.T, reads @ reads.T, np.eye(SIZE))
    basis = exact_basis(*moments, none, 6, random)
    assert not basis.exact
    assert basis.rows.shape == (2, SIZE)
    projected = reached @ reached.T @ stiff
    np.testing.assert_allclose(basis.rows.T @ basis.rows @ projected, projected, atol=1e-9)


def test_a_tight_basis_gives_up_the_code_of_the_output_first() -> None:
    nothing, w_u = np.zeros((SIZE, SIZE)), np.eye(SIZE)[:, 6:]
    reads, seen = np.eye(SIZE)[:, :6], np.eye(SIZE)
    moments = (seen, nothing, reads @ reads.T, nothing, w_u)

    def basis(d_model: int, room: Room) -> Basis:
        return exact_basis(*moments, d_model, np.random.default_rng(2), room=room)

    np.testing.assert_array_equal(basis(12, Room.USUAL).rows, basis(12, Room.TIGHT).rows)
    assert np.linalg.matrix_rank(basis(12, Room.LEAST).rows @ w_u) == 2
    assert not basis(11, Room.USUAL).exact
    for d_model in (8, 11):
        tight = basis(d_model, Room.TIGHT)
        assert tight.exact
        assert tight.tight
        assert np.linalg.matrix_rank(tight.rows @ w_u) == 2
        np.testing.assert_allclose(tight.rows.T @ tight.rows @ reads, reads, atol=1e-9)
    assert not basis(7, Room.TIGHT).exact


@pytest.mark.parametrize("values", [2, 3, 7])
def test_the_least_code_tells_all_values_apart(values: int) -> None:
    own, w_u = np.eye(SIZE), np.eye(SIZE)[:, :values]
    least = least_code(own, w_u)
    assert least == (1 if values == 2 else 2)
    logits = w_u.T @ (rows := output_code(own, w_u, np.random.default_rng(0), least)).T @ rows @ w_u
    assert logits.argmax(axis=0).tolist() == list(range(values))


@pytest.mark.parametrize("values", [2, 5, 12])
def test_the_code_of_the_output_has_its_margin(values: int) -> None:
    own, w_u = np.eye(SIZE), np.eye(SIZE)[:, :values]
    rows = output_code(own, w_u, np.random.default_rng(0))
    assert len(rows) == min(values, CODE)
    logits = (rows @ w_u).T @ (rows @ w_u)
    others = np.where(np.eye(values, dtype=np.bool_), -np.inf, logits).max(axis=1)
    assert float((np.diag(logits) - others).min()) == pytest.approx(MARGIN)


def test_values_that_never_occur_get_no_point() -> None:
    own, w_u = np.eye(SIZE)[:, :3], np.eye(SIZE)[:, :5]
    rows = output_code(own, w_u, np.random.default_rng(0))
    np.testing.assert_allclose((rows @ w_u)[:, 3:], 0, atol=1e-9)
    assert (rows @ w_u)[:, 0] @ (rows @ w_u)[:, 0] == pytest.approx(MARGIN)


def test_points_are_spread() -> None:
    points = spread(6, 3, np.random.default_rng(0))
    cosines = points @ points.T - 2 * np.eye(6)
    assert cosines.max() < 0.4  # an octahedron has 0, points at random some 0.8


def test_a_student_with_room_is_exact_untrained(teachers: list[Teacher]) -> None:
    (student,) = distill(teachers[1:2], replace(COMPRESSED, factor=1.25), seed=0)
    assert (student.reason, student.steps) == (Reason.ACCEPTED, 0)
    assert student.checkpoints[0].judgement.agreement == 1


def test_a_student_without_room_is_not_tried(teachers: list[Teacher]) -> None:
    (student,) = distill(teachers[1:2], replace(COMPRESSED, factor=4.0), seed=0)
    assert student.reason is Reason.CROWDED
    assert student.judgement is None
