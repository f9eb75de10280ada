"""What is labelled today, and what a person has reviewed."""

from __future__ import annotations

from rushes.labels.label import Label
from rushes.labels.standing import StandingLabel, reviewed_classes, standing_labels


def says(frame: str, class_name: str | None, origin: str, sheet: str = "") -> Label:
    return Label(frame, "scale", class_name, origin, "2026-11-20T12:00:00Z", sheet=sheet or f"{origin}.csv")


def test_a_review_is_known_also_where_another_origin_stands_above_it() -> None:
    said = [says("f", "CS", "jonny"), says("f", "LS", "review")]
    assert standing_labels(said, ("review", "jonny")) == {"f": StandingLabel("LS", "review", "LS")}
    below = standing_labels(said, ("jonny", "review"))
    assert below == {"f": StandingLabel("CS", "jonny", "LS")}
    assert reviewed_classes(below) == {"f": "LS"}


def test_what_was_withdrawn_stands_no_more() -> None:
    said = [says("f", "CS", "review"), says("f", None, "review"), says("g", "CS", "jonny"), says("g", "CS", "review"),
            says("g", None, "review")]  # fmt: skip
    standing = standing_labels(said, ("review", "jonny"))
    assert standing == {"f": StandingLabel("", ""), "g": StandingLabel("CS", "jonny")}
    assert reviewed_classes(standing) == {}


def test_the_last_review_counts() -> None:
    said = [says("f", "CS", "review", "one.csv"), says("f", "LS", "review", "two.csv")]
    assert standing_labels(said, ())["f"].reviewed == "LS"
