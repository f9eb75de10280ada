"""Backbones to choose from: how large each is, its licence, and whether its weights are at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import nearest
from rushes.models.backbones import Backbone, cached_weights, fitting_file, input_of

# name -> parameters, the class output of its weights included; held against timm by a test.
CHOICE: Mapping[str, int] = {
    "mobilenetv2_100.ra_in1k": 3_504_872,
    "mobilenetv3_large_100.ra_in1k": 5_483_032,
    "mobilenetv4_conv_small.e2400_r224_in1k": 3_774_024,
    "mobilenetv4_conv_medium.e500_r256_in1k": 9_715_512,
    "resnet50.a1_in1k": 25_557_032,
    "tf_efficientnetv2_s.in21k_ft_in1k": 21_458_488,
    "convnext_tiny.in12k_ft_in1k": 28_589_128,
    "vit_small_patch16_224.augreg_in21k_ft_in1k": 22_050_664,
    "vit_small_patch14_dinov2.lvd142m": 22_056_192,
    "vit_small_patch16_dinov3.lvd1689m": 21_586_944,
    "vit_base_patch16_siglip_224.v2_webli": 92_884_224,
    "vgg16.tv_in1k": 138_357_544,
}

COUNTED = 12  # as many are built to be counted, on torch's meta device
_BYTES_PER_PARAMETER = 4
_OPEN_LICENCES = ("apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0")
_CLOSED_WORDS = ("cc-by-nc", "noncommercial")


@dataclass(frozen=True, slots=True)
class BackboneFacts:
    """What a person wants to know of a backbone before taking it.

    Attributes:
        name: timm's, with the tag of its weights.
        parameters: the class output of its weights included; None where they were not counted.
        size: bytes of its file of weights, where it is at hand; otherwise of its parameters in float32.
        width, height: pixels that it was trained to see.
        licence: as timm states it; None where it states none.
        commercial: whether that allows commercial use: `yes`, `no`, or `look it up`.
        weights: the file of its weights; None where it is not at hand.
        is_cached: whether that file stands in the hub's cache.
    """

    name: str
    parameters: int | None
    size: int | None
    width: int
    height: int
    licence: str | None
    commercial: str
    weights: Path | None
    is_cached: bool


def find_backbones(pattern: str) -> list[str]:
    """Return the names that timm knows with weights, and match: `convnext*`, `resnet50`, `resnet50.a1_in1k`.

    A network without any weights is matched by its bare name.
    """
    import timm

    tagged = list(timm.list_models(pattern if _is_wild(pattern) else f"{pattern}.*", pretrained=True))
    if not _is_wild(pattern) and not tagged:
        tagged = list(timm.list_models(pattern, pretrained=True))
    having = {name.partition(".")[0] for name in tagged}
    return [*tagged, *(name for name in timm.list_models(pattern) if name not in having)]


def nearest_backbone(word: str) -> str | None:
    """Return the network that timm knows whose name is nearest to a word; None where none is near."""
    import timm

    return nearest(word.partition(".")[0], timm.list_models())


def facts_of(names: Sequence[str], *, weights_folder: Path | None) -> list[BackboneFacts]:
    """Return what is to be known of backbones; those not of the choice are counted where they are few.

    Args:
        weights_folder: where a project keeps files of weights; such a file fits by its name.
    """
    unknown = [name for name in names if name not in CHOICE]
    counts = dict(CHOICE) | ({name: _count_parameters(name) for name in unknown} if len(unknown) <= COUNTED else {})
    return [_facts(name, counts.get(name), weights_folder) for name in names]


def may_be_sold(licence: str | None) -> str:
    """Return whether a licence, as timm names it, allows commercial use: `yes`, `no`, or `look it up`."""
    stated = (licence or "").casefold()
    if stated in _OPEN_LICENCES:
        return "yes"
    return "no" if any(word in stated for word in _CLOSED_WORDS) else "look it up"


def _facts(name: str, parameters: int | None, weights_folder: Path | None) -> BackboneFacts:
    from timm.models import get_pretrained_cfg

    seen = input_of(Backbone(name))
    known = get_pretrained_cfg(name)
    licence = getattr(known, "license", None) if known is not None else None
    local = fitting_file(name, weights_folder) if weights_folder is not None else None
    file = local or cached_weights(name)
    estimate = parameters * _BYTES_PER_PARAMETER if parameters is not None else None
    return BackboneFacts(
        name=name,
        parameters=parameters,
        size=file.stat().st_size if file is not None else estimate,
        width=seen.width,
        height=seen.height,
        licence=licence,
        commercial=may_be_sold(licence),
        weights=file,
        is_cached=file is not None and local is None,
    )


def _count_parameters(name: str) -> int | None:
    import timm
    import torch

    try:
        with torch.device("meta"):
            return sum(parameter.numel() for parameter in timm.create_model(name).parameters())
    except (RuntimeError, NotImplementedError, ValueError, TypeError):  # it computes while it is built
        return None


def _is_wild(pattern: str) -> bool:
    return any(mark in pattern for mark in "*?[")
