"""The page of a search: whole, without a network, and honest about what it shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from evaluation.test_report import outline
from rushes.evaluation.search_page import format_search_page
from rushes.learning.findings import Findings, find
from rushes.learning.trials import Trial


def table(method: str, **space: Any) -> dict[str, Any]:
    search = {"method": method, "seeds": 2, "trials": 40, "monitor": "f1_macro", "target_error": None, "patience": 10}
    return {
        "name": "mcu",
        "task": "scale",
        "search": search | {"focus": "mcu", "space": space},
        "recipe": {"name": "mcu", "model": {"kind": "cnn"}},
        "manifest": {"path": "m.jl", "sha256": "ab" * 32},
        "split": {"path": None, "sha256": "cd" * 32, "kind": "grouped"},
        "command": "rushes tune mcu --set 'model.kind=cnn' <b>",
        "stopped": "every setting was tried",
    }


def found(*settings: dict[str, Any]) -> Findings:
    trials = []
    for number, setting in enumerate(settings):
        for repeat in range(2):
            score = 0.6 + 0.05 * number + 0.01 * repeat
            measures = {"f1_macro": score, "recall": {"mcu": score}, "false_positive_rate": {"mcu": 1 - score}}
            trials.append(Trial(number, setting, repeat, repeat, "done", score=score, measures=measures, seconds=3.0))
    last = len(settings)
    trials.append(Trial(last, {"training.epochs": 1}, 0, 0, "pruned", score=0.2, curve=((1, 0.2),)))
    trials.append(Trial(last + 1, {"training.epochs": 2}, 0, 0, "failed", reason="the loss is <no> number"))
    return find(trials, seeds=2, focus="mcu", is_baseline=lambda setting: not setting)


@pytest.mark.parametrize("method", ["grid", "one-at-a-time", "optuna"])
def test_the_page_needs_no_network_and_closes_its_tags(method: str) -> None:
    page = format_search_page(table(method, **{"balance.remove": [0.2, 0.4]}), found({}, {"balance.remove": 0.4}))
    assert outline(page).addresses == []
    assert "&lt;no&gt;" in page
    assert "&lt;b&gt;" in page


def test_the_verdict_heads_the_page_and_test_is_said_not_to_have_been_looked_at() -> None:
    findings = found({}, {"balance.remove": 0.4})
    page = format_search_page(table("one-at-a-time"), findings)
    assert findings.verdict in page
    assert "The test part was not looked at" in page


def test_effects_are_shown_where_keys_were_changed_alone() -> None:
    alone = format_search_page(table("one-at-a-time"), found({}, {"balance.remove": 0.4}))
    together = format_search_page(table("grid"), found({"a": 1, "b": 1}, {"a": 1, "b": 2}))
    assert 'id="effects"' in alone
    assert 'id="effects"' not in together


def test_optunas_way_is_drawn_with_a_chart_for_each_key() -> None:
    space = {"training.learning_rate": {"low": 0.0001, "high": 0.01, "log": True}, "balance.remove": [0.2, 0.4]}
    settings = [{"training.learning_rate": rate, "balance.remove": 0.2} for rate in (0.0001, 0.001, 0.01)]
    page = format_search_page(table("optuna", **space), found({}, *settings))
    assert page.count('<svg class="chart"') == 3
    # Of 0.0001 to 0.01 on a log scale, 0.001 is the middle: 46 + 0.5 x 268.
    assert 'cx="180.0"' in page


def test_a_search_of_which_nothing_was_trained_has_a_page() -> None:
    nothing = find([], seeds=2, focus="mcu", is_baseline=lambda setting: False)
    assert "No setting was trained to the end" in format_search_page(table("grid"), nothing)


def test_a_loss_is_drawn_below_nought() -> None:
    trials = [Trial(0, {}, repeat, repeat, "done", score=-0.4 - repeat / 10, seconds=1.0) for repeat in range(2)]
    findings = find(trials, seeds=2, focus="mcu", is_baseline=lambda setting: True)
    assert "-0.450" in format_search_page(table("grid"), findings)


def test_effects_stand_there_as_numbers_with_their_intervals() -> None:
    findings = found({}, {"balance.remove": 0.4})
    page = format_search_page(table("one-at-a-time"), findings)
    effect = findings.effects[0].differences["recall"]
    assert f"<b>{effect.value:+.3f}</b> {effect.low:+.3f} to {effect.high:+.3f}" in page
    assert "all 3 together with 95 %" in page


def test_the_ends_of_an_axis_read_as_different_numbers() -> None:
    trials = [Trial(0, {}, repeat, repeat, "done", score=0.07 + repeat / 10_000, seconds=1.0) for repeat in range(2)]
    findings = find(trials, seeds=2, focus="mcu", is_baseline=lambda setting: True)
    ends = re.search(r'<span class="ends">(.*?)</span>', format_search_page(table("grid"), findings))
    assert ends is not None
    names = re.findall(r">([^<]+)</i>", ends[1])
    assert len(set(names)) == 3


def test_seeds_that_decide_nothing_are_said_to_measure_no_noise() -> None:
    trials = [Trial(at, {"a": at} if at else {}, repeat, repeat, "done", score=0.7 + at / 2000)
              for at in (0, 1) for repeat in range(3)]  # fmt: skip
    findings = find(trials, seeds=3, focus="mcu", is_baseline=lambda setting: not setting)
    assert not findings.proven
    assert "nothing in this recipe hangs on the seed" in format_search_page(table("grid"), findings)
