"""What was understood of a model, and which parts were not."""

from __future__ import annotations

from inverse_tracr.decompile.lift.lift import Lifted
from inverse_tracr.rasp.fusion import live_positions
from inverse_tracr.rasp.printer import print_line, print_signature
from inverse_tracr.rasp.signature import Signature


def unexplained_parts(lifted: Lifted) -> tuple[str, ...]:
    """The parts of the model that no line explains, with the reason; those that only suffer left out."""
    if lifted.program is None:
        return (f"embedding: {lifted.problem}",)
    parts: dict[str, str] = {}
    for line in lifted.unknown.values():
        if not line.suffers:
            parts.setdefault(line.part, line.problem)
    return tuple(f"{part}: {problem}" for part, problem in parts.items())


def partial_text(lifted: Lifted, signature: Signature) -> str:
    """The program with `unknown(...)` for lines that could not be read, less the lines that do not matter."""
    rows = [print_signature(signature)]
    program = lifted.program
    if program is None:
        return "\n".join([*rows, f"v1 = unknown(embedding: {lifted.problem})", "return v1"]) + "\n"
    to_blame = {position for position, line in lifted.unknown.items() if not line.suffers}
    for position in sorted(to_blame.union(live_positions(program.lines, program.output))):
        name = program.names[position]
        unknown = lifted.unknown.get(position)
        if unknown is None:
            rows.append(f"{name} = {print_line(program, program.lines[position])}")
        else:
            rows.append(f"{name} = unknown({unknown.part})  # {unknown.problem}")
    return "\n".join([*rows, f"return {program.name(program.output)}"]) + "\n"
