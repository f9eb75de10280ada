from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_diff import diff_tables
from rushes.labels.manifest_table import table_of_rows


def a_row(pts: int, class_name: str = "MS") -> ManifestRow:
    return ManifestRow(f"{pts}.jpg", class_name, "film", "ab" * 32, pts)


manifests = st.lists(
    st.builds(a_row, st.integers(0, 9), st.sampled_from(["MS", "CS", "LS"])), unique_by=lambda row: row.pts
)


def frames(table) -> list[str]:
    return table["frame_id"].to_list()


def test_a_diff_names_the_four_sets():
    diff = diff_tables(
        table_of_rows([a_row(1), a_row(2), a_row(3)]), table_of_rows([a_row(1), a_row(2, "CS"), a_row(4)])
    )
    assert frames(diff.same) == [a_row(1).frame_id]
    assert frames(diff.new) == [a_row(4).frame_id]
    assert frames(diff.removed) == [a_row(3).frame_id]
    assert diff.relabelled.select("img-ref", "was", "class").rows() == [("2.jpg", "MS", "CS")]
    assert diff.same.columns == diff.new.columns == diff.removed.columns


@given(manifests, manifests)
def test_a_diff_is_what_two_dictionaries_say(old, new):
    before = {row.frame_id: row.class_name for row in old}
    after = {row.frame_id: row.class_name for row in new}
    diff = diff_tables(table_of_rows(old), table_of_rows(new))
    assert frames(diff.same) == [frame for frame, name in after.items() if before.get(frame) == name]
    assert frames(diff.new) == [frame for frame in after if frame not in before]
    assert diff.relabelled.select("frame_id", "was", "class").rows() == [
        (frame, before[frame], name) for frame, name in after.items() if before.get(frame, name) != name
    ]
    assert frames(diff.removed) == [frame for frame in before if frame not in after]
