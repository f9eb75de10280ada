"""What the layers of a network see."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.planted import taught, with_square
from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import UsageError
from rushes.models.activation_maps import first_filters, maps_of_layer
from rushes.models.backbones import Backbone
from rushes.models.network import Network, build_network
from rushes.models.places import list_map_layers

GRAY = Preprocessing(3, 2, "gray", mean=(0.0,), std=(1.0,))
PICTURE = torch.tensor([[0, 51, 255], [0, 0, 0]], dtype=torch.uint8)[None, :, :, None]


def three_maps() -> Network:
    """Maps that are the picture, the same everywhere, and twice its negative."""
    body = nn.Sequential(nn.Conv2d(1, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    body[0].weight.data = torch.tensor([1.0, 0.0, -2.0]).view(3, 1, 1, 1)
    body[0].bias.data = torch.tensor([0.0, 9.0, 0.0])
    return Network(body, nn.Linear(3, 2), GRAY).eval()


def test_the_maps_that_tell_places_apart_come_first_as_the_layer_gives_them() -> None:
    found = maps_of_layer(three_maps(), PICTURE, "0", strongest=2)
    assert found.channels.tolist() == [[2, 0]]  # the constant one says nothing, however high it is
    torch.testing.assert_close(found.maps[0, 1], PICTURE[0, :, :, 0] / 255)
    assert (found.layer.kind, found.layer.channels, found.layer.rows, found.layer.columns) == ("Conv2d", 3, 2, 3)


def test_filters_are_pictures_in_which_gray_is_nothing() -> None:
    filters = first_filters(three_maps())
    assert filters is not None
    assert filters.layer == "0"
    assert filters.pictures.shape == (3, 1, 1, 1)
    assert filters.pictures.flatten().tolist() == [1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("name", "layer", "shape"),
    [
        ("test_resnet", "conv1.0", (16, 3, 3, 3)),
        ("test_convnext", "stem.0", (24, 4, 4, 3)),
        ("test_vit", "patch_embed.proj", (64, 16, 16, 3)),
    ],
)
def test_every_family_has_first_filters_and_maps_of_all_that_has_places(
    name: str, layer: str, shape: tuple[int, ...]
) -> None:
    arguments = {"img_size": (64, 96)} if name == "test_vit" else {}
    network = build_network(Backbone(name, arguments), ("a", "b"), Preprocessing(96, 64)).eval()
    filters, pixels = first_filters(network), torch.zeros(1, 64, 96, 3, dtype=torch.uint8)
    assert filters is not None
    assert (filters.layer, tuple(filters.pictures.shape)) == (layer, shape)
    layers = list_map_layers(network, pixels)
    assert layers[0].name == layer
    assert all(2 * known.columns == 3 * known.rows for known in layers)  # none is turned, nor its channels for places
    for known in (layers[0], layers[len(layers) // 2], layers[-1]):
        maps = maps_of_layer(network, pixels, known.name, strongest=5).maps
        assert maps.shape == (1, min(5, known.channels), known.rows, known.columns)


def test_a_square_is_seen_in_the_maps_of_the_last_layer() -> None:
    pixels, inside = with_square(4)
    maps = maps_of_layer(taught("separable"), pixels, "3", strongest=1).maps[:, 0]
    spread = nn.functional.interpolate(maps[:, None], size=inside.shape[1:])[:, 0]
    assert all(float(one[within].mean()) != pytest.approx(float(one[~within].mean()), rel=0.5)
               for one, within in zip(spread, inside, strict=True))  # fmt: skip


def test_a_layer_that_gives_no_maps_is_named_with_those_that_do() -> None:
    with pytest.raises(UsageError, match=r"'1' is no layer that gives maps. Allowed: '0'"):
        maps_of_layer(three_maps(), PICTURE, "1")
