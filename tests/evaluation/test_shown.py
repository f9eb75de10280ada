"""The section on what the model was shown, and the alarm on classes that it never answers."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from evaluation.fabricated import CLASSES, answers, run_table
from rushes.datasets.preprocessing import Preprocessing
from rushes.evaluation.alarm import never_predicted, show_alarm
from rushes.evaluation.judge import judge
from rushes.evaluation.report import Evidence, format_report, list_warnings
from rushes.evaluation.shown import show_shown
from rushes.learning.augment import AUGMENTATIONS
from rushes.learning.sheet import write_sheet

judged = partial(judge, train_counts={})

RIGHT = answers([("CS", "CS"), ("MS", "MS"), ("LS", "LS")] * 4)
COLLAPSED = answers([("CS", "CS"), ("MS", "CS"), ("LS", "LS")] * 4)
AUGMENT = {"preset": "light", "classes": {"MS": {"flip": False}}}


@pytest.fixture
def sheet(tmp_path: Path) -> bytes:
    path = tmp_path / "augmented.webp"
    picture = np.full((90, 160, 3), 120, np.uint8)
    write_sheet(
        path, [[picture]] * 3, preprocessing=Preprocessing(32, 32), augmentations=[AUGMENTATIONS["light"]] * 3
    )  # fmt: skip
    return path.read_bytes()


def run_of(predictions=RIGHT, *, augment=AUGMENT, **changes):
    run = run_table(predictions) | changes
    return run | {"recipe": run["recipe"] | {"augment": augment}}


def test_each_class_has_a_row_and_says_where_it_is_changed_otherwise_than_the_others(sheet):
    section = show_shown(run_of(), sheet)
    figures = re.findall(r"<figure>.*?</figure>", section, re.DOTALL)
    assert len(figures) == 3
    assert all("data:image/webp;base64," in figure and "alt=" in figure for figure in figures)
    assert "mirrored half of the time, shifted by up to 5 %" in section
    assert ["here:" in figure for figure in figures] == [False, True, False]
    assert "here: shifted by up to 5 %" in figures[1]
    assert "squeezed into 32×32 pixels" in section


def test_the_columns_of_the_sheet_are_named_above_them(sheet, tmp_path):
    heads = re.findall(r'<span style="left:([\d.]+)%;width:([\d.]+)%">([^<]+)</span>', show_shown(run_of(), sheet))
    assert [name for *_, name in heads] == ["as it is", "as shown", "as training may show it"]
    lefts, rights = [float(left) for left, *_ in heads], [float(left) + float(width) for left, width, _ in heads]
    assert lefts[0] == 0
    assert rights[-1] == pytest.approx(100, abs=0.02)
    assert rights[0] < lefts[1] < rights[1] < lefts[2]
    picture = np.full((90, 160, 3), 120, np.uint8)
    write_sheet(tmp_path / "plain.webp", [[picture] * 2] * 3, preprocessing=Preprocessing(32, 32))
    plain = show_shown(run_of(), (tmp_path / "plain.webp").read_bytes())
    assert re.findall(r'%">([^<]+)</span>', plain) == ["as it is", "as shown"] * 2


def test_a_frozen_backbone_is_said_to_be_shown_nothing_else(sheet):
    run = run_of()
    run["recipe"]["model"] = {"kind": "features"}
    section = show_shown(run, sheet)
    assert "A frozen backbone is shown nothing else" in section
    assert "mirrored" not in section


def test_bars_that_are_cut_off_are_said_to_be(sheet):
    run = run_of()
    run["preprocessing"] = run["preprocessing"] | {"letterbox": "remove"}
    assert "black bars cut off" in show_shown(run, sheet)


@pytest.mark.parametrize("sheet_there", [b"", b"no picture at all"])
def test_a_run_without_a_sheet_has_no_section_and_no_link(sheet_there):
    run = run_of()
    assert show_shown(run, sheet_there) == ""
    page = format_report(Evidence(run=run, test=judged(RIGHT), predictions=RIGHT, sheet=sheet_there), {})
    assert "#shown" not in page


def test_the_page_of_a_run_with_a_sheet_holds_the_section_and_leads_to_it(sheet):
    page = format_report(Evidence(run=run_of(), test=judged(RIGHT), predictions=RIGHT, sheet=sheet), {})
    assert 'href="#shown"' in page
    assert page.count('id="shown"') == 1


def test_an_old_or_odd_recipe_shows_the_pictures_without_words(sheet):
    for augment in (None, {"preset": "unknown"}, {"classes": {"XX": {}}}, {"classes": 3}):
        assert show_shown(run_of(augment=augment), sheet).count("<figure>") == 3


def test_a_class_that_is_never_predicted_stands_above_the_verdict_with_what_to_try():
    test = judged(COLLAPSED)
    run = run_of(COLLAPSED)
    run["recipe"]["balance"] = {"loss": "plain"}
    run["counts"]["train"] = {"CS": 50, "MS": 10, "LS": 40}
    assert never_predicted(run, test) == ("MS",)
    page = format_report(Evidence(run=run, test=test, predictions=COLLAPSED), {})
    assert page.index("MS is never predicted") < page.index("<h1>")
    assert "though 4 are labelled so" in page
    assert "<code>--set balance.loss=weights</code>" in page


def test_a_class_that_the_run_names_for_validation_is_an_alarm_too():
    run = run_of(never_predicted=["LS"])
    assert never_predicted(run, judged(RIGHT)) == ("LS",)
    assert "no sample of validation was called so" in show_alarm(run, judged(RIGHT))


def test_what_the_judgement_says_of_a_missing_class_is_not_said_again_for_the_run():
    told = "never predicted on validation: 'MS'"
    run = run_of(COLLAPSED, warnings=[told], never_predicted=["MS"])
    warned = list_warnings(Evidence(run=run, test=judged(COLLAPSED), predictions=COLLAPSED))
    assert told not in warned
    assert any("never answered 'MS'" in warning for warning in warned)
    assert told in list_warnings(Evidence(run=run, test=judged(RIGHT), predictions=RIGHT))


def test_where_every_class_is_answered_there_is_no_alarm():
    assert show_alarm(run_of(), judged(RIGHT)) == ""
    unseen = answers([("CS", "CS"), ("MS", "MS")] * 4, classes=CLASSES)
    assert show_alarm(run_of(unseen), judged(unseen)) == ""


def test_where_most_classes_are_missing_the_advice_is_said_once():
    nothing = answers([("CS", "CS"), ("MS", "CS"), ("LS", "CS")] * 4)
    box = show_alarm(run_of(nothing), judged(nothing))
    assert box.count("never predicted</b>") == 1
    assert "<b>MS and LS are never predicted</b>: none of the 12 test samples is called so, though 4 and 4" in box
    assert box.count("next to nothing was learnt") == 1


def test_names_in_the_alarm_cannot_become_markup():
    hostile = ("<b>x</b>", "y", "z")
    predictions = answers([(hostile[0], "y"), ("y", "y"), ("z", "z")], classes=hostile)
    assert "<b>x</b>" not in show_alarm(run_of(predictions), judged(predictions))
