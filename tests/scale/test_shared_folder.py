"""A folder that another machine must see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rushes.errors import ProjectError
from rushes.scale.shared_folder import marked, require_seen


def test_a_mark_is_seen_where_the_folder_is_the_same_and_goes_with_its_block(tmp_path: Path) -> None:
    with marked(tmp_path / "cache") as mark:
        require_seen(mark, machine="10.0.0.7")
    assert not list((tmp_path / "cache").iterdir())


def test_a_machine_without_the_folder_is_named(tmp_path: Path) -> None:
    with (
        marked(tmp_path) as mark,
        pytest.raises(ProjectError, match=r"the machine 10\.0\.0\.7 of the cluster does not"),
    ):
        require_seen(replace(mark, path=tmp_path / "elsewhere" / "mark"), machine="10.0.0.7")


def test_another_folder_under_the_same_path_is_told_apart(tmp_path: Path) -> None:
    with marked(tmp_path) as mark, pytest.raises(ProjectError, match="does not see this folder"):
        require_seen(replace(mark, word="another"), machine="10.0.0.7")
