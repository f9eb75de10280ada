from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from evaluation.fabricated import guesses
from rushes.evaluation.charts import Line, draw_curve, draw_epochs
from rushes.evaluation.scores import average_precision, trace_curve


def points_of(svg, tag):
    found = ElementTree.fromstring(svg).find(f".//{tag}")
    return [tuple(float(value) for value in pair.split(",")) for pair in found.get("points").split()]


def test_the_area_under_a_drawn_curve_is_the_average_precision():
    predictions = guesses(80, class_count=3, seed=4)
    positive, probabilities = predictions.truth == 1, predictions.probabilities[:, 1]
    svg = draw_curve(trace_curve(positive, probabilities), share=0.3, answered=(0.5, 0.5), label="a < b")
    (x0, bottom), *line, _ = points_of(svg, "polygon")
    width, height = 158.0, 130.0
    area = sum((x2 - x1) / width * (bottom - y1) / height for (x1, y1), (x2, _) in itertools.pairwise(line))
    assert area == pytest.approx(average_precision(positive, probabilities).value, abs=0.01)
    assert x0 == line[0][0]


def test_a_long_curve_is_thinned_and_still_ends_at_full_recall():
    random = np.random.default_rng(0)
    curve = trace_curve(random.random(20_000) < 0.5, random.random(20_000))
    line = points_of(draw_curve(curve, share=0.5, answered=None, label="c"), "polyline")
    assert len(line) <= 320
    assert line[-1][0] == pytest.approx(36 + 158)


def test_lines_over_epochs_are_named_apart_and_the_best_epoch_is_marked():
    lines = [Line("one", [(1, 0.5), (2, 0.5)], "main"), Line("two", [(1, 0.4), (2, 0.5)], "second")]
    svg = draw_epochs(lines, best_epoch=2, share=True, label="scores")
    heights = [float(y) for y in re.findall(r'class="name \w+" x="[\d.]+" y="([\d.]+)"', svg)]
    assert abs(heights[0] - heights[1]) >= 15
    assert "kept: 2" in svg
    ElementTree.fromstring(svg)


def test_names_of_many_low_lines_stay_apart_and_inside():
    lines = [Line(f"class {number}", [(1, 0.0), (2, 0.0)], f"c{number}") for number in range(8)]
    svg = draw_epochs(lines, best_epoch=None, share=True, label="recall")
    heights = sorted(float(y) for y in re.findall(r'class="name \w+" x="[\d.]+" y="([\d.]+)"', svg))
    assert all(below - above >= 15 for above, below in itertools.pairwise(heights))
    assert heights[-1] <= 184


def test_a_best_epoch_outside_the_record_is_not_drawn():
    svg = draw_epochs([Line("one", [(1, 0.0), (2, 0.0)], "main")], best_epoch=0, share=False, label="loss")
    assert "kept" not in svg
