"""`inverse-tracr show`."""

from __future__ import annotations

from pathlib import Path

from inverse_tracr.cli.files import read_model, read_program
from inverse_tracr.cli.models import model_data, model_text
from inverse_tracr.cli.options import Flag
from inverse_tracr.cli.output import emit, emit_json, note
from inverse_tracr.cli.programs import take_apart
from inverse_tracr.cli.signatures import signature_of


def show(
    path: Path,
    /,
    *,
    vocab: str | None = None,
    max_seq_len: int | None = None,
    causal: Flag = False,
    json: Flag = False,
) -> None:
    """Show a program, or what a model is made of.

    A program: its text, canonical form, value sets and the size of its model, where its header or the
    options say the signature. A model: its sizes, vocabulary, output, and what each layer uses.

    Parameters
    ----------
    path
        Program file or pipe (/dev/stdin), or model folder.
    vocab
        Tokens of a program's inputs, with commas between them.
    max_seq_len
        Length of a program's longest input.
    causal
        No position sees a later one.
    json
        Print one JSON object.
    """
    if path.is_dir() or path.suffix == ".safetensors":
        model = read_model(path)
        emit_json(model_data(model)) if json else emit(model_text(model))
        return
    source = read_program(path)
    if source.signature is None and vocab is None and max_seq_len is None:
        note("no signature, so no canonical form and no value sets; give --vocab and --max-seq-len")
        emit_json({"program": str(source.program)}) if json else emit(str(source.program))
        return
    found = take_apart(source.program, signature_of(source.signature, vocab, max_seq_len, causal=causal))
    emit_json(found.data()) if json else emit(found.text())
