"""A folder that another machine must see."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rushes.errors import ProjectError
from rushes.scale.shared_folder import marked, require_seen, storage_beside


def test_a_mark_is_seen_where_the_folder_is_the_same_and_goes_with_its_block(tmp_path: Path) -> None:
    with marked(tmp_path / "cache") as mark:
        require_seen(mark, machine="10.0.0.7")
    assert not list((tmp_path / "cache").iterdir())


def test_what_a_killed_command_left_goes_and_what_is_of_a_living_one_stays(tmp_path: Path) -> None:
    ago = time.time() - 3600
    with marked(tmp_path) as left:
        pass
    left.path.write_text(left.word)
    storage_beside(left).mkdir()
    os.utime(left.path, (ago, ago))
    with marked(tmp_path, beat=0.01) as living:
        assert not left.path.exists()
        assert not storage_beside(left).exists()
        storage_beside(living).mkdir()
        os.utime(living.path, (ago, ago))
        while living.path.stat().st_mtime == ago:
            time.sleep(0.01)
        with marked(tmp_path):
            require_seen(living, machine="10.0.0.7")
            assert storage_beside(living).is_dir()
    assert not list(tmp_path.iterdir())


def test_a_machine_without_the_folder_is_named(tmp_path: Path) -> None:
    with (
        marked(tmp_path) as mark,
        pytest.raises(ProjectError, match=r"the machine 10\.0\.0\.7 of the cluster does not"),
    ):
        require_seen(replace(mark, path=tmp_path / "elsewhere" / "mark"), machine="10.0.0.7")


def test_another_folder_under_the_same_path_is_told_apart(tmp_path: Path) -> None:
    with marked(tmp_path) as mark, pytest.raises(ProjectError, match="does not see this folder"):
        require_seen(replace(mark, word="another"), machine="10.0.0.7")
