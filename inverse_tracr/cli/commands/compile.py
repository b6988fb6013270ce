"""`inverse-tracr compile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from inverse_tracr.cli.errors import UsageError
from inverse_tracr.cli.files import read_program
from inverse_tracr.cli.models import model_data
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit_json, note
from inverse_tracr.cli.values import parse_values

if TYPE_CHECKING:
    from inverse_tracr.rasp import Signature


def compile_(
    program: Path,
    /,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    vocab: str | None = None,
    max_seq_len: int | None = None,
    causal: Flag = False,
    mode: Literal["tracr", "fixed"] = "tracr",
    json: Flag = False,
) -> None:
    """Compile a RASP program to a model folder.

    The inputs that the model reads come from the options, or else from the program's header
    `# signature: vocab=[a, b, c] max_seq_len=5`.

    Parameters
    ----------
    program
        Program file in the text form.
    output
        Model folder to write.
    vocab
        Tokens, with commas between them; 3, 0.5 and True are values, "3" is a string.
    max_seq_len
        Length of the longest input, BOS not counted.
    causal
        No position sees a later one.
    mode
        tracr: the weights that Tracr makes, faults included; fixed: its faults mended or refused.
    json
        Print the sizes of the model as one JSON object.
    """
    from inverse_tracr.compile import Mode, compile_program

    source = read_program(program)
    signature = _signature(source.signature, vocab, max_seq_len, causal=causal)
    model = compile_program(source.program, signature, mode=Mode(mode))
    model.save(output)
    note(f"{output}: {model.config.parameter_count:,} parameters")
    if json:
        emit_json({"model": str(output), **model_data(model)})


def _signature(
    header: Signature | None, vocab: str | None, max_seq_len: int | None, *, causal: bool
) -> Signature:
    """The signature that the options name, filled up from the program's header."""
    from inverse_tracr.rasp import Signature

    tokens = header.vocab if vocab is None and header else parse_values(vocab or "")
    length = header.max_seq_len if max_seq_len is None and header else max_seq_len
    if not tokens or length is None:
        missing = "--vocab" if not tokens else "--max-seq-len"
        raise UsageError(
            f"{missing} is missing, and the program has no header that names it",
            expected="options, or a first line such as `# signature: vocab=[a, b, c] max_seq_len=5`",
        )
    try:
        return Signature(tokens, length, causal or (header is not None and header.causal))
    except ValueError as error:
        raise UsageError(str(error)) from None
