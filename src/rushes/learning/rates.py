"""How fast each part of a network learns."""

from __future__ import annotations

from typing import Any

from rushes.learning.recipe import Recipe
from rushes.models.network import Network


def optimiser_groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the optimiser's groups of parameters, each with its `share` of the learning rate."""
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    share = recipe.training.backbone_rate if recipe.model.kind == "finetune" else 1.0
    return [
        {"params": [p for name, p in trained.items() if name.startswith("body.")], "share": share},
        {"params": [p for name, p in trained.items() if not name.startswith("body.")], "share": 1.0},
    ]
