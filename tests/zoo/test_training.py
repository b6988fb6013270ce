"""Which students a zoo takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inverse_tracr.compile import Mode, compile_weights
from inverse_tracr.sample import Preset
from inverse_tracr.zoo import Acceptance, Kind, Splits, ZooConfig
from inverse_tracr.zoo.items import Item, make_item
from inverse_tracr.zoo.training import Trained, is_taken

CONFIG = ZooConfig(Kind.COMPRESSED, 1, 2, presets=(Preset.TRACR,))


def item(*, numerical: bool) -> Item:
    """The first small item with such an output."""
    for number in range(200):
        found = make_item(CONFIG, number)
        if isinstance(found, Item) and found.signature.max_seq_len <= 6 and found.row.parameters < 20_000:
            widths = found.plan.config.d_vocab_out
            if (widths == 1) is numerical:
                return found
    raise AssertionError("no item of this kind")


def trained(made: Item, agreement: float, factor: float = 1.0) -> Trained:
    """The compiled model as a student, its outputs multiplied."""
    weights = compile_weights(made.program, made.signature, mode=Mode.FIXED).weights
    return Trained(0, 0, replace(weights, W_U=weights.W_U * factor), 0.01, agreement, agreement, 10)


@pytest.mark.parametrize(
    ("acceptance", "agreement", "taken"),
    [
        (Acceptance.USUAL, 0.91, True),
        (Acceptance.EXACT, 0.999, False),
        (Acceptance.EXACT, 1.0, True),
        (Acceptance.IMPERFECT, 0.95, True),
        (Acceptance.IMPERFECT, 1.0, False),
        (Acceptance.IMPERFECT, 0.85, False),
    ],
)
def test_agreement_decides(acceptance: Acceptance, agreement: float, taken: bool) -> None:
    made = item(numerical=False)
    assert is_taken(replace(CONFIG, acceptance=acceptance), made, trained(made, agreement)) is taken


@pytest.mark.parametrize(("factor", "taken"), [(1.0, True), (1.001, False)])
def test_exact_students_have_exact_numbers(factor: float, taken: bool) -> None:
    made = item(numerical=True)
    exact = replace(CONFIG, acceptance=Acceptance.EXACT)
    assert is_taken(exact, made, trained(made, 1.0, factor)) is taken
    assert is_taken(CONFIG, made, trained(made, 1.0, factor))


@pytest.mark.parametrize("kind", [Kind.COMPRESSED, Kind.NATURAL])
def test_test_sets_keep_their_recipe(kind: Kind) -> None:
    config = ZooConfig(kind, 1, 2, presets=(Preset.TRACR,))
    assert config.recipe_name == kind.value
    tested = replace(config, splits=Splits.TEST_ONLY)
    assert tested.recipe_name == f"test-{kind.value}"
    assert tested.fingerprint != config.fingerprint
