"""Detectors of every family, computed for real: what they find and where, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

from rushes.errors import WeightsError
from rushes.subjects.detection import Detection
from rushes.subjects.detectors import open_detector
from subjects import graphs

# file, graph -> what it calls red and blue
FAMILIES: dict[str, tuple[Callable[[Path], Path], tuple[str, str]]] = {
    "yolox": (graphs.yolox, ("red", "blue")),
    "yolox-decoded": (lambda path: graphs.yolox(path, decoded=True), ("red", "blue")),
    "nanodet": (graphs.nanodet, ("red", "blue")),
    "nanodet-levels": (lambda path: graphs.nanodet(path, by_level=True), ("red", "blue")),
    "rt-detr": (graphs.detr, ("red", "blue")),
    "detr": (lambda path: graphs.detr(path, softmax=True, mask=True), ("person", "car")),
    "d-fine": (graphs.with_sizes, ("red", "blue")),
    "torchvision": (graphs.ready_made, ("person", "car")),
    "tensorflow": (graphs.tensorflow, ("person", "car")),
    "owl": (graphs.owl, ("red", "blue")),
}


def place(found: Detection) -> tuple[float, ...]:
    return tuple(round(graphs.SIDE * side, 3) for side in (found.left, found.top, found.width, found.height))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_detector_of_each_family_finds_things_where_they_are(family: str, tmp_path: Path) -> None:
    build, (red, blue) = FAMILIES[family]
    path = build(tmp_path / f"{family}.onnx")
    detector = open_detector(str(path), folder=None, threads=1, words=("red", "blue") if family == "owl" else ())
    found = detector.find(graphs.picture(red=(1, 2), blue=(6, 5)))
    assert {one.word: place(one) for one in found} == {red: (8, 16, 8, 8), blue: (48, 40, 8, 8)}
    assert all(0.9 < one.score <= 1 for one in found)
    assert detector.find(graphs.picture()) == ()
    assert {red, blue} <= set(detector.words)


@pytest.mark.parametrize(("family", "pads"), [("yolox", False), ("nanodet", False), ("owl", True)])
def test_boxes_are_shares_of_the_picture_and_not_of_the_canvas(family: str, pads: bool, tmp_path: Path) -> None:
    build = {"yolox": graphs.yolox, "nanodet": graphs.nanodet, "owl": lambda path: graphs.owl(path, pads=True)}[family]
    detector = open_detector(
        str(build(tmp_path / f"{family}.onnx")), folder=None, threads=1, words=("red",) if pads else ()
    )
    [found] = detector.find(graphs.picture(red=(4, 1), height=32))
    assert (found.left, found.top, found.width, found.height) == pytest.approx((0.5, 0.25, 0.125, 0.25))


def test_a_detector_that_is_asked_for_words_finds_those_alone(tmp_path: Path) -> None:
    path = graphs.owl(tmp_path / "owl" / "onnx" / "model_quantized.onnx")
    seen = graphs.picture(red=(1, 2), blue=(6, 5))
    detector = open_detector(str(path), folder=None, threads=1, words=["blue", "green"])
    assert detector.name == "owl"
    assert detector.words == ("blue", "green")
    assert [one.word for one in detector.find(seen)] == ["blue"]
    with pytest.raises(WeightsError, match="nothing was asked for"):
        open_detector(str(path), folder=None)
    path.with_name("words.txt").write_text("red\n\n", encoding="utf-8")
    assert [one.word for one in open_detector(str(path), folder=None).find(seen)] == ["red"]


def test_a_detector_with_words_of_its_own_can_be_held_to_some(tmp_path: Path) -> None:
    path = graphs.yolox(tmp_path / "yolox.onnx")
    detector = open_detector(str(path), folder=None, words=["blue"])
    assert [one.word for one in detector.find(graphs.picture(red=(1, 2), blue=(6, 5)))] == ["blue"]
    assert detector.words == ("blue",)
    with pytest.raises(WeightsError, match=r"does not know 'bleu'\. Did you mean 'blue'\?"):
        open_detector(str(path), folder=None, words=["bleu"])


def test_what_decides_what_is_found_makes_another_detector(tmp_path: Path) -> None:
    path = graphs.yolox(tmp_path / "yolox.onnx")
    ids = [
        open_detector(str(path), folder=None).id,
        open_detector(str(path), folder=None, words=["red"]).id,
        open_detector(str(path), folder=None, min_score=0.2).id,
        open_detector(str(graphs.yolox(tmp_path / "decoded.onnx", decoded=True)), folder=None).id,
    ]
    assert len(set(ids)) == len(ids)
    assert open_detector(str(path), folder=None, threads=2).id == ids[0]


def test_another_tokenizer_beside_the_same_graph_makes_another_detector(tmp_path: Path) -> None:
    path = graphs.owl(tmp_path / "owl.onnx")
    first = open_detector(str(path), folder=None, threads=1, words=["red", "blue"])
    file = tmp_path / "tokenizer.json"
    table = json.loads(file.read_text(encoding="utf-8"))
    vocabulary = table["model"]["vocab"]
    turned = [*list(vocabulary.values())[1:], next(iter(vocabulary.values()))]
    table["model"]["vocab"] = dict(zip(vocabulary, turned, strict=True))
    file.write_text(json.dumps(table), encoding="utf-8")
    assert open_detector(str(path), folder=None, threads=1, words=["red", "blue"]).id != first.id


def test_a_detector_may_be_called_by_several_threads(tmp_path: Path) -> None:
    detector = open_detector(str(graphs.yolox(tmp_path / "yolox.onnx")), folder=None, threads=1)
    seen = [graphs.picture(red=(number % 8, number // 8)) for number in range(64)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(detector.find, seen))
    assert [place(one[0])[:2] for one in found] == [(8 * (at % 8), 8 * (at // 8)) for at in range(64)]


def test_gray_pictures_are_looked_at_too(tmp_path: Path) -> None:
    detector = open_detector(str(graphs.yolox(tmp_path / "yolox.onnx")), folder=None)
    assert detector.find(np.full((64, 64, 1), 128, np.uint8)) == ()


def test_a_graph_of_another_kind_is_refused_with_what_it_takes_and_gives(tmp_path: Path) -> None:
    path = graphs.no_detector(tmp_path / "other.onnx")
    with pytest.raises(WeightsError) as error:
        open_detector(str(path), folder=None)
    assert "it takes image (1 x 3 x 64 x 64 float32) and gives scores (1 x 2 float32). Taken are YOLOX" in str(
        error.value
    )


def test_what_is_no_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no graph")
    with pytest.raises(WeightsError, match=r"text\.onnx is no graph that ONNX Runtime can run"):
        open_detector("text.onnx", folder=tmp_path)


def test_words_that_do_not_fit_a_graph_are_refused(tmp_path: Path) -> None:
    path = graphs.yolox(tmp_path / "yolox.onnx")
    path.with_suffix(".txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"has 3 lines, and yolox\.onnx tells 2 things apart"):
        open_detector(str(path), folder=None)
    path.with_suffix(".txt").unlink()
    with pytest.raises(WeightsError, match="nothing says what they are"):
        open_detector(str(path), folder=None)
    (tmp_path / "labels.txt").write_text("circle\nsquare\n", encoding="utf-8")
    assert open_detector(str(path), folder=None).words == ("circle", "square")


def test_a_vocabulary_that_is_missing_or_spoilt_is_named(tmp_path: Path) -> None:
    path = graphs.owl(tmp_path / "owl.onnx")
    tokens = tmp_path / "tokenizer.json"
    for text, said in (("{", "is no JSON"), ("{}", "no vocabulary of byte pairs")):
        tokens.write_text(text, encoding="utf-8")
        with pytest.raises(WeightsError, match=said):
            open_detector(str(path), folder=None, words=["red"])
    tokens.unlink()
    with pytest.raises(WeightsError, match=r"there is no tokenizer\.json"):
        open_detector(str(path), folder=None, words=["red"])


def test_a_graph_that_leaves_its_picture_open_needs_the_settings_beside_it(tmp_path: Path) -> None:
    path = graphs.owl(tmp_path / "owl.onnx")
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(WeightsError, match="leaves open how large its picture is"):
        open_detector(str(path), folder=None, words=["red"])
