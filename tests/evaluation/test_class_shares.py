from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.evaluation.class_shares import (
    COLOURS,
    MOST_GROUPS,
    Mix,
    cap_groups,
    colours_of,
    count_class_shares,
    show_class_shares,
    show_mixes,
    show_shares_of_run,
)
from rushes.labels.manifest import ManifestRow

CLASSES = ("CS", "MS", "LS")


def rows_of(**groups: str) -> list[ManifestRow]:
    """Return rows by group, a letter for each sample: C, M or L."""
    named = {"C": "CS", "M": "MS", "L": "LS"}
    return [
        ManifestRow(f"{group}-{number}.jpg", named[letter], group=group)
        for group, letters in groups.items()
        for number, letter in enumerate(letters)
    ]


def test_groups_that_hold_most_of_the_same_class_stand_together_and_those_with_more_of_it_first() -> None:
    found = count_class_shares(rows_of(a="LLLC", b="CCM", c="CCCM", d="LLLL", e="MML"), CLASSES)
    assert [mix.name for mix in found.groups] == ["c", "b", "e", "d", "a"]
    assert found.groups[0].counts == (3, 1, 0)


def test_the_parts_in_which_a_group_stands_are_said_in_their_order() -> None:
    rows = rows_of(a="CM", b="L", c="M")
    parts = {"a-0.jpg": "test", "a-1.jpg": "train", "b-0.jpg": "validation"}
    found = {mix.name: mix.parts for mix in count_class_shares(rows, CLASSES, parts=parts).groups}
    assert found == {"a": ("train", "test"), "b": ("validation",), "c": ()}


def test_a_class_that_is_not_asked_for_is_passed_over() -> None:
    assert count_class_shares(rows_of(a="CML"), ("CS",)).total == 1


@pytest.mark.parametrize(
    ("counts", "effective"), [((0, 0), 0.0), ((5, 0), 1.0), ((3, 3), 2.0), ((1, 1, 1, 1), 4.0), ((0,), 0.0)]
)
def test_effective_classes_are_those_that_would_be_as_mixed(counts: tuple[int, ...], effective: float) -> None:
    assert Mix("a", counts).effective_classes == pytest.approx(effective)


def test_effective_classes_of_three_to_one_are_e_to_their_entropy() -> None:
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert Mix("a", (3, 1)).effective_classes == pytest.approx(math.exp(entropy))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8))
def test_effective_classes_lie_between_one_and_the_classes_present(counts: list[int]) -> None:
    mix = Mix("a", tuple(counts))
    if mix.total:
        assert 1 - 1e-9 <= mix.effective_classes <= mix.class_count + 1e-9


def test_who_knows_the_group_alone_is_right_as_often_as_its_commonest_class() -> None:
    found = count_class_shares(rows_of(a="CCM", b="LLL", c="M"), CLASSES)
    assert found.right_by_group == pytest.approx(6 / 7)
    assert found.right_by_majority == pytest.approx(3 / 7)
    assert [mix.name for mix in found.single] == ["b"]  # of one sample a group is not said to be of one class


def test_without_samples_nothing_is_right() -> None:
    found = count_class_shares([], CLASSES)
    assert (found.right_by_group, found.right_by_majority, found.groups) == (None, None, ())
    assert show_class_shares(found) == "<p>No sample names one of these classes.</p>"


def test_of_many_groups_the_largest_are_shown_and_the_rest_added_up() -> None:
    groups = {f"g{number:03d}": "C" * (number % 7 + 1) + "M" for number in range(200)}
    found = count_class_shares(rows_of(**groups), CLASSES)
    kept, rest, left = cap_groups(found)
    assert (len(kept), left) == (MOST_GROUPS, 140)
    assert rest is not None
    assert sum(mix.total for mix in kept) + rest.total == found.total
    assert min(mix.total for mix in kept) >= 6
    page = show_class_shares(found)
    assert page.count("<li>") == MOST_GROUPS + 1
    assert "140 groups" in page
    assert len(page) < 60_000


def test_few_groups_are_all_shown() -> None:
    found = count_class_shares(rows_of(a="C", b="M"), CLASSES)
    assert cap_groups(found) == (found.groups, None, 0)


def test_colours_go_by_the_order_of_the_classes() -> None:
    assert colours_of(CLASSES, [1, 2, 3]) == {"CS": "k0", "MS": "k1", "LS": "k2"}
    many = [f"class {number}" for number in range(500)]
    colours = colours_of(many, list(range(500)))
    assert [name for name in many if colours[name] != "other"] == many[-COLOURS:]
    assert colours["class 488"] == "k0"


def test_what_is_no_class_has_shades_and_not_the_colours_of_classes() -> None:
    page = show_mixes([(Mix("CS", (3, 1)), "CS")], ("jonny", "review"), noun="class", is_of_classes=False)
    assert 'class="s0"' in page
    assert 'class="k0"' not in page


def test_the_bars_are_said_in_a_table_and_each_piece_in_a_title() -> None:
    page = show_class_shares(count_class_shares(rows_of(a="CCCM", b="LL"), CLASSES))
    assert 'title="CS: 3 of 4, 75 %"' in page
    assert "flex-grow:3" in page
    table = page[page.index("<table") : page.index("</table>")]
    assert re.findall(r"<td>([^<]*)</td>", table) == ["3", "1", "0", "4", "1.8", "0", "0", "2", "2", "1.0"]
    assert "1 group of 2 holds samples of one class only" in page


def test_five_hundred_classes_share_a_grey_beyond_the_commonest() -> None:
    classes = [f"class {number}" for number in range(500)]
    rows = [ManifestRow(f"{number}.jpg", f"class {number % 500}", group="a") for number in range(1500)]
    page = show_class_shares(count_class_shares(rows, classes))
    assert "488 rarer" in page
    assert "the rarer ones: 1,464 of 1,500" in page
    assert len(page) < 20_000


def test_names_are_escaped() -> None:
    rows = [ManifestRow("a.jpg", "<b>", group="<script>")]
    page = show_class_shares(count_class_shares(rows, ["<b>"]))
    assert "<script>" not in page
    assert "<b>:" not in page
    assert "&lt;script&gt;" in page


def test_samples_without_a_group_are_of_no_group() -> None:
    page = show_class_shares(count_class_shares([ManifestRow("a.jpg", "CS")], CLASSES))
    assert "no group" in page
    assert "All samples are of one group" in page


def test_a_run_whose_manifest_is_gone_has_no_mixes() -> None:
    assert show_shares_of_run(None) == ""
    shares = count_class_shares(rows_of(a="CM"), CLASSES)
    assert "The mix of classes in each group" in show_shares_of_run(shares)
