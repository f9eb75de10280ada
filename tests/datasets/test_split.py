"""Who is in train, validation and test."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.datasets.split import (
    PARTS,
    Split,
    count_classes,
    find_leaks,
    newest_split,
    plan_split,
    read_split,
    write_split,
)
from rushes.errors import SplitError
from rushes.labels.manifest import ManifestRow
from rushes.project import SplitSettings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def row(group: str, number: int, class_name: str, *, sha256: str = "") -> ManifestRow:
    return ManifestRow(
        img_ref=f"frames/{group}/{number}.jpg",
        class_name=class_name,
        group=group,
        source=f"{group:_<64}",
        pts=number,
        name=f"{group}-{number}",
        sha256=sha256 or f"{group}{number}",
    )


def films(count: int, *, frames: int = 12, classes: str = "abc") -> list[ManifestRow]:
    return [
        row(f"film{film}", number, classes[number % len(classes)]) for film in range(count) for number in range(frames)
    ]


def grouped(rows: list[ManifestRow], **more: object) -> Split:
    return plan_split(rows, task="t", kind="grouped", settings=SplitSettings(), **more)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.sampled_from("abcd")), min_size=12, max_size=80),
    st.integers(0, 3),
)
def test_a_grouped_split_never_divides_a_group_and_leaves_no_sample_out(
    samples: list[tuple[int, str]], seed: int
) -> None:
    rows = [row(f"g{group}", number, class_name) for number, (group, class_name) in enumerate(samples)]
    if len({item.group for item in rows}) < 3:
        return
    split = plan_split(rows, task="t", kind="grouped", settings=SplitSettings(seed=seed))
    assert set(split.parts) == {item.frame_id for item in rows}
    assert set(split.parts.values()) == set(PARTS)
    for item in rows:
        assert split.parts[item.frame_id] == split.groups[item.group]
    assert find_leaks(split, rows, twins=[]) == []
    assert split == plan_split(rows, task="t", kind="grouped", settings=SplitSettings(seed=seed))


def test_shares_are_met_as_far_as_groups_allow_and_every_class_is_everywhere() -> None:
    rows = films(20)
    counts = count_classes(rows, grouped(rows), "abc")
    sizes = {part: sum(counts[part].values()) for part in PARTS}
    assert sizes["train"] == 14 * 12
    assert sizes["validation"] == sizes["test"] == 3 * 12
    assert all(counts[part][name] for part in PARTS for name in "abc")


def test_a_rare_class_that_stands_in_three_films_is_in_every_part() -> None:
    rows = films(12, classes="ab") + [row(f"film{film}", 90, "rare") for film in (0, 5, 11)]
    counts = count_classes(rows, grouped(rows), ["a", "b", "rare"])
    assert [counts[part]["rare"] for part in PARTS] == [1, 1, 1]


def test_a_class_of_one_film_is_trained_and_the_lack_is_said() -> None:
    rows = [*films(8, classes="ab"), row("film3", 90, "rare")]
    split = grouped(rows)
    assert split.groups["film3"] == "train"
    assert any(
        "class 'rare' stands in 1 group(s) only ('film3'): none in validation and test" in n for n in split.notes
    )


def test_a_known_group_stays_where_it_is_when_films_are_added() -> None:
    before = grouped(films(6))
    after = grouped(films(9), known=before.groups)
    assert {group: after.groups[group] for group in before.groups} == before.groups


def test_two_films_that_share_much_material_stay_together() -> None:
    rows = films(8)
    twins = [(rows[number].frame_id, rows[12 + number].frame_id) for number in range(6)]
    for seed in range(5):
        split = plan_split(rows, task="t", kind="grouped", settings=SplitSettings(seed=seed), twins=twins)
        assert split.groups["film0"] == split.groups["film1"]
        assert any("kept together" in note for note in split.notes)


def test_a_lone_twin_of_a_held_out_picture_is_left_out_of_train() -> None:
    rows = films(8)
    plain = grouped(rows)
    trained = next(item for item in rows if plain.groups[item.group] == "train")
    tested = next(item for item in rows if plain.groups[item.group] == "test")
    twins = [(tested.frame_id, trained.frame_id)]
    assert [leak.kind for leak in find_leaks(plain, rows, twins=twins)] == ["near-duplicate"]
    split = grouped(rows, twins=twins)
    assert split.left_out == {trained.frame_id: f"looks like {tested.frame_id} in test"}
    assert find_leaks(split, rows, twins=twins) == []


def test_one_group_cannot_be_split_and_the_way_out_is_named() -> None:
    with pytest.raises(SplitError, match=r"at least three groups.*found 1: 'film0' \(12 samples\).*--kind mixed"):
        grouped(films(1))


def test_a_mixed_split_keeps_class_shares_and_says_that_it_flatters() -> None:
    rows = films(2, frames=60)
    split = plan_split(rows, task="t", kind="mixed", settings=SplitSettings())
    counts = count_classes(rows, split, "abc")
    assert [counts[part]["a"] for part in PARTS] == [28, 6, 6]
    assert "flatter" in split.notes[0]
    assert Counter(leak.kind for leak in find_leaks(split, rows, twins=[])) == {"group": 4}


def test_the_same_picture_on_two_sides_is_a_leak() -> None:
    rows = [row("a", 0, "x", sha256="same"), row("b", 0, "x", sha256="same"), row("c", 0, "y")]
    split = Split("t", "grouped", 0, {rows[0].frame_id: "train", rows[1].frame_id: "test"}, {"a": "train", "b": "test"})
    (leak,) = find_leaks(split, rows, twins=[])
    assert (leak.kind, leak.detail) == ("identical", "b-0 in test is the same picture as a-0 in train")


def test_a_split_is_written_only_when_it_differs(tmp_path: Path) -> None:
    split = grouped(films(5))
    path, written = write_split(split, tmp_path, now=NOW)
    assert written
    assert write_split(split, tmp_path, now=NOW + timedelta(hours=1)) == (path, False)
    other, written = write_split(grouped(films(6)), tmp_path, now=NOW + timedelta(hours=2))
    assert written
    assert newest_split(tmp_path, "t", "grouped") == other
    assert newest_split(tmp_path, "t", "mixed") is None
    assert read_split(path) == split
    assert read_split(path).digest == split.digest


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "split/9"}', "[1]"])
def test_a_file_that_is_no_split_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t-grouped-x.json"
    path.write_text(text)
    with pytest.raises(SplitError, match="t-grouped-x"):
        read_split(path)
