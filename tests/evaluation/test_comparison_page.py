from __future__ import annotations

import re
from pathlib import Path

from evaluation.boards import make_run
from evaluation.fabricated import answers
from rushes.evaluation.comparison import compare_runs
from rushes.evaluation.comparison_page import format_comparison_page

PAIRS = [("CS", "CS"), ("MS", "MS"), ("LS", "LS")] * 8
FILMS = [f"film-{row // 3}" for row in range(24)]


def test_less_of_a_loss_stands_on_the_side_where_b_is_better(tmp_path: Path) -> None:
    one, other = (answers(PAIRS, groups=FILMS, confidence=[sure] * 24) for sure in (0.7, 0.9))
    page = format_comparison_page(compare_runs(make_run(tmp_path / "a", one), make_run(tmp_path / "b", other)))
    row = re.search(r'<th scope="row">Brier \(less is better\)</th>(.*?)</tr>', page)
    assert row
    assert "<b>−0.120</b>" in row[1]
    dot = re.search(r'class="dot" style="left:([\d.]+)%"', row[1])
    assert dot
    assert float(dot[1]) > 50


def test_no_number_stands_on_the_axis_that_turned_and_unturned_rows_share(tmp_path: Path) -> None:
    one, other = (answers(PAIRS, groups=FILMS, confidence=[sure] * 24) for sure in (0.7, 0.9))
    page = format_comparison_page(compare_runs(make_run(tmp_path / "a", one), make_run(tmp_path / "b", other)))
    (head, *_) = re.findall(r'<span class="ends">(.*?)</span>', page)
    assert re.sub(r"<.*?>", "|", head) == "|← A better||B better →|"


def test_only_an_interval_that_has_a_level_is_in_colour(tmp_path: Path) -> None:
    wrong = [(label, "MS" if label != "MS" else "LS") for label, _ in PAIRS]

    def page_of(name: str, films: list[str]) -> str:
        one, other = (answers(pairs, groups=films) for pairs in (wrong, PAIRS))
        runs = (make_run(tmp_path / name / which, found) for which, found in (("a", one), ("b", other)))
        return format_comparison_page(compare_runs(*runs))

    many, few = page_of("many", FILMS), page_of("few", [f"film-{row // 3 % 4}" for row in range(24)])
    assert "track zero sure" in many
    assert "leaves out the line by chance" in many
    assert "track zero sure" not in few
    assert "too few for a finding" in few
    assert ", range</small>" in few


def test_the_page_says_what_mcnemars_test_finds_and_that_it_is_undefined(tmp_path: Path) -> None:
    one = answers(PAIRS, groups=FILMS)
    page = format_comparison_page(compare_runs(make_run(tmp_path / "a", one), make_run(tmp_path / "b", one)))
    assert "McNemar&#x27;s test is undefined: both are right on the same samples" in page
