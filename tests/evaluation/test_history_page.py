"""The page of an iteration's rounds, and that of a queue."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from learning.test_rounds import ROUND
from rushes.evaluation.gains import RoundScore
from rushes.evaluation.history_page import History, draw_rounds, format_history
from rushes.evaluation.interval import Interval
from rushes.evaluation.queue_page import format_queue_page
from rushes.learning.review_queue import Asked, ReviewQueue

GAIN = {"value": 0.031, "before": 0.6, "after": 0.631, "low": -0.01, "high": 0.06, "level": 0.95, "groups": 9}
SECOND = replace(
    ROUND,
    number=2,
    run="second",
    runs={"second": 0.72, "other": 0.76},
    score=0.74,
    spread=0.028,
    gain={"validation": GAIN, "test": {**GAIN, "value": -0.02, "level": None, "groups": 2}},
    labels_effect={"validation": {**GAIN, "value": None, "low": None, "high": None}},
    review={"doubted": 30, "corrected": 11, "confirmed_model": 10, "checked": 20, "wrong": 0},
)
HISTORY = History(
    recipe="mcu <1>",
    task="mcu",
    rounds=(ROUND, SECOND),
    verdict="still gaining",
    stopped=False,
    command="rushes iterate mcu",
    today={1: RoundScore(0.71, None, Interval(0.6, 0.8, group_count=9))},
    queues={1: [("round-01/queue.html", "round-01/queue.csv")]},
)


def test_the_newest_round_stands_first_with_both_its_gains() -> None:
    page = format_history(HISTORY)
    assert page.index("<b>2</b>") < page.index("<b>1</b>")
    assert "+0.031</span><small>-0.01 to +0.06</small>" in page
    assert "-0.020</span><small>-0.01 to +0.06</small>" in page
    assert "± 0.028 over 2 seeds" in page
    assert "Here validation on 2 groups: the ends are a range" in page
    assert "0 of 20 checks wrong: 0 % to 16 %" in page
    assert "3 × MS → CS <small>by review</small>" in page


def test_names_are_escaped_and_nothing_is_asked_of_a_network() -> None:
    page = format_history(HISTORY)
    assert "mcu &lt;1&gt;" in page
    assert not re.search(r"(src|href)=.?(https?:)?//", page)


def test_the_chart_draws_what_is_defined() -> None:
    drawn = draw_rounds(HISTORY)
    assert drawn.count('<circle class="main"') == 1
    assert drawn.count('<circle class="second"') == 2
    nothing = replace(HISTORY, rounds=(replace(ROUND, test={"value": None}),), today={})
    assert "<circle" not in draw_rounds(nothing)
    assert "undefined" in format_history(nothing)


def test_an_iteration_that_may_end_says_what_would_help() -> None:
    page = format_history(replace(HISTORY, stopped=True, advice=("label more groups",)))
    assert "may end here" in page
    assert "<li>Label more groups.</li>" in page


def test_a_queue_shows_label_and_answer_beside_the_row_of_the_sheet(tmp_path: Path) -> None:
    asked = Asked("f", "<name>", "gone.jpg", "CS", "LS", 0.9, 0.8, "doubt", "train", "film", "", "jonny")
    check = replace(asked, predicted="CS", margin=0.0, kind="check")
    page = format_queue_page(
        ReviewQueue((asked, check), disagreements=12, agreements=1),
        title="mcu",
        sheet="queue.csv",
        classes=("CS", "LS"),
        root=tmp_path,
    )
    assert '<span class="row">row 2</span> <b>CS</b> → <b class="model">LS</b>' in page
    assert '<span class="row">row 3</span> <b>CS</b> · check' in page
    assert "1 doubt of 12" in page
    assert "no picture" in page
    assert "&lt;name&gt;" in page


def test_the_headline_says_on_which_labels_its_scores_are() -> None:
    interval = Interval(None, None, "two groups")
    today = {1: RoundScore(0.5, None, interval), 2: RoundScore(0.75, None, interval)}
    page = format_history(replace(HISTORY, test_today=today))
    assert "macro-F1 on test went from 0.50 to <strong>0.75</strong>, each on the labels of today" in page
    assert "on the labels of its time</h1>" in format_history(HISTORY)
