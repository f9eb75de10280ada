"""How fast each part of a network learns, as shares of the recipe's learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rushes.learning.recipe import Recipe, TrainingRecipe

if TYPE_CHECKING:
    from rushes.models.network import Network

_BODY = "body."


def plan_rates(
    names: Sequence[str], stages: Mapping[str, int], settings: TrainingRecipe, kind: str
) -> dict[str, float]:
    """Return the share of the learning rate at which each parameter is taught.

    Args:
        names: of a network's parameters: `body.…` of the backbone, all others of the head.
        stages: of the backbone's parameters, named without `body.`: 0 is the last; one that is absent counts as it.
        kind: of the recipe's model; only in `finetune` do parts learn at different rates.
    """
    if kind != "finetune":
        return dict.fromkeys(names, 1.0)
    return {
        name: settings.backbone_rate * settings.stage_decay ** stages.get(name.removeprefix(_BODY), 0)
        if name.startswith(_BODY)
        else 1.0
        for name in names
    }


def optimiser_groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the parameters that require a gradient, as an optimiser takes them: those of one rate are one group.

    Each group has `params` and `share`, of the learning rate. The same network gives the same groups in the same order.

    Raises:
        RecipeError: training.stage_decay is not 1, and the backbone has no stages that can be told apart.
    """
    from rushes.models.backbones import stage_of_parameters

    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    settings, kind = recipe.training, recipe.model.kind
    decays = kind == "finetune" and settings.stage_decay != 1.0 and any(name.startswith(_BODY) for name in trained)
    shares = plan_rates(list(trained), stage_of_parameters(network.body) if decays else {}, settings, kind)
    groups: dict[float, list[Any]] = {}
    for name, parameter in trained.items():
        groups.setdefault(shares[name], []).append(parameter)
    return [{"params": parameters, "share": share} for share, parameters in groups.items()]
