"""How many bytes a raw says that it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footage.stills import write_raw
from rushes.footage.raw_extent import missing_bytes, stated_bytes


def test_a_whole_raw_misses_nothing_and_one_that_is_cut_off_says_how_much(tmp_path: Path) -> None:
    path = write_raw(tmp_path / "a.dng")
    whole = path.stat().st_size
    assert missing_bytes(path) == ""
    assert 0.98 * whole <= (stated_bytes(path) or 0) <= whole
    path.write_bytes(path.read_bytes()[: whole // 2])
    assert missing_bytes(path).startswith(f"{whole // 2:,} of some ")


@pytest.mark.parametrize("content", [b"", b"II", b"FUJIFILMCCD-RAW 0201", b"\0\0\0\x18ftypcrx ", b"text"])
def test_what_is_no_tiff_inside_states_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert stated_bytes(tmp_path / "a") is None
    assert missing_bytes(tmp_path / "a") == ""


@given(st.binary(max_size=200), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_follows_the_header_has_an_outcome(tmp_path: Path, content: bytes, header: bytes) -> None:
    (tmp_path / "a").write_bytes(header + content)
    assert (stated_bytes(tmp_path / "a") or 0) >= 0


def test_real_raws_are_whole(media: Path) -> None:
    for path in sorted((media / "raw").iterdir()):
        assert missing_bytes(path) == "", path.name
