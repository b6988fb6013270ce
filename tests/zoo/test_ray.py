"""A Ray cluster of two nodes, one of which is killed, builds what one process builds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inverse_tracr.zoo import build
from inverse_tracr.zoo.engines import Result, Work
from inverse_tracr.zoo.engines.on_ray import RayEngine
from inverse_tracr.zoo.job import Chunk
from tests.zoo.examples import STANDARD, contents

ray: Any = pytest.importorskip("ray")

pytestmark = [pytest.mark.slow, pytest.mark.cluster]

STORE = 80 * 2**20


@dataclass(frozen=True)
class LosesANode:
    """A Ray engine that loses a node after a few chunks."""

    cluster: Any
    node: Any

    def run(self, work: Work, chunks: Sequence[Chunk]) -> Iterator[Result]:
        for number, result in enumerate(RayEngine(1).run(work, chunks)):
            if number == 2:
                self.cluster.remove_node(self.node, allow_graceful=False)
            yield result


@pytest.fixture
def cluster() -> Iterator[Any]:
    utils: Any = pytest.importorskip("ray.cluster_utils")
    head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    made: Any = utils.Cluster(initialize_head=True, head_node_args=head)
    yield made
    ray.shutdown()
    made.shutdown()


def test_a_lost_node_changes_nothing(
    standard_zoo: Path, tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, logging_level="error")
    build(STANDARD, tmp_path / "zoo", engine=LosesANode(cluster, nodes[1]), chunk_size=4, revision="test")
    assert contents(tmp_path / "zoo") == contents(standard_zoo)
