"""The students' loss: half-layers against the teacher's, and the output against the program's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inverse_tracr.distill.forward import Outputs
from inverse_tracr.distill.lessons import Batch
from inverse_tracr.distill.recipe import Inputs, LayerLoss, OutputLoss, Recipe
from inverse_tracr.distill.stack import Stack
from inverse_tracr.distill.teacher import Task
from inverse_tracr.model.shapes import Float


@dataclass(frozen=True)
class Scales:
    """What errors count.

    `rows[half]` [students, 2, rows] weighs the teacher's rows on vocabulary inputs and on uniform residuals;
    `mean` [students] is 1 / (half-layers × uncompressed dimensions); `categorical` [students].
    """

    rows: list[Tensor]
    mean: Tensor
    categorical: Tensor

    @classmethod
    def empty(cls, teachers: Stack) -> Scales:
        """Nothing counts."""
        students, device = teachers.students, teachers.scale.device
        rows = [torch.zeros(students, 2, half.rows, device=device) for half in teachers.shape.halves]
        flags = torch.ones(students, dtype=torch.bool, device=device)
        return cls(rows, torch.zeros(students, device=device), flags)

    def put(self, slot: int, task: Task, teachers: Stack, *, by_resolution: bool) -> None:
        """Write those of a student over slot `slot`; its teacher is in `teachers`."""
        fine = np.zeros(teachers.shape.d_full + 1, dtype=np.float32)
        fine[: task.config.d_model] = task.resolution**-2 if by_resolution else 1
        known = np.zeros_like(fine)
        known[: task.config.d_model] = 1
        for half, rows in zip(teachers.halves, self.rows, strict=True):
            dims = half.dims[slot].cpu().numpy()
            rows[slot] = torch.from_numpy(np.stack([fine[dims], known[dims]])).to(rows.device)
        self.mean[slot] = 1 / (2 * task.config.n_layers * task.config.d_model)
        self.categorical[slot] = task.categorical


def loss(
    recipe: Recipe,
    batch: Batch,
    teachers: Stack,
    scales: Scales,
    outputs: Outputs,
    logits: Float[Tensor, "students d_vocab_out places"],
) -> Float[Tensor, " students"]:
    """The loss of each student in one step."""
    layers = layer_loss(recipe, batch, teachers, scales, outputs)
    if recipe.output_loss is OutputLoss.NONE:
        return layers
    output = output_loss(batch, teachers, scales, logits)
    if recipe.output_loss is OutputLoss.MULTIPLIED:
        return layers * output
    return layers + recipe.output_weight * output


def layer_loss(
    recipe: Recipe, batch: Batch, teachers: Stack, scales: Scales, outputs: Outputs
) -> Float[Tensor, " students"]:
    """Mean error over half-layers, places and uncompressed dimensions; its two terms are weighted."""
    factors = torch.tensor(
        [
            recipe.vocabulary_weight * (recipe.layer_inputs is not Inputs.RANDOM),
            recipe.random_weight * (recipe.layer_inputs is not Inputs.VOCABULARY),
        ],
        device=logits_device(batch),
    )
    places = batch.weights[:, :2] * factors[:, None]
    total = torch.zeros_like(scales.mean)
    for half, rows, mine, theirs in zip(teachers.halves, scales.rows, outputs, batch.outputs, strict=True):
        if mine is not None:
            total = total + _half_error(recipe.layer_loss, mine, theirs, half.dims, rows, places)
    return total * scales.mean


def logits_device(batch: Batch) -> torch.device:
    """Where the batch is."""
    return batch.targets.device


def _half_error(
    kind: LayerLoss, mine: Tensor, theirs: Tensor | None, dims: Tensor, rows: Tensor, places: Tensor
) -> Tensor:
    """Weighted error of one half-layer; what writes to every dimension must write 0 to the others."""
    measure = torch.square if kind is LayerLoss.L2 else torch.abs
    if theirs is None:
        return (measure(mine).sum(dim=1) * places.sum(dim=1)).sum(dim=1)
    # No teacher writes to as many dimensions as it has: those of the tokens are never written.
    everywhere = mine.shape[1] != theirs.shape[1]
    picked = _pick(mine, dims) if everywhere else mine
    if kind is LayerLoss.CROSS_ENTROPY:
        error = -theirs.clamp_min(0) * picked.log_softmax(dim=1)
    else:
        error = measure(picked - theirs)
    found = (torch.bmm(rows, error) * places).sum(dim=(1, 2))
    if everywhere and kind is not LayerLoss.CROSS_ENTROPY:
        elsewhere = measure(mine).sum(dim=1) - measure(picked).sum(dim=1)
        found = found + (elsewhere * places.sum(dim=1)).sum(dim=1)
    return found


def _pick(output: Tensor, dims: Tensor) -> Tensor:
    """The rows `dims` of what is written everywhere; 0 for a row that is nowhere."""
    padded = torch.nn.functional.pad(output, (0, 0, 0, 1))
    rows = dims.clamp(max=output.shape[1])
    return padded.gather(1, rows[..., None].expand(-1, -1, output.shape[2]))


def output_loss(
    batch: Batch, teachers: Stack, scales: Scales, logits: Float[Tensor, "students d_vocab_out places"]
) -> Float[Tensor, " students"]:
    """Mean cross-entropy with the value to give; squared error where the output is a number."""
    shares = (logits + teachers.columns[..., None]).log_softmax(dim=1)
    chosen = batch.targets.clamp_min(0).long()
    chosen = torch.where(scales.categorical[:, None], chosen, 0)
    entropy = -shares.gather(1, chosen[:, None])[:, 0]
    square = (logits[:, 0] - batch.targets).square()
    return (torch.where(scales.categorical[:, None], entropy, square) * batch.weights[:, 2]).sum(dim=1)
