"""Training a meta-model: a stream of lessons in, a checkpoint out; resumes to the same losses."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, distributed
from torch.utils.data import DataLoader

from inverse_tracr.errors import BadInputError
from inverse_tracr.metamodel.checkpoint import (
    DESCRIPTION,
    load_network,
    load_optimiser,
    save_network,
    save_optimiser,
)
from inverse_tracr.metamodel.config import TrainConfig
from inverse_tracr.metamodel.lessons import Decision
from inverse_tracr.metamodel.network import Batch, MetaModel
from inverse_tracr.metamodel.stream import HELD_OUT, Lessons
from inverse_tracr.metamodel.throughput import Throughput, matrix_peak, operations, settle

LOG = "log.jsonl"

LESSONS = "lessons"
"""Folder of the lessons of a run, 100 kB each, which can be deleted when it is over."""

Report = Callable[[dict[str, object]], None]


@dataclass(frozen=True)
class Share:
    """One of the processes that train together, as torchrun says."""

    rank: int
    ranks: int

    @staticmethod
    def of_environment() -> Share:
        """From the environment; one process alone where it says nothing."""
        return Share(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))


def train(
    config: TrainConfig,
    folder: Path,
    *,
    device: str = "cpu",
    workers: int = 0,
    stop_after: int | None = None,
    start: Path | None = None,
    report: Report | None = None,
) -> MetaModel:
    """Train, or go on training, in `folder`; the network after the last step.

    `workers`: processes that make lessons beside this one. `stop_after`: steps to do at most now. `start`:
    folder of a meta-model whose weights a new run begins with. `report` is told every line of the log.

    Raises BadInputError where the folder holds a run with other options.
    """
    share = Share.of_environment()
    if share.ranks > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    run = _Run(config, folder, torch.device(device), share)
    run.resume(start)
    kept = folder / LESSONS
    kept.mkdir(parents=True, exist_ok=True)
    lessons = Lessons(config, kept, rank=share.rank, ranks=share.ranks)
    last = config.steps if stop_after is None else min(config.steps, run.step + stop_after)
    loader = DataLoader(
        lessons,
        batch_size=None,
        sampler=range(run.step, last),
        num_workers=workers,
        prefetch_factor=8 if workers else None,
        multiprocessing_context="spawn" if workers else None,
    )
    started = waited = time.perf_counter()
    waiting = 0.0
    for batch in loader:
        waiting += time.perf_counter() - waited
        run.learn(batch)
        if run.step % config.check_every == 0 or run.step == last:
            seconds = time.perf_counter() - started
            line = run.check() | {"seconds": round(seconds, 1), "waiting": round(waiting / seconds, 3)}
            line |= run.throughput.taken()
            if share.rank == 0:
                run.save(line)
                if report is not None:
                    report(line)
        waited = time.perf_counter()
    return run.network


class _Run:
    """The state of a run: network, optimiser, step, and sums since the last check."""

    def __init__(self, config: TrainConfig, folder: Path, device: torch.device, share: Share) -> None:
        torch.manual_seed(config.seed)  # only first weights are drawn from it
        self.config, self.folder, self.device, self.share = config, folder, device, share
        self.network = MetaModel(config.network).to(device)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), config.rate, weight_decay=0.01)
        self.step = 0
        self._sums = torch.zeros(3)
        self._learned = 0
        self._held_out: list[list[Decision]] | None = None
        self._kind = torch.bfloat16 if config.mixed else torch.float32
        self.throughput = Throughput(matrix_peak(self.device, self._kind))

    def resume(self, start: Path | None = None) -> None:
        """Go on from the folder's checkpoint; where there is none, begin with the weights of `start`."""
        if not (self.folder / DESCRIPTION).exists():
            if start is not None:
                self.network.load_state_dict(load_network(start).network.state_dict())
            return
        loaded = load_network(self.folder)
        options = json.loads(json.dumps(self.config.to_json()))
        found = loaded.description.get("config")
        if found != options:
            theirs = found if isinstance(found, dict) else {}
            differing = [name for name in options if theirs.get(name) != options[name]]
            raise BadInputError(
                "the folder holds a run with other options",
                where=str(self.folder / DESCRIPTION),
                expected=json.dumps({name: options[name] for name in differing}),
                got=json.dumps({name: theirs.get(name) for name in differing}),
                advice="Give the same options, or name another folder.",
            )
        self.network.load_state_dict(loaded.network.state_dict())
        load_optimiser(self.folder, self.optimiser)
        self.step = int(str(loaded.description["step"]))

    def learn(self, lessons: Sequence[list[Decision]]) -> None:
        """One step on a batch of lessons."""
        started = time.perf_counter()
        self._set_rate()
        self.optimiser.zero_grad()
        weights = torch.tensor(self.config.grades, device=self.device)
        batches = batches_of(lessons, self.device)
        with torch.autocast(self.device.type, self._kind, enabled=self.config.mixed):
            losses = losses_of(self.network, batches)
        (losses @ weights).backward()
        self._share_gradients(len(lessons))
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimiser.step()
        self.step += 1
        self._sums += losses.detach().cpu()
        self._learned += 1
        settle(self.device)
        self.throughput.programs += len(lessons)
        self.throughput.operations += operations(self.network, batches)
        self.throughput.seconds += time.perf_counter() - started

    def _set_rate(self) -> None:
        config = self.config
        warm = min(1.0, (self.step + 1) / config.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = config.rate * warm * (1 + math.cos(math.pi * self.step / config.steps)) / 2

    def _share_gradients(self, lessons: int) -> None:
        """Sums of gradients over this process's lessons become means over all processes'."""
        count = torch.tensor(float(lessons), device=self.device)
        alone = self.share.ranks == 1
        if not alone:
            distributed.all_reduce(count)
        for parameter in self.network.parameters():
            if parameter.grad is not None:
                if not alone:
                    distributed.all_reduce(parameter.grad)
                parameter.grad /= count.clamp_min(1)

    def check(self) -> dict[str, object]:
        """One line of the log: losses a program since the last, and losses and hits on held-out programs."""
        if self.share.ranks > 1:
            distributed.all_reduce(self._sums)
        mean = (self._sums / (max(self._learned, 1) * self.config.batch)).tolist()
        self._sums, self._learned = torch.zeros(3), 0
        if self._held_out is None:
            lessons = Lessons(self.config, part=HELD_OUT)
            found = (lessons.lesson(item) for item in range(self.config.held_out))
            self._held_out = [own for own in found if own]
        tested, operands, fillings, whole = evaluate(self.network, self._held_out, self.device)
        return {
            "step": self.step,
            "programs": self.step * self.config.batch,
            "epoch": self.step // self.config.batches,
            "loss": [round(x, 5) for x in mean],
            "held_out_loss": [round(x, 5) for x in tested],
            "operands_right": round(operands, 4),
            "fillings_right": round(fillings, 4),
            "programs_right": round(whole, 4),
        }

    def save(self, line: dict[str, object]) -> None:
        """Write the checkpoint, optimiser first, and a line of the log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        save_optimiser(self.folder, self.optimiser)
        description: dict[str, object] = {
            "step": self.step,
            "temperature": 1.0,
            "config": self.config.to_json(),
            "last": line,
        }
        save_network(self.folder, self.network, description)
        with (self.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def batches_of(lessons: Sequence[list[Decision]], device: torch.device) -> list[Batch]:
    """The choices of operands of some lessons, and those of lines, where there are any."""
    steps = ([d for lesson in lessons for d in lesson if (d.kinds is None) == own] for own in (True, False))
    return [Batch.of(own, device) for own in steps if own]


def losses_of(network: MetaModel, batches: Sequence[Batch]) -> Tensor:
    """Sums over all choices of the three losses [3]."""
    device = next(network.parameters()).device
    return sum((network.losses(batch).sum(dim=0) for batch in batches), torch.zeros(3, device=device))


@torch.inference_mode()
def evaluate(
    network: MetaModel, lessons: Sequence[list[Decision]], device: torch.device
) -> tuple[list[float], float, float, float]:
    """Losses a program, share of choices of operands and of lines that are right, share of programs with all.

    A choice counts as right where right possibilities have at least half of the probability.
    """
    losses = torch.zeros(3)
    right: dict[bool, list[bool]] = {True: [], False: []}
    whole = 0
    for lesson in lessons:
        good = True
        for operands in (True, False):
            own = [d for d in lesson if (d.kinds is None) == operands]
            if own:
                found = network.losses(Batch.of(own, device)).cpu()
                losses += found.sum(dim=0)
                hits = (found[:, 0] < math.log(2)).tolist()
                right[operands] += hits
                good &= all(hits)
        whole += good
    count = max(len(lessons), 1)
    shares = [sum(hits) / max(len(hits), 1) for hits in (right[True], right[False])]
    return (losses / count).tolist(), shares[0], shares[1], whole / count
