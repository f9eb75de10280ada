"""What a body sees of the subject and of the background."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rushes.errors import RecipeError
from rushes.models.backbones import Backbone, create_body
from rushes.models.clip_design import VIEWS
from rushes.models.views import check_views, view_features


class Cells(nn.Module):
    """Its features are the picture itself; like timm's networks it takes their mean at the end."""

    def forward_features(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures

    def forward_head(self, last: torch.Tensor) -> torch.Tensor:
        return last.mean(dim=(2, 3))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.forward_head(self.forward_features(pictures))


def test_means_are_weighted_by_the_subject_and_by_what_is_left() -> None:
    picture = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    subject = torch.tensor([[[1.0, 0.5], [0.0, 0.0]]])
    whole, of_subject, of_background = view_features(Cells(), picture, subject, VIEWS)[0, :, 0].tolist()
    assert whole == pytest.approx(2.5)
    assert of_subject == pytest.approx((1 + 0.5 * 2) / 1.5)
    assert of_background == pytest.approx((0.5 * 2 + 3 + 4) / 2.5)


def test_a_map_on_another_grid_is_spread_by_area() -> None:
    picture = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    subject = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])  # the left half: all of the first cell, half of the second
    found = view_features(Cells(), picture, subject, ("subject",))[0, 0, 0].item()
    assert found == pytest.approx((1 + 0.5 * 2) / 1.5)


@pytest.mark.parametrize(("fill", "view"), [(0.0, "subject"), (1.0, "background")])
def test_of_nothing_the_whole_is_seen(fill: float, view: str) -> None:
    picture = torch.rand(2, 3, 4, 5)
    found = view_features(Cells(), picture, torch.full((2, 8, 8), fill), (view,))
    torch.testing.assert_close(found[:, 0], picture.mean(dim=(2, 3)))


# Of convolutions, with a norm after the mean, channels last, and of patches.
NAMES = ("test_resnet", "test_byobnet", "test_convnext", "test_efficientnet", "swin", "test_vit")


@pytest.mark.parametrize("name", NAMES)
def test_a_subject_that_is_everywhere_is_the_whole_picture(name: str) -> None:
    torch.manual_seed(0)
    sized = {"img_size": 64, "patch_size": 16} if name == "test_vit" else {}
    small = {"img_size": 64, "window_size": 2, "depths": (1, 1), "num_heads": (1, 2), "embed_dim": 8}
    known = Backbone("swin_tiny_patch4_window7_224", small) if name == "swin" else Backbone(name, sized)
    body, count = create_body(known)
    body.eval()
    check_views(body, known.name, height=64, width=64)
    with torch.no_grad():
        pictures = torch.randn(2, 3, 64, 64)
        found = view_features(body, pictures, torch.ones(2, 9, 16), VIEWS)
        assert found.shape == (2, 3, count)
        torch.testing.assert_close(found[:, 0], body(pictures))
        torch.testing.assert_close(found[:, 1], found[:, 2])  # a background of nothing
        if name != "test_vit":  # it answers by its class token, a subject by the patches
            torch.testing.assert_close(found[:, 1], found[:, 0], atol=1e-5, rtol=1e-4)
        half = torch.zeros(2, 9, 16)
        half[:, :, :8] = 1
        halves = view_features(body, pictures, half, ("subject", "background"))
        assert not torch.allclose(halves[:, 0], halves[:, 1], atol=1e-4)


def test_a_body_without_a_map_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"model\.backbone is 'flat'.*Set subject = 'whole'"):
        check_views(nn.Flatten(), "flat", height=4, width=4)
