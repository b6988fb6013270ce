"""The test sets that come with the package, and the lists of what they hold."""

from __future__ import annotations

from inverse_tracr.zoo import quick_test_sets
from inverse_tracr.zoo.check_models import check_model
from inverse_tracr.zoo.excluded import excluded_functions, key_of
from inverse_tracr.zoo.items import Item, make_item
from inverse_tracr.zoo.quick import QUICK_COUNT, quick_config
from inverse_tracr.zoo.test_sets import TEST_SETS, read_hashes


def test_quick_sets_are_whole_and_their_functions_are_kept_from_others() -> None:
    excluded = set(excluded_functions().tolist())
    for name, zoo in quick_test_sets().items():
        rows = zoo.split("test")
        assert len(rows) == zoo.manifest.count > 0
        assert zoo.config.kind is TEST_SETS[name].config.kind
        assert {key_of(rows.row(row)["function_hash"]) for row in range(len(rows))} <= excluded
        assert not list(check_model(zoo, "test", len(rows) - 1, seed=0))


def test_the_quick_standard_set_is_the_start_of_its_stream() -> None:
    zoo = quick_test_sets()["standard-test"]
    assert (zoo.config, zoo.manifest.count) == (quick_config("standard-test"), QUICK_COUNT)
    for row in (0, 17, 40):
        item = make_item(zoo.config, row)
        assert isinstance(item, Item)
        assert item.row.program == zoo.split("test").row(row)["program"]
        assert item.row.function_hash == zoo.split("test").row(row)["function_hash"]


def test_every_test_set_has_the_hashes_of_its_configuration_and_recipe() -> None:
    known = {name: entry["fingerprint"] for name, entry in read_hashes().items()}
    assert known == {name: test_set.config.fingerprint for name, test_set in TEST_SETS.items()}
