"""What is seen of a model: what attention does, not how far BOS lies below; noise of the size asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inverse_tracr.compile import Mode, compile_program
from inverse_tracr.metamodel.blur import Blur
from inverse_tracr.metamodel.sites import draw_sites
from inverse_tracr.metamodel.view import view
from inverse_tracr.rasp import parse_source

SAME_PLACE = parse_source(
    "# signature: vocab=[a, b, c] max_seq_len=4\n"
    "own = select(indices, indices, k == q)\nmoved = aggregate(own, tokens)\nreturn moved\n"
)


@pytest.mark.parametrize("share", [0.5, 0.0, -3.0])
def test_how_far_bos_lies_below_chosen_keys_does_not_matter(share: float) -> None:
    program, signature = SAME_PLACE.program, SAME_PLACE.signature
    assert signature is not None
    model, changed = (compile_program(program, signature, mode=Mode.FIXED) for _ in range(2))
    sites = draw_sites(signature, key=1)
    with torch.no_grad():
        changed.state_dict()["embed.W_E"][model.input_encoder.bos] *= share
    before, after = (view(own, sites).halves[0] for own in (model, changed))
    np.testing.assert_allclose(after.scores, before.scores, atol=1e-5)


def test_noise_of_the_stream_is_the_same_where_the_stream_is() -> None:
    random = np.random.default_rng(0)
    embedded = random.standard_normal((4, 6))[random.integers(4, size=500)]
    rows = np.stack([embedded @ random.standard_normal((6, 6)), np.zeros((500, 6))])
    noise = Blur(0.1, student=True).on_rows(rows, embedded, np.random.default_rng(1))
    _, first, inverse = np.unique(embedded, axis=0, return_index=True, return_inverse=True)
    np.testing.assert_allclose(noise[0], noise[0][first][inverse.ravel()], atol=1e-12)
    assert not noise[1].any(), "a half-layer that writes nothing has no noise"
    assert 0.0005 < np.sqrt((noise[0] ** 2).mean() / rows[0].var(axis=0).mean()) < 0.12


def test_noise_drawn_anew_differs_from_site_to_site() -> None:
    rows = np.repeat(np.random.default_rng(0).standard_normal((1, 2, 6)), 100, axis=1)
    noise = Blur(0.1).on_rows(rows, rows[0], np.random.default_rng(1))
    assert len(np.unique(noise[0], axis=0)) == rows.shape[1]


def test_the_stream_of_a_student_is_half_as_wide() -> None:
    random = np.random.default_rng(0)
    assert Blur(0.1, student=True).projection(9, random).shape == (9, 5)
    assert (Blur(0.1).projection(9, random) == np.eye(9)).all()


def test_what_heads_choose_does_not_matter_where_they_move_nothing() -> None:
    program, signature = SAME_PLACE.program, SAME_PLACE.signature
    assert signature is not None
    model = compile_program(program, signature, mode=Mode.FIXED)
    sites = draw_sites(signature, key=1)
    assert view(model, sites).halves[0].scores.any()
    with torch.no_grad():
        model.state_dict()["blocks.0.attn.W_O"].zero_()
    assert not view(model, sites).halves[0].scores.any()
