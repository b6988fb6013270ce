"""`inverse-tracr compile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from inverse_tracr import __version__
from inverse_tracr.cli.destinations import Destination
from inverse_tracr.cli.files import read_program
from inverse_tracr.cli.models import model_data
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit_json, note
from inverse_tracr.cli.signatures import signature_of
from inverse_tracr.errors import BadInputError


def compile_(
    program: Path,
    /,
    *,
    output: Annotated[Destination, Parameter(alias="-o")],
    vocab: str | None = None,
    max_seq_len: int | None = None,
    causal: Flag = False,
    mode: Literal["tracr", "fixed"] = "tracr",
    max_parameters: int = 10_000_000,
    json: Flag = False,
) -> None:
    """Compile a RASP program to a model folder.

    What inputs the model reads is said by the options, or else by the program's header
    `# signature: vocab=[a, b, c] max_seq_len=5`.

    Parameters
    ----------
    program
        Program in the text form: a file, or a pipe such as /dev/stdin.
    output
        Model folder to write: model.safetensors, config.json, and the program for your own reading.
    vocab
        Tokens, with commas between them; 3, 0.5 and True are values, "3" is a string.
    max_seq_len
        Length of the longest input, BOS not counted.
    causal
        No position sees a later one.
    mode
        tracr: the weights that Tracr makes, faults included; fixed: its faults mended or refused.
    max_parameters
        Refuse a model that would be larger.
    json
        Print the sizes of the model as one JSON object.
    """
    from inverse_tracr.compile import Mode, compile_program
    from inverse_tracr.model.files import save
    from inverse_tracr.rasp import print_program

    source = read_program(program)
    beside = _beside(output, program)
    signature = signature_of(source.signature, vocab, max_seq_len, causal=causal)
    model = compile_program(source.program, signature, mode=Mode(mode), cap=max_parameters)
    save(model, output, {"made_by": f"inverse-tracr {__version__} compile", "mode": mode})
    if beside is not None:
        beside.write_text(print_program(source.program, signature), encoding="utf-8")
    note(f"{output}: {model.config.parameter_count:,} parameters")
    if json:
        emit_json({"model": str(output), **model_data(model)})


def _beside(output: Path, program: Path) -> Path | None:
    """Where the program is written beside the model; None where it lies there itself.

    Raises BadInputError where another one lies there, and no model with it.
    """
    beside = output / "program.rasp"
    if not beside.exists():
        return beside
    if beside.samefile(program):
        return None
    if not (output / "config.json").exists():
        raise BadInputError(
            "a program that belongs to no model would be overwritten",
            where=str(beside),
            advice="Give another folder.",
        )
    return beside
