"""The program as a list of lines that light up, and the sizes of the model."""

from __future__ import annotations

from inverse_tracr.rasp.printer import print_line, print_signature
from inverse_tracr.report.study import Study
from inverse_tracr.report.svg import Element, add, element
from inverse_tracr.report.text import clean, clipped

LONGEST = 400
"""Characters of a line that are shown; the details of a line show it whole."""


def listing(study: Study) -> Element:
    """The program line by line; each is a button that pins its line."""
    root = element("div", class_="listing")
    add(root, "p", clean(print_signature(study.model.signature)), class_="signature")
    program = study.found.program
    if program is None:
        add(root, "pre", study.found.partial or "Nothing was understood.", class_="partial")
        return root
    lines = add(root, "ol", class_="program")
    for position, line in enumerate(program.lines):
        item = add(lines, "li")
        button = add(item, "button", type="button", class_="line", data_lines=position, aria_pressed="false")
        code = add(button, "code")
        add(code, "b", clipped(program.names[position], 40))
        code[-1].tail = " = " + clipped(print_line(program, line), LONGEST)
        add(button, "span", study.where(position), class_="where")
    last = add(lines, "li")
    returned = add(add(last, "p", class_="line", data_lines="output"), "code")
    returned.text = f"return {clipped(program.name(program.output), 40)}"
    return root


def sizes(study: Study) -> Element:
    """The model's sizes in a line of facts."""
    config = study.model.config
    facts = {
        "layers": config.n_layers,
        "heads a layer": config.n_heads,
        "d_model": config.d_model,
        "d_head": config.d_head,
        "d_mlp": config.d_mlp,
        "tokens": len(study.model.signature.vocab),
        "longest input": config.max_seq_len,
        "causal": "yes" if config.causal else "no",
        "parameters": f"{config.parameter_count:,}",
    }
    rows = element("dl", class_="facts sizes")
    for name, value in facts.items():
        pair = add(rows, "div")
        add(pair, "dt", name)
        add(pair, "dd", str(value))
    return rows
