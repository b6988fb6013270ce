"""Model files changed at random and read: everything is either read or refused with a typed error.

    python -m benchmarks.fuzz_files 100000 --seed 0 [--write]

prints JSON: how many were read and refused and why, unexpected errors with the numbers that make them
again, the slowest reading in seconds and the growth of memory in MiB. Exit code 1 for an unexpected error.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.mutations import mutate_model_file
from benchmarks.results import write_section
from inverse_tracr.errors import BadInputError
from inverse_tracr.model import (
    CategoricalOutput,
    InputEncoder,
    ModelConfig,
    TransformerProgram,
    Weights,
    export_transformer_lens,
    import_model,
    load,
    weight_shapes,
)
from inverse_tracr.model.bridges.description import describe


@dataclass(frozen=True)
class Seed:
    """A good model as files, and what reads them from their folder."""

    name: str
    files: dict[str, bytes]
    read: Callable[[Path], object]


@dataclass
class Outcome:
    """What became of the changed files."""

    count: int = 0
    read: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    unexpected: list[str] = field(default_factory=list[str])
    slowest: float = 0.0  # processor time: reading waits for nothing


def fuzz(count: int, seed: int, folder: Path) -> Outcome:
    """Change and read `count` files, each a function of `seed` and its number alone."""
    seeds = seed_models(folder / "seeds")
    work = folder / "work"
    work.mkdir()
    outcome = Outcome()
    for number in range(count):
        rng = np.random.Generator(np.random.Philox(key=np.array([seed, number], np.uint64)))
        model = seeds[int(rng.integers(len(seeds)))]
        changed = sorted(model.files)[int(rng.integers(len(model.files)))]
        files = model.files | {changed: mutate_model_file(model.files[changed], rng)}
        for name, content in files.items():
            (work / name).write_bytes(content)
        _read(model, work, f"seed {seed}, number {number}, {model.name}, {changed}", outcome)
        for name in files:
            (work / name).unlink()
    return outcome


def _read(model: Seed, folder: Path, where: str, outcome: Outcome) -> None:
    begin = time.process_time()
    try:
        model.read(folder)
        outcome.read += 1
    except BadInputError as error:
        outcome.refused[error.problem.partition(":")[0]] += 1
        str(error).encode()  # a message that cannot be printed is an error too
    except Exception as error:  # whatever it is, it is what this looks for
        outcome.unexpected.append(f"{where}: {error!r}"[:500])
    outcome.count += 1
    outcome.slowest = max(outcome.slowest, time.process_time() - begin)


def seed_models(folder: Path) -> list[Seed]:
    """One small model in every form that is read."""
    model = _model()
    model.save(folder / "own", {"seed": 0})
    export_transformer_lens(model, folder / "hooked", "3")
    export_transformer_lens(model, folder / "bridge", "4")
    (folder / "haiku").mkdir()
    np.savez(folder / "haiku" / "model.npz", allow_pickle=False, **_haiku(model))
    description = json.dumps(describe(model) | {"unembedding": [3, 0, 1]})
    (folder / "haiku" / "description.json").write_text(description)
    readers: dict[str, Callable[[Path], object]] = {
        "own": load,
        "hooked": lambda at: import_model(at / "model.safetensors"),
        "bridge": lambda at: import_model(at / "model.safetensors"),
        "haiku": lambda at: import_model(at / "model.npz"),
    }
    needed = {"config.json", "description.json", "model.safetensors", "model.npz"}
    return [
        Seed(
            name,
            {path.name: path.read_bytes() for path in (folder / name).iterdir() if path.name in needed},
            read,
        )
        for name, read in readers.items()
    ]


def _model() -> TransformerProgram:
    rng = np.random.default_rng(0)
    config = ModelConfig(1, 2, 4, 2, 3, 4, 4, 3)
    weights = Weights(**{n: rng.random(shape, np.float32) for n, shape in weight_shapes(config).items()})
    encoder = InputEncoder(("a", (1, "b"), "compiler_bos", "compiler_pad"), bos=2, pad=3, max_seq_len=3)
    return TransformerProgram(config, weights, encoder, CategoricalOutput((0, True, "no")))


def _haiku(model: TransformerProgram) -> dict[str, np.ndarray]:
    """The model's weights, all but W_U, under the names of Tracr's parameters."""
    w = model.weights()

    def heads(matrix: np.ndarray) -> np.ndarray:
        return matrix[0].transpose(1, 0, 2).reshape(matrix.shape[2], -1)

    layer = "transformer/layer_0"
    return {
        "token_embed/embeddings": w.W_E,
        "pos_embed/embeddings": w.W_pos,
        f"{layer}/attn/query/w": heads(w.W_Q),
        f"{layer}/attn/key/w": heads(w.W_K),
        f"{layer}/attn/value/w": heads(w.W_V),
        f"{layer}/attn/query/b": w.b_Q.reshape(-1),
        f"{layer}/attn/linear/w": w.W_O.reshape(-1, w.W_O.shape[-1]),
        f"{layer}/mlp/linear_1/w": w.W_in[0],
        f"{layer}/mlp/linear_1/b": w.b_in[0],
        f"{layer}/mlp/linear_2/w": w.W_out[0],
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the section of docs/results.md")
    arguments = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = fuzz(arguments.count, arguments.seed, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown = peak - before
    report = {
        "count": outcome.count,
        "seed": arguments.seed,
        "read": outcome.read,
        "refused": outcome.refused.total(),
        "unexpected": outcome.unexpected,
        "seconds": round(time.perf_counter() - begin, 1),
        "slowest_seconds": round(outcome.slowest, 3),
        "memory_growth_mib": round(grown / 1024, 1),
        "memory_mib": round(peak / 1024, 1),
        "problems": dict(outcome.refused.most_common()),
    }
    print(json.dumps(report, indent=2))
    if arguments.write:
        body = (
            f"{outcome.count} model files of four forms changed at random: {outcome.read} are read, "
            f"{outcome.refused.total()} are refused with a typed error, {len(outcome.unexpected)} end "
            f"otherwise; the slowest took the processor "
            f"{outcome.slowest:.3f} s; at most {peak / 1024:.0f} MiB of memory, "
            f"{grown / 1024:.0f} MiB more than before the first file."
        )
        write_section("fuzz-files", "Model files changed at random", body)
    return 1 if outcome.unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
