"""How a detector's graph is read: told by its inputs and outputs, its picture prepared, its numbers made boxes.

Each reading is of one family of graphs as their authors export them: YOLOX (Ge et al. 2021), NanoDet-Plus (RangiLyu),
DETR (Carion et al. 2020) and its kin RT-DETR, D-FINE and RF-DETR, OWL-ViT and OWLv2 (Minderer et al. 2022, 2023), and
graphs that give boxes, scores and labels ready made, as torchvision's and TensorFlow's do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.bundles.engines import Port
from rushes.errors import WeightsError
from rushes.subjects.boxes import Boxes, Floats, Manner, Placed, place_on_canvas
from rushes.subjects.detection import Pixels

Given = dict[str, npt.NDArray[Any]]
Found = Sequence[npt.NDArray[Any]]

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
_NANODET = ((123.675 / 255, 116.28 / 255, 103.53 / 255), (58.395 / 255, 57.12 / 255, 57.375 / 255))
_YOLOX_STRIDES = (8, 16, 32)
_NANODET_STRIDES = (8, 16, 32, 64)
_BINS = 8  # of each side's distance, in a NanoDet graph
_FREE_SIDE = 640  # of a canvas whose size a graph leaves open
_DECODED_FROM = 16.0  # what centres in cells never reach, and centres in pixels always do
SURE, OPEN_SURE = 0.4, 0.15  # scores from which a detection counts; those of texts are lower by nature


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is brought before a graph.

    Attributes:
        input: name of the graph's input.
        kind: of its numbers.
        width, height: of the canvas.
        manner: how the picture is put on it.
        channels_last: whether the graph wants (1, height, width, 3).
        bgr: whether it wants blue first.
        scale: what pixels are multiplied by.
        mean, deviation: taken off, and divided by, after that; RGB.
        fill: of what the picture leaves free.
    """

    input: str
    kind: str
    width: int
    height: int
    manner: Manner = "stretch"
    channels_last: bool = False
    bgr: bool = False
    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    deviation: tuple[float, ...] = (1.0, 1.0, 1.0)
    fill: int = 114


@dataclass(frozen=True, slots=True)
class Reading:
    """How one graph is read.

    Attributes:
        family: what such graphs are called.
        look: how it sees a picture.
        outputs: those that are read, in the order in which `decode` takes them.
        decode: a graph's numbers -> boxes.
        classes: how many things it tells apart; None where it does not say.
        sure: score from which a detection counts.
        extra: further inputs, all alike for every picture.
        texts: whether it is asked for words as texts.
    """

    family: str
    look: Look
    outputs: tuple[str, ...]
    decode: Callable[[Found, Placed], Boxes]
    classes: int | None
    sure: float = SURE
    extra: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    texts: bool = False


def prepare(picture: Pixels, look: Look) -> tuple[npt.NDArray[Any], Placed]:
    """Return a picture as a graph takes it, one in a batch, and where it is on the canvas."""
    placed = place_on_canvas(picture, width=look.width, height=look.height, manner=look.manner, fill=look.fill)
    if look.kind == "uint8":
        values: npt.NDArray[Any] = placed.pixels
    else:
        mean, deviation = np.array(look.mean, np.float32), np.array(look.deviation, np.float32)
        values = ((placed.pixels.astype(np.float32) * np.float32(look.scale) - mean) / deviation).astype(np.float32)
    values = values[:, :, ::-1] if look.bgr else values
    return np.ascontiguousarray(values[None] if look.channels_last else values.transpose(2, 0, 1)[None]), placed


def recognise(
    inputs: Mapping[str, Port], outputs: Mapping[str, Port], settings: Mapping[str, Any] | None = None
) -> Reading | None:
    """Return how a graph is read; None where it is of no known family.

    Args:
        settings: what `preprocessor_config.json` beside the graph says, where it is there.

    Raises:
        WeightsError: a graph of a known family cannot be read without such settings.
    """
    for family in (_owl, _detr, _with_sizes, _ready_made, _yolox, _nanodet):
        reading = family(inputs, outputs, settings or {})
        if reading is not None:
            return reading
    return None


