"""`inverse-tracr sample`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from inverse_tracr.cli.errors import UsageError, from_options
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json
from inverse_tracr.cli.values import parse_values

if TYPE_CHECKING:
    from inverse_tracr.sample import Sample


def sample(
    *,
    count: Annotated[int, Parameter(name=["--count", "-n"])] = 1,
    preset: Literal["thesis", "sound", "tracr"] = "sound",
    seed: int = 0,
    start: int = 0,
    length: int | None = None,
    vocab: str | None = None,
    max_seq_len: int | None = None,
    stats: Flag = False,
    json: Flag = False,
) -> None:
    """Sample random programs, or print statistics of a sample.

    The same preset, seed, index and options give the same program everywhere. Each program comes with the
    header that says its signature, so that one program printed alone is a program file.

    Parameters
    ----------
    count
        Number of programs.
    preset
        thesis: as the thesis samples them, perhaps unsound; sound: all lines used, compiled model and
        interpreter agree; tracr: sound too, and of the whole language.
    seed
        Stream of programs.
    start
        Index of the first program in its stream.
    length
        Lines of every program, selects counted.
    vocab
        Tokens of every program's inputs, with commas between them.
    max_seq_len
        Length of every program's longest input.
    stats
        Print statistics instead of programs: operations, sizes, duplicates, aliasing.
    json
        Print one JSON object.
    """
    if count < 1 or seed < 0 or start < 0:
        raise UsageError(
            "a count, a seed and a start are expected from 1, 0 and 0 on", got=f"{count}, {seed}, {start}"
        )
    from inverse_tracr.sample import Preset, default_config, sample_program

    tokens = None if vocab is None else parse_values(vocab)
    with from_options():
        config = default_config(Preset(preset)).with_options(
            length=length, vocab=tokens, max_seq_len=max_seq_len
        )
    samples = [sample_program(preset, seed, index, config) for index in range(start, start + count)]
    if stats:
        _print_statistics(samples, as_json=json)
    elif json:
        emit_json({"samples": [_data(found) for found in samples]})
    else:
        emit("\n".join(_text(found) for found in samples))


def _text(found: Sample) -> str:
    from inverse_tracr.rasp import print_program

    origin = f"# sample: preset={found.preset.value} seed={found.seed} index={found.index}\n"
    return origin + print_program(found.program, found.signature)


def _data(found: Sample) -> dict[str, object]:
    from inverse_tracr.rasp import print_program

    return {
        "program": print_program(found.program, found.signature),
        "preset": found.preset.value,
        "seed": found.seed,
        "index": found.index,
        "length": len(found.program),
        "rejections": found.rejections,
    }


def _print_statistics(samples: list[Sample], *, as_json: bool) -> None:
    from inverse_tracr.sample.statistics import statistics

    found = statistics(samples)
    if as_json:
        emit_json(asdict(found))
    else:
        emit("\n".join(f"{name:<20}{text}" for name, text in found.rows()))
