"""A cull's own copies are no further photographs of the shoot that they lie in."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.culls import make_cull, make_shoot
from rushes.inference.cull import find_shoot
from rushes.inference.cull_apply import apply_cull
from rushes.inference.cull_gathered import find_gathered
from rushes.inference.cull_outputs import Outputs
from rushes.inference.cull_undo import undo_cull

NAMES = ["a.nef", "b.nef"]


@pytest.mark.parametrize("way", ["copy_to", "link_to"])
def test_the_next_cull_leaves_out_what_the_last_one_gathered_in_the_shoot(tmp_path: Path, way: str) -> None:
    shoot = make_shoot(tmp_path / "shoot", NAMES)
    outputs = Outputs(**{way: shoot / "select"}, rejects_to=shoot / "reject")  # type: ignore[arg-type]
    apply_cull(make_cull(shoot, NAMES[:1], NAMES[1:]), outputs, folder=tmp_path / "culls" / "one")
    gathered = find_gathered([tmp_path / "culls", tmp_path / "none"])
    found = find_shoot(shoot, gathered=gathered)
    assert [one.main for one in found.photographs] == [shoot / name for name in NAMES]
    assert found.gathered == (shoot / "reject" / "b.nef", shoot / "select" / "a.nef")
    assert not found.twins

    (tmp_path / "alias").symlink_to(shoot)
    assert len(find_shoot(tmp_path / "alias", gathered=gathered).photographs) == 2
    # The folder of picks by itself is a shoot like any other, and so is what stands elsewhere.
    assert len(find_shoot(shoot / "select", gathered=gathered).photographs) == 1
    (shoot / "reject" / "b.nef").rename(shoot / "select" / "b.nef")
    assert len(find_shoot(shoot, gathered=gathered).photographs) == 3


def test_what_an_undone_cull_gathered_and_a_damaged_journal_leave_nothing_out(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "shoot", NAMES)
    apply_cull(make_cull(shoot, NAMES), Outputs(copy_to=shoot / "select"), folder=tmp_path / "culls" / "one")
    undo_cull(tmp_path / "culls" / "one")
    (tmp_path / "culls" / "two").mkdir()
    (tmp_path / "culls" / "two" / "journal.jsonl").write_text("torn\n")
    make_shoot(shoot, ["select/a.nef"])
    assert len(find_shoot(shoot, gathered=find_gathered([tmp_path / "culls"])).photographs) == 3


def test_photographs_of_the_same_bytes_are_named(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "shoot", NAMES)
    (shoot / "c.nef").write_bytes((shoot / "a.nef").read_bytes())
    found = find_shoot(shoot)
    assert len(found.photographs) == 3
    assert found.twins == ((shoot / "a.nef", shoot / "c.nef"),)
