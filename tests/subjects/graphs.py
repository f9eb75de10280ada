"""Real graphs in the layouts that detectors are exported in, which find red and blue cells of 8 x 8 pixels.

Each is computed by ONNX Runtime: the mean colour of a cell, a filter that knows red and blue from all else, and boxes
that are the cells themselves. On a canvas of 64 x 64 pixels there are 8 x 8 cells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper, save

SIDE = 64
CELL = 8
CELLS = SIDE // CELL
WORDS = ("red", "blue")
RED, BLUE, GREY = (255, 0, 0), (0, 0, 255), (128, 128, 128)

Array = npt.NDArray[Any]


def picture(red: tuple[int, int] | None = None, blue: tuple[int, int] | None = None, *, height: int = SIDE) -> Array:
    """Return a grey picture 64 pixels wide with a red and a blue square, each at its (across, down) in cells."""
    pixels = np.full((height, SIDE, 3), GREY, np.uint8)
    for place, colour in ((red, RED), (blue, BLUE)):
        if place is not None:
            across, down = (CELL * one for one in place)
            pixels[down : down + CELL, across : across + CELL] = colour
    return pixels


class _Builder:
    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, values: Any, kind: Any = np.float32) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def put(self, kind: str, *given: str, to: str = "", **attributes: Any) -> str:
        name = to or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(given), [name], **attributes))
        return name

    def colours(self, image: str, *, bgr: bool = False, scale: float = 1.0) -> str:
        """Return (1, cells, 2): from 0 to 1, how red and how blue each cell is."""
        kernel = np.zeros((2, 3, 1, 1), np.float32)
        kernel[0, :, 0, 0], kernel[1, :, 0, 0] = (1, -0.5, -0.5), (-0.5, -0.5, 1)
        kernel = kernel[:, ::-1] if bgr else kernel
        means = self.put("AveragePool", image, kernel_shape=[CELL, CELL], strides=[CELL, CELL])
        seen = self.put("Conv", means, self.constant(kernel * scale))
        clipped = self.put("Clip", seen, self.constant(0.0), self.constant(1.0))
        rows = self.put("Reshape", clipped, self.constant([1, 2, -1], np.int64))
        return self.put("Transpose", rows, perm=[0, 2, 1])

    def save(self, path: Path, inputs: Mapping[str, tuple[int, Sequence[Any]]], outputs: Mapping[str, Any]) -> Path:
        takes = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()]
        gives = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in outputs.items()]
        graph = helper.make_graph(self.nodes, "cells", takes, gives, self.constants)
        model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        checker.check_model(model)
        path.parent.mkdir(parents=True, exist_ok=True)
        save(model, str(path))
        return path


FLOAT, INTEGER, BYTE = TensorProto.FLOAT, TensorProto.INT64, TensorProto.UINT8
PICTURE = (FLOAT, [1, 3, SIDE, SIDE])


def _places(cells: int) -> Array:
    down, across = np.mgrid[:cells, :cells]
    return np.stack([across.ravel(), down.ravel()], 1)


def _middles() -> Array:
    """Return (1, cells, 4): middle and size of each cell as shares of the canvas."""
    return np.hstack([(_places(CELLS) + 0.5) / CELLS, np.full((CELLS**2, 2), 1 / CELLS)])[None]


def _corners(scale: float = 1.0) -> Array:
    return scale * np.hstack([_places(CELLS), _places(CELLS) + 1])[None] / CELLS


def _words(path: Path) -> Path:
    path.with_suffix(".txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return path


def yolox(path: Path, *, decoded: bool = False) -> Path:
    """A graph in YOLOX's layout: (1, 84, 5 + 2), as the network gives it or decoded."""
    build = _Builder()
    fine = CELLS**2
    boxes = np.hstack([np.full((fine, 2), 0.5), np.zeros((fine, 2)), np.ones((fine, 1))])
    if decoded:
        boxes = np.hstack([SIDE * _middles()[0], np.ones((fine, 1))])
    colours = build.colours("images", bgr=True, scale=1 / 255)
    first = build.put("Concat", build.constant(boxes[None]), colours, axis=2)
    coarse = np.hstack([np.full((20, 4), SIDE / 2 if decoded else 0.0), np.zeros((20, 3))])[None]
    build.put("Concat", first, build.constant(coarse), axis=1, to="output")
    return _words(build.save(path, {"images": PICTURE}, {"output": (FLOAT, [1, fine + 20, 7])}))


