"""Under which licence the pretrained weights of a run stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def licence_of(recipe: Mapping[str, Any], *, looks: bool = True) -> str:
    """Return in words under which licence the pretrained weights stand.

    Args:
        looks: whether the network looks at pictures at all: heads of shots may all see the measured motion alone.
    """
    model = recipe["model"]
    if model["kind"] == "cnn" or not looks:
        return "The network was trained from scratch: no licence but that of the labelled footage bears on its weights"
    if model.get("start"):
        return (f"The weights went on from the run or bundle `{model['start']}`: the licence of the weights that this "
                "one started from holds; look it up before you pass the bundle on")  # fmt: skip
    if model["weights"]:
        return (f"The weights started from the local file `{model['weights']}` for `{model['backbone']}`: "
                "its licence is whatever its origin states; look it up before you pass the bundle on")  # fmt: skip
    from timm.models import get_pretrained_cfg

    known = get_pretrained_cfg(model["backbone"])
    stated = getattr(known, "license", None) if known is not None else None
    if not stated:
        return f"timm states no licence for the pretrained weights of `{model['backbone']}`: look it up at their origin"
    return f"The pretrained weights of `{model['backbone']}` are, as timm states, under `{stated}`"
