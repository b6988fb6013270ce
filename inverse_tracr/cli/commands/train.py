"""`inverse-tracr train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from inverse_tracr.cli.destinations import Destination
from inverse_tracr.cli.errors import UsageError, from_options
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json, note

if TYPE_CHECKING:
    from inverse_tracr.metamodel.config import TrainConfig


def train(
    out: Destination,
    /,
    *,
    run: Literal["shipped", "cpu-2h", "gpu-30m"] = "cpu-2h",
    programs: int | None = None,
    seed: int | None = None,
    zoo: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = (),
    start: Path | None = None,
    device: Literal["cpu", "cuda"] = "cpu",
    workers: int = 1,
    steps: int | None = None,
    check_every: int | None = None,
    json: Flag = False,
) -> None:
    """Train a meta-model, or go on where a run in the same folder stands.

    Programs are sampled and compiled on the fly, and none computes a function of the test sets. Progress is
    one line a check; the same lines, as JSON, are in log.jsonl. Under torchrun every process is one rank.

    Parameters
    ----------
    out
        Folder of the run: metamodel.safetensors, metamodel.json, log.jsonl.
    run
        Options to begin with: shipped (what the package's meta-model was made by), cpu-2h, gpu-30m.
    programs
        Programs to learn from.
    seed
        Stream of programs and first weights.
    zoo
        Zoos of students to learn from too.
    start
        Folder of a meta-model whose weights to begin with.
    device
        Where the network is trained.
    workers
        Processes that make lessons beside this one.
    steps
        Stop after so many steps; the run can go on later.
    check_every
        Steps between checkpoints.
    json
        Print the last line of the log as one JSON object.
    """
    from inverse_tracr.metamodel.config import RUNS
    from inverse_tracr.metamodel.training import train as train_network

    wanted = {"programs": programs, "seed": seed, "check_every": check_every}
    with from_options():
        config = replace(RUNS[run], **{name: value for name, value in wanted.items() if value is not None})
    if zoo:
        config = replace(config, zoos=tuple(str(folder) for folder in zoo))
    _check(workers, steps, device, zoo)
    note(f"{out}: {_one_line(config)}")
    lines: list[dict[str, object]] = []

    def report(line: dict[str, object]) -> None:
        lines.append(line)
        note("  ".join(f"{name} {value}" for name, value in line.items()))

    train_network(config, out, device=device, workers=workers, stop_after=steps, start=start, report=report)
    if json:
        emit_json({"folder": str(out), "config": config.to_json(), "last": lines[-1] if lines else None})
    else:
        emit(str(out))


def _check(workers: int, steps: int | None, device: str, zoos: tuple[Path, ...]) -> None:
    """Raise UsageError for options out of range and a GPU that is not there, ModelFileError for no zoo."""
    from torch.cuda import is_available as cuda_is_available

    from inverse_tracr.zoo import read_manifest

    if workers < 0:
        raise UsageError("a number of workers is expected from 0 on", got=str(workers))
    if steps is not None and steps < 1:
        raise UsageError("--steps", expected="at least 1", got=str(steps))
    if device == "cuda" and not cuda_is_available():
        raise UsageError("PyTorch finds no GPU here", where="--device", expected="cpu", got=device)
    for folder in zoos:
        read_manifest(folder)


def _one_line(config: TrainConfig) -> str:
    options = config.to_json()
    return ", ".join(f"{name}={value}" for name, value in options.items())
