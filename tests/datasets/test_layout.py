from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.datasets.layout import LAYOUT_COLUMNS, find_left_out, is_own, lay_out
from rushes.datasets.split import Split
from rushes.errors import SyncError
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import table_of_rows

DIGEST = "ab" * 32


def a_row(pts: int, class_name: str = "Rare", group: str = "E01", part: str | None = "train", **changes) -> ManifestRow:
    name = f"TT_S01_{group}_FRM-00-00-{pts:02d}-00"
    fields = {"sha256": f"{pts:064d}", "source": DIGEST, "name": name, "split": part} | changes
    return ManifestRow(f"frames/{name}.jpg", class_name, group, pts=pts, **fields)


def a_split(parts=None, groups=None, left_out=None) -> Split:
    return Split("rarity", "grouped", 0, parts or {}, groups or {}, left_out or {})


def test_a_frame_stands_under_its_part_class_and_name():
    wanted = lay_out(table_of_rows([a_row(1)]))
    assert wanted.to_dicts() == [
        {
            "key": "train/Rare/TT_S01_E01_FRM-00-00-01-00.jpg",
            "source": "frames/TT_S01_E01_FRM-00-00-01-00.jpg",
            "content": f"{1:064d}",
            "frame": f"{DIGEST[:16]}:1",
            "class": "Rare",
            "part": "train",
            "group": "E01",
        }
    ]
    assert set(wanted.dtypes) == {pl.String}


def test_a_picture_that_nobody_has_read_is_known_by_where_it_is():
    wanted = lay_out(table_of_rows([a_row(1, sha256="")]))
    assert wanted["content"].to_list() == ["@frames/TT_S01_E01_FRM-00-00-01-00.jpg"]


def test_without_a_split_the_manifest_says_where_a_frame_is_and_the_others_are_left_out():
    table = table_of_rows([a_row(1), a_row(2, part="test"), a_row(3, part=None)]).select(LAYOUT_COLUMNS)
    assert lay_out(table)["part"].to_list() == ["train", "test"]
    assert find_left_out(table).rows() == [(f"{DIGEST[:16]}:3", "Rare", "E01", "the manifest states no part of it")]


def test_a_split_says_where_its_frames_are_and_where_those_of_its_groups_are():
    table = table_of_rows([a_row(1), a_row(2), a_row(3), a_row(4, group="E09"), a_row(5, group="E02")])
    ids = table["frame_id"].to_list()
    split = a_split(
        {ids[0]: "test", ids[2]: "test"}, {"E01": "validation", "E02": "train"}, {ids[2]: "looks like another"}
    )
    assert dict(zip(*lay_out(table, split=split).select("frame", "part"), strict=True)) == {
        ids[0]: "test",
        ids[1]: "validation",
        ids[4]: "train",
    }
    assert find_left_out(table, split=split).select("frame", "why").rows() == [
        (ids[2], "looks like another"),
        (ids[3], "in no part of the split: neither the frame nor its group is in it"),
    ]


frames = st.integers(0, 5)
parts = st.sampled_from(["train", "validation", "test"])


@settings(deadline=None)
@given(
    st.lists(st.builds(a_row, frames, group=st.sampled_from(["E01", "E02", "E03"])), unique_by=lambda row: row.pts),
    st.dictionaries(frames.map(lambda pts: f"{DIGEST[:16]}:{pts}"), parts),
    st.dictionaries(st.sampled_from(["E01", "E02"]), parts),
    st.dictionaries(frames.map(lambda pts: f"{DIGEST[:16]}:{pts}"), st.just("why")),
)
def test_frames_stand_where_the_split_says(rows, of_frames, of_groups, left_out):
    split = a_split(of_frames, of_groups, left_out)
    table = table_of_rows(rows)
    found = dict(zip(*lay_out(table, split=split).select("frame", "part"), strict=True))
    expected = {row.frame_id: split.part_of(row.frame_id, row.group) for row in rows}
    assert found == {frame: part for frame, part in expected.items() if part}
    assert set(find_left_out(table, split=split)["frame"]) == {frame for frame, part in expected.items() if not part}


def test_a_frame_keeps_its_file_name_whatever_becomes_of_its_class_part_and_neighbours():
    rows = [a_row(1, name="a"), a_row(2, name="a"), a_row(3, name="b")]
    moved = [a_row(1, "Junk", part="test", name="a"), a_row(2, part=None, name="a"), a_row(3, "Junk", name="b")]
    before, after = lay_out(table_of_rows(rows)), lay_out(table_of_rows(moved))
    files = {row["frame"]: row["key"].rpartition("/")[2] for row in before.to_dicts()}
    assert {row["frame"]: row["key"].rpartition("/")[2] for row in after.to_dicts()}.items() <= files.items()


def test_classes_that_cannot_be_folders_are_all_named_at_once():
    classes = ["a/b", "NUL", "Rare", "rare", "metadata.jsonl", "..", "cafe\u0301"]
    rows = [a_row(number, name) for number, name in enumerate(classes)]
    with pytest.raises(SyncError) as caught:
        lay_out(table_of_rows(rows))
    said = str(caught.value)
    assert "class 'a/b' cannot be the name of a folder: it holds '/'" in said
    assert "class 'rare' cannot be the name of a folder: but for case it is 'Rare'" in said
    assert len(said.splitlines()) == 7
    assert "alias" in said


def test_rushes_knows_its_own_keys():
    keys = pl.Series([".rushes/a/b", "classes.json", "SPLIT.md", "test/metadata.jsonl", "x.jpg", "a/b/metadata.jsonl"])
    assert is_own(keys).to_list() == [True, True, True, True, False, False]


def test_a_manifest_of_no_rows_gives_no_keys():
    assert lay_out(table_of_rows([])).height == 0
