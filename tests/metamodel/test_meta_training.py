"""Training: the same losses every time, interrupted or not, in one process or two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from inverse_tracr.errors import BadInputError
from inverse_tracr.metamodel.checkpoint import CheckpointError, load_network
from inverse_tracr.metamodel.config import RUNS, TrainConfig
from inverse_tracr.metamodel.network import MetaModel, NetworkConfig
from inverse_tracr.metamodel.stream import Lessons
from inverse_tracr.metamodel.throughput import operations
from inverse_tracr.metamodel.training import batches_of, losses_of, train

TINY = TrainConfig(
    programs=12, epochs=2, batch=4, warm_up=2, check_every=1, held_out=2, network=NetworkConfig(width=16)
)

GOLDEN_LOSSES = Path(__file__).parents[1] / "golden" / "meta_losses.json"


def losses(folder: Path) -> list[list[float]]:
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["loss"] for line in lines]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    train(TINY, folder)
    return folder


def test_the_loss_curve_is_the_golden_one(whole: Path, request: pytest.FixtureRequest) -> None:
    found = losses(whole)
    if request.config.getoption("--update-golden"):
        GOLDEN_LOSSES.write_text(json.dumps(found) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN_LOSSES.read_text(encoding="utf-8"))
    assert len(found) == len(golden) == TINY.steps
    for own, wanted in zip(found, golden, strict=True):
        assert own == pytest.approx(wanted, rel=2e-3, abs=2e-3)


def test_a_run_that_was_interrupted_has_the_same_losses(whole: Path, tmp_path: Path) -> None:
    for _ in range(3):
        train(TINY, tmp_path, stop_after=2)
    assert losses(tmp_path) == losses(whole)
    first, second = (load_network(folder).network.state_dict() for folder in (whole, tmp_path))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_was_learned_since_the_last_check_is_kept_where_a_run_stops(tmp_path: Path) -> None:
    train(replace(TINY, check_every=1_000), tmp_path, stop_after=1)
    assert load_network(tmp_path).description["step"] == 1


def test_two_processes_learn_what_one_learns(whole: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; import torch; torch.set_num_threads(1)\n"
        "from tests_config import TINY; from inverse_tracr.metamodel.training import train\n"
        "train(TINY, Path(sys.argv[1]))\n"
    )
    (tmp_path / "tests_config.py").write_text(
        "from inverse_tracr.metamodel.config import TrainConfig\n"
        "from inverse_tracr.metamodel.network import NetworkConfig\n"
        f"TINY = {TINY!r}\n",
        encoding="utf-8",
    )
    (tmp_path / "run.py").write_text(script, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(tmp_path)}
    subprocess.run(
        [*command, str(tmp_path / "run.py"), str(tmp_path / "out")], check=True, env=environment, timeout=300
    )
    # Adam turns the rounding of tiny gradients into steps, so weights drift apart, and losses by little.
    for own, wanted in zip(losses(tmp_path / "out"), losses(whole), strict=True):
        assert own == pytest.approx(wanted, rel=2e-2, abs=2e-2)


def test_mixed_precision_learns_the_same_to_its_precision(whole: Path, tmp_path: Path) -> None:
    train(replace(TINY, mixed=True), tmp_path)
    mixed = losses(tmp_path)
    assert mixed != losses(whole)
    for own, wanted in zip(mixed, losses(whole), strict=True):
        assert own == pytest.approx(wanted, rel=0.05, abs=0.05)


def test_the_log_says_what_the_steps_take(whole: Path) -> None:
    line = json.loads((whole / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert line["programs_per_second"] > 0
    assert 0 < line["peak_share"] < 1


def test_operations_are_those_that_torch_counts() -> None:
    lessons = [found for item in range(2) if (found := Lessons(TINY).lesson(item))]
    network = MetaModel(TINY.network)
    batches = batches_of(lessons, torch.device("cpu"))
    with FlopCounterMode(display=False) as counter:
        losses_of(network, batches).sum().backward()
    # The first layer hands no gradient on, which saves a third of its own products.
    counted = counter.get_total_flops()
    assert counted <= operations(network, batches) < 1.35 * counted


def test_a_folder_of_another_run_is_refused(whole: Path) -> None:
    with pytest.raises(BadInputError, match="other options"):
        train(replace(TINY, rate=0.5), whole)


def test_a_checkpoint_of_another_version_is_refused(whole: Path, tmp_path: Path) -> None:
    for name in ("metamodel.safetensors", "metamodel.json"):
        (tmp_path / name).write_bytes((whole / name).read_bytes())
    text = json.loads((tmp_path / "metamodel.json").read_text())
    (tmp_path / "metamodel.json").write_text(json.dumps(text | {"schema_version": 99}))
    with pytest.raises(CheckpointError, match="another version"):
        load_network(tmp_path)
    (tmp_path / "metamodel.json").write_text(json.dumps(text | {"network": {"width": 8, "kind_width": 16}}))
    with pytest.raises(CheckpointError, match="do not fit"):
        load_network(tmp_path)


def test_a_run_can_begin_with_other_weights(whole: Path, tmp_path: Path) -> None:
    network = train(replace(TINY, rate=1e-9), tmp_path, start=whole, stop_after=1)
    before = load_network(whole).network.state_dict()
    assert all(torch.allclose(before[name], value, atol=1e-4) for name, value in network.state_dict().items())


@pytest.mark.parametrize("name", sorted(RUNS))
def test_named_runs_start_at_reduced_size(name: str, tmp_path: Path) -> None:
    config = replace(RUNS[name], programs=2, epochs=1, batch=2, held_out=1, check_every=1)
    network = train(config, tmp_path, stop_after=1)
    assert network.config == RUNS[name].network
    assert losses(tmp_path)
