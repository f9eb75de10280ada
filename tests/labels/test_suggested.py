"""Suggestions as statements: appended, replaced, withdrawn, never above a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from labels.test_suggest import crowd_and_hermits, plan
from rushes.labels.label import Label
from rushes.labels.suggest import Suggestions
from rushes.labels.suggested import ORIGIN, SHEET, closed_frames, earlier_suggestions, plan_statements
from rushes.labels.trust import resolve

TRUST = ("review", "jonny", "supervised", "folder", "unsupervised")
NOW, LATER = "2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z"


def said(frame: str, name: str | None, origin: str = "jonny", sheet: str = "S01E01.xlsx") -> Label:
    return Label(frame, "rarity", name, origin, NOW, sheet, sheet)


def states(
    previous: Sequence[Label],
    found: Suggestions,
    *,
    closed: frozenset[str] = frozenset(),
    unread: Sequence[str] = (),
    now: str = NOW,
) -> list[Label]:
    names = [f"name of {frame}" for frame in found.frames]
    return plan_statements(previous, found, task="rarity", names=names, closed=closed, unread=unread, now=now)


def test_every_open_frame_gets_one_unsupervised_statement_with_its_reason() -> None:
    found = plan(crowd_and_hermits())
    new = states([], found, closed=frozenset({"f0"}))
    assert [label.frame for label in new] == [f"f{row}" for row in range(1, 100)]
    assert {(label.origin, label.sheet, label.task) for label in new} == {(ORIGIN, SHEET, "rarity")}
    assert new[-1].place.startswith(
        "suggest, more alone than 99.5% of frames: no near-duplicate, the nearest frame is name of f"
    )


def test_the_same_suggestions_again_append_nothing() -> None:
    found = plan(crowd_and_hermits())
    first = states([], found)
    assert states(first, found, now=LATER) == []


def test_only_what_changed_is_stated_anew_and_what_is_closed_or_gone_is_withdrawn() -> None:
    found = plan(crowd_and_hermits())
    first = states([], found)
    other = replace(found, class_index=np.where(np.arange(100) == 7, 3, found.class_index))
    gone = Label("gone", "rarity", "Rare", ORIGIN, NOW, "suggest, x", SHEET)
    new = states([*first, gone], other, closed=frozenset({"f3"}), now=LATER)
    assert [(label.frame, label.class_name) for label in new] == [("f7", "Legendary"), ("f3", None), ("gone", None)]
    assert {label.stated_at for label in new} == {LATER}


def test_what_was_suggested_for_a_picture_that_cannot_be_read_now_stays() -> None:
    found = plan(crowd_and_hermits())
    first = states([], found)
    fewer = plan(crowd_and_hermits()[:99])
    new = states(first, fewer, unread=["f99", "never suggested"], now=LATER)
    assert "f99" not in {label.frame for label in new}


def test_labelled_frames_are_closed_and_earlier_suggestions_and_models_words_close_nothing() -> None:
    previous = [
        said("a", "Rare"),
        said("b", "Rare", "unsupervised"),
        said("c", "Rare", "model:m"),
        said("d", "Rare", ORIGIN, SHEET),
        said("e", "Rare"),
        said("e", None),
    ]
    assert closed_frames(previous, TRUST, all_frames=False) == {"a", "b"}
    assert earlier_suggestions(previous) == {"d": previous[3]}


@pytest.mark.parametrize("trust", [TRUST, ("unsupervised", "jonny"), ("jonny",), ()])
def test_no_suggestion_ever_stands_above_what_somebody_said(trust: tuple[str, ...]) -> None:
    previous = [
        said("f0", "Rare"),
        said("f1", "Rare", "supervised"),
        said("f2", "Rare", "ann"),
        said("f3", "Rare", "unsupervised"),
    ]
    closed = closed_frames(previous, trust, all_frames=True)
    found = plan(crowd_and_hermits())
    new = states(previous, found, closed=closed)
    standing = resolve([*previous, *new], trust)
    assert all(standing[label.frame].label == label for label in previous)
    if trust == TRUST:
        assert closed == {"f2", "f3"}  # ann is not in the order, and so ranks behind
        assert {"f0", "f1"} <= {label.frame for label in new}
