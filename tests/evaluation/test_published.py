"""What others reached, and where it may stand beside a run."""

from __future__ import annotations

import pytest

from rushes.evaluation.published import PUBLISHED, is_published_test, missing_shots

CLASSES = {"scale": ("ECS", "CS", "MS", "FS", "LS"), "movement": ("static", "motion", "push", "pull")}
V1 = {"kind": "stated", "name": "movieshots-v1"}


def test_published_rows_are_of_movieshots_own_test():
    assert is_published_test(V1, CLASSES)
    assert is_published_test(V1, {"scale": CLASSES["scale"]})


@pytest.mark.parametrize(
    ("split", "classes"),
    [
        ({"kind": "grouped"}, CLASSES),
        ({"kind": "stated", "name": "another"}, CLASSES),
        ({"kind": "grouped", "name": "movieshots-v1"}, CLASSES),
        (V1, {"scale": ("ECS", "CS", "MCU", "MS", "FS", "LS")}),
        (V1, {"mood": ("calm", "tense")}),
    ],
)
def test_no_other_test_and_no_other_classes_have_published_rows(split, classes):
    assert not is_published_test(split, classes)


def test_the_figures_are_shares_and_the_commonest_class_is_the_counted_one():
    for row in PUBLISHED:
        assert row.source
        assert all(0 <= value <= 1 for table in (row.accuracy, row.f1_macro, row.recall) for value in table.values())
    majority = PUBLISHED[0]
    assert majority.model == "MovieShots' majority, published"  # not to be taken for our own blind answers
    assert majority.accuracy["scale"] == pytest.approx(1792 / 8187, abs=5e-4)
    assert majority.accuracy["movement"] == pytest.approx(5464 / (5464 + 2385 + 220 + 80), abs=6e-4)


def test_shots_that_are_missing_are_told():
    assert missing_shots({"scale": 8187, "movement": 8149}) == ()
    (told,) = missing_shots({"scale": 8180, "movement": 8149})
    assert "8,180 test shots were judged, where the published test has 8,187" in told
