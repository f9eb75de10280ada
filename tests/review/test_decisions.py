from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.catalog.catalog import Catalog, StoredFrame, open_catalog
from rushes.catalog.review_journal import Mark, read_marks
from rushes.footage.source import Frame, Source
from rushes.labels.label import Label
from rushes.review.decisions import Decisions, State, Wanted

NOW = "2026-11-26T10:00:00Z"
TRUST = ("review", "jonny", "supervised", "folder")
SOURCES = [
    Source(f"{number}" * 64, f"/shoot/{number}.jpg", f"{number}", "shoot", "photo", 60, 40, "jpeg")
    for number in range(1, 5)
]
FRAMES = [Frame(source.digest, 0, Fraction(1), 0, "00:00:00:00", source.name) for source in SOURCES]
IDS = [frame.id for frame in FRAMES]


def fill(catalog: Catalog) -> None:
    for source, frame in zip(SOURCES, FRAMES, strict=True):
        catalog.add_source(source, now=NOW)
        catalog.add_frames([StoredFrame(frame, f"frames/{frame.name}.jpg", "", None)], now=NOW)


def decisions_in(catalog: Catalog, review: str = "select:all") -> Decisions:
    return Decisions(catalog, task="select", review=review, trust=TRUST, title="shoot")


def picked(frame: str) -> Wanted:
    return Wanted(frame, "decision", "select")


def reviewed(class_name: str, **more: Any) -> State:
    """What stands where a person without a name decided on the page."""
    return State(class_name, class_name, origin="review", **more)


def from_folder(class_name: str) -> State:
    return State(class_name, None, origin="folder")


@pytest.fixture
def catalog(catalog_place: Path | str) -> Iterator[Catalog]:
    with open_catalog(catalog_place, outlasts_power=True) as found:
        fill(found)
        yield found


def test_a_decision_is_a_label_of_the_origin_review(catalog: Catalog) -> None:
    outcome = decisions_in(catalog).decide(
        [picked(IDS[0]), Wanted(IDS[0], "rating", "4"), Wanted(IDS[1], "color", "red")]
    )
    assert outcome.states == {
        IDS[0]: reviewed("select", rating=4),
        IDS[1]: State(color="red"),
    }
    (label,) = catalog.labels(task="select")
    assert (label.frame, label.class_name, label.origin, label.sheet) == (IDS[0], "select", "review", "")
    assert label.place == "rushes review, shoot"
    assert read_marks(catalog) == {IDS[0]: {"rating": Mark("4")}, IDS[1]: {"color": Mark("red")}}