def _picture_input(inputs: Mapping[str, Port], settings: Mapping[str, Any]) -> Look | None:
    """Return how the one input that takes pictures sees them; None where there is not one."""
    found = [
        (name, port)
        for name, port in inputs.items()
        if len(port.shape) == 4 and port.kind in ("float32", "uint8") and 3 in (port.shape[1], port.shape[3])
    ] or [(name, port) for name, port in inputs.items() if len(port.shape) == 4 and port.kind == "float32"]
    if len(found) != 1:
        return None
    name, port = found[0]
    last = port.shape[3] == 3 and port.shape[1] != 3
    sides = port.shape[1:3] if last else port.shape[2:4]
    size = settings.get("size")
    stated = size if isinstance(size, dict) else {}
    height = sides[0] or _side(stated.get("height")) or _FREE_SIDE
    width = sides[1] or _side(stated.get("width")) or _FREE_SIDE
    return Look(name, port.kind, width, height, channels_last=last)


def _side(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 16 <= value <= 4096 else 0


def _normalised(
    look: Look, settings: Mapping[str, Any], default: tuple[tuple[float, ...], tuple[float, ...]] | None
) -> dict[str, Any]:
    """Return mean and deviation as the settings beside the graph say them, or else as its family has them."""
    if settings.get("do_normalize") is False:
        default = None
    elif settings.get("do_normalize") and _three(settings.get("image_mean")) and _three(settings.get("image_std")):
        default = (tuple(settings["image_mean"]), tuple(settings["image_std"]))
    return {} if default is None or look.kind == "uint8" else {"mean": default[0], "deviation": default[1]}


def _three(value: object) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(isinstance(one, int | float) for one in value)


# Open vocabulary: OWL-ViT, OWLv2.


def _owl(inputs: Mapping[str, Port], outputs: Mapping[str, Port], settings: Mapping[str, Any]) -> Reading | None:
    look = _picture_input(inputs, settings)
    if look is None or "input_ids" not in inputs or not {"logits", "pred_boxes"} <= outputs.keys():
        return None
    if None in inputs[look.input].shape[2:] and not isinstance(settings.get("size"), dict):
        raise WeightsError("the graph leaves open how large its picture is; put the preprocessor_config.json that it "
                           "was published with beside it")  # fmt: skip
    is_second = "owlv2" in str(settings.get("image_processor_type", settings.get("feature_extractor_type", ""))).lower()
    pads = bool(settings.get("do_pad", is_second or look.width >= 960))
    look = replace(look, manner="corner" if pads else "stretch", fill=128, **_normalised(look, settings, _CLIP))
    return Reading(
        "OWL-ViT", look, ("logits", "pred_boxes"), partial(_from_queries, ends_with_nothing=False), None, OPEN_SURE,
        texts=True,
    )  # fmt: skip


# Boxes of queries: DETR, RT-DETR, D-FINE, RF-DETR.


def _detr(inputs: Mapping[str, Port], outputs: Mapping[str, Port], settings: Mapping[str, Any]) -> Reading | None:
    names = next(
        (pair for pair in (("logits", "pred_boxes"), ("pred_logits", "pred_boxes"), ("labels", "dets"))
         if set(pair) <= outputs.keys()), None,
    )  # fmt: skip
    look = _picture_input(inputs, settings)
    if look is None or names is None or len(outputs[names[0]].shape) != 3 or set(inputs) - {look.input, "pixel_mask"}:
        return None
    count = outputs[names[0]].shape[2]
    ends_with_nothing = count is not None and count > 91 and names[1] != "dets"
    imagenet = ends_with_nothing or names[1] == "dets"
    look = replace(look, **_normalised(look, settings, _IMAGENET if imagenet else None))
    mask = inputs.get("pixel_mask")
    extra: Given = {}
    if mask is not None:
        sides = [side or free for side, free in zip(mask.shape, (1, look.height, look.width), strict=False)]
        extra["pixel_mask"] = np.ones(sides, mask.kind.replace("tensor(", "").replace(")", ""))
    classes = None if count is None else count - ends_with_nothing
    return Reading("DETR", look, names, partial(_from_queries, ends_with_nothing=ends_with_nothing), classes,
                   extra=extra)  # fmt: skip


def _from_queries(found: Found, placed: Placed, *, ends_with_nothing: bool) -> Boxes:
    """Return boxes of (1, queries, classes) logits and (1, queries, 4) centres and sizes."""
    logits, middles = found[0][0].astype(np.float64), found[1][0].astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        if ends_with_nothing:  # the last class is of queries that found nothing
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            chances = (powers / powers.sum(axis=1, keepdims=True))[:, :-1]
        else:
            chances = 1 / (1 + np.exp(-logits))
    return _best_classes(chances, _corners(middles))


# Boxes in pixels of the original: RT-DETR and D-FINE as their authors export them.


def _with_sizes(inputs: Mapping[str, Port], outputs: Mapping[str, Port], settings: Mapping[str, Any]) -> Reading | None:
    look = _picture_input(inputs, settings)
    if look is None or "orig_target_sizes" not in inputs or not {"labels", "boxes", "scores"} <= outputs.keys():
        return None
    sizes = np.array([[look.width, look.height]], np.int64)
    return Reading("RT-DETR", look, ("boxes", "scores", "labels"), partial(_ready, rows_first=False), None,
                   extra={"orig_target_sizes": sizes})  # fmt: skip


# Boxes, scores and labels ready made: torchvision, TensorFlow.

_READY = (
    (("detection_boxes", "detection_scores", "detection_classes"), True),
    (("boxes", "scores", "labels"), False),
    (("boxes", "scores", "classes"), False),
    (("bboxes", "scores", "labels"), False),
)


def _ready_made(inputs: Mapping[str, Port], outputs: Mapping[str, Port], settings: Mapping[str, Any]) -> Reading | None:
    look = _picture_input(inputs, settings)
    if look is None or len(inputs) != 1:
        return None
    for names, rows_first in _READY:
        if set(names) <= outputs.keys():
            look = replace(look, **_normalised(look, settings, None))
            return Reading("boxes, scores and labels", look, names, partial(_ready, rows_first=rows_first), None)
    return None


def _ready(found: Found, placed: Placed, *, rows_first: bool) -> Boxes:
    """Return boxes that a graph made itself, in pixels of its canvas or as shares of it."""
    corners: npt.NDArray[Any] = found[0].reshape(-1, 4).astype(np.float32)
    if rows_first:
        corners = corners[:, [1, 0, 3, 2]]
    if corners.size and np.nanmax(np.abs(corners)) > 2:  # no share is as large, and no box of pixels as small
        height, width = placed.pixels.shape[:2]
        corners = corners / np.array([width, height] * 2, np.float32)
    scores = found[1].reshape(-1).astype(np.float32)
    return Boxes(corners, scores, found[2].reshape(-1).astype(np.int64))


# Boxes of cells: YOLOX, NanoDet-Plus.


def _yolox(inputs: Mapping[str, Port], outputs: Mapping[str, Port], settings: Mapping[str, Any]) -> Reading | None:
    look = _picture_input(inputs, settings)
    if look is None or len(inputs) != 1 or len(outputs) != 1:
        return None
    name, port = next(iter(outputs.items()))
    if len(port.shape) != 3 or port.shape[1] != len(_cells(look.width, look.height, _YOLOX_STRIDES)[0]):
        return None
    width = port.shape[2]
    if width is None or width < 6:
        return None
    look = replace(look, manner="corner", bgr=True, scale=1.0)
    return Reading("YOLOX", look, (name,), _from_yolox, width - 5)


def _from_yolox(found: Found, placed: Placed) -> Boxes:
    """Return boxes of (1, cells, 5 + classes): in cells as the network gives them, or in pixels already."""
    rows = found[0][0].astype(np.float32)
    height, width = placed.pixels.shape[:2]
    middles: npt.NDArray[Any] = rows[:, :4]
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.nanquantile(np.abs(middles[:, :2]), 0.95) > _DECODED_FROM:
            places, strides = _cells(width, height, _YOLOX_STRIDES)
            middles = np.hstack([(middles[:, :2] + places) * strides, np.exp(middles[:, 2:4]) * strides])
        chances = rows[:, 4:5] * rows[:, 5:]
    return _best_classes(chances, _corners(middles / np.array([width, height] * 2, np.float32)))


def _nanodet(inputs: Mapping[str, Port], outputs: Mapping[str, Port], settings: Mapping[str, Any]) -> Reading | None:
    look = _picture_input(inputs, settings)
    if look is None or len(inputs) != 1:
        return None
    look = replace(look, manner="middle", bgr=True, mean=_NANODET[0], deviation=_NANODET[1])
    cells = len(_cells(look.width, look.height, _NANODET_STRIDES)[0])
    shapes = {name: port.shape for name, port in outputs.items()}
    if len(shapes) == 1:
        name, shape = next(iter(shapes.items()))
        is_one = len(shape) == 3 and shape[1] == cells and (shape[2] or 0) > 4 * _BINS
        return Reading("NanoDet", look, (name,), _from_nanodet, (shape[2] or 0) - 4 * _BINS) if is_one else None
    if len(shapes) != 2 * len(_NANODET_STRIDES) or any(len(shape) not in (2, 3) for shape in shapes.values()):
        return None
    boxes = [name for name, shape in shapes.items() if shape[-1] == 4 * _BINS]
    classes = [name for name, shape in shapes.items() if shape[-1] != 4 * _BINS]
    if len(boxes) != len(classes) or any(shape[-2] is None for shape in shapes.values()):
        return None
    # Finer levels have more cells; the merged form lists them first.
    pairs = [sorted(names, key=lambda name: -(shapes[name][-2] or 0)) for names in (classes, boxes)]
    if sum(shapes[name][-2] or 0 for name in boxes) != cells or len({shapes[name][-1] for name in classes}) != 1:
        return None
    return Reading("NanoDet", look, (*pairs[0], *pairs[1]), _from_levels, shapes[classes[0]][-1])


def _from_levels(found: Found, placed: Placed) -> Boxes:
    """Return boxes of a graph that gives classes and distances of each level by themselves."""
    half = len(found) // 2
    chances, distances = (
        np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts]) for parts in (found[:half], found[half:])
    )
    return _from_nanodet([np.hstack([chances, distances])[None]], placed)


