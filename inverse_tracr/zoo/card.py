"""The dataset card of a zoo, `README.md`, in the form that Hugging Face's Hub reads, and its licence."""

from __future__ import annotations

from pathlib import Path

from inverse_tracr.model.safe_files import write_atomically
from inverse_tracr.zoo.config import Kind
from inverse_tracr.zoo.manifest import SPLITS, Manifest

LICENSE = "apache-2.0"
_LICENSE_TEXT = """SPDX-License-Identifier: Apache-2.0

The programs, weights and tables in this folder are licensed under the Apache License, Version 2.0.
"""
_WHAT = {
    Kind.STANDARD: "RASP programs. A model is compiled from its program while it is loaded.",
    Kind.COMPRESSED: "Compiled models of RASP programs, their residual stream squeezed by a trained matrix.",
    Kind.NATURAL: "Models trained from random initialisation to mimic compiled models of RASP programs.",
}


def write_card(folder: Path, manifest: Manifest) -> None:
    """Write `README.md` and `LICENSE`."""
    write_atomically(folder / "LICENSE", _LICENSE_TEXT.encode())
    write_atomically(folder / "README.md", card(manifest).encode())


def card(manifest: Manifest) -> str:
    """The card's text."""
    config = manifest.config
    present = [split for split in SPLITS if manifest.rows[split]]
    data_files = "\n".join(f"  - split: {split}\n    path: data/{split}-*.parquet" for split in present)
    rows = "\n".join(f"| {split} | {manifest.rows[split]:,} |" for split in present)
    outcomes = "\n".join(f"| {name} | {count:,} |" for name, count in manifest.outcomes.items())
    kept_out = "left out" if config.without_test_functions else "not left out"
    presets = ", ".join(f"`{preset.value}`" for preset in config.presets)
    return f"""---
license: {LICENSE}
pretty_name: Inverse Tracr, {config.kind.value} zoo
tags: [mechanistic-interpretability, RASP, tracr, weight-space]
configs:
- config_name: default
  data_files:
{data_files}
---

# A {config.kind.value} zoo of {manifest.count:,} models with known programs

{_WHAT[config.kind]}

| split | rows |
|---|---|
{rows}

Splits go by the hash of the function that a program computes, so no function is in two of them, and
none twice in the zoo. Functions of the project's test sets are {kept_out}.

## Where it comes from

Presets {presets}, seed {config.seed}, made by inverse_tracr {manifest.revision};
configuration {manifest.fingerprint}. What became of the programs that were drawn:

| outcome | programs |
|---|---|
{outcomes}

## How to read it

    from inverse_tracr.zoo import Zoo
    zoo = Zoo("this folder")
    specimen = zoo.specimen("{present[0]}", 0)     # .program .signature .model .row

`data/*.parquet` is a plain table: `program` holds the program's text with its signature, hashes are
hexadecimal digits, the other columns are the sizes of the model.{_WEIGHTS if config.trained else ""}
"""


_WEIGHTS = """ `weights/*.safetensors` holds the parameters of a
shard's models end to end: model i is `values[offsets[i]:offsets[i+1]]`."""