def nanodet(path: Path, *, by_level: bool = False) -> Path:
    """A graph in NanoDet-Plus's layout: (1, 85, 2 + 32), or classes and distances of each level by themselves."""
    build = _Builder()
    bins = np.zeros((4, 8))
    bins[[0, 1, 2, 3], [0, 0, 1, 1]] = 50  # from the cell's corner nothing to the left and up, one cell else
    colours = build.colours("data", bgr=True, scale=1 / 4.3)
    rows = {side: np.broadcast_to(bins.ravel(), (1, side**2, 32)) for side in (8, 4, 2, 1)}
    if by_level:
        outputs: dict[str, Any] = {}
        for side, distances in rows.items():
            scores = colours if side == 8 else build.constant(np.zeros((1, side**2, 2)))
            build.put("Identity", scores, to=f"cls{side}")
            build.put("Identity", build.constant(distances), to=f"reg{side}")
            outputs |= {f"cls{side}": (FLOAT, [1, side**2, 2]), f"reg{side}": (FLOAT, [1, side**2, 32])}
        return _words(build.save(path, {"data": PICTURE}, outputs))
    first = build.put("Concat", colours, build.constant(rows[8]), axis=2)
    coarse = [np.concatenate([np.zeros((1, side**2, 2)), rows[side]], 2) for side in (4, 2, 1)]
    build.put("Concat", first, build.constant(np.concatenate(coarse, 1)), axis=1, to="output")
    return _words(build.save(path, {"data": PICTURE}, {"output": (FLOAT, [1, 85, 34])}))


def detr(path: Path, *, softmax: bool = False, mask: bool = False) -> Path:
    """A graph in DETR's layout; with `softmax` of COCO's 91 numbers and one of nothing, red being person, blue car."""
    build = _Builder()
    spread = (0.229, 0.224, 0.225)
    image = "pixel_values"
    if softmax:  # such graphs are given pictures with ImageNet's mean taken off
        image = build.put("Mul", image, build.constant(np.reshape(spread, (1, 3, 1, 1))))
        mean = build.constant(np.reshape((0.485, 0.456, 0.406), (1, 3, 1, 1)))
        image = build.put("Add", image, mean)
    colours = build.colours(image)
    logits = build.put("Sub", build.put("Mul", colours, build.constant(20.0)), build.constant(10.0))
    count = 2
    if softmax:
        count = 92
        matrix = np.zeros((2, count), np.float32)
        matrix[0, 1] = matrix[1, 3] = 1
        logits = build.put("MatMul", logits, build.constant(matrix))
        nothing = np.full((1, 1, count), -30.0)
        nothing[0, 0, [1, 3]], nothing[0, 0, -1] = 0, 0
        logits = build.put("Add", logits, build.constant(nothing))
    build.put("Identity", logits, to="logits")
    build.put("Identity", build.constant(_middles()), to="pred_boxes")
    inputs: dict[str, Any] = {"pixel_values": PICTURE}
    if mask:
        inputs["pixel_mask"] = (INTEGER, [1, SIDE, SIDE])
        build.put("ReduceMax", "pixel_mask", keepdims=0, to="unused")
    outputs = {"logits": (FLOAT, [1, CELLS**2, count]), "pred_boxes": (FLOAT, [1, CELLS**2, 4])}
    if mask:
        outputs["unused"] = (INTEGER, [])
    saved = build.save(path, inputs, outputs)
    return saved if softmax else _words(saved)


def with_sizes(path: Path) -> Path:
    """A graph as RT-DETR and D-FINE are exported: boxes in pixels of sizes that it is given."""
    build = _Builder()
    colours = build.colours("images")
    build.nodes.append(helper.make_node("Cast", ["orig_target_sizes"], ["sizes"], to=TensorProto.FLOAT))
    four = build.put("Concat", "sizes", "sizes", axis=1)
    build.put(
        "Mul", build.constant(_corners()), build.put("Unsqueeze", four, build.constant([1], np.int64)), to="boxes"
    )
    build.put("ReduceMax", colours, build.constant([2], np.int64), keepdims=0, to="scores")
    build.put("ArgMax", colours, axis=2, keepdims=0, to="labels")
    outputs = {"labels": (INTEGER, [1, None]), "boxes": (FLOAT, [1, None, 4]), "scores": (FLOAT, [1, None])}
    inputs = {"images": PICTURE, "orig_target_sizes": (INTEGER, [1, 2])}
    return _words(build.save(path, inputs, outputs))