def _from_nanodet(found: Found, placed: Placed) -> Boxes:
    """Return boxes of (1, cells, classes + 4 x bins): how likely each distance from the cell to each side is."""
    rows = found[0][0].astype(np.float32)
    height, width = placed.pixels.shape[:2]
    places, strides = _cells(width, height, _NANODET_STRIDES)
    with np.errstate(over="ignore", invalid="ignore"):
        bins = rows[:, -4 * _BINS :].reshape(-1, 4, _BINS)
        powers = np.exp(bins - bins.max(axis=2, keepdims=True))
        distances = (powers / powers.sum(axis=2, keepdims=True)) @ np.arange(_BINS, dtype=np.float32) * strides
    middles = places * strides
    corners = np.hstack([middles - distances[:, :2], middles + distances[:, 2:]])
    return _best_classes(rows[:, : -4 * _BINS], (corners / np.array([width, height] * 2)).astype(np.float32))


@cache
def _cells(width: int, height: int, strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return of every cell its place (across, down) in its level, (cells, 2), and its stride, (cells, 1)."""
    places, sizes = [], []
    for stride in strides:
        down, across = np.mgrid[: math.ceil(height / stride), : math.ceil(width / stride)]
        level = np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float32)
        places.append(level)
        sizes.append(np.full((len(level), 1), stride, np.float32))
    return np.concatenate(places), np.concatenate(sizes)


def _corners(middles: npt.NDArray[Any]) -> Floats:
    """Return left, top, right and bottom of boxes that are given by their middles and sizes."""
    half = middles[:, 2:4] / 2
    return np.hstack([middles[:, :2] - half, middles[:, :2] + half]).astype(np.float32)


def _best_classes(chances: npt.NDArray[Any], corners: Floats) -> Boxes:
    """Return boxes with the likeliest class of each; what is no number is never the likeliest."""
    chances = np.where(np.isfinite(chances), chances, -1.0).astype(np.float32)
    classes = chances.argmax(axis=1) if chances.shape[1] else np.zeros(len(chances), np.int64)
    scores = chances.max(axis=1) if chances.shape[1] else np.full(len(chances), -1, np.float32)
    return Boxes(corners, scores, classes.astype(np.int64))
