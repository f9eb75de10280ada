from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.catalog.catalog import StoredFrame
from rushes.errors import UsageError
from rushes.footage.series import Series
from rushes.footage.source import REFERENCED, Frame, Source
from rushes.inference.verdicts import Cull, Verdict
from rushes.project import Task
from rushes.review.audit import audit_of, least_of_all, most_of_all
from rushes.review.decisions import State
from rushes.review.session import (
    Culling,
    Opening,
    Review,
    culling_of,
    drawn_order,
    item_table,
    items_of,
    session_table,
    with_verdicts,
)

CLASSES = ("reject", "select")
CULLING = Culling("select", "reject")


def photo(number: int, *, taken: str | None = None, path: str = "", kind: str = "photo") -> tuple[Source, StoredFrame]:
    digest = f"{number:x}" * 64
    at = path or f"/shoot/DSC_{number}.jpg"
    source = Source(digest, at, f"DSC_{number}", "shoot", kind, 60, 40, "jpeg", captured_at=taken)  # type: ignore[arg-type]
    return source, StoredFrame(Frame(digest, 0, Fraction(1), 0, "00:00:00:00", source.name), "frames/a.jpg", "", None)


def items(*pairs: tuple[Source, StoredFrame], beside: dict[str, list[str]] | None = None):
    return items_of([stored for _, stored in pairs], {source.digest: source for source, _ in pairs}, beside or {})


def cull(*verdicts: Verdict, series: tuple[Series, ...] = ()) -> Cull:
    return Cull("c", "now", "/shoot", "select", "select", "b", "/b", "top 2", 0.5, verdicts, series)


def test_photographs_stand_in_the_order_of_capture_and_those_without_a_time_behind_by_name() -> None:
    found = items(photo(10), photo(2), photo(3, taken="2024-05-02T10:00:00"), photo(4, taken="2024-05-01T10:00:00"))
    assert [item.name for item in found] == ["DSC_4.jpg", "DSC_3.jpg", "DSC_2.jpg", "DSC_10.jpg"]


def test_a_frame_of_a_film_or_of_a_sheet_is_shown_by_the_picture_in_the_project() -> None:
    film, referenced = photo(1, kind="video"), photo(2)
    found = items(film, (replace(referenced[0], codec=REFERENCED), referenced[1]))
    assert [item.is_still for item in found] == [False, False]
    assert [item.name for item in found] == ["DSC_1", "DSC_2"]


def test_a_cull_gives_its_order_its_verdicts_and_what_is_better() -> None:
    series = (Series("burst", (0, 1), "2 frames in 0.1 s"),)
    verdicts = (
        Verdict("DSC_2.nef", ("DSC_2.jpg",), "reject", 0.2, "soft", series=0, rank=2, better="/shoot/DSC_1.jpg"),
        Verdict("/shoot/DSC_1.jpg", (), "pick", 0.9, "good", series=0, rank=1),
        Verdict("/shoot/gone.jpg", (), "pick", 0.9, "good"),
        Verdict("/elsewhere/copy.jpg", (), "pick", 0.9, "good"),
    )
    beside = {"1" * 64: ["/elsewhere/copy.jpg"]}
    known = items(photo(1), photo(2, path="/shoot/DSC_2.nef", kind="raw"), photo(3), beside=beside)
    found, absent = with_verdicts(known, cull(*verdicts, series=series), beside)
    assert [item.name for item in found] == ["DSC_2.nef", "DSC_1.jpg"], "a copy is the same photograph"
    assert absent == ["/shoot/gone.jpg"]
    assert found[0].better == found[1].id
    assert found[0].series is not None
    assert (found[0].series.kind, found[0].series.rank, found[0].series.size) == ("burst", 2, 2)


def test_the_session_is_lean_and_an_item_is_whole() -> None:
    verdicts = (Verdict("DSC_1.jpg", (), "pick", 0.9, "good", measures={"sharpness": 0.4}, audited=True),)
    found, _ = with_verdicts(items(photo(1)), cull(*verdicts), {})
    review = Review("select:cull:c", "shoot", "select", CLASSES, tuple(found), CULLING, cull(*verdicts))
    state = State("select", "select", 3, "red")
    table = session_table(review, {found[0].id: state}, revision=7, opening=Opening("ann", "audit"), opinions=None)
    assert (table["revision"], table["count"], table["opens_on"]) == (7, 1, "audit")
    (item,) = table["items"]
    assert (item["decision"], item["own"], item["rating"], item["color"]) == ("select", True, 3, "red")
    assert (item["reasons"], item["drawn"]) == ([], 0)
    assert "measures" not in item
    whole = item_table(found[0], state, opinions=None, camera=None, heat=False)
    assert (whole["measures"], whole["heat"], whole["audited"]) == ({"sharpness": 0.4}, False, True)


@pytest.mark.parametrize(
    ("classes", "aliases", "pick"),
    [
        (("reject", "select"), {}, "select"),
        (("Keep", "Toss"), {}, "Keep"),
        (("in", "out"), {"picked": "in"}, "in"),
    ],
)
def test_p_states_the_class_that_is_called_so(classes, aliases, pick) -> None:
    found = culling_of(Task("t", classes, aliases))
    assert found is not None
    assert found.pick == pick


