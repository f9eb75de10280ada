"""How fast each part of a network learns, and when, as shares of the recipe's learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rushes.learning.monitors import Scores
from rushes.learning.recipe import Recipe, TrainingRecipe

if TYPE_CHECKING:
    from rushes.models.clip import ShotNetwork
    from rushes.models.network import Network

_BODY = "body."
_WARM_UP = 0.05  # share of the steps over which the learning rate rises
_LAST_RATE = 0.02  # of the highest


def rate_share(step: int, step_count: int, schedule: str) -> float:
    """Return the learning rate of a step, from 0, as a share of the highest: it rises, then falls where it is to.

    Args:
        schedule: `cosine` falls along half a cosine; `plateau` stays, and falls by `plateau_share`.
    """
    warm_up = max(1, round(_WARM_UP * step_count))
    if step < warm_up:
        return (step + 1) / warm_up
    if schedule == "plateau":
        return 1.0
    way = (step - warm_up) / max(1, step_count - warm_up)
    return _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * way)) / 2


def plateau_share(history: Sequence[Mapping[str, Any]], settings: TrainingRecipe) -> float:
    """Return what the plateaus so far have left of the learning rate; 1 where the schedule knows none.

    It is lowered each time that `plateau_epochs` have passed without a better `monitor` on validation.

    Args:
        history: the records of the epochs so far, in order.
    """
    if settings.schedule != "plateau":
        return 1.0
    best, stale, share = (-math.inf, -math.inf), 0, 1.0
    for record in history:
        rank = rank_of(record, settings.monitor)
        stale = 0 if rank > best else stale + 1
        best = max(best, rank)
        if stale == settings.plateau_epochs:
            share, stale = share * settings.plateau_factor, 0
    return share


def rank_of(record: Mapping[str, Any], monitor: str) -> tuple[float, float]:
    """Return the key of an epoch's record that is larger where the monitor is better."""
    return Scores(record["validation_loss"], record["f1_macro"], record["balanced_accuracy"]).rank(monitor)


def plan_rates(
    names: Sequence[str], stages: Mapping[str, int], settings: TrainingRecipe, kind: str
) -> dict[str, float]:
    """Return the share of the learning rate at which each parameter is taught.

    Args:
        names: of a network's parameters: `body.…` of the backbone, all others of the head.
        stages: of the backbone's parameters, named without `body.`: 0 is the last; one that is absent counts as it.
        kind: of the recipe's model; only in `finetune` and `shots` do parts learn at different rates.
    """
    if kind not in ("finetune", "shots"):
        return dict.fromkeys(names, 1.0)
    return {
        name: settings.backbone_rate * settings.stage_decay ** stages.get(name.removeprefix(_BODY), 0)
        if name.startswith(_BODY)
        else 1.0
        for name in names
    }


def optimiser_groups(network: Network | ShotNetwork, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the parameters that require a gradient, as an optimiser takes them: those of one rate are one group.

    Each group has `params` and `share`, of the learning rate. The same network gives the same groups in the same order.

    Raises:
        RecipeError: training.stage_decay is not 1, and the backbone has no stages that can be told apart.
    """
    from rushes.models.backbones import stage_of_parameters

    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    settings, kind = recipe.training, recipe.model.kind
    decays = (
        kind in ("finetune", "shots")
        and settings.stage_decay != 1.0
        and any(name.startswith(_BODY) for name in trained)
    )
    stages = stage_of_parameters(network.body) if decays and network.body is not None else {}
    shares = plan_rates(list(trained), stages, settings, kind)
    groups: dict[float, list[Any]] = {}
    for name, parameter in trained.items():
        groups.setdefault(shares[name], []).append(parameter)
    return [{"params": parameters, "share": share} for share, parameters in groups.items()]
