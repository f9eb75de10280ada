"""Culls on cards, disks and sidecars that are not as they should be."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inference.culls import contents, make_cull, make_shoot, originals, sidecar, tree
from rushes.errors import CullError
from rushes.inference.cull_apply import apply_cull
from rushes.inference.cull_folders import look_at, look_into, write_cull
from rushes.inference.cull_outputs import Outputs
from rushes.inference.cull_undo import undo_cull

XMP = Outputs(profile="adobe")


@contextmanager
def small_disk(place: Path, *, kilobytes: int) -> Iterator[Path]:
    """Give a disk of so many bytes; without the right to mount one, skip aloud."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("a small disk can be mounted only by root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def nobody() -> Iterator[Path]:
    """Give a folder in which this process is a user without rights for as long as this lasts."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o777)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield base
        finally:
            if root:
                os.seteuid(0)


def test_a_sidecar_that_is_no_xml_is_listed_and_the_rest_goes_on(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3", "b.CR3"], sidecars={"a.xmp": b"\x00\x01 no xml"})
    before = tree(shoot)
    outputs = Outputs(profile="adobe", copy_to=tmp_path / "picks")
    applied = apply_cull(make_cull(shoot, ["a.CR3", "b.CR3"]), outputs, folder=tmp_path / "culls" / "one")
    assert {one.path for one in applied.failures} == {str(shoot / "a.xmp")}
    assert (shoot / "a.xmp").read_bytes() == b"\x00\x01 no xml"
    assert (shoot / "b.xmp").is_file()
    assert (tmp_path / "picks" / "a.xmp").read_bytes() == b"\x00\x01 no xml"
    assert look_into(tmp_path / "culls" / "one").failed == len(applied.failures)
    undo_cull(tmp_path / "culls" / "one")
    assert tree(shoot) == before


def test_a_sidecar_that_is_a_link_or_a_folder_is_refused(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3", "b.CR3", "c.CR3"])
    (tmp_path / "elsewhere.xmp").write_bytes(sidecar("elsewhere"))
    (shoot / "a.xmp").symlink_to(tmp_path / "elsewhere.xmp")
    (shoot / "b.xmp").mkdir()
    applied = apply_cull(make_cull(shoot, ["a.CR3", "b.CR3", "c.CR3"]), XMP, folder=tmp_path / "culls" / "one")
    assert ["symbolic link" in one.reason for one in applied.failures] == [True, False]
    assert applied.sidecars == 1
    assert (tmp_path / "elsewhere.xmp").read_bytes() == sidecar("elsewhere")
    assert (shoot / "a.xmp").is_symlink()


def test_a_folder_that_lets_nobody_write_is_one_line_with_what_to_do() -> None:
    with nobody() as base:
        shoot = make_shoot(base / "lake", ["a.CR3", "b.CR3", "sub/c.CR3"], sidecars={"a.xmp": sidecar("a")})
        cull = make_cull(shoot, ["a.CR3", "b.CR3"], ["sub/c.CR3"])
        before = contents(shoot)
        shoot.chmod(0o555)
        try:
            applied = apply_cull(cull, XMP, folder=base / "culls" / "one")
            (line,) = applied.failures
            assert line.path == str(shoot)
            assert line.reason.startswith("2 sidecars could not be written")
            assert "--copy-to" in line.reason
            assert applied.sidecars == 1
            assert contents(shoot).keys() > before.keys()
            outputs = Outputs(profile="adobe", copy_to=base / "picks", xmp_to=base / "notes")
            applied = apply_cull(cull, outputs, folder=base / "culls" / "one")
            assert (applied.failures, applied.sidecars, applied.copies) == ((), 5, 2)
            assert b"a" in (base / "picks" / "a.xmp").read_bytes()
        finally:
            shoot.chmod(0o755)
        assert undo_cull(base / "culls" / "one").refused == ()
        assert contents(shoot) == before


def test_a_folder_that_lets_nobody_write_any_more_keeps_its_sidecars_until_it_does() -> None:
    with nobody() as base:
        shoot = make_shoot(base / "lake", ["a.CR3"], sidecars={"a.xmp": sidecar("a")})
        before = contents(shoot)
        apply_cull(make_cull(shoot, ["a.CR3"]), XMP, folder=base / "culls" / "one")
        shoot.chmod(0o555)
        (refused,) = undo_cull(base / "culls" / "one").refused
        shoot.chmod(0o755)
        assert "who may write there" in refused.reason
        assert undo_cull(base / "culls" / "one").restored == 1
        assert contents(shoot) == before


def test_a_full_disk_stops_the_cull_which_goes_on_when_there_is_room(tmp_path: Path) -> None:
    names = [f"{number}.CR3" for number in range(40)]
    with small_disk(tmp_path / "card", kilobytes=512) as card:
        shoot = make_shoot(card / "lake", names, sidecars={"7.xmp": sidecar("seven")})
        before, raws = tree(shoot), originals(shoot)
        cull, folder = make_cull(shoot, names), tmp_path / "culls" / "one"
        ballast = card / "ballast"
        ballast.write_bytes(b"x" * (shutil.disk_usage(card).free - 8 * 4096))
        applied = apply_cull(cull, XMP, folder=folder)
        assert "Make room, then run this again" in applied.stopped
        assert applied.failures == ()
        assert applied.sidecars > 0
        assert applied.left == 40 - applied.sidecars
        assert look_into(folder).state == "interrupted"
        assert originals(shoot) == raws
        assert all(
            data in (sidecar("seven"),) or len(data) > 300 for name, data in contents(shoot).items() if "xmp" in name
        )
        assert not [name for name in contents(shoot) if name.startswith(".")]
        ballast.unlink()
        assert apply_cull(cull, XMP, folder=folder).left == 0
        assert len(contents(shoot)) == 80
        assert undo_cull(folder).refused == ()
        assert tree(shoot) == before


def test_a_full_disk_of_the_journal_changes_nothing_more(tmp_path: Path) -> None:
    names = [f"{number}.CR3" for number in range(30)]
    shoot = make_shoot(tmp_path / "lake", names)
    for name in names:
        (shoot / name).with_suffix(".xmp").write_bytes(sidecar(os.urandom(6_000).hex()))
    before = tree(shoot)
    cull = make_cull(shoot, names)
    with small_disk(tmp_path / "state", kilobytes=160) as state:
        applied = apply_cull(cull, XMP, folder=state / "one")
        assert "the journal cannot be written" in applied.stopped
        assert "Make room" in applied.stopped
        assert tree(shoot) == before
        assert look_into(state / "one").state == "interrupted"
        subprocess.run(["mount", "-o", "remount,size=4m", str(state)], check=True)
        assert apply_cull(cull, XMP, folder=state / "one").sidecars == 30
        undo_cull(state / "one")
        assert tree(shoot) == before
    with small_disk(tmp_path / "full", kilobytes=4) as full, pytest.raises(CullError, match="Make room"):
        apply_cull(make_cull(shoot, names), XMP, folder=full / "one")
    assert tree(shoot) == before


def test_a_card_pulled_out_is_said_once_and_the_cull_goes_on_later(tmp_path: Path) -> None:
    names = [f"{number:03}.CR3" for number in range(300)]
    shoot = make_shoot(tmp_path / "card" / "lake", names)
    raws = originals(shoot)
    folder, away = tmp_path / "culls" / "one", tmp_path / "away"

    def pull_out(done: int, total: int | None, note: str = "") -> None:
        if done >= 256 and shoot.exists():
            (tmp_path / "card").rename(away)

    cull = make_cull(shoot, names)
    applied = apply_cull(cull, XMP, folder=folder, progress=pull_out)
    assert "none of its photographs is there" in applied.stopped
    assert applied.failures == ()
    assert (applied.sidecars, applied.left) == (256, 44)
    with pytest.raises(CullError, match="Connect the card"):
        apply_cull(cull, XMP, folder=folder)
    with pytest.raises(CullError, match="Connect the card"):
        undo_cull(folder)
    assert not shoot.exists()
    away.rename(tmp_path / "card")
    assert apply_cull(cull, XMP, folder=folder).sidecars == 44
    undo_cull(folder)
    assert originals(shoot) == raws
    assert sorted(contents(shoot)) == names


def test_a_disk_of_copies_that_is_gone_stops_the_cull(tmp_path: Path) -> None:
    names = [f"{number:02}.CR3" for number in range(20)]
    shoot, picks = make_shoot(tmp_path / "lake", names), tmp_path / "picks"

    def pull_out(done: int, total: int | None, note: str = "") -> None:
        if picks.exists():
            picks.rename(tmp_path / "away")

    outputs, folder = Outputs(copy_to=picks), tmp_path / "culls" / "one"
    applied = apply_cull(make_cull(shoot, names), outputs, folder=folder, progress=pull_out)
    assert str(picks) in applied.stopped
    assert applied.copies == 16
    assert not picks.exists()


def test_a_cull_that_is_stopped_goes_on(tmp_path: Path) -> None:
    names = [f"{number:03}.CR3" for number in range(300)]
    shoot, folder = make_shoot(tmp_path / "lake", names), tmp_path / "culls" / "one"
    asked = iter([False, True])
    applied = apply_cull(make_cull(shoot, names), XMP, folder=folder, stop=lambda: next(asked))
    assert (applied.sidecars, applied.left) == (256, 44)
    assert "goes on from where it was" in applied.stopped
    undone = undo_cull(folder, stop=lambda: True)
    assert undone.left == 256
    assert look_into(folder).state == "undo interrupted"
    assert undo_cull(folder).removed == 256
    assert sorted(contents(shoot)) == names


def test_a_photograph_that_changed_or_went_since_it_was_judged_is_left_out(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3", "b.CR3", "c.CR3"])
    cull = make_cull(shoot, ["a.CR3", "b.CR3", "c.CR3"])
    write_cull(cull, tmp_path / "culls" / "one")
    (shoot / "a.CR3").write_bytes(b"another picture of that name")
    (shoot / "b.CR3").unlink()
    outputs = Outputs(profile="adobe", copy_to=tmp_path / "picks")
    applied = apply_cull(cull, outputs, folder=tmp_path / "culls" / "one")
    assert {Path(one.path).name for one in applied.failures} == {"a.CR3", "b.CR3"}
    assert sorted(contents(tmp_path / "picks")) == ["c.CR3", "c.xmp"]
    assert not (shoot / "a.xmp").exists()


def test_a_photograph_or_companion_that_is_another_than_was_read_is_left_out(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3", "b.CR3", "b.JPG", "c.CR3", "c.JPG"])
    cull = make_cull(shoot, ["a.CR3", "b.CR3,b.JPG", "c.CR3,c.JPG"])
    seen, folder = look_at(cull), tmp_path / "culls" / "one"
    (shoot / "a.CR3").write_bytes(b"replaced while others were read")
    (shoot / "b.JPG").write_bytes(b"replaced too")
    (shoot / "c.JPG").unlink()
    write_cull(cull, folder, seen=seen)
    applied = apply_cull(cull, XMP, folder=folder)
    assert [Path(one.path).name for one in applied.failures] == ["a.CR3", "b.CR3"]
    assert "has b.JPG beside it, which was changed" in applied.failures[1].reason
    assert applied.sidecars == 1


def test_a_table_over_a_photograph_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3"])
    before, folder = tree(shoot), tmp_path / "culls" / "one"
    for target in (shoot / "a.CR3", folder / "cull.json"):
        with pytest.raises(CullError, match="which no table is written over"):
            apply_cull(make_cull(shoot, ["a.CR3"]), Outputs(profile="adobe", csv=target), folder=folder)
    assert tree(shoot) == before
    assert not folder.exists()


def test_a_sidecar_with_a_second_name_is_refused(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3", "b.CR3"], sidecars={"a.xmp": sidecar("a")})
    os.link(shoot / "a.xmp", tmp_path / "other.xmp")
    applied = apply_cull(make_cull(shoot, ["a.CR3", "b.CR3"]), XMP, folder=tmp_path / "culls" / "one")
    (line,) = applied.failures
    assert "has a second name" in line.reason
    assert (shoot / "a.xmp").samefile(tmp_path / "other.xmp")
    assert (shoot / "a.xmp").read_bytes() == sidecar("a")
    assert undo_cull(tmp_path / "culls" / "one").refused == ()


def test_a_sidecar_that_was_linked_since_is_undone_and_the_other_name_left(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3"], sidecars={"a.xmp": sidecar("a")})
    apply_cull(make_cull(shoot, ["a.CR3"]), XMP, folder=tmp_path / "culls" / "one")
    os.link(shoot / "a.xmp", tmp_path / "backup.xmp")
    culled = (tmp_path / "backup.xmp").read_bytes()
    assert undo_cull(tmp_path / "culls" / "one").restored == 1
    assert (shoot / "a.xmp").read_bytes() == sidecar("a")
    assert (tmp_path / "backup.xmp").read_bytes() == culled


@pytest.mark.parametrize("apart", [True, False])
def test_a_raw_with_an_exported_picture_beside_it_gets_its_sidecar(tmp_path: Path, apart: bool) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.NEF", "a.tif"], sidecars={"a.xmp": sidecar("a")})
    picks, folder = tmp_path / "picks", tmp_path / "culls" / "one"
    outputs = Outputs(profile="adobe", copy_to=picks, xmp_to=tmp_path / "notes" if apart else None)
    applied = apply_cull(make_cull(shoot, ["a.NEF", "a.tif"]), outputs, folder=folder)
    assert [Path(one.path).name for one in applied.failures] == ["a.tif"]
    assert sorted(contents(picks)) == ["a.NEF", "a.tif", "a.xmp"]
    assert (picks / "a.xmp").read_bytes() != sidecar("a")
    assert undo_cull(folder).refused == ()


def test_a_sidecar_that_two_raws_of_one_stem_bring_along_is_copied_once(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3", "a.NEF"], sidecars={"a.xmp": sidecar("a")})
    outputs = Outputs(copy_to=tmp_path / "picks")
    applied = apply_cull(make_cull(shoot, ["a.CR3", "a.NEF"]), outputs, folder=tmp_path / "culls" / "one")
    assert (applied.copies, applied.sidecars, applied.failures) == (2, 1, ())


def test_two_raws_of_one_stem_are_listed_with_the_profile_that_tells_them_apart(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3", "a.NEF", "b.CR3"])
    cull = make_cull(shoot, ["a.CR3", "b.CR3"], ["a.NEF"])
    applied = apply_cull(cull, XMP, folder=tmp_path / "culls" / "one")
    assert len(applied.failures) == 2
    assert "darktable" in applied.failures[0].reason
    assert sorted(contents(shoot)) == ["a.CR3", "a.NEF", "b.CR3", "b.xmp"]
    applied = apply_cull(cull, Outputs(profile="darktable"), folder=tmp_path / "culls" / "two")
    assert applied.sidecars == 3
    assert applied.failures == ()


def test_links_across_disks_are_refused_in_one_line(tmp_path: Path) -> None:
    shoot = make_shoot(tmp_path / "lake", ["a.CR3", "b.CR3"])
    with small_disk(tmp_path / "other", kilobytes=512) as other:
        outputs = Outputs(link_to=other / "picks")
        applied = apply_cull(make_cull(shoot, ["a.CR3", "b.CR3"]), outputs, folder=tmp_path / "culls" / "one")
        (line,) = applied.failures
        assert line.path == str(other / "picks")
        assert "(--copy-to)" in line.reason
        undo_cull(tmp_path / "culls" / "one")
        assert list(other.iterdir()) == []
