"""What the page's scripts read: the model, the program as tables, where lines lie, names of dimensions."""

from __future__ import annotations

import json
from dataclasses import asdict

from inverse_tracr.model import CategoricalOutput, TransformerProgram
from inverse_tracr.model.weights import TENSORS
from inverse_tracr.rasp.program import Encoding, Program, operands
from inverse_tracr.rasp.values import Value, value_text
from inverse_tracr.report.arrays import encode
from inverse_tracr.report.parts import HalfLayer
from inverse_tracr.report.readouts import Readout
from inverse_tracr.report.samples import varied_inputs
from inverse_tracr.report.study import Study
from inverse_tracr.report.tables import Tables, value_rows
from inverse_tracr.report.text import shown

SCHEMA = 1
MAX_EMBEDDED = 32_000_000
"""Characters of weights that a page may hold; beyond, the page shows the model but does not run it."""
CHECKS = 3
"""Inputs whose logits the page checks."""

Row = dict[str, object]


def payload(study: Study) -> Row:
    """The page's data, for JSON."""
    model = study.model
    weights = _weights(model)
    return {
        "schema": SCHEMA,
        "config": asdict(model.config),
        "bos": model.input_encoder.bos,
        "vocab": _vocab(model),
        "output": _output(model, study.found.program, study.written),
        "weights": weights,
        "checks": [] if weights is None else _checks(model),
        "program": _program(study),
        "halves": [_half(study, half) for half in study.halves],
        "spaces": [asdict(space) for space in study.spaces],
        "readouts": [_readout(readout) for readout in study.readouts],
        "counterexample": _counterexample(study),
    }


def script_json(data: Row) -> str:
    """JSON that can stand in a `script` element: no character of it can end the element."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _weights(model: TransformerProgram) -> Row | None:
    """Every array by name; None where the page would become too large."""
    weights = model.weights()
    rows: Row = {name: encode(getattr(weights, name)) for name in TENSORS}
    size = sum(len(str(part)) for row in rows.values() for part in row.values())  # pyright: ignore[reportAttributeAccessIssue]
    return rows if size <= MAX_EMBEDDED else None


def _vocab(model: TransformerProgram) -> Row:
    """Tokens in the signature's order: their rows of W_E, their texts, and every way of typing them."""
    vocab = model.signature.vocab
    return {
        "rows": [model.input_encoder.row(token) for token in vocab],
        "texts": [shown(token) for token in vocab],
        "typed": typed_forms(vocab),
    }


def typed_forms(vocab: tuple[Value, ...]) -> list[tuple[str, int]]:
    """Texts that may be typed for each token, with its position: its literal first, then shorter ones."""
    typed: dict[str, int] = {}
    for form in (value_text, shown, _raw):
        for i, token in enumerate(vocab):
            typed.setdefault(form(token), i)
    return [(text, i) for text, i in typed.items() if text.strip()]


def _raw(token: Value) -> str:
    return token if isinstance(token, str) else value_text(token)


def _output(model: TransformerProgram, program: Program | None, written: Tables | None) -> Row:
    """How logits are read; `same[i]` is the column that says the program's output value i."""
    encoder = model.output_encoder
    if not isinstance(encoder, CategoricalOutput):
        return {"kind": "numerical"}
    columns = {value: i for i, value in enumerate(encoder.values)}
    values = () if written is None or program is None else written.values.get(program.output, ())
    same = [columns.get(value, -2) for value in values]
    return {"kind": "categorical", **value_rows(encoder.values), "same": same}


def _checks(model: TransformerProgram) -> list[Row]:
    """A few inputs with their logits from PyTorch, by which the page checks its own arithmetic."""
    inputs = varied_inputs(model.signature, CHECKS)
    logits = model.logits_for(inputs)
    return [
        {"tokens": tokens.tolist(), "logits": encode(found)}
        for tokens, found in zip(inputs, logits, strict=True)
    ]


def _program(study: Study) -> Row | None:
    program, written = study.found.program, study.written
    if program is None or written is None:
        return None
    return {
        "problem": written.problem,
        "output": program.output,
        "lines": [_line(study, program, position) for position in range(len(program))],
        "tables": written.lines,
    }


def _line(study: Study, program: Program, position: int) -> Row:
    place = study.places[position]
    encoding = program.encoding(position)
    return {
        "name": program.names[position],
        "text": study.line(position),
        "where": study.where(position),
        "rank": place.rank,
        "measured": place.measured,
        "selector": encoding is None,
        "numerical": encoding is Encoding.NUMERICAL,
        "operands": list(operands(program.lines[position])),
        "heads": [list(head) for head in place.heads],
        "neurons": [list(neuron) for neuron in place.neurons],
        "dims": list(place.dims),
    }


def _half(study: Study, half: HalfLayer) -> Row:
    return {
        "rank": half.rank,
        "name": half.name,
        "active": half.active,
        "heads": [{"head": h, "lines": study.lines_of_head((half.layer, h))} for h in half.heads],
        "neurons": [{"neuron": n, "lines": study.lines_of_neuron((half.layer, n))} for n in half.neurons],
        "lines": study.lines_at(half.rank),
    }


def _readout(readout: Readout) -> Row:
    return {
        "ref": readout.ref,
        "rank": readout.rank,
        "matrix": encode(readout.matrix),
        "offset": encode(readout.offset),
        "right": round(readout.right, 4),
    }


def _counterexample(study: Study) -> list[int] | None:
    """The counterexample's input as positions in the vocabulary."""
    shown_input = study.found.counterexample
    if shown_input is None:
        return None
    place = {token: i for i, token in enumerate(study.model.signature.vocab)}
    return [place[token] for token in shown_input.tokens]
