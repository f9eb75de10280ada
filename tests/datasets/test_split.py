"""Who is in train, validation and test."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.datasets.split import (
    PARTS,
    Split,
    count_classes,
    describe_search,
    find_leaks,
    newest_split,
    note_unheeded,
    plan_split,
    read_split,
    rows_of_parts,
    write_split,
)
from rushes.errors import SplitError
from rushes.labels.manifest import ManifestRow, Part
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
    assert find_leaks(split, rows, signatures={}) == []
    assert split == plan_split(rows, task="t", kind="grouped", settings=SplitSettings(seed=seed))


def test_shares_are_met_as_far_as_groups_allow_and_every_class_is_everywhere() -> None:
    rows = films(20)
    counts = count_classes(rows_of_parts(rows, grouped(rows)), "abc")
    sizes = {part: sum(counts[part].values()) for part in PARTS}
    assert sizes["train"] == 14 * 12
    assert sizes["validation"] == sizes["test"] == 3 * 12
    assert all(counts[part][name] for part in PARTS for name in "abc")


def test_a_rare_class_that_stands_in_three_films_is_in_every_part() -> None:
    rows = films(12, classes="ab") + [row(f"film{film}", 90, "rare") for film in (0, 5, 11)]
    counts = count_classes(rows_of_parts(rows, grouped(rows)), ["a", "b", "rare"])
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
    after = grouped(films(9), known=before)
    assert {group: after.groups[group] for group in before.groups} == before.groups


def alike(*sets: list[ManifestRow]) -> dict[str, int]:
    """Return signatures by which the frames of each set look alike and those of two sets do not."""
    return {item.frame_id: 0xFFFF << 16 * number for number, one in enumerate(sets) for item in one}


def of_group(rows: list[ManifestRow], group: str, count: int) -> list[ManifestRow]:
    return [item for item in rows if item.group == group][:count]


def placed(rows: list[ManifestRow], groups: dict[str, Part]) -> Split:
    """Return an earlier split with its groups where they are said to be, and the others in train."""
    everywhere: dict[str, Part] = {item.group: groups.get(item.group, "train") for item in rows}
    return Split("t", "grouped", 0, {item.frame_id: everywhere[item.group] for item in rows}, everywhere)


def test_two_films_that_share_much_material_stay_together() -> None:
    rows = films(8)
    signatures = alike(of_group(rows, "film0", 6) + of_group(rows, "film1", 6))
    for seed in range(5):
        split = plan_split(rows, task="t", kind="grouped", settings=SplitSettings(seed=seed), signatures=signatures)
        assert split.groups["film0"] == split.groups["film1"]
        assert any("kept together" in note for note in split.notes)


def test_a_lone_twin_of_a_held_out_picture_is_left_out_of_train() -> None:
    rows = films(8)
    plain = grouped(rows)
    trained = next(item for item in rows if plain.groups[item.group] == "train")
    tested = next(item for item in rows if plain.groups[item.group] == "test")
    signatures = alike([tested, trained])
    assert [leak.kind for leak in find_leaks(plain, rows, signatures=signatures)] == ["near-duplicate"]
    split = grouped(rows, signatures=signatures)
    assert split.left_out == {trained.frame_id: f"looks like {tested.frame_id} in test"}
    assert find_leaks(split, rows, signatures=signatures) == []


def test_a_frame_of_validation_that_looks_like_one_of_test_is_a_leak_and_is_left_out() -> None:
    rows = films(6)
    before = placed(rows, {"film4": "validation", "film5": "test"})
    signatures = alike(of_group(rows, "film4", 1) + of_group(rows, "film5", 1))
    (leak,) = find_leaks(before, rows, signatures=signatures)
    assert (leak.kind, leak.part, leak.other_part) == ("near-duplicate", "test", "validation")
    assert leak.detail == "film5-0 in test looks like film4-0 in validation"
    split = grouped(rows, signatures=signatures, known=before)
    tested, validated = of_group(rows, "film5", 1)[0].frame_id, of_group(rows, "film4", 1)[0].frame_id
    assert split.left_out == {validated: f"looks like {tested} in test"}
    assert "left out of validation because they look like frames of test: 1 frame" in split.notes
    assert find_leaks(split, rows, signatures=signatures) == []


def test_a_frame_of_train_stays_where_what_it_looks_like_was_left_out_itself() -> None:
    rows = films(6)
    before = placed(rows, {"film4": "validation", "film5": "test"})
    trained, validated, tested = (of_group(rows, group, 1)[0] for group in ("film0", "film4", "film5"))
    chain = {trained.frame_id: 0xFF, validated.frame_id: 0xFFFF, tested.frame_id: 0xFFFFFF}
    assert set(grouped(rows, signatures=chain, known=before).left_out) == {validated.frame_id}


def test_the_same_black_picture_in_two_parts_is_left_out_of_train_and_joins_no_groups() -> None:
    rows = films(6)
    before = placed(rows, {"film4": "validation", "film5": "test"})
    black = [replace(item, sha256="black") if item.pts < 4 else item for item in rows]
    split = grouped(black, known=before)
    assert split.groups == before.groups
    assert len(split.left_out) == 4 * 5
    assert find_leaks(split, black, signatures={}) == []


def test_known_groups_that_turn_out_to_share_material_stay_and_the_copies_in_train_go() -> None:
    rows = films(6)
    before = placed(rows, {"film4": "validation", "film5": "test"})
    signatures = alike(of_group(rows, "film0", 6) + of_group(rows, "film5", 6))
    split = grouped(rows, signatures=signatures, known=before)
    assert split.groups == before.groups
    assert set(split.left_out) == {item.frame_id for item in of_group(rows, "film0", 6)}
    assert (
        "groups 'film0' in train and 'film5' in test share 50% of 'film0', but known groups stay where they are: "
        "the frames that look alike are left out of train (--anew would join the groups)"
    ) in split.notes
    assert find_leaks(split, rows, signatures=signatures) == []
    anew = grouped(rows, signatures=signatures)
    assert anew.groups["film0"] == anew.groups["film5"]


@pytest.mark.parametrize("part", PARTS)
def test_a_new_group_that_shares_material_with_a_known_one_joins_its_part(part: Part) -> None:
    rows = films(6)
    before = placed(rows, {"film3": part, "film4": "validation", "film5": "test"})
    new = [row("another", number, "abc"[number % 3]) for number in range(12)]
    signatures = alike(of_group(rows, "film3", 6) + new[:6])
    split = grouped(rows + new, signatures=signatures, known=before)
    assert split.groups == before.groups | {"another": part}
    assert split.left_out == {}


def test_a_new_group_that_bridges_two_known_ones_joins_the_one_it_shares_more_with() -> None:
    rows = films(6)
    before = placed(rows, {"film4": "validation", "film5": "test"})
    new = [row("another", number, "abc"[number % 3]) for number in range(12)]
    signatures = alike(of_group(rows, "film0", 8) + new[:8], of_group(rows, "film5", 3) + new[8:11])
    split = grouped(rows + new, signatures=signatures, known=before)
    assert split.groups == before.groups | {"another": "train"}
    assert set(split.left_out) == {item.frame_id for item in new[8:11]}
    assert any("'another' in train and 'film5' in test share 25%" in note for note in split.notes)


def test_a_known_part_of_which_nothing_would_be_left_is_refused_and_the_way_out_is_named() -> None:
    rows = films(6)
    before = placed(rows, {"film4": "validation", "film5": "test"})
    signatures = alike(of_group(rows, "film4", 12) + of_group(rows, "film5", 12))
    with pytest.raises(SplitError, match=r"nothing is left in validation.*--anew"):
        grouped(rows, signatures=signatures, known=before)


def test_a_seed_or_shares_asked_for_in_vain_are_noted_and_change_nothing() -> None:
    rows = films(12)
    before = grouped(rows)
    for settings_, said in (
        (SplitSettings(), None),
        (SplitSettings(seed=3), "seed 3 had no effect: all 12 groups are known"),
        (SplitSettings(0.4, 0.3, 0.3), "shares 0.4, 0.3 and 0.3 had no effect"),
        (SplitSettings(0.4, 0.3, 0.3, 3), "seed 3 and shares 0.4, 0.3 and 0.3 had no effect"),
    ):
        after = plan_split(rows, task="t", kind="grouped", settings=settings_, known=before)
        assert after == before
        note = note_unheeded(after, rows, settings=settings_, known=before)
        assert note is None if said is None else note and said in note and "--anew" in note


def test_a_seed_is_heeded_where_a_group_is_new() -> None:
    before = grouped(films(6))
    rows, asked = films(9), SplitSettings(seed=3)
    after = plan_split(rows, task="t", kind="grouped", settings=asked, known=before)
    assert after.seed == 3
    assert note_unheeded(after, rows, settings=asked, known=before) is None


def test_one_group_cannot_be_split_and_the_way_out_is_named() -> None:
    with pytest.raises(SplitError, match=r"at least three groups.*found 1: 'film0' \(12 samples\).*--kind mixed"):
        grouped(films(1))


def test_a_mixed_split_keeps_class_shares_and_says_that_it_flatters() -> None:
    rows = films(2, frames=60)
    split = plan_split(rows, task="t", kind="mixed", settings=SplitSettings())
    counts = count_classes(rows_of_parts(rows, split), "abc")
    assert [counts[part]["a"] for part in PARTS] == [28, 6, 6]
    assert "flatter" in split.notes[0]
    assert Counter(leak.kind for leak in find_leaks(split, rows, signatures={})) == {"group": 6}


def test_the_same_picture_on_two_sides_is_a_leak() -> None:
    rows = [row("a", 0, "x", sha256="same"), row("b", 0, "x", sha256="same"), row("c", 0, "y")]
    split = Split("t", "grouped", 0, {rows[0].frame_id: "train", rows[1].frame_id: "test"}, {"a": "train", "b": "test"})
    (leak,) = find_leaks(split, rows, signatures=alike(rows[:2]))
    assert (leak.kind, leak.detail) == ("identical", "b-0 in test is the same picture as a-0 in train")


def test_the_same_picture_is_found_in_every_part_whatever_stands_between() -> None:
    rows = [row(group, 0, "x", sha256="same") for group in "abcd"]
    parts: dict[str, Part] = dict(zip("abcd", ("train", "validation", "test", "train"), strict=True))
    leaks = find_leaks(placed(rows, parts), rows, signatures={})
    assert [(leak.held, leak.part, leak.other, leak.other_part) for leak in leaks] == [
        ("b-0", "validation", "a-0", "train"),
        ("c-0", "test", "a-0", "train"),
        ("c-0", "test", "b-0", "validation"),
    ]


def test_a_search_that_found_nothing_claims_no_more_than_it_searched() -> None:
    rows = films(3)
    split = grouped(rows)
    seen = {item.frame_id: 1 for item in rows}
    claim = "no group, picture or near-duplicate stands in two parts"
    assert describe_search(split, rows, signatures=seen) == f"no leak found among 36 samples: {claim}"
    partly = {**seen, rows[0].frame_id: 0}
    del partly[rows[1].frame_id], partly[rows[2].frame_id]
    assert describe_search(split, rows, signatures=partly) == (
        f"no leak found among 36 samples: {claim}"
        "; not searched for near-duplicates, because the catalog has no picture: 2 samples"
        "; searched for the same file only, because of one tone, such as black: 1 sample"
    )
    unread = [replace(rows[0], sha256=""), *rows[1:]]
    said = describe_search(split, unread, signatures={item.frame_id: 1 for item in rows[1:]})
    assert said.startswith(f"no leak found among 35 samples: {claim}; not looked at, but for the group")
    none = [replace(item, sha256="") for item in rows]
    assert describe_search(split, none, signatures={}).startswith(
        "no group stands in two parts; pictures were not compared, because nobody has read one of 36 samples"
    )
    assert "nothing to compare" in describe_search(split, [row("new", 0, "a")], signatures={})


def test_samples_without_a_digest_are_not_the_same_picture() -> None:
    rows = [replace(row(group, 0, "x"), sha256="") for group in "abc"]
    parts: dict[str, Part] = {"a": "train", "b": "validation", "c": "test"}
    assert find_leaks(placed(rows, parts), rows, signatures={}) == []


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


def test_a_split_of_another_task_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    other = replace(grouped(films(5)), task="t-grouped", kind="grouped")
    write_split(other, tmp_path, now=NOW + timedelta(hours=1))
    assert newest_split(tmp_path, "t", "grouped") is None
    own, _ = write_split(grouped(films(5)), tmp_path, now=NOW)
    assert newest_split(tmp_path, "t", "grouped") == own
    assert newest_split(tmp_path / "missing", "t", "grouped") is None


def test_a_clock_set_back_does_not_hide_the_newest_split(tmp_path: Path) -> None:
    for count in range(3, 15):
        path, written = write_split(grouped(films(count)), tmp_path, now=NOW - timedelta(hours=count))
        assert written
        assert newest_split(tmp_path, "t", "grouped") == path
    assert path.name == "t-grouped-20261120T090000.000Z-12.json"


def test_the_name_of_a_split_is_in_utc(tmp_path: Path) -> None:
    path, _ = write_split(grouped(films(3)), tmp_path, now=NOW.astimezone(timezone(timedelta(hours=9))))
    assert path.name == "t-grouped-20261120T120000.000Z.json"
    with pytest.raises(ValueError, match="zone"):
        write_split(grouped(films(3)), tmp_path, now=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "split/9"}', "[1]"])
def test_a_file_that_is_no_split_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t-grouped-x.json"
    path.write_text(text)
    with pytest.raises(SplitError, match="t-grouped-x"):
        read_split(path)


def test_a_frame_labelled_after_the_split_is_placed_with_its_group_and_can_leak() -> None:
    rows = films(8)
    split = grouped(rows)
    trained = next(item for item in rows if split.parts[item.frame_id] == "train")
    tested = next(item for item in rows if split.parts[item.frame_id] == "test")
    late = row(tested.group, 500, "a", sha256=trained.sha256)
    stranger = row("film99", 1, "a")
    placed = split.placing([*rows, late, stranger])
    assert placed.parts[late.frame_id] == "test"
    assert stranger.frame_id not in placed.parts
    leaks = find_leaks(placed, [*rows, late, stranger], signatures={})
    assert [(leak.kind, leak.held) for leak in leaks] == [("identical", late.name)]
