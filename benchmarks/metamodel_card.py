"""The card of the shipped meta-model, from its description and the rows of an evaluation.

inverse-tracr evaluate --quick --method meta --json > rows.json
python -m benchmarks.metamodel_card rows.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.results import ROOT, table
from inverse_tracr.evaluate.sections import provenance
from inverse_tracr.metamodel.checkpoint import DESCRIPTION, WEIGHTS, load_network
from inverse_tracr.metamodel.proposer import SHIPPED, WIDTHS

SHARES = ("functional_match", "faithful_match", "exact_match", "token_accuracy")


def card(description: dict[str, Any], rows: list[dict[str, Any]], parameters: int) -> str:
    """The text of the card."""
    config, last = description["config"], description["last"]
    share = f"{100 * config['tracr_share']:.0f}"
    zoos = ", ".join(config["zoos"]) or "none"
    return f"""# The shipped meta-model

`{WEIGHTS}`: {parameters:,} parameters. `{DESCRIPTION}`: options of its run, and the temperature of its
score. How it works is said in docs/metamodel.md. `inverse-tracr train OUT --run shipped` is its run, and
these are its weights; on another processor they come out with other last digits.

## Data

{config["programs"]:,} random programs, {share} % of the preset `tracr`, the others `sound`, stream of seed
{config["seed"]}, learned from {config["epochs"]} times in batches of {config["batch"]}; compiled on the fly,
{100 * config["blurred"]:.0f} % with noise on what half-layers write, most of them made to look like students.
Functions of test sets were rejected.
Zoos of students: {zoos}.

## Figures

On held-out programs of the stream, teacher-forced: operands right {100 * last["operands_right"]:.1f} %,
functions {100 * last["fillings_right"]:.1f} %, all choices of a program {100 * last["programs_right"]:.1f} %.

Quick test sets, beams of {", ".join(map(str, WIDTHS))} and the verifier, nothing else:

{table(["set", "models", *(name.replace("_", " ") for name in SHARES)], [_row(row) for row in rows])}

{provenance("python -m benchmarks.metamodel_card", ROOT)}
"""


def _row(row: dict[str, Any]) -> list[str]:
    shares = [f"{100 * row[name]:.1f} %" if row.get(name) is not None else "–" for name in SHARES]
    return [str(row.get("test_set", row["kind"])), str(row["models"]), *shares]


def main() -> None:
    """Write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    options = parser.parse_args()
    rows = json.loads(options.rows.read_text(encoding="utf-8"))["rows"]
    rows = [row for row in rows if row["method"] == "meta"]
    loaded = load_network(SHIPPED)
    parameters = sum(parameter.numel() for parameter in loaded.network.parameters())
    text = card(loaded.description, rows, parameters)
    (SHIPPED / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
