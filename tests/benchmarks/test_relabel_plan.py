from __future__ import annotations

from benchmarks.relabel_plan import make_files, plan_files

from rushes.labels.manifest import newest_manifest, read_manifest
from rushes.labels.manifest_parquet import is_mirror


def test_the_files_that_are_measured_are_those_of_the_product_and_one_in_a_hundred_is_changed(tmp_path):
    make_files(tmp_path, 3000)
    path = newest_manifest(tmp_path, "rarity")
    assert path is not None
    assert is_mirror(path)
    rows = read_manifest(path)
    assert len(rows) == 3003
    assert {row.timecode for row in rows} >= {"00:00:00:00", "00:00:00:06"}
    assert all(row.name == f"{row.group}_FRM-{row.timecode.replace(':', '-')}" for row in rows)
    found = plan_files(tmp_path)
    assert found["counts"] == {"keep": 2976, "move": 21, "copy": 6, "delete": 3}
    assert list(found["steps"]) == ["manifest read", "laid out", "record read", "planned"]