@pytest.mark.parametrize(
    "task", [Task("scale", ("CS", "MS", "LS")), Task("light", ("day", "night")), Task("odd", ("good", "select"))]
)
def test_a_task_that_picks_nothing_is_reviewed_by_its_classes(task: Task) -> None:
    assert culling_of(task) is None
    review = Review("k", "t", task.name, task.classes, tuple(items(photo(1))), culling_of(task))
    table = session_table(review, {}, revision=0, opening=Opening(), opinions=None)
    assert table["culling"] is False
    assert [(one["name"], one["key"], one["word"]) for one in table["classes"]] == [
        (name, str(place), None) for place, name in enumerate(task.classes, start=1)
    ]


@pytest.mark.parametrize(
    ("task", "pick", "said"),
    [
        (Task("scale", ("CS", "MS", "LS")), "CS", r"'scale' has 3 classes \(CS, MS, LS\).*Leave --pick out"),
        (Task("light", ("day", "night")), "dya", r"Did you mean 'day'"),
    ],
)
def test_a_class_to_pick_that_cannot_be_is_refused_by_name(task: Task, pick: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        culling_of(task, pick=pick)


def test_classes_beyond_nine_have_no_digit() -> None:
    review = Review("k", "t", "many", tuple(f"c{n}" for n in range(12)), tuple(items(photo(1))))
    table = session_table(review, {}, revision=0, opening=Opening(), opinions=None)
    assert [one["key"] for one in table["classes"]] == [*"123456789", None, None, None]


def test_every_item_of_a_review_without_a_cull_has_its_place_in_the_draw() -> None:
    review = Review("k", "t", "scale", ("CS", "MS"), tuple(items(*(photo(n) for n in range(1, 10)))))
    order = [item.id for item in drawn_order(review)]
    assert sorted(order) == sorted(review.by_id)
    assert order != [item.id for item in review.items]
    assert order == [item.id for item in drawn_order(review)]
    other = Review("another", "t", "scale", ("CS", "MS"), review.items)
    assert [item.id for item in drawn_order(other)] != order


def audited(*, drawn: int) -> Review:
    verdicts = tuple(Verdict(f"{n}.jpg", (), "reject", 0.1, "", audited=n < drawn) for n in range(1, 16))
    pairs = [photo(number, path=f"/shoot/{number}.jpg") for number in range(1, 16)]
    found, _ = with_verdicts(items(*pairs), cull(*verdicts), {})
    return Review("k", "t", "select", CLASSES, tuple(found), CULLING, cull(*verdicts))


def test_an_audit_counts_what_was_decided_on_the_page_and_bounds_all_rejects() -> None:
    review = audited(drawn=11)
    drawn = [item.id for item in drawn_order(review)]
    assert len(drawn) == 10
    states = dict.fromkeys(drawn, State("reject", "reject")) | {drawn[9]: State("reject", None)}
    found = audit_of(review, states)
    assert (found.drawn, found.looked_at, found.misses, found.rejects) == (10, 9, 0, 15)
    assert (found.rate, found.low) == (0.0, 0.0)
    # 9 of 15 hold none of 2 such ones in 1 of 7 draws, and none of 3 in 1 of 22.8.
    assert found.high == 2 / 15
    one = audit_of(review, states | {drawn[1]: State("select", "select")})
    assert (one.misses, one.rate, one.low) == (1, 1 / 9, 1 / 15)
    assert "1 of 9 audited rejects would have been kept" in one.sentence


def test_a_bound_is_stated_only_of_what_was_looked_at_in_the_order_of_the_draw() -> None:
    review = audited(drawn=11)
    drawn = [item.id for item in drawn_order(review)]
    kept, left = State("select", "select"), State("reject", "reject")
    picked_out = audit_of(review, dict.fromkeys(drawn[1:], left))
    assert (picked_out.looked_at, picked_out.high, picked_out.low) == (9, None, None)
    assert "No bound is stated" in picked_out.sentence
    first = audit_of(review, dict.fromkeys(drawn[:3], left))
    with_a_gap = audit_of(review, dict.fromkeys(drawn[:3], left) | {drawn[5]: kept})
    assert (with_a_gap.in_order, with_a_gap.looked_at, with_a_gap.misses) == (3, 4, 1)
    assert with_a_gap.high == first.high
    assert with_a_gap.low == 1 / 15, "what is known is known"
    assert "judged by the first 3 of the draw" in with_a_gap.sentence


def test_a_reject_that_is_confirmed_is_not_counted_among_those_that_may_be_kept() -> None:
    review = audited(drawn=3)
    first, second = (item.id for item in drawn_order(review))
    found = audit_of(review, {first: State("reject", "reject"), second: State("select", "select")})
    assert found.high == 14 / 15, "all but the one that was confirmed"


@given(st.integers(1, 8), st.data())
@settings(max_examples=40)
def test_bounds_are_those_of_every_sample_that_could_have_been_drawn(whole: int, data: st.DataObject) -> None:
    of = data.draw(st.integers(1, whole))
    found = data.draw(st.integers(0, of))

    def share(such: int, holds: Callable[[int], bool]) -> Fraction:
        samples = list(combinations(range(whole), of))
        return Fraction(sum(holds(sum(one < such for one in sample)) for sample in samples), len(samples))

    possible = range(whole + 1)
    few = [such for such in possible if share(such, lambda held: held <= found) > Fraction(1, 20)]
    many = [such for such in possible if share(such, lambda held: held >= found) > Fraction(1, 20)]
    assert (least_of_all(found, of, whole), most_of_all(found, of, whole)) == (min(many), max(few))


def test_an_audit_that_was_not_begun_promises_nothing() -> None:
    review = audited(drawn=11)
    assert audit_of(review, {}).high is None
    assert "none is looked at yet" in audit_of(review, {}).sentence
    assert audit_of(audited(drawn=0), {}).sentence == "No reject was drawn for an audit."
