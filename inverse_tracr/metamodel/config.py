"""How a meta-model is trained: one small frozen value, with named runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

from inverse_tracr.errors import BadInputError
from inverse_tracr.metamodel.network import NetworkConfig


@dataclass(frozen=True)
class TrainConfig:
    """Options of a training run.

    `programs`: how many are learned from, `batch` of them a step, `epochs` times. `rate`: peak learning rate
    of AdamW; `warm_up`: steps of linear warm-up, then a cosine to 0. `clip`: largest norm of the gradient.
    `seed` of the stream and of the first weights. `tracr_share`: share of sampled programs of `tracr`, the
    others are of `sound`. `zoos` are folders of zoos with models of any kind; `zoo_share` of all lessons are
    drawn from them in turn. `blurred`: share of lessons on compiled models with noise on what half-layers
    write, see `Blur`, its size drawn between `blur` (logarithmically, against the spread of what they write).
    `grades`: weights of the three parts of the loss (see `MetaModel.losses`). `check_every`: steps between
    checkpoints and evaluations on `held_out` programs. `mixed`:
    matrix products in bfloat16, weights and sums in float32.
    """

    programs: int = 16_000
    epochs: int = 8
    batch: int = 16
    rate: float = 1e-3
    warm_up: int = 100
    clip: float = 5.0
    seed: int = 0
    tracr_share: float = 0.25
    zoos: tuple[str, ...] = ()
    zoo_share: float = 0.3
    blurred: float = 0.5
    blur: tuple[float, float] = (1e-3, 0.5)
    grades: tuple[float, float, float] = (1.0, 0.5, 0.2)
    check_every: int = 500
    held_out: int = 128
    mixed: bool = False
    network: NetworkConfig = field(default_factory=NetworkConfig)

    def __post_init__(self) -> None:
        for name in ("programs", "epochs", "batch", "warm_up", "check_every", "held_out"):
            if getattr(self, name) < 1:
                raise BadInputError(
                    "an option of training", where=name, expected="1 or more", got=str(getattr(self, name))
                )
        for name in ("tracr_share", "zoo_share", "blurred"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadInputError(
                    "an option of training", where=name, expected="0 to 1", got=str(getattr(self, name))
                )

    @property
    def batches(self) -> int:
        """Number of batches of lessons; each is learned from once an epoch."""
        return -(-self.programs // self.batch)

    @property
    def steps(self) -> int:
        """Number of steps of gradient descent."""
        return self.batches * self.epochs

    def to_json(self) -> dict[str, object]:
        """The options in JSON's types."""
        return asdict(self)


SHIPPED_RUN = TrainConfig(
    programs=20_000, epochs=6, held_out=96, check_every=250, network=NetworkConfig(width=256)
)
"""What the shipped meta-model was made by: an hour on two cores."""

CPU_2H = TrainConfig(programs=40_000, epochs=5)
"""Two hours on two cores at most."""

GPU_30M = replace(CPU_2H, programs=160_000, batch=64, mixed=True, network=NetworkConfig(width=384))
"""Thirty minutes on one GPU and the cores beside it."""

RUNS = {"shipped": SHIPPED_RUN, "cpu-2h": CPU_2H, "gpu-30m": GPU_30M}
"""Named runs."""
