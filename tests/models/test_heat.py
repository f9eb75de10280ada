"""Where in a picture a network found its answer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.planted import ARCHITECTURES, share_inside, taught, untaught, with_square
from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import UsageError
from rushes.models.backbones import Backbone
from rushes.models.designs import Design
from rushes.models.heads import KnnHead, KnnShape, MlpShape
from rushes.models.heat import METHODS, eigen_cam, grad_cam_plus_plus, heat_of_pictures
from rushes.models.network import Network, build_network
from rushes.models.places import list_map_layers

AREA = 8 * 8 / (32 * 32)
GRAY = Preprocessing(2, 2, "gray", mean=(0.0,), std=(1.0,))
PICTURE = torch.tensor([[255, 0], [51, 102]], dtype=torch.uint8)[None, :, :, None]
SHARES = torch.tensor([[1.0, 0.0], [0.2, 0.4]])


def weighing(weights: list[list[float]]) -> nn.Linear:
    head = nn.Linear(len(weights[0]), len(weights))
    head.weight.data = torch.tensor(weights)
    return head


def averaging() -> Network:
    """Two maps, the picture once and twice, averaged: class 1 gains 2 and loses 0.5 by each, held against class 0."""
    body = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    body[0].weight.data = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1)
    return Network(body, weighing([[1.0, 0.0], [3.0, -0.5]]), GRAY).eval()


@pytest.mark.parametrize("method", ["auto", "grad-cam", "grad-cam++", "hires-cam"])
def test_of_two_maps_that_are_averaged_the_heat_is_what_can_be_worked_by_hand(method: str) -> None:
    found = heat_of_pictures(averaging(), PICTURE, [1], method=method)
    torch.testing.assert_close(found.heat[0], SHARES)  # 2 x picture - 0.5 x twice the picture is the picture
    assert found.layer == "0"
    assert found.spoke.tolist() == [True]


def test_where_nothing_speaks_for_a_class_all_is_cold_and_it_is_said() -> None:
    found = heat_of_pictures(averaging(), PICTURE.repeat(2, 1, 1, 1), [0, 1], method="grad-cam")
    assert found.spoke.tolist() == [False, True]
    assert not found.heat[0].any()


def test_what_every_class_gains_alike_is_not_warm() -> None:
    network = averaging()
    network.head.weight.data += 7.0  # type: ignore[operator]
    torch.testing.assert_close(heat_of_pictures(network, PICTURE, [1]).heat[0], SHARES)
    assert not heat_of_pictures(network, PICTURE, [0]).spoke.any()


def test_where_each_place_has_its_own_weight_the_heat_is_what_it_adds() -> None:
    body = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten())
    body[0].weight.data.fill_(1.0)
    network = Network(body, weighing([[0.0] * 4, [-3.0, 5.0, 1.0, 2.0]]), GRAY).eval()
    found = heat_of_pictures(network, PICTURE, [1])
    assert found.method == "hires-cam"
    torch.testing.assert_close(found.heat[0], torch.tensor([[0.0, 0.0], [0.25, 1.0]]))  # 0.2 x 1 and 0.4 x 2


def test_a_map_weighs_by_the_places_that_decide_alone() -> None:
    maps, slopes = torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([[[[0.5, 0.25]]]])
    weight = 0.5 / (2 + 4 * 0.5) + 0.25 / (2 + 4 * 0.25)
    torch.testing.assert_close(grad_cam_plus_plus(maps, slopes), weight * maps[:, 0])


def test_the_first_direction_of_the_maps_is_warm_where_it_is_strongest() -> None:
    maps = torch.tensor([[[[0.0, 0.0, 4.0]], [[5.0, 5.0, 2.0]]]])  # two places alike, one apart
    heat = eigen_cam(maps, maps)[0, 0]
    assert heat[2] > 0
    assert heat[:2].tolist() == pytest.approx([0, 0], abs=1e-6)


# What each kind of network is asked with, and which of the ways must find a planted square.
FINDING = {
    "separable": ("grad-cam", ("grad-cam", "grad-cam++", "hires-cam", "eigen-cam")),
    "plain": ("hires-cam", ("grad-cam", "hires-cam", "eigen-cam")),
    "vit": ("attention", ("attention", "grad-cam", "grad-cam++", "hires-cam", "eigen-cam")),
    "vit-mean": ("grad-cam", ("grad-cam", "hires-cam", "eigen-cam")),
}


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_a_planted_square_lights_up_by_what_was_learnt(name: str) -> None:
    pixels, inside = with_square()
    chosen, ways = FINDING[name]
    assert heat_of_pictures(taught(name), pixels[:1], [1]).method == chosen
    for method in ways:
        found = heat_of_pictures(taught(name), pixels, [1] * len(pixels), method=method)
        assert found.spoke.all(), method
        assert share_inside(found.heat, inside) > 5 * AREA, method
    blind = heat_of_pictures(untaught(name), pixels, [1] * len(pixels))
    assert share_inside(blind.heat, inside) < 2 * AREA
    other = heat_of_pictures(taught(name), pixels, [0] * len(pixels))
    assert share_inside(other.heat, inside) < 2 * AREA


def test_what_shows_the_same_for_every_class_says_so_and_never_asked_what_was_learnt() -> None:
    pixels, inside = with_square()
    one, other = (heat_of_pictures(taught("separable"), pixels, [index] * 12, method="eigen-cam") for index in (0, 1))
    assert one.class_free
    torch.testing.assert_close(one.heat, other.heat)
    blind = heat_of_pictures(untaught("separable"), pixels, [1] * 12, method="eigen-cam")
    assert share_inside(blind.heat, inside) > 5 * AREA  # it stands out, to anyone
    assert [name for name, method in METHODS.items() if method.class_free] == ["eigen-cam"]


def small(name: str) -> dict[str, object]:
    if name.startswith("swin"):
        return {"img_size": (64, 96), "window_size": 2, "depths": (1, 1), "num_heads": (1, 2), "embed_dim": 8}
    if name.startswith("xcit"):
        return {"img_size": (64, 96), "depth": 2, "cls_attn_layers": 1, "embed_dim": 32, "num_heads": 2}
    if name.startswith("hiera"):
        return {"img_size": (64, 96), "stages": (1, 1, 1, 1), "embed_dim": 16, "num_heads": 1}
    return {"img_size": (64, 96)} if "vit" in name else {}


FAMILIES = [
    ("test_resnet", "grad-cam", "layer4", (2, 3)),
    ("test_byobnet", "grad-cam", "stages", (2, 3)),
    ("test_convnext", "grad-cam", "stages", (2, 3)),
    ("test_efficientnet", "grad-cam", "bn2", (2, 3)),
    ("test_nfnet", "grad-cam", "final_act", (2, 3)),
    ("mobilenetv2_035", "grad-cam", "bn2", (2, 3)),
    ("test_mambaout", "grad-cam", "stages", (2, 3)),
    ("swin_tiny_patch4_window7_224", "grad-cam", "norm", (8, 12)),
    ("test_vit", "attention", "the attention of every block", (4, 6)),
    ("test_vit2", "grad-cam", "blocks", (4, 6)),  # a mean of patches, a register beside them
    ("test_vit3", "grad-cam", "norm", (4, 6)),  # pooled by attention
    ("test_vit_relpos", "grad-cam", "blocks.8", (4, 6)),
    ("xcit_nano_12_p16_224", "grad-cam", "blocks.1", (4, 6)),  # attention of channels to channels
    ("hiera_tiny_224", "grad-cam", "blocks.3", (2, 3)),  # its tokens stand in another order before the last stage
]


def show(count: int = 2, *, height: int = 64, width: int = 96) -> torch.Tensor:
    dice = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=dice)


@pytest.mark.parametrize(("name", "method", "layer", "grid"), FAMILIES)
def test_each_family_is_read_at_its_place_also_where_it_is_frozen(
    name: str, method: str, layer: str, grid: tuple[int, int]
) -> None:
    torch.manual_seed(4)
    network = build_network(Backbone(name, small(name)), ("a", "b", "c"), Preprocessing(96, 64)).eval()
    free = heat_of_pictures(network, show(), [0, 2])
    network.requires_grad_(requires_grad=False)
    frozen = heat_of_pictures(network, show(), [0, 2])
    assert (free.method, free.layer) == (method, layer)
    assert free.heat.shape == (2, *grid)
    assert free.heat.isfinite().all()
    torch.testing.assert_close(free.heat, frozen.heat)
    assert all(parameter.grad is None for parameter in network.parameters())


DESIGNS = [
    (Design((4, 8), (3, 3), 8, 96, 64, color="rgb"), "hires-cam", "3", (29, 45)),
    (Design((4, 8), (3, 3), 8, 96, 64, color="rgb", batch_norm=True), "hires-cam", "5", (29, 45)),
    (Design((4, 8), (3, 3), 8, 96, 64, color="rgb", form="pairs"), "hires-cam", "2", (60, 92)),
    (Design((4, 8), (3, 3), 0, 96, 64, color="rgb", form="separable"), "grad-cam", "2", (16, 24)),
]


@pytest.mark.parametrize(("design", "method", "layer", "grid"), DESIGNS)
def test_our_own_designs_are_read_before_their_places_are_pooled(
    design: Design, method: str, layer: str, grid: tuple[int, int]
) -> None:
    found = heat_of_pictures(build_network(design, ("a", "b"), Preprocessing(96, 64)), show(), [0, 1])
    assert (found.method, found.layer, found.heat.shape[1:]) == (method, layer, grid)


@pytest.mark.parametrize("shape", [MlpShape(6), KnnShape(neighbours=3, samples=9, temperature=0.5)])
@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_any_head_is_seen_through(name: str, shape: MlpShape | KnnShape) -> None:
    torch.manual_seed(2)
    network = build_network(Backbone(name, small(name)), ("a", "b"), Preprocessing(96, 64), head=shape).eval()
    if isinstance(network.head, KnnHead):
        with torch.no_grad():
            network.head.stored = network.head.place(network.features(show(9)))
        network.head.answers = torch.arange(9) % 2
    found = [heat_of_pictures(network, show(4), [index] * 4) for index in (0, 1)]
    assert all(((one.heat.amax(dim=(1, 2)) == 1) == one.spoke).all() for one in found)
    assert (found[0].spoke | found[1].spoke).all()


def test_a_network_is_left_as_it_was() -> None:
    network = build_network(Backbone("test_vit", small("test_vit")), ("a", "b"), Preprocessing(96, 64)).train()
    fused = [block.attn.fused_attn for block in network.body.blocks]  # type: ignore[union-attr]
    with torch.inference_mode():
        once = heat_of_pictures(network, show(), [0, 1])
    again = heat_of_pictures(network, show(), [0, 1])
    torch.testing.assert_close(once.heat, again.heat)  # dropout has no part in it
    assert network.training
    assert [block.attn.fused_attn for block in network.body.blocks] == fused  # type: ignore[union-attr]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_pictures_do_not_touch_each_other() -> None:
    network = taught("separable")
    pixels, _ = with_square(11)
    together = heat_of_pictures(network, pixels, [1] * 11).heat
    apart = torch.cat([heat_of_pictures(network, pixels[place : place + 1], [1]).heat for place in range(11)])
    torch.testing.assert_close(together, apart, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("method", "layer", "said"),
    [
        ("gradcam", None, "Did you mean 'grad-cam'"),
        ("saliency map", None, "Allowed: 'auto', 'grad-cam', 'grad-cam\\+\\+', 'hires-cam', 'eigen-cam', 'attention'"),
        ("attention", None, "needs a network that gathers its answer by attention"),
        ("grad-cam", "layer5", "Did you mean 'layer4'"),
        ("grad-cam", "nothing at all", "Allowed: 'conv1.0'"),
    ],
)
def test_a_way_or_a_layer_that_is_none_is_named_with_those_that_are(method: str, layer: str | None, said: str) -> None:
    network = build_network(Backbone("test_resnet"), ("a", "b"), Preprocessing(96, 64))
    with pytest.raises(UsageError, match=said):
        heat_of_pictures(network, show(1), [0], method=method, layer=layer)


def test_attention_follows_every_block_and_takes_no_layer() -> None:
    with pytest.raises(UsageError, match=r"takes no layer, got 'blocks.1'"):
        heat_of_pictures(taught("vit"), with_square(1)[0], [1], method="attention", layer="blocks.1")


def test_a_network_without_places_is_said_to_have_no_heat() -> None:
    body = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    with pytest.raises(UsageError, match="no layer of this network keeps places"):
        heat_of_pictures(Network(body, weighing([[1.0] * 3] * 2), GRAY), PICTURE, [0])


def test_tokens_without_a_told_grid_are_read_at_the_end_and_not_at_the_stem() -> None:
    torch.manual_seed(4)
    built = Backbone("mixer_s32_224", {"img_size": (64, 64), "mlp_ratio": (0.1, 0.1)})
    network = build_network(built, ("a", "b"), Preprocessing(64, 64)).eval()  # it knows square pictures alone
    found = heat_of_pictures(network, show(height=64, width=64), [0, 1])
    assert (found.layer, found.heat.shape, found.note) == ("norm", (2, 2, 2), "")


def test_a_network_drawn_anew_is_read_where_its_twin_was_although_its_tokens_tell_no_order() -> None:
    class Tokens(nn.Module):
        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return maps.flatten(2).transpose(1, 2)

    class Mean(nn.Module):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return tokens.mean(dim=1)

    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 2, 16, 16), Tokens(), nn.Linear(2, 2), Mean())
    network = Network(body, weighing([[1.0, 0.0], [0.0, 2.0]]), Preprocessing(64, 64)).eval()
    pixels = show(height=64, width=64)
    assert heat_of_pictures(network, pixels, [0, 1]).layer == "2"
    body[2].weight.data.zero_()  # as LeViT's last stages are before they have learnt anything
    assert heat_of_pictures(network, pixels, [0, 1]).layer == "1"
    assert heat_of_pictures(network, pixels, [0, 1], layer="2", grid=(4, 4)).heat.shape == (2, 4, 4)


def test_tokens_that_are_split_into_heads_are_no_maps() -> None:
    class Heads(nn.Module):
        def forward(self, maps: torch.Tensor) -> torch.Tensor:  # (pictures, heads, tokens, channels), as MViT has them
            return maps.flatten(2).transpose(1, 2).unflatten(2, (2, 2)).transpose(1, 2)

    class Joined(nn.Module):
        def forward(self, heads: torch.Tensor) -> torch.Tensor:
            return heads.transpose(1, 2).flatten(2).mean(dim=1)

    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 4, 16, 16), Heads(), nn.LayerNorm(2), Joined())
    network = Network(body, weighing([[1.0, 0.0, 0.5, 0.0], [0.0, 2.0, 0.0, 1.0]]), Preprocessing(64, 64)).eval()
    assert [layer.name for layer in list_map_layers(network, show(1, height=64, width=64))] == ["0"]
    assert heat_of_pictures(network, show(height=64, width=64), [0, 1]).heat.shape == (2, 4, 4)


def test_of_branches_what_they_give_together_is_read() -> None:
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.left(maps), self.right(maps)], dim=1)

    class Pooling(Branches):
        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return super().forward(maps).mean(dim=(2, 3), keepdim=True)

    torch.manual_seed(0)
    body = nn.Sequential(Branches(), nn.Conv2d(2, 1, 1), Branches(), nn.Conv2d(2, 1, 1), Pooling(), nn.Flatten())
    network = Network(body, weighing([[1.0, 0.5], [0.0, 2.0]]), GRAY).eval()
    assert heat_of_pictures(network, PICTURE, [1]).layer == "3"


def test_a_layer_near_the_beginning_is_said_to_be_one_unless_it_was_asked_for() -> None:
    deep = [nn.Linear(2, 2) for _ in range(8)]
    body = nn.Sequential(nn.Conv2d(1, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), *deep)
    network = Network(body, weighing([[1.0, 0.5], [0.0, 2.0]]), GRAY).eval()
    found = heat_of_pictures(network, PICTURE, [1])
    assert found.note.startswith("No deep layer of this network keeps places of the picture apart")
    assert found.note.endswith("(0).")
    assert heat_of_pictures(network, PICTURE, [1], layer="0").note == ""


def test_attention_of_channels_is_no_attention_to_places() -> None:
    torch.manual_seed(4)
    name = "xcit_nano_12_p16_224"
    network = build_network(Backbone(name, small(name)), ("a", "b"), Preprocessing(96, 64)).eval()
    with pytest.raises(UsageError, match="'attention' needs a network that gathers its answer by attention"):
        heat_of_pictures(network, show(1), [0], method="attention")
