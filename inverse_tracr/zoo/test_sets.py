"""The five test sets: their fixed configurations, the committed manifest, the functions that they take.

Functions are taken of whole pools of programs, before any student is trained: which students are accepted
then changes no other zoo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from inverse_tracr.errors import InverseTracrError
from inverse_tracr.model.json_fields import JsonFields
from inverse_tracr.model.safe_files import write_atomically
from inverse_tracr.model.strict_json import dump
from inverse_tracr.sample import Preset
from inverse_tracr.zoo.config import USUAL_FACTOR, Acceptance, Kind, Splits, ZooConfig, read_fields
from inverse_tracr.zoo.excluded import KEY_DIGITS, TEST_FUNCTIONS_FILE
from inverse_tracr.zoo.items import Item, make_item
from inverse_tracr.zoo.manifest import Manifest

TEST_SETS_FILE = Path(__file__).parent / "test_sets.json"
COMPRESSED_TEST_FACTOR = 1.25
"""At factor 2 one student in eight equals its program on all inputs (docs/results.md)."""
MIXED = (Preset.SOUND, Preset.SOUND, Preset.SOUND, Preset.TRACR)


@dataclass(frozen=True)
class TestSet:
    """A test set and the number of items, from the first, whose functions no other zoo may hold."""

    __test__ = False  # not a class of tests

    config: ZooConfig
    pool: int


def _mixed(
    kind: Kind,
    count: int,
    seed: int,
    acceptance: Acceptance = Acceptance.USUAL,
    factor: float = USUAL_FACTOR,
) -> ZooConfig:
    return ZooConfig(
        kind,
        count,
        seed,
        presets=MIXED,
        stratified=True,
        splits=Splits.TEST_ONLY,
        without_test_functions=False,
        acceptance=acceptance,
        factor=factor,
    )


TEST_SETS = {
    "standard-test": TestSet(_mixed(Kind.STANDARD, 2_000, 900_001), 3_000),
    "compressed-test": TestSet(
        _mixed(Kind.COMPRESSED, 1_000, 900_002, Acceptance.EXACT, COMPRESSED_TEST_FACTOR), 6_000
    ),
    "natural-test": TestSet(_mixed(Kind.NATURAL, 500, 900_003, Acceptance.EXACT), 6_000),
    "imperfect-test": TestSet(_mixed(Kind.NATURAL, 300, 900_004, Acceptance.IMPERFECT), 8_000),
    "thesis-test": TestSet(
        ZooConfig(
            Kind.STANDARD,
            1_000,
            900_005,
            presets=(Preset.THESIS,),
            splits=Splits.TEST_ONLY,
            without_test_functions=False,
        ),
        2_000,
    ),
}
"""The test sets by name; their seeds belong to them alone."""


class TestSetError(InverseTracrError):
    """A test set came out other than the committed manifest says."""

    __test__ = False


def pool_functions(report: Callable[[int], None]) -> Iterator[str]:
    """Keys of the functions of all pools; `report` is told the number of items made."""
    made = 0
    for test_set in TEST_SETS.values():
        for number in range(test_set.pool):
            item = make_item(test_set.config, number)
            if isinstance(item, Item):
                yield item.row.function_hash[:KEY_DIGITS]
            made += 1
            report(made)


def write_functions(keys: Iterator[str]) -> int:
    """Write the list of functions that no other zoo may hold; returns how many there are."""
    distinct = sorted(set(keys))
    write_atomically(TEST_FUNCTIONS_FILE, "".join(f"{key}\n" for key in distinct).encode())
    return len(distinct)


def compare(name: str, manifest: Manifest) -> None:
    """Raise TestSetError unless a built test set lies within its pool and, where its models are compiled, is
    the committed one.

    Students may differ on another machine, and then the programs of those that were accepted too.
    """
    _check_pool(name, manifest)
    known = read_hashes().get(name)
    if known is None:
        raise TestSetError(f"the committed manifest does not know {name}", where=str(TEST_SETS_FILE))
    found = hashes(manifest)
    if not manifest.config.trained and known != found:
        raise TestSetError(f"{name} came out differently", expected=str(known), got=str(found))


def _check_pool(name: str, manifest: Manifest) -> None:
    used = sum(manifest.outcomes.values())
    if used > TEST_SETS[name].pool:
        raise TestSetError(
            f"{name} took functions that other zoos may hold",
            expected=f"at most {TEST_SETS[name].pool} items",
            got=str(used),
        )


def hashes(manifest: Manifest) -> dict[str, str]:
    """What the committed manifest holds of a test set."""
    return {
        "fingerprint": manifest.fingerprint,
        "programs_hash": manifest.programs_hash,
        "weights_hash": manifest.weights_hash,
    }


def read_hashes() -> dict[str, dict[str, str]]:
    """The committed manifest, by test set."""
    fields = read_fields(TEST_SETS_FILE)
    names = fields.object("test_sets")
    found: dict[str, dict[str, str]] = {}
    for name in names:
        entry = JsonFields(names, str(TEST_SETS_FILE)).object(name)
        inner = JsonFields(entry, name)
        found[name] = {key: inner.text(key) for key in entry}
    return found


def update_hashes(name: str, manifest: Manifest) -> None:
    """Write a test set into the manifest that is committed; raises TestSetError for one beyond its pool."""
    _check_pool(name, manifest)
    sets: dict[str, object] = {**read_hashes(), name: hashes(manifest)}
    write_atomically(TEST_SETS_FILE, dump({"schema_version": 1, "test_sets": dict(sorted(sets.items()))}))
