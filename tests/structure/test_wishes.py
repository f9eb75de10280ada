"""What is to be looked for in films."""

from __future__ import annotations

from pathlib import Path

import pytest

from rushes.project import FilmSettings
from rushes.structure.tools import open_tools
from rushes.structure.wishes import wishes_of, words_for

ASKED = FilmSettings(detector="owl.onnx", words=("red umbrella", "neon sign"))


def test_the_words_of_a_project_are_for_its_own_detector() -> None:
    assert wishes_of(ASKED).words == words_for("owl.onnx", ASKED) == ("red umbrella", "neon sign")
    assert words_for("yolox-s", ASKED) == ()
    assert words_for("", FilmSettings(words=("cup",))) == ()


def test_a_detector_is_asked_for_the_words_of_the_project(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from subjects import graphs

    graphs.owl(tmp_path / "owl.onnx")
    detector = open_tools(wishes_of(ASKED), models_folder=tmp_path, threads=1).detector
    assert detector is not None
    assert detector.words == ASKED.words
