from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from rushes.catalog.catalog import StoredFrame
from rushes.errors import UsageError
from rushes.footage.series import Series
from rushes.footage.source import REFERENCED, Frame, Source
from rushes.inference.verdicts import Cull, Verdict
from rushes.project import Task
from rushes.review.audit import audit_of
from rushes.review.decisions import State
from rushes.review.session import (
    Classes,
    Review,
    classes_of,
    item_table,
    items_of,
    session_table,
    with_verdicts,
)

CLASSES = Classes("select", "reject")


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
    review = Review("select:cull:c", "shoot", "select", CLASSES, tuple(found), cull(*verdicts))
    state = State("select", "select", 3, "red")
    table = session_table(review, {found[0].id: state}, revision=7, opens_on="audit")
    assert (table["revision"], table["count"], table["opens_on"]) == (7, 1, "audit")
    (item,) = table["items"]
    assert (item["decision"], item["rating"], item["color"], item["reasons"]) == ("pick", 3, "red", [])
    assert "measures" not in item
    whole = item_table(found[0], state, CLASSES, camera=None, heat=False)
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
    assert classes_of(Task("t", classes, aliases)).pick == pick


@pytest.mark.parametrize(
    ("task", "pick", "said"),
    [
        (Task("scale", ("CS", "MS", "LS")), None, r"'scale' has 3 classes \(CS, MS, LS\).*rushes labels errors"),
        (Task("light", ("day", "night")), None, r"day, night.*--pick CLASS"),
        (Task("light", ("day", "night")), "dya", r"Did you mean 'day'"),
        (Task("odd", ("good", "select")), None, r"--pick CLASS"),
    ],
)
def test_a_task_that_the_keys_cannot_decide_is_refused_by_name(task, pick, said) -> None:
    with pytest.raises(UsageError, match=said):
        classes_of(task, pick=pick)


def audited(*, drawn: int) -> Review:
    verdicts = tuple(Verdict(f"{n}.jpg", (), "reject", 0.1, "", audited=n < drawn) for n in range(1, 16))
    pairs = [photo(number, path=f"/shoot/{number}.jpg") for number in range(1, 16)]
    found, _ = with_verdicts(items(*pairs), cull(*verdicts), {})
    return Review("k", "t", "select", CLASSES, tuple(found), cull(*verdicts))


def test_an_audit_counts_what_was_decided_on_the_page_and_bounds_the_rest() -> None:
    review = audited(drawn=11)
    drawn = [item.id for item in review.items if item.verdict and item.verdict.audited]
    assert len(drawn) == 10
    states = dict.fromkeys(drawn, State("reject", "reject")) | {drawn[0]: State("reject", None)}
    found = audit_of(review, states)
    assert (found.drawn, found.looked_at, found.misses, found.rate, found.low) == (10, 9, 0, 0.0, 0.0)
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 9)), "the rule of three, exactly"
    one = audit_of(review, states | {drawn[1]: State("select", "select")})
    assert (one.misses, one.rate) == (1, 1 / 9)
    assert one.high is not None
    # With 1 of 9 the bound p solves (1-p)^9 + 9 p (1-p)^8 = 0.05.
    assert (1 - one.high) ** 9 + 9 * one.high * (1 - one.high) ** 8 == pytest.approx(0.05, abs=1e-6)
    assert "1 of 9 audited rejects would have been kept" in one.sentence


def test_an_audit_that_was_not_begun_promises_nothing() -> None:
    review = audited(drawn=11)
    assert audit_of(review, {}).high is None
    assert "none is looked at yet" in audit_of(review, {}).sentence
    assert audit_of(audited(drawn=0), {}).sentence == "No reject was drawn for an audit."
