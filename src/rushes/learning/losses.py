"""How wrong a network's answers are, as one number to make smaller.

This module needs the `train` extra; `rushes.learning.train` asks for it.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from rushes.learning.recipe import HeadRecipe, Recipe

_LEAST_DOUBT = 1e-6  # a power below 1 has no slope at 0


def loss_sum(logits: torch.Tensor, truth: torch.Tensor, weights: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Return the sum of the losses of a batch: cross-entropy, or focal loss where `balance.loss` is `focal`.

    Focal loss (Lin et al. 2017, "Focal loss for dense object detection") multiplies each term of the cross-entropy by
    (1 - p)^gamma, so that what is answered rightly and surely counts little; with gamma = 0 it is the cross-entropy.
    Label smoothing spreads its share of each label over all classes in both.

    Args:
        logits: (batch, classes); computed in float32 whatever they are.
        truth: (batch,) int64.
        weights: (classes,) weight of each class. Divide the sum by the sum of `weights[truth]` for the weighted mean.
    """
    logits = logits.float()
    smoothing = recipe.training.label_smoothing
    if recipe.balance.loss != "focal":
        return functional.cross_entropy(logits, truth, weights, reduction="sum", label_smoothing=smoothing)
    log_shares = functional.log_softmax(logits, dim=1)
    doubt = (-torch.expm1(log_shares)).clamp_min(_LEAST_DOUBT)
    wanted = functional.one_hot(truth, logits.shape[1]) * (1 - smoothing) + smoothing / logits.shape[1]
    return -(wanted * weights * doubt**recipe.balance.gamma * log_shares).sum()


def shot_loss_sum(
    logits: torch.Tensor, truth: torch.Tensor, weights: torch.Tensor, recipe: Recipe, head: HeadRecipe
) -> torch.Tensor:
    """Return the sum of the losses of a batch as one head counts them: `loss_sum`, or with the order of the classes.

    With `loss = "ordinal"` the squared earth mover's distance between the answer and the label is added (Hou, Yu and
    Samaras 2016, "Squared earth mover's distance-based loss for training deep neural networks"): the squares of what
    their cumulative shares differ by, at each border between two classes. A share that lies two classes off counts at
    two borders. The answer is a softmax still, and the cross-entropy keeps it calibrated.

    Args:
        logits, truth, weights: as `loss_sum` takes them; the classes stand in their order.
    """
    nominal = loss_sum(logits, truth, weights, recipe)
    if head.loss != "ordinal":
        return nominal
    answered = torch.softmax(logits.float(), dim=1).cumsum(dim=1)
    labelled = functional.one_hot(truth, logits.shape[1]).cumsum(dim=1)
    moved = (answered - labelled).square().sum(dim=1)
    return nominal + (weights[truth] * moved).sum()
