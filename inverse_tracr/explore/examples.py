"""Programs and models to begin with: those that come with the package, and a checkout's `examples`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from inverse_tracr.decompile import proposers
from inverse_tracr.explore.answers import Example, Examples, ShippedModel
from inverse_tracr.rasp import parse_source
from inverse_tracr.zoo import quick_test_sets

SHIPPED = Path(__file__).parent / "shipped"
CHECKOUT = Path(__file__).parents[2] / "examples"
MODELS_OF_A_SET = 8


@cache
def examples() -> Examples:
    """Everything that can be picked, by name."""
    paths = {path.stem: path for folder in (CHECKOUT, SHIPPED) for path in folder.glob("*.rasp")}
    programs = tuple(_example(paths[name]) for name in sorted(paths))
    return Examples(programs=programs, models=_models(), methods=("auto", *proposers()))


def _example(path: Path) -> Example:
    text = path.read_text(encoding="utf-8")
    return Example(name=path.stem, description=parse_source(text).description, text=text)


def _models() -> tuple[ShippedModel, ...]:
    return tuple(
        ShippedModel(
            name=f"{name.removesuffix('-test')} {row}",
            test_set=name,
            row=row,
            parameters=int(zoo.split("test").row(row)["parameters"]),
        )
        for name, zoo in quick_test_sets().items()
        for row in range(min(MODELS_OF_A_SET, len(zoo.split("test"))))
    )
