"""What a zoo holds, and nothing about how it is built: kind, count, seed, presets, splits."""

from __future__ import annotations

import enum
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from inverse_tracr.compile import DEFAULT_CAP
from inverse_tracr.errors import BadInputError
from inverse_tracr.model.json_fields import JsonFields
from inverse_tracr.model.strict_json import read_json
from inverse_tracr.sample import Preset, SamplerConfig, default_config
from inverse_tracr.zoo.excluded import excluded_digest

SCHEMA_VERSION = 1
SHORTEST, LONGEST = 4, 15
"""Lengths of a stratified zoo, both included."""
USUAL_FACTOR = 2.0
"""Width of a student's teacher over its own, where nothing else is asked for."""


class Kind(enum.Enum):
    """Where the weights come from: compiled; compiled and squeezed; trained from nothing."""

    STANDARD = "standard"
    COMPRESSED = "compressed"
    NATURAL = "natural"


class Acceptance(enum.Enum):
    """Which students are taken.

    USUAL: loss and agreement as the design says. EXACT: those that equal their program on every input of the
    comparison. IMPERFECT: those that agree on 90 to 99.9 % of the inputs.
    """

    USUAL = "usual"
    EXACT = "exact"
    IMPERFECT = "imperfect"


class Splits(enum.Enum):
    """Rows divided by the hash of their function, 90 : 5 : 5, or all of them in `test`."""

    BY_FUNCTION = "by function"
    TEST_ONLY = "test only"


@dataclass(frozen=True)
class Stratum:
    """One of the distributions that a zoo takes its programs from in turn."""

    preset: Preset
    sampler: SamplerConfig


@dataclass(frozen=True)
class ZooConfig:
    """Everything that decides the rows of a zoo.

    `presets` are taken in turn. `stratified`: lengths 4 to 15 in turn, the same number of each; every
    combination of length and preset is a stratum with its own quota. `cap`: parameters of a compiled model.
    `without_test_functions`: functions of the test sets are left out. `copies`: checkpoints kept of every
    student. `factor`: width of a student's teacher over its own. Raises BadInputError for a count below 1, a
    factor below 1, no presets, or options that only students have.
    """

    kind: Kind
    count: int
    seed: int
    presets: tuple[Preset, ...] = (Preset.SOUND,)
    stratified: bool = False
    splits: Splits = Splits.BY_FUNCTION
    without_test_functions: bool = True
    acceptance: Acceptance = Acceptance.USUAL
    cap: int = DEFAULT_CAP
    copies: int = 1
    factor: float = USUAL_FACTOR

    def __post_init__(self) -> None:
        for name, least in (("count", 1), ("seed", 0), ("cap", 1), ("copies", 1)):
            if getattr(self, name) < least:
                raise BadInputError(
                    f"{name} of a zoo", expected=f"at least {least}", got=str(getattr(self, name))
                )
        if not self.factor >= 1:
            raise BadInputError("factor of a zoo", expected="at least 1", got=f"{self.factor}")
        if not self.presets:
            raise BadInputError("a zoo needs at least one preset")
        students = self.acceptance, self.copies, self.factor
        if self.kind is Kind.STANDARD and students != (Acceptance.USUAL, 1, USUAL_FACTOR):
            raise BadInputError(
                "copies, a factor and an acceptance are options of students",
                expected="kind compressed or natural",
                got=self.kind.value,
            )

    @property
    def trained(self) -> bool:
        """Whether the zoo holds weights of students."""
        return self.kind is not Kind.STANDARD

    @cached_property
    def strata(self) -> tuple[Stratum, ...]:
        """The distributions; item i comes from stratum i modulo their number."""
        lengths = range(SHORTEST, LONGEST + 1) if self.stratified else (None,)
        return tuple(
            Stratum(preset, default_config(preset).with_options(length=length))
            for preset in self.presets
            for length in lengths
        )

    @property
    def recipe_name(self) -> str:
        """The recipe of students: test sets keep the one that they were built with."""
        return f"test-{self.kind.value}" if self.splits is Splits.TEST_ONLY else self.kind.value

    def quota(self, stratum: int) -> int:
        """How many rows a stratum gives."""
        whole, rest = divmod(self.count, len(self.strata))
        return whole + (stratum < rest)

    def to_json(self) -> dict[str, object]:
        """The resolved configuration, in JSON's types."""
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": self.kind.value,
            "count": self.count,
            "seed": self.seed,
            "presets": [preset.value for preset in self.presets],
            "stratified": self.stratified,
            "splits": self.splits.value,
            "without_test_functions": self.without_test_functions,
            "acceptance": self.acceptance.value,
            "cap": self.cap,
            "copies": self.copies,
            **({"factor": self.factor} if self.trained else {}),
        }

    def _recipe(self) -> str:
        """The options of training; empty where nothing is trained."""
        if not self.trained:
            return ""
        from inverse_tracr.distill import RECIPES

        return repr(RECIPES[self.recipe_name])

    @property
    def fingerprint(self) -> str:
        """Hash of the configuration, the options of samplers and training, and the excluded functions."""
        resolved = {
            **self.to_json(),
            "strata": [(s.preset.value, asdict(s.sampler)) for s in self.strata],
            "recipe": self._recipe(),
            "excluded": excluded_digest() if self.without_test_functions else "",
        }
        text = json.dumps(resolved, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def config_from_json(fields: JsonFields) -> ZooConfig:
    """Inverse of `ZooConfig.to_json`; raises ModelFileError, which names the field."""
    version = fields.whole("schema_version")
    if version != SCHEMA_VERSION:
        raise fields.wrong("schema_version", str(SCHEMA_VERSION), version)
    presets = fields.take("presets")
    try:
        kind = Kind(fields.text("kind"))
        config = ZooConfig(
            kind=kind,
            count=fields.whole("count"),
            seed=fields.whole("seed"),
            presets=tuple(Preset(name) for name in presets) if isinstance(presets, list) else (),
            stratified=fields.flag("stratified"),
            splits=Splits(fields.text("splits")),
            without_test_functions=fields.flag("without_test_functions"),
            acceptance=Acceptance(fields.text("acceptance")),
            cap=fields.whole("cap"),
            copies=fields.whole("copies"),
            factor=USUAL_FACTOR if kind is Kind.STANDARD else fields.number("factor"),
        )
    except ValueError as error:
        raise fields.contradictory(error) from error
    fields.close()
    return config


def read_fields(path: Path) -> JsonFields:
    """The fields of a JSON file; raises ModelFileError."""
    return JsonFields(read_json(path), str(path))
