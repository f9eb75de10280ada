"""Two persons who review the same: whose decision stands, what is told, and who may take it back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.test_decisions import IDS, NOW, decisions_in, fill
from rushes.catalog.catalog import Catalog, open_catalog
from rushes.catalog.review_journal import Mark, read_marks
from rushes.labels.label import Label
from rushes.review.decisions import Conflict, Decisions, Saw, Wanted
from rushes.review.people import person_at_the_machine, person_from

A, B = IDS[:2]


@pytest.fixture
def catalog(catalog_place: Path | str) -> Iterator[Catalog]:
    with open_catalog(catalog_place, outlasts_power=True) as found:
        fill(found)
        yield found


def says(class_name: str | None, *, frame: str = A, saw: Saw | None = None) -> Wanted:
    return Wanted(frame, "decision", class_name, saw or Saw())


def standing(decisions: Decisions, frame: str = A) -> tuple[str | None, str | None]:
    state = decisions.states([frame])[frame]
    return state.class_name, state.by


def test_a_decision_bears_the_name_of_who_made_it(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([says("select"), Wanted(A, "rating", "4")], by="ann")
    (label,) = catalog.labels(task="select")
    assert (label.origin, label.class_name) == ("review:ann", "select")
    assert read_marks(catalog)[A] == {"rating": Mark("4", "review:ann")}
    state = decisions.states([A])[A]
    assert (state.own, state.by, state.origin) == ("select", "ann", "review:ann")


def test_what_another_decided_meanwhile_is_told_and_the_rest_is_done(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([says("reject")], by="bob")
    outcome = decisions.decide([says("select"), says("select", frame=B)], by="ann")
    (conflict,) = outcome.conflicts
    assert (conflict.frame, conflict.field, conflict.value, conflict.by) == (A, "decision", "reject", "bob")
    assert conflict.at.endswith("Z")
    assert outcome.states[A].class_name == "reject", "what stands is told"
    assert (standing(decisions), standing(decisions, B)) == (("reject", "bob"), ("select", "ann"))
    known = says("select", saw=Saw("reject", "bob"))
    assert decisions.decide([known], by="ann").conflicts == ()
    assert standing(decisions) == ("select", "ann")
    older = says("reject", saw=Saw("reject", "bob"))
    assert len(decisions.decide([older], by="cleo").conflicts) == 1, "Ann has said otherwise since"
    assert decisions.decide([older], by="cleo", over=True).conflicts == ()
    assert standing(decisions) == ("reject", "cleo")


def test_to_agree_is_no_conflict_and_to_take_away_is_only_of_ones_own(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([says("reject")], by="bob")
    assert decisions.decide([says("reject")], by="ann").conflicts == ()
    assert standing(decisions) == ("reject", "ann"), "two persons say so now"
    assert decisions.decide([says(None)], by="ann").conflicts == ()
    assert standing(decisions) == ("reject", "bob")
    nothing = decisions.decide([says(None)], by="ann")
    assert (nothing.step, nothing.conflicts) == (None, ())
    assert standing(decisions) == ("reject", "bob")


def test_undo_and_redo_are_of_ones_own_steps(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([says("select")], by="ann")
    of_bob = decisions.decide([says("select", frame=B)], by="bob").step
    assert set(decisions.undo(by="ann").states) == {A}
    assert decisions.undo(by="ann").states == {}, "Bob's is not hers"
    assert decisions.undo(by="ann", of=of_bob).step is None
    assert standing(decisions, B) == ("select", "bob")
    assert set(decisions.redo(by="ann").states) == {A}
    assert decisions.redo(by="bob").states == {}


def test_taking_back_what_was_overruled_leaves_the_other_decision(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([says("select")], by="ann")
    decisions.decide([says("reject")], by="bob", over=True)
    assert set(decisions.undo(by="ann").states) == {A}
    assert standing(decisions) == ("reject", "bob")
    assert decisions.redo(by="ann").states == {}, "it would stand over Bob's, which she has not seen"
    assert standing(decisions) == ("reject", "bob")
    decisions.decide([says("select", saw=Saw("reject", "bob"))], by="ann")
    assert standing(decisions) == ("select", "ann")
    decisions.undo(by="ann")
    assert standing(decisions) == ("reject", "bob"), "what stood before stands again"
    decisions.undo(by="bob")
    assert standing(decisions) == (None, None)


def test_what_was_said_again_over_another_goes_back_to_the_other(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([says("select")], by="ann")
    decisions.decide([says("reject")], by="bob", over=True)
    decisions.decide([says("select")], by="ann", over=True)
    assert standing(decisions) == ("select", "ann")
    decisions.undo(by="ann")
    assert standing(decisions) == ("reject", "bob")


def test_steps_from_before_there_were_names_go_back_for_everybody(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([says("select")])
    assert catalog.labels(task="select")[-1].origin == "review"
    assert len(decisions.decide([says("reject")], by="ann").conflicts) == 1, "somebody had decided"
    assert set(decisions.undo(by="ann").states) == {A}
    assert catalog.labels(task="select")[-1] == Label(
        A, "select", None, "review", catalog.labels(task="select")[-1].stated_at, "rushes review, shoot"
    )
    assert standing(decisions) == (None, None)
    decisions.redo(by="bob")
    assert standing(decisions) == ("select", None)


def test_a_rating_that_the_page_had_not_seen_is_told_too(catalog: Catalog) -> None:
    decisions = decisions_in(catalog)
    decisions.decide([Wanted(A, "rating", "5")], by="bob")
    unseen = Wanted(A, "rating", "3", Saw(marks={"rating": None}))
    (conflict,) = decisions.decide([unseen], by="ann").conflicts
    assert conflict == Conflict(A, "rating", "5", "bob", conflict.at)
    assert decisions.decide([Wanted(A, "rating", "3", Saw(marks={"rating": "5"}))], by="ann").conflicts == ()
    assert decisions.states([A])[A].rating == 3


def test_a_person_whom_the_trust_names_stands_before_the_others(catalog: Catalog) -> None:
    trust = ("review:ann", "review", "folder")
    decisions = Decisions(catalog, task="select", review="select:all", trust=trust, title="shoot")
    decisions.decide([says("select")], by="ann")
    decisions.decide([says("reject")], by="bob", over=True)
    assert standing(decisions) == ("select", "ann")


def test_of_two_persons_at_once_exactly_one_is_told_of_the_other(catalog: Catalog) -> None:
    barrier = threading.Barrier(2)
    told: dict[str, Any] = {}

    def work(person: str, class_name: str) -> None:
        decisions = decisions_in(catalog)
        for frame in IDS:
            barrier.wait(20)
            told[person, frame] = decisions.decide([says(class_name, frame=frame)], by=person).conflicts

    threads = [threading.Thread(target=work, args=one) for one in (("ann", "select"), ("bob", "reject"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = decisions_in(catalog).states(IDS)
    for frame in IDS:
        loser = "bob" if told["bob", frame] else "ann"
        assert len(told["ann", frame]) + len(told["bob", frame]) == 1
        assert states[frame].by != loser


PEOPLE = ("ann", "bob")
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE), st.sampled_from(["select", "reject", None, "undo", "redo"]), st.sampled_from(IDS[:2])
    ),
    max_size=12,
)


@given(DEEDS)
@settings(max_examples=25)
def test_no_deed_of_a_person_who_saw_nothing_changes_what_another_says(deeds: list[tuple[str, Any, str]]) -> None:
    with TemporaryDirectory() as folder, open_catalog(Path(folder) / "catalog.db") as catalog:
        fill(catalog)
        decisions = decisions_in(catalog)
        for person, deed, frame in deeds:
            other = next(one for one in PEOPLE if one != person)
            before = {one: standing(decisions, one) for one in IDS[:2]}
            if deed in ("undo", "redo"):
                decisions.undo(by=person) if deed == "undo" else decisions.redo(by=person)
            else:
                decisions.decide([says(deed, frame=frame)], by=person)
            for one, (class_name, by) in before.items():
                if by == other:
                    assert standing(decisions, one)[0] == class_name
            said = catalog.labels(task="select")
            assert {label.origin for label in said} <= {"review:ann", "review:bob"}


@pytest.mark.parametrize(("text", "name"), [("Ann", "ann"), ("  Ann  B. ", "ann b."), ("Jürgen", "jürgen")])
def test_a_name_is_as_a_sheet_would_read_it(text: str, name: str) -> None:
    assert person_from(text) == name


@pytest.mark.parametrize("text", ["", "a:b", "=cmd()", "x" * 41, "a;b", "-ann"])
def test_what_could_be_misread_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no name of a person"):
        person_from(text)


def test_the_user_of_the_machine_has_a_name_that_an_origin_can_bear() -> None:
    name = person_at_the_machine()
    assert name == "" or person_from(name) == name


def test_older_reviews_of_a_sheet_are_somebodys(catalog: Catalog) -> None:
    catalog.append_labels([Label(A, "select", "reject", "review", NOW, sheet="queue.csv")])
    decisions = decisions_in(catalog)
    state = decisions.states([A])[A]
    assert (state.class_name, state.own, state.by, state.is_reviewed) == ("reject", None, None, True)
    assert decisions.decide([says("select", saw=Saw("reject", None))], by="ann").conflicts == ()
    assert standing(decisions) == ("select", "ann")
