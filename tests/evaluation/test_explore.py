from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evaluation.explored import CLASSES, facts_of, rows_of, split_of
from rushes.evaluation.explore import explore, is_measurable
from rushes.evaluation.explore_words import list_findings
from rushes.labels.manifest import ManifestRow
from rushes.learning.recipe_files import parse_recipe

ROWS = rows_of()


def test_classes_are_counted_over_groups_and_their_largest_group_is_named() -> None:
    rows = [*ROWS, *[replace(ROWS[1], img_ref=f"more-{number}.jpg", pts=1000 + number) for number in range(10)]]
    found = explore(rows, CLASSES)
    day, night, dusk = found.counts
    assert (day.samples, day.groups, found.total) == (74, 4, 130)
    assert (night.samples, dusk.samples) == (28, 28)
    assert (day.largest_group, day.in_largest) == ("film 0", 26)
    assert found.ratio == pytest.approx(74 / 28)


def test_each_group_stands_in_its_part() -> None:
    found = explore(ROWS, CLASSES, split=split_of(ROWS), split_name="light-grouped.json")
    assert {mix.name: mix.parts for mix in found.shares.groups} == {
        "film 0": ("train",), "film 1": ("train",), "film 2": ("validation",), "film 3": ("test",),
    }  # fmt: skip
    assert set(found.imbalance.counts) == {"train", "validation", "test"}
    assert found.split == "light-grouped.json"
    assert found.left_out == 0


def test_samples_in_no_part_are_counted() -> None:
    rows = [*ROWS, ManifestRow("new.jpg", "Day", group="film 9", source="ab" * 32)]
    found = explore(rows, CLASSES, split=split_of(ROWS))
    assert found.left_out == 1
    assert "1 of 121 samples stand in no part of the split." in list_findings(found)


def test_a_recipe_s_balance_is_applied_to_what_is_trained_on() -> None:
    recipe = parse_recipe({"name": "evened", "balance": {"sampling": "oversample", "loss": "plain"}}, where="r.toml")
    found = explore(ROWS, CLASSES, split=split_of(ROWS), recipe=recipe)
    balanced = found.imbalance.balanced
    assert balanced is not None
    assert balanced.recipe == "evened"
    assert [load.labelled for load in balanced.loads] == list(found.imbalance.counts["train"].values())
    assert balanced.shown_ratio == 1


def test_labels_are_counted_by_origin() -> None:
    found = explore(ROWS, CLASSES)
    assert found.origins == ("jonny", "review")
    assert [mix.total for mix in found.by_origin] == [one.samples for one in found.counts]


def test_brightness_that_tells_a_class_is_to_beware_of() -> None:
    found = explore(ROWS, CLASSES, facts=facts_of(ROWS))
    strongest = found.tells[0]
    assert (strongest.measure, strongest.class_name, strongest.is_higher) == ("brightness", "Night", False)
    assert strongest.strength is not None
    assert strongest.strength > 0.95
    said = "\n".join(list_findings(found))
    assert "Beware: brightness alone tells 'Night' from the rest (its pictures are darker): AUC" in said
    assert "1 of 120 pictures cannot be read." in said
    assert [row.img_ref for row, _ in found.lost] == ["frames/0-0.jpg"]
    assert len(found.measured) == 119


def test_where_nothing_tells_a_class_that_is_said_too() -> None:
    facts = facts_of(ROWS)
    evened = {
        frame: replace(one, brightness=0.5, sharpness=9.0) if hasattr(one, "brightness") else one
        for frame, one in facts.items()
    }
    assert any("No plain measure of a picture" in said for said in list_findings(explore(ROWS, CLASSES, facts=evened)))


def test_without_pictures_their_facts_are_left_out_and_why() -> None:
    asked_not = explore(ROWS, CLASSES)
    assert (asked_not.spreads, asked_not.tells, asked_not.unmeasured) == (None, (), "nobody asked for them")
    lost = next(iter(facts_of(ROWS).values()))
    none = explore(ROWS, CLASSES, facts={row.frame_id: lost for row in ROWS})
    assert (none.spreads, none.unmeasured, len(none.lost)) == (None, "not one picture could be read", 120)
    assert "Sizes, exposure and sharpness are left out: not one picture could be read." in list_findings(none)


def test_shots_are_not_measured() -> None:
    shots = [ManifestRow("film.mp4", "Day", group="film 0", source="ab" * 32, ordinal=0, stop=10)]
    assert not is_measurable(shots)
    assert is_measurable(ROWS)
    assert "shots" in explore(shots, CLASSES).unmeasured


def test_one_sample_is_explored() -> None:
    found = explore(ROWS[1:2], CLASSES, facts=facts_of(ROWS))
    said = list_findings(found)
    assert (
        said[0] == "Only class 'Day' has samples, 1: there is nothing to learn. No sample is labelled 'Night', 'Dusk'."
    )
    assert said[1] == "There is one group only, so that nothing can be judged on a group never seen."
    assert found.ratio is None
    json.dumps(found.to_table())


def test_a_class_that_stands_in_one_group_alone_is_named() -> None:
    rows = [*rows_of(classes=("Day", "Night")), ManifestRow("odd.jpg", "Dusk", group="film 1", source="ab" * 32)]
    said = "\n".join(list_findings(explore(rows, CLASSES)))
    assert "In one group alone stands 'Dusk': it cannot be trained on and judged on different groups." in said


def test_classes_of_equal_size_are_said_to_be() -> None:
    rows = [ManifestRow(f"{number}.jpg", CLASSES[number % 2], group=f"film {number % 3}") for number in range(12)]
    said = list_findings(explore(rows, CLASSES[:2]))
    assert said[0] == "Each class has 6 samples."


def test_five_hundred_classes_are_explored() -> None:
    classes = [f"class {number}" for number in range(500)]
    rows = [ManifestRow(f"{n}.jpg", classes[n % 500], group=f"g{n % 7}", origin="jonny") for n in range(1000)]
    found = explore(rows, classes)
    assert len(found.counts) == 500
    assert len(found.commonest(60)) == 60


def test_the_table_holds_all_and_no_signature() -> None:
    rows = [replace(ROWS[0], img_ref="https://store.example/a.jpg?X-Amz-Signature=hush"), *ROWS[1:]]
    table = explore(rows, CLASSES, facts=facts_of(ROWS), split=split_of(ROWS)).to_table()
    text = json.dumps(table)
    assert table["schema"] == "exploration/1"
    assert "hush" not in text
    assert table["pictures"]["measured"] == 119
    assert table["lost"][0]["reason"] == "the file is missing"
    assert {one["kind"] for one in table["outliers"]} == {"darkest", "brightest", "blurriest", "oddest shape"}
