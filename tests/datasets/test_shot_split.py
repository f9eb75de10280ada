from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.datasets.shot_split import join_copies, plan_shot_split
from rushes.datasets.split import Split, count_classes, parse_split, rows_of_parts
from rushes.datasets.split import format_split as formatted
from rushes.errors import SplitError
from rushes.labels.manifest import Part
from rushes.labels.shot_manifest import ShotRow, rows_of
from rushes.project import SplitSettings

TASKS = ("scale", "movement")


def shot(
    group: str, number: int, scale: str = "", movement: str = "", *, source: str = "", split: Part | None = None
) -> ShotRow:
    digest = (source or group).encode().hex().ljust(64, "0")
    stated = {"scale": scale, "movement": movement}
    classes = {task: name for task, name in stated.items() if name}
    return ShotRow(f"{group}.mp4", number * 10, number * 10 + 10, classes, group, digest, Fraction(24), split=split)


def films(count: int) -> list[ShotRow]:
    kinds = [("CS", "static"), ("MS", "push"), ("LS", "pull")]
    return [
        shot(f"film-{film:02d}", number, *kinds[(film + number) % 3]) for film in range(count) for number in range(4)
    ]


def plan(rows: list[ShotRow], kind: str = "grouped", known: Split | None = None) -> Split:
    return plan_shot_split(rows, TASKS, kind=kind, settings=SplitSettings(), known=known)  # type: ignore[arg-type]


def test_no_group_is_divided_and_every_class_of_every_task_is_everywhere():
    rows = films(12)
    split = plan(rows)
    assert (split.task, split.kind) == ("shots", "grouped")
    for group in {row.group for row in rows}:
        assert len({split.parts[row.id] for row in rows if row.group == group}) == 1
    for task, classes in (("scale", ("CS", "MS", "LS")), ("movement", ("static", "push", "pull"))):
        counts = count_classes(rows_of_parts(rows_of(rows, task), split), classes)
        assert all(counts[part][name] for part in counts for name in classes)
    assert parse_split(formatted(split), where="here") == split


def test_a_class_of_few_films_stands_in_each_part_even_where_pairs_are_rarer():
    rows = [
        shot(f"film-{film}", number, ("CS", "MS", "LS")[number % 3], "static")
        for film in range(9)
        for number in range(6)
    ]
    rows += [shot(f"film-{film}", 9, ("CS", "MS", "LS")[film], "pull") for film in range(3)]
    split = plan(rows)
    assert {split.parts[row.id] for row in rows if row.classes["movement"] == "pull"} == {"train", "validation", "test"}


def test_shots_without_a_class_of_the_tasks_are_in_no_part():
    rows = films(6)
    extra = ShotRow("x.mp4", 0, 9, {"mood": "calm"}, "x", "ef" * 32, Fraction(24))
    split = plan([*rows, extra])
    assert extra.id not in split.parts
    assert len(split.parts) == len(rows)


def test_the_same_video_in_two_groups_stands_on_one_side():
    rows = films(8) + [shot("copy", number, "CS", source="film-00") for number in range(20, 23)]
    split = plan(rows)
    assert split.groups["copy"] == split.groups["film-00"]
    assert "1 sets of groups hold the same video and were kept together: copy, film-00" in split.notes


def test_known_groups_stay_and_a_copy_follows_the_known_one():
    first = plan(films(8))
    rows = [*films(9), shot("copy", 20, "CS", source="film-03")]
    later = plan(rows, known=first)
    assert {group: later.groups[group] for group in first.groups} == dict(first.groups)
    assert later.groups["copy"] == first.groups["film-03"]


def test_copies_that_are_known_apart_are_not_joined():
    rows = [shot("a", 0, "CS", source="s"), shot("b", 1, "CS", source="s")]
    known = Split("shots", "grouped", 0, {}, {"a": "train", "b": "test"})
    assert join_copies(rows, known) == {"a": "a", "b": "b"}
    assert join_copies(rows) == {"a": "a", "b": "a"}


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")), max_size=12))
def test_groups_that_share_a_video_have_one_first(pairs):
    first = join_copies([shot(group, number, "CS", source=source) for number, (group, source) in enumerate(pairs)])
    for group, source in pairs:
        assert all(first[group] == first[other] for other, shared in pairs if shared == source)
    assert all(first[name] == name for name in first.values())


def test_stated_parts_are_taken_as_they_are():
    parts: list[Part] = ["train", "validation", "test"]
    rows = [shot(f"film-{number}", number, "CS", split=parts[number % 3]) for number in range(6)] + [
        shot("new", 9, "CS")
    ]
    split = plan(rows, "stated")
    assert split.kind == "stated"
    assert [split.parts.get(row.id) for row in rows] == [*parts, *parts, None]
    assert split.groups["film-1"] == "validation"
    assert split.left_out == {rows[-1].id: "its data set puts it in no part"}
    assert split.notes == ("left out because their data set puts them in no part: 1 sample",)


def test_stated_parts_that_divide_a_group_are_said_to_flatter():
    rows = [shot("a", 0, "CS", split="train"), shot("a", 1, "CS", split="test"), shot("b", 0, "CS", split="validation")]
    split = plan(rows, "stated")
    assert split.groups == {"b": "validation"}
    assert split.notes == ("groups that the stated parts divide, so that scores flatter: 1 ('a')",)


def test_a_stated_split_without_a_part_is_refused():
    rows = [shot("a", number, "CS", split="train") for number in range(3)]
    with pytest.raises(SplitError, match=r"none is in validation and test\. Found: train 3"):
        plan(rows, "stated")


def test_a_mixed_split_divides_groups():
    split = plan(films(3), "mixed")
    assert split.groups == {}
    assert set(split.parts.values()) == {"train", "validation", "test"}


def test_too_few_shots_or_groups_are_refused_in_words_about_shots():
    with pytest.raises(SplitError, match="so few labelled shots cannot be split in three parts: 2"):
        plan([shot("a", 0, "CS"), shot("b", 0, "CS")])
    with pytest.raises(SplitError, match=r"at least three groups.*found 2: 'film-00', 'film-01'"):
        plan(films(2))


def test_groups_that_count_as_one_are_said_where_they_are_too_few():
    rows = [*films(2), shot("copy", 20, "CS", source="film-00"), shot("another", 21, "CS", source="film-01")]
    told = (
        r"found 2: 'another' with 'film-01', 'copy' with 'film-00' \(those joined by 'with' hold the same video, byte "
        r"for byte\)\."
    )
    with pytest.raises(SplitError, match=told):
        plan(rows)
