from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.labels.label import Label
from rushes.labels.provenance import explain
from rushes.labels.trust import resolve
from rushes.project import DEFAULT_TRUST

TRUST = ("jonny", "supervised", "unsupervised")


def say(class_name: str | None, origin: str, sheet: str = "", second: int = 0) -> Label:
    return Label("f", "scale", class_name, origin, f"2026-11-20T12:00:{second:02d}Z", f"{sheet}, row 2", sheet)


def fates(labels: list[Label], trust: tuple[str, ...] = TRUST) -> list[str]:
    return [one.fate for one in explain(labels, trust)]


def test_what_became_of_every_statement_is_said_with_the_reason():
    labels = [
        say("CS", "unsupervised"),
        say("MS", "supervised", "a.csv"),
        say("LS", "supervised", "a.csv", 1),
        say("LS", "jonny", "b.csv"),
        say(None, "jonny", "b.csv", 2),
        say("LS", "anna"),
        say("CS", "model:x"),
    ]
    explained = explain(labels, TRUST)
    assert [(one.fate, one.why) for one in explained] == [
        ("overruled", "'supervised' says LS, and is trusted more"),
        ("replaced", "the same sheet said LS later, on 2026-11-20T12:00:01Z"),
        ("stands", "no origin that is trusted more than 'supervised' says anything"),
        ("withdrawn", "taken back on 2026-11-20T12:00:02Z: b.csv, row 2"),
        ("withdrawal", "'b.csv' no longer states it"),
        ("agrees", "'supervised' says the same, and is trusted more"),
        ("prediction", "what a model says is never a label"),
    ]


def test_of_two_sheets_of_one_origin_the_later_replaces_the_earlier():
    first, second = explain([say("MS", "jonny", "a.csv"), say("CS", "jonny", "b.csv")], TRUST)
    assert (first.fate, first.why) == ("replaced", "the latest of 'jonny' is CS (b.csv, row 2)")
    assert second.fate == "stands"


def test_outside_the_order_the_later_origin_stands():
    assert fates([say("MS", "anna"), say("CS", "bert")]) == ["overruled", "stands"]
    first = explain([say("MS", "anna"), say("CS", "bert")], TRUST)[0]
    assert first.why == "'bert' says CS, and said so later; neither is in the project's trust"
    assert "no origin of the project's trust" in explain([say("MS", "anna")], TRUST)[0].why


def test_a_project_may_put_any_origins_in_any_order():
    labels = [say("MS", "jonny"), say("CS", "anna"), say("LS", "unsupervised")]
    assert fates(labels, ("unsupervised", "anna")) == ["overruled", "overruled", "stands"]
    assert fates(labels, ("anna", "jonny")) == ["overruled", "stands", "overruled"]


def test_frames_are_explained_one_at_a_time():
    with pytest.raises(ValueError, match="one frame at a time"):
        explain([say("MS", "jonny"), Label("g", "scale", "MS", "jonny", "")], TRUST)
    assert explain([], TRUST) == []


statements = st.lists(
    st.builds(
        say,
        st.sampled_from([None, "MS", "CS", "LS"]),
        st.sampled_from(["jonny", "Jonny", "supervised", "unsupervised", "review", "anna", "bert", "model:x"]),
        st.sampled_from(["", "a.csv", "b.csv"]),
        st.integers(0, 59),
    ),
    max_size=15,
)


@given(statements)
def test_what_stands_is_what_is_resolved_and_what_is_overruled_what_it_overrules(labels):
    explained = explain(labels, DEFAULT_TRUST)
    resolved = resolve(labels, DEFAULT_TRUST).get("f")
    assert [one.label for one in explained] == labels
    assert [one.label for one in explained if one.fate == "stands"] == ([resolved.label] if resolved else [])
    overruled = [one.label for one in explained if one.fate == "overruled"]
    assert sorted(map(repr, overruled)) == sorted(map(repr, resolved.overruled if resolved else ()))


@given(statements)
def test_every_origin_says_at_most_one_thing_that_counts(labels):
    counting = [one.label.origin.casefold() for one in explain(labels, DEFAULT_TRUST) if one.counts]
    assert len(counting) == len(set(counting))
