"""Training and measuring the baseline on the same stream of models as the meta-model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from inverse_tracr.metamodel.baseline.blocks import (
    Floats,
    Tokens,
    encode_model,
    encode_program,
    program_as_input,
)
from inverse_tracr.metamodel.baseline.network import Baseline, BaselineConfig, cells_right, fits, padded
from inverse_tracr.metamodel.config import TrainConfig
from inverse_tracr.metamodel.stream import sampled
from inverse_tracr.rasp.canonical import canonical

Example = tuple[Floats, Tokens, int]
"""Timesteps, rows, and lines of the canonical program."""


@dataclass(frozen=True)
class BaselineRun:
    """How the baseline is trained: steps, programs a step, learning rate (of Adam).

    `core_seconds`: seconds of processor time, data included, after which it stops in the middle, so that
    two systems can be given the same. `autoencoder`: it reads the program instead of the model, the sanity
    check of section 5.1.1.
    """

    steps: int
    core_seconds: float = math.inf
    batch: int = 16
    rate: float = 1e-4
    warm_up: int = 100
    clip: float = 1.0
    autoencoder: bool = False


def train_baseline(
    config: BaselineConfig,
    run: BaselineRun,
    stream: TrainConfig,
    *,
    report: Callable[[str], None] | None = None,
) -> tuple[Baseline, int]:
    """The network, and how many programs it has seen."""
    torch.manual_seed(stream.seed)  # first weights and dropout are drawn from it
    network = Baseline(config)
    optimiser = torch.optim.Adam(network.parameters(), run.rate)
    random = np.random.default_rng([stream.seed, 5])
    source = examples(stream, config, autoencoder=run.autoencoder)
    started, step, seen = time.process_time(), 0, 0
    while step < run.steps and (spent := time.process_time() - started) < run.core_seconds:
        batch = [next(source) for _ in range(run.batch)]
        batch = [example for example in batch if fits(example[0])]
        seen += run.batch
        if not batch:
            continue
        share = max(spent / run.core_seconds, step / run.steps)
        rate = run.rate * min(1.0, (step + 1) / run.warm_up) * (1 + math.cos(math.pi * share)) / 2
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        loss = network.losses(
            padded([e[0] for e in batch], config, random), torch.from_numpy(np.stack([e[1] for e in batch]))
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), run.clip)
        optimiser.step()
        step += 1
        if report is not None and step % 100 == 0:
            report(f"step {step}, {seen} programs, {spent:.0f} core-seconds, loss {loss.item():.3f}")
    return network.eval(), seen


def examples(stream: TrainConfig, config: BaselineConfig, *, autoencoder: bool) -> Iterator[Example]:
    """Models of the stream with their programs, those without a function of the test sets."""
    item = 0
    while True:
        found = sampled(stream, item)
        item += 1
        if found is None:
            continue
        program, signature, model = found
        form = canonical(program, signature)
        rows = encode_program(form)
        if rows is None:
            continue
        if autoencoder:
            yield program_as_input(rows, architecture=config.architecture), rows, len(form)
        else:
            yield encode_model(model, architecture=config.architecture), rows, len(form)


def token_accuracy(network: Baseline, tested: list[Example]) -> tuple[float, float]:
    """Mean share of cells that are right, and share of models that are too long (all cells wrong)."""
    right: list[float] = []
    for steps, rows, lines in tested:
        if not fits(steps):
            right.append(0.0)
            continue
        written = network.write(padded([steps], network.config))[0].numpy()
        right.append(cells_right(written, rows, lines))
    return float(np.mean(right)), float(np.mean([not fits(steps) for steps, _, _ in tested]))
