"""Where in pictures a run found its answers, and what its layers saw there.

All of it needs the `train` extra: torch, timm and safetensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from rushes.errors import UsageError, require_extra

if TYPE_CHECKING:
    import torch

    from rushes.models.heat import HeatMaps
    from rushes.models.network import Network

_BATCH = 32  # pictures that go through the network at a time where no slope is kept
_PURPOSE = "an explanation from a run"

Pixels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]
Table = TypeVar("Table", Pixels, Values)


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """Where in pictures a run found a class.

    Attributes:
        probabilities: (pictures, classes), each row summing to 1.
        class_indices: (pictures,) int64, the class that each is explained for.
        heat: (pictures, rows, columns), the warmest place of each picture 1; all 0 where nothing spoke.
        spoke: (pictures,) bool, whether any place spoke for the class.
        method: by which it was read, a key of `rushes.models.heat.METHODS`; `about` says what that shows, `source` who
            described it.
        layer: where in the network it was read.
        class_free: whether the method shows the same for every class.
        note: what makes the layer a weak one, in a sentence; "" where nothing does.
    """

    probabilities: Values
    class_indices: npt.NDArray[np.int64]
    heat: Values
    spoke: npt.NDArray[np.bool_]
    method: str
    about: str
    source: str
    layer: str
    class_free: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class SeenLayer:
    """A layer of a run's network that gives maps.

    Attributes:
        name: of the module, as torch names it.
        kind: of the module, such as `Conv2d`.
        channels: how many maps it gives.
        rows, columns: of each map.
    """

    name: str
    kind: str
    channels: int
    rows: int
    columns: int


@dataclass(frozen=True, slots=True, eq=False)
class LookedInside:
    """What a layer of a run's network gives for pictures.

    Attributes:
        layers: all that give maps, in the order in which a picture passes them.
        layer: the one that is shown.
        channels: (pictures, shown) int64, of each picture those that tell its places apart the most, such first.
        maps: (pictures, shown, rows, columns), as the layer gives them.
        filters: (filters, rows, columns, channels) from 0 to 1, of the first convolution: 0.5 is a weight of 0; None
            where no convolution reads the picture.
        filter_layer: its name; empty where there is none.
    """

    layers: tuple[SeenLayer, ...]
    layer: SeenLayer
    channels: npt.NDArray[np.int64]
    maps: Values
    filters: Values | None
    filter_layer: str


def explain_pictures(
    run_folder: Path,
    pixels: Pixels,
    *,
    class_indices: Sequence[int] | None = None,
    method: str = "auto",
    layer: str | None = None,
) -> Explained:
    """Return where in pictures a run found a class.

    Args:
        pixels: (pictures, height, width, channels) uint8, prepared as the run's preprocessing says.
        class_indices: (pictures,) the class each is explained for; None takes the one that is answered.
        method: a key of `rushes.models.heat.METHODS`; `auto` takes the one that fits the network.
        layer: name of a layer that gives maps; None takes the deepest that still knows places.

    Raises:
        MissingExtraError: the `train` extra is not installed.
        RunError: the folder holds no network that can be loaded.
        UsageError: there is no such method, layer or class, or the network has no use for it.
    """
    network = load_run_network(run_folder)
    return explain_network(network, pixels, class_indices=class_indices, method=method, layer=layer)


def explain_network(
    network: Network,
    pixels: Pixels,
    *,
    class_indices: Sequence[int] | None = None,
    method: str = "auto",
    layer: str | None = None,
    measures: Values | None = None,
) -> Explained:
    """Return what `explain_pictures` does, of a network that is loaded.

    Args:
        measures: (pictures, measures) of a network whose head takes them; they are held fixed, so that the heat is of
            what the body sees.
    """
    from rushes.models.heat import METHODS

    probabilities = answer_pictures(network, pixels, measures)
    chosen = probabilities.argmax(axis=1) if class_indices is None else np.asarray(class_indices, np.int64)
    if len(chosen) and not 0 <= chosen.min() <= chosen.max() < probabilities.shape[1]:
        raise UsageError(f"there is no class {chosen.max()}: the run has {probabilities.shape[1]}, counted from 0")
    found = heat_with_measures(network, pixels, chosen.tolist(), method=method, layer=layer, measures=measures)
    used = METHODS[found.method]
    return Explained(
        probabilities=probabilities,
        class_indices=chosen.astype(np.int64),
        heat=found.heat.numpy(),
        spoke=found.spoke.numpy(),
        method=found.method,
        about=used.about,
        source=used.source,
        layer=found.layer,
        class_free=found.class_free,
        note=found.note,
    )


def look_inside(run_folder: Path, pixels: Pixels, *, layer: str | None = None, strongest: int = 16) -> LookedInside:
    """Return what a layer of a run's network gives for pictures, and the run's first filters.

    Args:
        pixels: (pictures, height, width, channels) uint8, prepared.
        layer: name of one that gives maps; None takes the deepest that still knows places.
        strongest: how many maps per picture, at most.

    Raises:
        MissingExtraError: the `train` extra is not installed.
        RunError: the folder holds no network that can be loaded.
        UsageError: no layer is called so.
    """
    network = load_run_network(run_folder)
    from rushes.models.activation_maps import first_filters, maps_of_layer
    from rushes.models.places import MapLayer, last_layer, list_map_layers

    def as_seen(known: MapLayer) -> SeenLayer:
        return SeenLayer(known.name, known.kind, known.channels, known.rows, known.columns)

    shown, network = as_tensor(pixels), of_pixels_alone(network)
    found = maps_of_layer(network, shown, layer or last_layer(network, shown), strongest=strongest)
    filters = first_filters(network)
    return LookedInside(
        layers=tuple(as_seen(known) for known in list_map_layers(network, shown)),
        layer=as_seen(found.layer),
        channels=found.channels.numpy(),
        maps=found.maps.numpy(),
        filters=None if filters is None else filters.pictures.numpy(),
        filter_layer="" if filters is None else filters.layer,
    )


def features_of(run_folder: Path, pixels: Pixels) -> Values:
    """Return what the head of a run's network is given for pictures, (pictures, features).

    Args:
        pixels: (pictures, height, width, channels) uint8, prepared.

    Raises:
        MissingExtraError: the `train` extra is not installed.
        RunError: the folder holds no network that can be loaded.
    """
    return features_of_network(load_run_network(run_folder), pixels)


def features_of_network(network: Network, pixels: Pixels) -> Values:
    """Return what `features_of` does, of a network that is loaded."""
    import torch

    with torch.inference_mode():
        parts = [network.features(as_tensor(part)).float().numpy() for part in _parts(pixels)]
    return np.concatenate(parts)


def answer_pictures(network: Network, pixels: Pixels, measures: Values | None = None) -> Values:
    """Return a network's probabilities of pictures, (pictures, classes), each row summing to 1.

    Args:
        measures: (pictures, measures) of a network whose head takes them.
    """
    import torch

    tables = [_parts(pixels)] if measures is None else [_parts(pixels), _parts(measures)]
    with torch.inference_mode():
        parts = [
            torch.softmax(network(*(as_tensor(part) for part in given)).float(), dim=1).numpy()
            for given in zip(*tables, strict=True)
        ]
    return np.concatenate(parts)


def heat_with_measures(
    network: Network,
    pixels: Pixels,
    class_indices: Sequence[int],
    *,
    method: str,
    layer: str | None,
    measures: Values | None,
    grid: tuple[int, int] | None = None,
) -> HeatMaps:
    """Return where in pictures a network finds a class, the measures of each picture held fixed.

    Args:
        measures: (pictures, measures); None of a network that takes none.
        method, layer, grid: as `rushes.models.heat.heat_of_pictures` takes them.
    """
    import torch

    from rushes.models.heat import heat_of_pictures

    shown = as_tensor(pixels)
    if measures is None:
        return heat_of_pictures(network, shown, class_indices, method=method, layer=layer, grid=grid)
    each = [
        heat_of_pictures(
            network.given(as_tensor(measures[at])),
            shown[at : at + 1],
            class_indices[at : at + 1],
            method=method,
            layer=layer,
            grid=grid,
        )
        for at in range(len(pixels))
    ]
    heat, spoke = torch.cat([one.heat for one in each]), torch.cat([one.spoke for one in each])
    return replace(each[0], heat=heat, spoke=spoke)


def of_pixels_alone(network: Network) -> Network:
    """Return a network for what does not ask how it answers: where its head takes measures, all of them are 0."""
    import torch

    return network.given(torch.zeros(network.measure_count)) if network.measure_count else network


def load_run_network(run_folder: Path) -> Network:
    """Return the trained network of a run, in evaluation mode, on the CPU.

    Raises:
        MissingExtraError: the `train` extra is not installed.
        RunError: the folder holds no network that can be loaded.
    """
    require_extra("train", "torch", "timm", "safetensors", purpose=_PURPOSE)
    from rushes.learning.threads import let_idle_threads_sleep

    let_idle_threads_sleep()
    from rushes.models.network import load_network

    return load_network(run_folder)


def as_tensor(pixels: Pixels | Values) -> torch.Tensor:
    """Return pixels or measures as torch takes them: no view that is turned, and none that must not be written to."""
    import torch

    return torch.from_numpy(np.require(pixels, requirements=["C", "W"]))


def _parts(pixels: Table) -> list[Table]:
    if not len(pixels):
        raise ValueError("there is no picture to explain")
    return [pixels[start : start + _BATCH] for start in range(0, len(pixels), _BATCH)]
