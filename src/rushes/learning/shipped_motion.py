"""The model of movement that comes with rushes, as one that a head may take.

This module needs the `train` extra; `rushes.learning.train_shots` asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from rushes.footage.movement import FEATURES, MOVEMENTS, backwards
from rushes.footage.movement_model import FARTHEST, FILM_SHARES, MIRRORED, TRUSTED, MovementModel, movement_model
from rushes.models.motion import ShippedMotion


def shipped_motion(classes: Sequence[str], model: MovementModel | None = None) -> ShippedMotion:
    """Return the model as a module, its answers in the order of a task's classes.

    Args:
        classes: the four movements.
        model: None takes the one that comes with rushes.
    """
    numbers = model or movement_model()
    trees, count = numbers.trees, len(MOVEMENTS)
    rounds, questions = len(trees.leaves) // count, trees.features.shape[1]
    with torch.random.fork_rng(devices=[]):  # its random weights throw no dice of anybody else's
        module = ShippedMotion(len(FEATURES), count, rounds=rounds, depth=(questions + 1).bit_length() - 1)
    probe = np.arange(1, len(FEATURES) + 1, dtype=np.float32)
    turned = backwards(probe)  # each number says where it came from, and its sign what became of it
    module.twins.copy_(torch.from_numpy(np.abs(turned).astype(np.int64) - 1))
    module.signs.copy_(torch.from_numpy(np.sign(turned).astype(np.float32)))
    module.mirrored.copy_(torch.from_numpy(MIRRORED))
    module.order.copy_(torch.tensor([MOVEMENTS.index(name.casefold()) for name in classes]))
    module.mixture.copy_(torch.tensor([numbers.trees_share, numbers.sharpness, FARTHEST]))
    module.prior.copy_(_floats(numbers.prior))
    module.measured.fill_(TRUSTED)
    module.usual.copy_(torch.tensor(FILM_SHARES))
    module.floor.copy_(_floats(numbers.floor))
    module.trees.constant.copy_(_floats(trees.constants))
    for name, values in (("asked", trees.features), ("thresholds", trees.thresholds), ("leaves", trees.leaves)):
        by_round = values.reshape(count, rounds, -1).transpose(1, 0, 2)
        getattr(module.trees, name).copy_(torch.from_numpy(np.ascontiguousarray(by_round)))
    module.linear.standard.centre.copy_(_floats(numbers.means))
    module.linear.standard.spread.copy_(_floats(numbers.scales))
    with torch.no_grad():
        module.linear.out.weight.copy_(_floats(numbers.weights))
        module.linear.out.bias.copy_(_floats(numbers.constants))
    return module.requires_grad_(False).eval()


def _floats(values: npt.NDArray[np.floating]) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))
