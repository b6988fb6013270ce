"""What a program is made of, under a signature: canonical form, value sets, the size of its model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inverse_tracr.model import ModelConfig
    from inverse_tracr.rasp import Program, Signature
    from inverse_tracr.rasp.values import Value

_SHOWN = 16


@dataclass(frozen=True)
class Anatomy:
    """A program taken apart under a signature."""

    program: Program
    signature: Signature
    canonical: Program
    values: dict[str, tuple[Value, ...]]
    config: ModelConfig

    def text(self) -> str:
        """For a person; the parts after the program are comments, so that it is still a program file."""
        from inverse_tracr.rasp import print_program

        width = max(map(len, self.values)) + 2
        sets = [f"{name:<{width}}{_listed(values)}" for name, values in self.values.items()]
        sizes = [f"{name} {size}" for name, size in asdict(self.config).items()]
        model = [", ".join(sizes), f"{self.config.parameter_count:,} parameters"]
        return "\n".join(
            [
                print_program(self.program, self.signature),
                _section(f"canonical form ({len(self.canonical)} lines)", str(self.canonical).splitlines()),
                _section("value sets", sets),
                _section("as a model", model),
            ]
        )

    def data(self) -> dict[str, object]:
        """For JSON."""
        from inverse_tracr.rasp import print_program
        from inverse_tracr.rasp.values import values_to_json

        return {
            "program": print_program(self.program, self.signature),
            "canonical": print_program(self.canonical, self.signature),
            "value_sets": {name: values_to_json(values) for name, values in self.values.items()},
            "config": asdict(self.config),
            "parameters": self.config.parameter_count,
        }


def take_apart(program: Program, signature: Signature) -> Anatomy:
    """Analyse a program; raises ProgramError or CapExceededError where it cannot be compiled."""
    from inverse_tracr.compile import plan
    from inverse_tracr.rasp import INDICES, TOKENS, ValueSets
    from inverse_tracr.rasp.canonical import canonical

    sets = ValueSets(program, signature)
    values = {"tokens": sets[TOKENS], "indices": sets[INDICES]}
    values |= {name: sets[i] for i, name in enumerate(program.names) if program.encodings[i] is not None}
    config = plan(program, signature).config
    return Anatomy(program, signature, canonical(program, signature), values, config)


def _section(title: str, rows: list[str]) -> str:
    return "\n".join([f"# {title}", *(f"#   {row}" for row in rows), ""])


def _listed(values: tuple[Value, ...]) -> str:
    from inverse_tracr.rasp.values import value_text

    text = " ".join(value_text(value) for value in values[:_SHOWN])
    return text if len(values) <= _SHOWN else f"{text} ... ({len(values)} values)"