def test_what_changes_nothing_makes_no_step(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    first = decisions.decide([picked(IDS[0])])
    again = decisions.decide([picked(IDS[0]), Wanted(IDS[1], "rating", None)])
    assert (first.revision, again.revision, again.previous) == (1, 1, 1)
    assert len(catalog.labels(task="select")) == 1


def test_taking_a_decision_back_withdraws_it_and_lets_another_origin_stand(catalog: Catalog) -> None:
    catalog.append_labels([Label(IDS[0], "select", "reject", "folder", NOW, sheet="folder")])
    decisions = decisions_in(catalog)
    assert decisions.states([IDS[0]])[IDS[0]] == from_folder("reject")
    assert decisions.decide([picked(IDS[0])]).states[IDS[0]] == reviewed("select")
    assert decisions.decide([Wanted(IDS[0], "decision", None)]).states[IDS[0]] == from_folder("reject")
    assert [label.class_name for label in catalog.labels(task="select")] == ["reject", "select", None]


def test_undo_restores_what_a_reviewed_sheet_had_said(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([picked(IDS[0])])
    catalog.append_labels([Label(IDS[0], "select", "reject", "review", NOW, sheet="queue.csv")])
    assert decisions.states([IDS[0]])[IDS[0]] == State("reject", None, origin="review")
    decisions.decide([picked(IDS[0])])
    assert decisions.undo().states[IDS[0]] == State("reject", None, origin="review")


def test_undo_and_redo_go_on_after_a_restart(catalog_place: Path | str) -> None:
    with open_catalog(catalog_place) as catalog:
        fill(catalog)
        first = decisions_in(catalog)
        first.decide([picked(IDS[0])])
        first.decide([picked(IDS[1]), Wanted(IDS[1], "rating", "3")])
        first.undo()
    with open_catalog(catalog_place) as catalog:
        second = decisions_in(catalog)
        assert second.redo().states == {IDS[1]: reviewed("select", rating=3)}
        assert set(second.undo().states) == {IDS[1]}
        assert set(second.undo().states) == {IDS[0]}
        nothing = second.undo()
        assert (nothing.states, nothing.revision) == ({}, nothing.previous)
        assert all(state == State() for state in second.states(IDS).values())


def test_a_new_decision_ends_what_could_be_done_again(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([picked(IDS[0])])
    decisions.undo()
    decisions.decide([picked(IDS[1])])
    assert decisions.redo().states == {}


def test_a_certain_step_can_be_taken_back_and_the_others_stand(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    step = decisions.decide([picked(IDS[0])]).revision
    decisions.decide([picked(IDS[1])])
    undone = decisions.undo(of=step)
    assert (undone.step, undone.states) == (step, {IDS[0]: State()})
    assert decisions.states(IDS)[IDS[1]].class_name == "select"
    again = decisions.undo(of=step)
    assert (again.step, again.states) == (None, {IDS[0]: State()}), "what stands is told, so that a page can show it"
    assert (decisions.undo(of=999).step, decisions.undo(of=999).states) == (None, {})
    assert decisions.redo(of=step).states == {IDS[0]: reviewed("select")}


def test_each_tab_takes_back_its_own_steps_by_the_names_of_its_requests(catalog: Catalog) -> None:
    one, other = decisions_in(catalog), decisions_in(catalog)
    one.decide([picked(IDS[0])], request="one")
    other.decide([picked(IDS[1])], request="other")
    assert one.undo(of="one", request="z").states == {IDS[0]: State()}
    assert one.undo(of="one", request="z").states == {IDS[0]: State()}, "sent twice, done once"
    assert one.states(IDS)[IDS[1]].own == "select", "the other tab's decision stands"
    other.decide([Wanted(IDS[2], "rating", "3")])
    late = one.redo(of="one")
    assert (late.step, late.states) == (None, {IDS[0]: State()}), "a new step ends what could be done again"
    assert one.undo(of="never sent").step is None


def test_a_decision_that_agrees_with_a_label_from_elsewhere_is_a_step_and_nothing_else_is(catalog: Catalog) -> None:
    catalog.append_labels([Label(IDS[0], "select", "reject", "folder", NOW, sheet="folder")])
    decisions = decisions_in(catalog)
    taken_away = decisions.decide([Wanted(IDS[0], "decision", None)])
    assert (taken_away.step, taken_away.states[IDS[0]]) == (None, from_folder("reject"))
    agreed = decisions.decide([Wanted(IDS[0], "decision", "reject")])
    assert (agreed.step, agreed.states[IDS[0]]) == (agreed.revision, reviewed("reject"))
    assert decisions.undo(of=agreed.step).states[IDS[0]] == from_folder("reject")


def test_undo_leaves_alone_what_another_review_changed_since(catalog: Catalog) -> None:
    here, there = decisions_in(catalog), decisions_in(catalog, "select:group:a")
    here.decide([picked(IDS[0])])
    here.decide([picked(IDS[1])])
    there.decide([Wanted(IDS[1], "decision", "reject")])
    assert set(here.undo().states) == {IDS[0]}, "what is left of the second step is nothing, so the first goes"
    assert here.states(IDS)[IDS[1]].class_name == "reject"
    assert set(there.undo().states) == {IDS[1]}
    assert here.states(IDS)[IDS[1]].class_name == "select"


def test_a_request_that_comes_twice_is_done_once(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    first = decisions.decide([picked(IDS[0])], request="a")
    decisions.decide([Wanted(IDS[0], "decision", "reject")], request="b")
    again = decisions.decide([picked(IDS[0])], request="a")
    assert again.states[IDS[0]].class_name == "reject", "what stands, not what the old request wanted"
    assert again.revision == first.revision + 1
    undone = decisions.undo(request="c")
    assert decisions.undo(request="c").states == undone.states
    assert decisions.states(IDS)[IDS[0]].class_name == "select"
    assert decisions_in(catalog, "other").decide([picked(IDS[1])], request="a").states[IDS[1]].own == "select"


def test_two_pages_hear_of_each_other(catalog: Catalog) -> None:
    one, other = decisions_in(catalog), decisions_in(catalog)
    first = one.decide([picked(IDS[0])])
    second = other.decide([picked(IDS[1])])
    assert second.previous == first.revision
    assert set(one.since(first.revision).states) == {IDS[1]}
    assert one.since(second.revision).states == {}
    assert set(one.undo().states) == {IDS[1]}, "the last step, whoever took it"


def test_threads_that_decide_at_once_lose_nothing(catalog: Catalog) -> None:
    decisions = [decisions_in(catalog), decisions_in(catalog)]
    ratings = [str(number % 6) for number in range(12)]

    def work(which: int) -> None:
        for rating in ratings:
            decisions[which].decide([Wanted(IDS[which], "rating", rating)])

    threads = [threading.Thread(target=work, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert decisions[0].states(IDS[:2]) == {frame: State(rating=5) for frame in IDS[:2]}
    undone = 0
    while decisions[0].undo().states:
        undone += 1
    assert undone == 24
    assert read_marks(catalog) == {}


WISHES = st.lists(
    st.one_of(
        st.builds(Wanted, st.sampled_from(IDS), st.just("decision"), st.sampled_from(["select", "reject", None])),
        st.builds(Wanted, st.sampled_from(IDS), st.just("rating"), st.sampled_from(["0", "3", None])),
        st.builds(Wanted, st.sampled_from(IDS), st.just("color"), st.sampled_from(["red", None])),
    ),
    min_size=1,
    max_size=3,
)
DEEDS = st.lists(st.one_of(WISHES, st.just("undo"), st.just("redo"), st.just("restart")), max_size=14)


@given(DEEDS)
@settings(max_examples=25)
def test_any_order_of_deeds_undos_redos_and_restarts_goes_back_and_forth(
    deeds: list[list[Wanted] | str],
) -> None:
    with TemporaryDirectory() as folder, open_catalog(Path(folder) / "catalog.db") as catalog:
        fill(catalog)
        decisions = decisions_in(catalog)
        past: list[dict[str, State]] = []
        future: list[dict[str, State]] = []
        now = decisions.states(IDS)
        for deed in deeds:
            if deed == "restart":
                decisions = decisions_in(catalog)
            elif deed in ("undo", "redo"):
                back, forth = (past, future) if deed == "undo" else (future, past)
                if back:
                    forth.append(now)
                    now = back.pop()
                decisions.undo() if deed == "undo" else decisions.redo()
            else:
                assert isinstance(deed, list)
                before = decisions.revision
                decisions.decide(deed)
                if decisions.revision > before:
                    past.append(now)
                    future.clear()
                    now = decisions.states(IDS)
            assert decisions.states(IDS) == now