def ready_made(path: Path) -> Path:
    """A graph as torchvision's are exported: boxes in pixels of its picture, scores, labels by COCO's numbers."""
    build = _Builder()
    colours = build.colours("image")
    build.put("Identity", build.constant(_corners(SIDE)[0]), to="boxes")
    flat = build.put("Reshape", colours, build.constant([-1, 2], np.int64))
    build.put("ReduceMax", flat, build.constant([1], np.int64), keepdims=0, to="scores")
    best = build.put("ArgMax", flat, axis=1, keepdims=0)
    numbered = build.put("Mul", best, build.constant(2, np.int64))
    build.put("Add", numbered, build.constant(1, np.int64), to="labels")
    outputs = {"boxes": (FLOAT, [None, 4]), "labels": (INTEGER, [None]), "scores": (FLOAT, [None])}
    return build.save(path, {"image": PICTURE}, outputs)


def tensorflow(path: Path) -> Path:
    """A graph as TensorFlow's are exported: bytes with the channels last, boxes as shares with rows first."""
    build = _Builder()
    build.nodes.append(helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT))
    scaled = build.put("Mul", build.put("Transpose", "floats", perm=[0, 3, 1, 2]), build.constant(1 / 255))
    colours = build.colours(scaled)
    build.put("Identity", build.constant(_corners()[:, :, [1, 0, 3, 2]]), to="detection_boxes")
    build.put("ReduceMax", colours, build.constant([2], np.int64), keepdims=0, to="detection_scores")
    best = build.put("ArgMax", colours, axis=2, keepdims=0)
    build.nodes.append(helper.make_node("Cast", [best], ["numbers"], to=TensorProto.FLOAT))
    doubled = build.put("Mul", "numbers", build.constant(2.0))
    build.put("Add", doubled, build.constant(1.0), to="detection_classes")
    cells = CELLS**2
    outputs = {
        "detection_boxes": (FLOAT, [1, cells, 4]),
        "detection_scores": (FLOAT, [1, cells]),
        "detection_classes": (FLOAT, [1, cells]),
    }
    return build.save(path, {"image": (BYTE, [1, SIDE, SIDE, 3])}, outputs)


def vocabulary() -> dict[str, Any]:
    """Return a small `tokenizer.json`: single bytes, and the two words."""
    from rushes.subjects.tokens import _SPELT

    letters = list(_SPELT.values())
    merges = ["r e", "re d</w>", "b l", "bl u", "blu e</w>"]
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    return {"model": {"type": "BPE", "vocab": numbers, "merges": merges}}


def owl(path: Path, *, pads: bool = False) -> Path:
    """A graph in OWL-ViT's layout: it finds the colour that each text names."""
    build = _Builder()
    mean, spread = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    image = build.put("Mul", "pixel_values", build.constant(np.reshape(spread, (1, 3, 1, 1))))
    image = build.put("Add", image, build.constant(np.reshape(mean, (1, 3, 1, 1))))
    colours = build.colours(image)
    tokens = vocabulary()
    numbers = tokens["model"]["vocab"]
    table = np.zeros((len(numbers), 2))
    table[numbers["red</w>"], 0] = table[numbers["blue</w>"], 1] = 1
    seen = build.put("Gather", build.constant(table), "input_ids", axis=0)  # (texts, length, 2)
    build.nodes.append(helper.make_node("Cast", ["attention_mask"], ["counts"], to=TensorProto.FLOAT))
    counted = build.put("Mul", seen, build.put("Unsqueeze", "counts", build.constant([2], np.int64)))
    texts = build.put("ReduceSum", counted, build.constant([1], np.int64), keepdims=0)  # (texts, 2)
    alike = build.put("MatMul", colours, build.put("Transpose", texts, perm=[1, 0]))
    build.put("Sub", build.put("Mul", alike, build.constant(20.0)), build.constant(10.0), to="logits")
    build.put("Identity", build.constant(_middles()), to="pred_boxes")
    inputs = {
        "input_ids": (INTEGER, [None, 16]),
        "pixel_values": (FLOAT, [None, 3, None, None]),
        "attention_mask": (INTEGER, [None, 16]),
    }
    outputs = {"logits": (FLOAT, [1, None, None]), "pred_boxes": (FLOAT, [1, CELLS**2, 4])}
    build.save(path, inputs, outputs)
    path.with_name("tokenizer.json").write_text(json.dumps(tokens), encoding="utf-8")
    settings = {"size": {"height": SIDE, "width": SIDE}, "do_pad": pads, "image_processor_type": "OwlViTImageProcessor"}
    path.with_name("preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return path


def no_detector(path: Path) -> Path:
    """A graph that classifies."""
    build = _Builder()
    build.put("ReduceMean", build.colours("image"), build.constant([1], np.int64), keepdims=0, to="scores")
    return build.save(path, {"image": PICTURE}, {"scores": (FLOAT, [1, 2])})
