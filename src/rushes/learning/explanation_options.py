"""What may be asked of an explanation by name, told before anything costs time: methods, and layers of a network.

All of it needs the `train` extra: torch, timm and safetensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rushes.errors import UsageError, did_you_mean, require_extra
from rushes.learning.explain_pictures import Pixels, as_tensor, of_pixels_alone

if TYPE_CHECKING:
    from rushes.models.network import Network

FIRST, LAST = "first", "last"


def require_method(method: str) -> None:
    """Raise UsageError where there is no such way to read heat.

    Raises:
        MissingExtraError: the `train` extra is not installed.
    """
    require_extra("train", "torch", "timm", "safetensors", purpose="an explanation from a run")
    from rushes.models.heat import AUTO, METHODS

    if method not in (AUTO, *METHODS):
        raise UsageError(f"'{method}' is no way to explain an answer. {did_you_mean(method, (AUTO, *METHODS))}")


def name_layers(network: Network, pixels: Pixels, words: Sequence[str]) -> list[str | None]:
    """Return the layers that words name: `first`, `last` (None: the deepest that still knows places), or a name.

    Args:
        pixels: (pictures, height, width, channels) uint8, prepared; one is enough.

    Raises:
        UsageError: no layer that gives maps is called so.
    """
    if all(word == LAST for word in words):
        return [None] * len(words)
    from rushes.models.places import list_map_layers

    known = [layer.name for layer in list_map_layers(of_pixels_alone(network), as_tensor(pixels))]
    for word in words:
        if word not in (FIRST, LAST, *known):
            raise UsageError(f"'{word}' is no layer that gives maps. {did_you_mean(word, (FIRST, LAST, *known))}")
    if FIRST in words and not known:
        raise UsageError("the network has no layer that gives maps")
    return [known[0] if word == FIRST else None if word == LAST else word for word in words]
