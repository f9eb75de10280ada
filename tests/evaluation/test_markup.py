from __future__ import annotations

import tomllib

import pytest

from rushes.evaluation.interval import Interval
from rushes.evaluation.markup import (
    breakable,
    counted,
    duration,
    format_toml,
    named,
    number,
    percent,
    score_cell,
    short_names,
    span,
    text,
    within,
)
from rushes.evaluation.scores import Score


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.00"), (0.004, "<0.01"), (0.625, "0.62"), (0.9949, "0.99"), (0.999, ">0.99"), (1, "1.00")],
)
def test_a_number_does_not_round_to_perfect_or_to_nothing(value, shown):
    assert number(value) == shown


def test_shares_follow_the_same_rule():
    assert [percent(share) for share in (0, 0.001, 0.31, 0.999, 1)] == ["0 %", "<1 %", "31 %", ">99 %", "100 %"]


def test_text_from_outside_cannot_become_markup():
    assert text("<script>'\"&") == "&lt;script&gt;&#x27;&quot;&amp;"
    assert breakable("a_<b>") == "a_&lt;b&gt;"


def test_names_may_be_broken_after_their_marks():
    assert breakable("bbb_480p.mp4") == "bbb_<wbr>480p.<wbr>mp4"


def test_an_undefined_score_shows_its_reason():
    assert "because" in score_cell(Score(None, "because"))
    assert "undefined" in score_cell(Score(None, "because"))
    assert score_cell(Score(0.5)) == "0.50"


def test_an_interval_without_ends_shows_nothing():
    assert span(Interval(0.25, 0.75, group_count=9)) == "0.25–0.75"
    assert span(Interval(None, None, "one group")) == ""
    assert within(Interval(None, None, "one group")) == ""


def test_an_interval_over_few_groups_is_called_a_range_and_no_95_percent():
    assert within(Interval(0.25, 0.75, group_count=8)) == "95 % interval 0.25–0.75"
    for few in range(2, 8):
        assert within(Interval(0.25, 0.75, group_count=few)) == f"range over {few} groups 0.25–0.75"


def test_counts_and_times_read_as_said():
    assert (counted(1, "group"), counted(1200, "group")) == ("1 group", "1,200 groups")
    assert [duration(s) for s in (0.42, 48, 185, 7800)] == ["0.4 s", "48 s", "3 min 05 s", "2 h 10 min"]


def test_a_recipe_written_as_toml_reads_back_as_it_was():
    recipe = {
        "schema": "recipe/1",
        "name": 'a "quoted"\\ name\n',
        "model": {"dropout": 0.0, "units": [], "stages": 1, "backbone_args": {"pad_type": "same"}, "fixed": True},
        "training": {"learning_rate": 1e-5, "regularisation": (0.1, 10.0), "nothing": {}},
    }
    read = tomllib.loads(format_toml(recipe))
    recipe["training"]["regularisation"] = [0.1, 10.0]
    assert read == recipe


def test_a_path_is_called_by_the_last_parts_that_no_other_ends_in():
    paths = ["/media/a/clip", "/media/b/clip", "/media/b/film", "plain", "clip2"]
    assert short_names(paths) == {
        "/media/a/clip": "a/clip",
        "/media/b/clip": "b/clip",
        "/media/b/film": "film",
        "plain": "plain",
        "clip2": "clip2",
    }
    assert short_names(["clip", "/a/clip"]) == {"clip": "clip", "/a/clip": "a/clip"}
    assert short_names(["D:\\films\\one"]) == {"D:\\films\\one": "one"}
    assert named("/a/<b>", {"/a/<b>": "<b>"}) == '<span title="/a/&lt;b&gt;">&lt;b&gt;</span>'
    assert named("b", {"b": "b"}) == "b"
