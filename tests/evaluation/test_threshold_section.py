"""Curves and thresholds on the page: what stands there, and what its sliders do in a browser."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from evaluation.fabricated import answers, guesses, run_table
from evaluation.test_report import outline
from rushes.evaluation.judge import judge
from rushes.evaluation.report import Evidence, format_report
from rushes.evaluation.steps import MOST_STEPS
from rushes.evaluation.threshold_section import MOST_CLASSES, show_thresholds
from rushes.evaluation.thresholds import Thresholds, choose_thresholds
from rushes.learning.predictions import Predictions
from rushes.wish import Wish, parse_wish


def parts(class_count: int = 3, count: int = 300) -> tuple[Predictions, Predictions]:
    validation, test = (
        guesses(count, class_count=class_count, seed=seed, group_count=9, skill=2) for seed in (1, 2)
    )  # fmt: skip
    return validation, test


def section(test: Predictions, thresholds: Thresholds | None) -> str:
    page = show_thresholds(judge(test, train_counts={}), test, thresholds)
    outline(page)
    return page


def tables(page: str) -> list[dict]:
    return [json.loads(found) for found in re.findall(r'<script type="application/json">(.*?)</script>', page)]


def page_of(validation: Predictions, test: Predictions, wishes: dict[str, Wish]) -> str:
    return format_report(
        Evidence(
            run=run_table(test),
            test=judge(test, train_counts={}),
            predictions=test,
            validation=judge(validation, train_counts={}),
            thresholds=choose_thresholds(validation, test, wishes),
        ),
        {},
    )


def test_each_class_has_two_charts_with_its_threshold_and_a_slider_that_starts_there() -> None:
    validation, test = parts()
    found = choose_thresholds(validation, test, {"class 1": parse_wish("recall >= 0.9")})
    page = section(test, found)
    assert page.count('class="chart"') == 6
    assert page.count('class="pick"') == 6
    assert page.count('class="dot"') == 6
    assert "<b>recall ≥ 0.9</b>: taken from a probability of" in page
    assert "<b>best F1</b>, as nothing else was asked for" in page
    starts = [int(value) for value in re.findall(r'type="range"[^>]* value="(\d+)"', page)]
    for one, table, start in zip(found.per_class, tables(page), starts, strict=True):
        assert one.validation is not None
        assert one.test is not None
        assert (table["validation"]["tp"][start], table["validation"]["fp"][start]) == (
            one.validation.chosen.tp, one.validation.chosen.fp)  # fmt: skip
        assert (table["test"]["tp"][start], table["test"]["fp"][start]) == (one.test.chosen.tp, one.test.chosen.fp)
        assert table["test"]["p"] + table["test"]["n"] == len(test)


def test_the_counts_of_a_slider_are_few_and_rise_as_it_is_laxer() -> None:
    validation, test = parts(class_count=2, count=3000)
    for table in tables(section(test, choose_thresholds(validation, test, {}))):
        assert len(table["t"]) <= MOST_STEPS + 1
        for part in ("validation", "test"):
            for key in ("tp", "fp"):
                assert (np.diff(table[part][key]) <= 0).all()


def test_many_classes_show_those_asked_for_and_the_hardest() -> None:
    validation, test = parts(class_count=30, count=900)
    page = section(test, choose_thresholds(validation, test, {"class 29": parse_wish("recall >= 0.5")}))
    assert page.count("<article") == MOST_CLASSES
    assert page.index("class 29") < page.index("class 1")
    assert f"lowest average precision: {MOST_CLASSES} out of 30" in page


def test_without_validation_there_are_curves_and_a_sentence() -> None:
    _, test = parts()
    page = section(test, None)
    assert page.count('class="chart"') == 6
    assert 'type="range"' not in page
    assert "this run answered nothing: there are none" in page


def test_a_class_without_validation_has_no_slider_to_choose_on_test_by() -> None:
    _, test = parts()
    validation = answers([("class 0", "class 0"), ("class 1", "class 0")], classes=test.classes)
    page = section(test, choose_thresholds(validation, test, {}))
    assert page.count('type="range"') == 2
    assert "No validation sample is labelled &#x27;class 2&#x27;" in page


def test_a_class_without_test_samples_shows_what_was_asked_for_all_the_same() -> None:
    validation = answers([("CS", "CS"), ("MS", "MS"), ("LS", "LS")])
    test = answers([("CS", "CS"), ("MS", "CS")])
    page = section(test, choose_thresholds(validation, test, {"LS": parse_wish("recall >= 1")}))
    assert "No sample is labelled &#x27;LS&#x27;, so there is no curve." in page
    assert page.count("<article") == 3


def test_names_of_classes_cannot_end_the_script() -> None:
    classes = ("</script><b>", "other")
    part = answers([(classes[0], classes[0]), (classes[1], classes[1])], classes=classes)
    page = section(part, choose_thresholds(part, part, {}))
    assert "</script><b>" not in page


@pytest.mark.parametrize("step", [0, 3])
def test_a_slider_moves_the_counts_in_a_browser(tmp_path: Path, chromium: str, step: int) -> None:
    validation, test = parts(count=120)
    page = page_of(validation, test, {"class 0": parse_wish("recall >= 0.9")})
    table = tables(page)[0]
    drive = f"""<script>
    const slider = document.querySelector("#threshold-0");
    slider.value = {step}; slider.dispatchEvent(new Event("input"));
    const cells = [...document.querySelectorAll(".threshold td[data-part=test]")].slice(0, 5);
    const said = [cells.map((cell) => cell.textContent).join(" "), slider.getAttribute("aria-valuetext"),
      slider.closest(".slide").querySelector("output").value,
      document.querySelector(".pick[data-axes='fpr recall']").getAttribute("cy")];
    slider.closest(".slide").querySelector("button").click();
    said.push(slider.value, cells.map((cell) => cell.textContent).join(" "));
    document.title = said.join("|");
    </script></body>"""
    file = tmp_path / "report.html"
    file.write_text(page.replace("</body>", drive), encoding="utf-8")
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"--user-data-dir={tmp_path}/profile",
         file.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    said = re.search(r"<title>(.*?)</title>", done.stdout)
    assert said
    counts, aria, shown, height, back, again = said[1].replace("&gt;", ">").split("|")
    tp, fp, of, others = table["test"]["tp"][step], table["test"]["fp"][step], table["test"]["p"], table["test"]["n"]
    recall = 1.0 if tp == of else tp / of
    assert counts.split()[:4] == [str(tp), str(of - tp), str(fp), str(others - fp)]
    assert shown == table["t"][step]
    assert aria.startswith(f"{shown}: on test recall ")
    assert aria.endswith(f"{fp} false alarms")
    assert float(height) == pytest.approx(8 + (1 - recall) * 130)
    start = int(re.findall(r'type="range"[^>]* value="(\d+)"', page)[0])
    assert int(back) == start
    assert again.split()[0] == str(table["test"]["tp"][start])
