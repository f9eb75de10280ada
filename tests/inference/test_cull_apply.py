"""A cull carried out and taken back."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from inference.culls import contents, make_cull, make_shoot, originals, sidecar, tree
from rushes.errors import CullError
from rushes.inference.cull_apply import apply_cull
from rushes.inference.cull_folders import culls_home, find_culls, look_into, name_cull, read_cull
from rushes.inference.cull_journal import JOURNAL_FILE, open_journal
from rushes.inference.cull_outputs import Outputs
from rushes.inference.cull_undo import undo_cull
from rushes.inference.verdicts import Cull
from rushes.project import Project

NAMES = ["a.CR3", "a.JPG", "b.CR3", "sub/c.NEF"]


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    return make_shoot(tmp_path / "lake", NAMES, sidecars={"a.xmp": sidecar("mine"), "sub/c.NEF.pp3": b"[Version]\n"})


@pytest.fixture
def cull(shoot: Path) -> Cull:
    return make_cull(shoot, ["a.CR3,a.JPG", "sub/c.NEF"], ["b.CR3"])


def test_sidecars_are_written_once_and_undone_byte_for_byte(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    before, raws = tree(shoot), originals(shoot)
    folder = tmp_path / "culls" / "one"
    applied = apply_cull(cull, Outputs(profile="adobe"), folder=folder)
    assert (applied.sidecars, applied.failures, applied.stopped, applied.left) == (3, (), "", 0)
    assert b"mine" in (shoot / "a.xmp").read_bytes()
    assert (shoot / "a.xmp").read_bytes() != sidecar("mine")
    assert (shoot / "a.xmp").stat().st_mode & 0o777 == 0o640
    assert originals(shoot) == raws
    after = tree(shoot)
    again = apply_cull(cull, Outputs(profile="adobe"), folder=folder)
    assert (again.sidecars, again.before) == (0, 3)
    assert tree(shoot) == after
    undone = undo_cull(folder)
    assert (undone.restored, undone.removed, undone.refused) == (1, 2, ())
    assert tree(shoot) == before
    twice = undo_cull(folder)
    assert (twice.restored, twice.removed, twice.already) == (0, 0, 0)
    assert tree(shoot) == before
    third = apply_cull(cull, Outputs(profile="adobe"), folder=folder)
    assert third.sidecars == 3
    assert contents(shoot) == {name: one[0] for name, one in after.items()}
    undo_cull(folder)
    assert tree(shoot) == before


def test_picks_and_rejects_are_copied_with_all_that_belongs_to_them(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    before, raws = tree(shoot), originals(shoot)
    folder, picks, rejects = tmp_path / "culls" / "one", tmp_path / "out" / "picks", tmp_path / "out" / "rejects"
    outputs = Outputs(copy_to=picks, rejects_to=rejects, csv=tmp_path / "v.csv", out=tmp_path / "v.json")
    applied = apply_cull(cull, outputs, folder=folder)
    assert (applied.copies, applied.sidecars, applied.tables, applied.failures) == (4, 2, 2, ())
    assert sorted(contents(picks)) == ["a.CR3", "a.JPG", "a.xmp", "sub/c.NEF", "sub/c.NEF.pp3"]
    assert contents(rejects) == {"b.CR3": b"the raw b.CR3"}
    assert contents(picks)["a.xmp"] == sidecar("mine")
    assert (picks / "a.CR3").stat().st_mtime_ns == (shoot / "a.CR3").stat().st_mtime_ns
    assert tree(shoot) == before
    assert originals(shoot) == raws
    assert apply_cull(cull, outputs, folder=folder).before == 5
    undone = undo_cull(folder)
    assert (undone.copies, undone.removed, undone.folders, undone.refused) == (4, 4, 4, ())
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "v.csv").exists()
    assert tree(shoot) == before


def test_copies_of_picks_carry_the_mark_and_leave_the_shoot_alone(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    apply_cull(cull, Outputs(profile="adobe", copy_to=tmp_path / "picks"), folder=tmp_path / "culls" / "one")
    assert (tmp_path / "picks" / "a.xmp").read_bytes() == (shoot / "a.xmp").read_bytes()
    assert (tmp_path / "picks" / "sub" / "c.xmp").is_file()
    before = contents(shoot)
    apply_cull(cull, Outputs(profile="adobe", xmp_to=tmp_path / "notes"), folder=tmp_path / "culls" / "two")
    assert sorted(contents(tmp_path / "notes")) == ["a.xmp", "b.xmp", "sub/c.xmp"]
    assert b"mine" in (tmp_path / "notes" / "a.xmp").read_bytes()
    assert contents(shoot) == before


def test_links_are_second_names_and_sidecars_come_as_copies(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    before, folder = contents(shoot), tmp_path / "culls" / "one"
    applied = apply_cull(cull, Outputs(link_to=tmp_path / "picks"), folder=folder)
    assert (applied.links, applied.copies, applied.sidecars) == (3, 0, 2)
    assert (tmp_path / "picks" / "a.CR3").samefile(shoot / "a.CR3")
    assert not (tmp_path / "picks" / "a.xmp").samefile(shoot / "a.xmp")
    undone = undo_cull(folder)
    assert (undone.links, undone.refused) == (3, ())
    assert not (tmp_path / "picks").exists()
    assert contents(shoot) == before


def test_a_name_that_is_taken_gets_the_folders_name_and_nothing_is_overwritten(tmp_path: Path) -> None:
    picks = tmp_path / "picks"
    monday = make_shoot(tmp_path / "monday", ["a.CR3", "a.JPG"])
    tuesday = make_shoot(tmp_path / "tuesday", ["a.CR3", "a.JPG"], sidecars={"a.xmp": sidecar("tuesday")})
    (tuesday / "a.JPG").write_bytes(b"another")
    for shoot in (monday, tuesday):
        apply_cull(make_cull(shoot, ["a.CR3,a.JPG"]), Outputs(copy_to=picks), folder=tmp_path / "culls" / shoot.name)
    assert sorted(contents(picks)) == ["a.CR3", "a.JPG", "tuesday_a.CR3", "tuesday_a.JPG", "tuesday_a.xmp"]
    third = make_shoot(tmp_path / "other" / "tuesday", ["a.CR3", "a.JPG"])
    (third / "a.JPG").write_bytes(b"a third")
    applied = apply_cull(make_cull(third, ["a.CR3,a.JPG"]), Outputs(copy_to=picks), folder=tmp_path / "culls" / "x")
    assert applied.copies == 0
    assert "Nothing was overwritten" in applied.failures[0].reason
    undo_cull(tmp_path / "culls" / "tuesday")
    assert sorted(contents(picks)) == ["a.CR3", "a.JPG"]


def test_an_identical_file_counts_as_done_and_is_not_removed_by_undo(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    make_shoot(tmp_path / "picks", ["a.CR3"])
    applied = apply_cull(cull, Outputs(copy_to=tmp_path / "picks"), folder=tmp_path / "culls" / "one")
    assert (applied.copies, applied.unchanged, applied.failures) == (2, 1, ())
    undo_cull(tmp_path / "culls" / "one")
    assert contents(tmp_path / "picks") == {"a.CR3": b"the raw a.CR3"}


def test_what_an_editor_changed_since_stays_and_the_rest_is_undone(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    folder = tmp_path / "culls" / "one"
    before = contents(shoot)
    apply_cull(cull, Outputs(profile="adobe"), folder=folder)
    theirs = (shoot / "a.xmp").read_bytes().replace(b"mine", b"edited")
    (shoot / "a.xmp").write_bytes(theirs)
    undone = undo_cull(folder)
    assert [one.path for one in undone.refused] == [str(shoot / "a.xmp")]
    assert undone.removed == 2
    assert contents(shoot) == before | {"a.xmp": theirs}
    (saved,) = (folder / "before").iterdir()
    assert saved.read_bytes() == sidecar("mine")
    assert str(saved) in undone.refused[0].reason
    assert look_into(folder).state == "partly undone"
    (shoot / "a.xmp").write_bytes(saved.read_bytes())
    assert undo_cull(folder).refused == ()
    assert look_into(folder).state == "undone"


def test_a_second_apply_does_not_write_over_what_an_editor_changed(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    folder = tmp_path / "culls" / "one"
    apply_cull(cull, Outputs(profile="adobe"), folder=folder)
    (shoot / "a.xmp").write_bytes(sidecar("reset"))
    assert apply_cull(cull, Outputs(profile="adobe"), folder=folder).before == 3
    assert (shoot / "a.xmp").read_bytes() == sidecar("reset")


def test_a_copy_that_was_changed_or_is_the_last_one_stays(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    folder, picks = tmp_path / "culls" / "one", tmp_path / "picks"
    apply_cull(cull, Outputs(copy_to=picks), folder=folder)
    (picks / "sub" / "c.NEF").write_bytes(b"changed in place")
    (shoot / "a.CR3").unlink()
    undone = undo_cull(folder)
    assert {Path(one.path).name for one in undone.refused} == {"c.NEF", "a.CR3"}
    assert sorted(contents(picks)) == ["a.CR3", "sub/c.NEF"]


def test_the_last_name_of_a_linked_photograph_stays(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    folder, picks = tmp_path / "culls" / "one", tmp_path / "picks"
    apply_cull(cull, Outputs(link_to=picks), folder=folder)
    (shoot / "a.CR3").unlink()
    (shoot / "a.JPG").unlink()
    (shoot / "a.JPG").write_bytes(b"exported again")
    undone = undo_cull(folder)
    assert {Path(one.path).name for one in undone.refused} == {"a.CR3", "a.JPG"}
    assert (picks / "a.CR3").read_bytes() == b"the raw a.CR3"


@pytest.mark.parametrize("whole", [True, False])
def test_a_shoot_that_was_replaced_by_links_to_its_picks_loses_none_of_them(
    shoot: Path, cull: Cull, tmp_path: Path, whole: bool
) -> None:
    folder, picks = tmp_path / "culls" / "one", tmp_path / "picks"
    apply_cull(cull, Outputs(link_to=picks), folder=folder)
    before = contents(picks)
    if whole:
        shutil.rmtree(shoot)
        shoot.symlink_to(picks)
    else:
        for name in before:
            (shoot / name).unlink()
            (shoot / name).symlink_to(picks / name)
    undone = undo_cull(folder)
    assert contents(picks) == before
    assert {str(Path(one.path).relative_to(picks)) for one in undone.refused} == set(before)
    assert "leads to this very file" in undone.refused[0].reason


def test_what_another_profile_took_out_is_written_again_and_undone_step_by_step(
    shoot: Path, cull: Cull, tmp_path: Path
) -> None:
    before, folder = tree(shoot), tmp_path / "culls" / "one"
    adobe, bridge = Outputs(profile="adobe"), Outputs(profile="bridge")
    apply_cull(cull, adobe, folder=folder)
    flags = contents(shoot)
    assert apply_cull(cull, bridge, folder=folder).sidecars == 3
    assert contents(shoot) != flags
    assert apply_cull(cull, adobe, folder=folder).sidecars == 3
    assert b"xmpDM" in (shoot / "b.xmp").read_bytes()
    assert b"Select" not in (shoot / "b.xmp").read_bytes()
    assert apply_cull(cull, adobe, folder=folder).before == 3
    assert look_into(folder).writes == 3
    assert undo_cull(folder).refused == ()
    assert tree(shoot) == before


def test_an_undo_cut_short_between_two_profiles_is_known_by_what_stands(
    shoot: Path, cull: Cull, tmp_path: Path
) -> None:
    before, folder = tree(shoot), tmp_path / "culls" / "one"
    for profile in ("adobe", "bridge", "adobe", "bridge"):
        apply_cull(cull, Outputs(profile=profile), folder=folder)
    undo_cull(folder)
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    begun = next(place for place, line in enumerate(lines) if b'"begin":"undo"' in line)
    journal.write_bytes(b"".join(lines[: begun + 1]))  # it was killed before it noted anything
    assert apply_cull(cull, Outputs(profile="adobe"), folder=folder).sidecars == 3
    assert undo_cull(folder).refused == ()
    assert tree(shoot) == before


def test_sidecars_of_two_shoots_do_not_meet_in_one_folder(tmp_path: Path) -> None:
    notes, home = tmp_path / "notes", tmp_path / "culls"
    outputs = Outputs(profile="adobe", xmp_to=notes)
    monday = make_shoot(tmp_path / "monday", ["a.CR3", "b.CR3"], sidecars={"a.xmp": sidecar("monday")})
    tuesday = make_shoot(tmp_path / "tuesday", ["a.CR3", "b.CR3"], sidecars={"a.xmp": sidecar("tuesday")})
    names = ["a.CR3", "b.CR3"]
    apply_cull(make_cull(monday, names), outputs, folder=home / "monday")
    before = contents(notes)
    applied = apply_cull(make_cull(tuesday, [], names, name="tuesday"), outputs, folder=home / "tuesday")
    assert applied.sidecars == 0
    assert f"is the sidecar of {monday / 'a.CR3'}" in applied.failures[0].reason
    assert len(applied.failures) == 2
    assert contents(notes) == before
    assert apply_cull(make_cull(monday, names), outputs, folder=home / "monday").before == 2
    (notes / "a.xmp").write_bytes((notes / "a.xmp").read_bytes() + b"<!-- edited -->\n")
    later = apply_cull(make_cull(monday, [], names, name="later"), outputs, folder=home / "later")
    assert (later.sidecars, later.failures) == (2, ())
    assert b"edited" in (notes / "a.xmp").read_bytes()


def test_a_sidecar_that_no_cull_knows_is_merged_with_only_where_it_is_the_photographs(tmp_path: Path) -> None:
    names = ["a.CR3", "b.CR3", "c.CR3"]
    shoot = make_shoot(tmp_path / "lake", names, sidecars={"a.xmp": sidecar("a"), "b.xmp": sidecar("b")})
    there = {name: sidecar("a") for name in ("a.xmp", "b.xmp", "c.xmp")}
    notes = make_shoot(tmp_path / "notes", ["of-nothing.txt"], sidecars=there)
    outputs = Outputs(profile="adobe", xmp_to=notes)
    applied = apply_cull(make_cull(shoot, names), outputs, folder=tmp_path / "culls" / "one")
    assert applied.sidecars == 1
    assert ["may be the sidecar of another photograph" in one.reason for one in applied.failures] == [True, True]
    assert (notes / "b.xmp").read_bytes() == (notes / "c.xmp").read_bytes() == sidecar("a")


def test_culls_are_undone_in_the_order_in_which_they_wrote(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    before = tree(shoot)
    first, second = tmp_path / "culls" / "one", tmp_path / "culls" / "two"
    apply_cull(cull, Outputs(profile="adobe"), folder=first)
    between = tree(shoot)
    apply_cull(replace(cull, name="two", bundle="b2"), Outputs(profile="adobe"), folder=second)
    after = tree(shoot)
    with pytest.raises(CullError, match=r"one: the later cull two wrote over 3 of its files\. Undo that one first"):
        undo_cull(first)
    assert tree(shoot) == after
    undo_cull(second)
    assert tree(shoot) == between
    undo_cull(first)
    assert tree(shoot) == before


def test_culls_that_wrote_over_each_other_are_undone_in_turns(tmp_path: Path) -> None:
    names = [f"{number:03}.CR3" for number in range(300)]
    shoot, home = make_shoot(tmp_path / "lake", names), tmp_path / "culls"
    one, two = make_cull(shoot, names), make_cull(shoot, names, bundle="b2", name="two")
    asked = iter([False, True])
    apply_cull(one, Outputs(profile="adobe"), folder=home / "one", stop=lambda: next(asked))
    apply_cull(two, Outputs(profile="adobe"), folder=home / "two")  # over 256 of the other's
    apply_cull(one, Outputs(profile="adobe"), folder=home / "one")  # over 44 of the other's
    undone = undo_cull(home / "one")
    assert (undone.restored, len(undone.refused)) == (44, 256)
    assert undone.refused[0].reason.startswith("the later cull two wrote over it. Undo that one")
    assert undo_cull(home / "two").refused == ()
    assert undo_cull(home / "one").refused == ()
    assert sorted(contents(shoot)) == names


def test_culls_are_found_with_how_far_they_are(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    home = tmp_path / "culls"
    apply_cull(cull, Outputs(profile="adobe"), folder=home / "one")
    apply_cull(replace(cull, name="two", created_at="2026-11-27T10:00:00Z"), Outputs(), folder=home / "two")
    undo_cull(home / "one")
    (home / "broken").mkdir()
    (home / "broken" / "cull.json").write_text("{", encoding="utf-8")
    passed: list[str] = []
    found = find_culls(home, passed_over=lambda one: passed.append(one.path))
    assert [(one.name, one.state) for one in found] == [("two", "applied"), ("one", "undone")]
    assert found[0].shoot == str(shoot)
    assert passed == [str(home / "broken")]
    assert find_culls(tmp_path / "nowhere") == []
    assert read_cull(home / "one") == cull


def test_a_cull_has_a_folder_of_its_own(
    shoot: Path, cull: Cull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 26, tzinfo=UTC)
    assert name_cull(tmp_path, shoot=Path("/s/Lake at Dawn!"), now=now) == "2026-11-26-lake-at-dawn"
    (tmp_path / "2026-11-26-lake").mkdir()
    assert name_cull(tmp_path, shoot=shoot, now=now) == "2026-11-26-lake-2"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert culls_home(None) == tmp_path / "state" / "rushes" / "culls"
    assert culls_home(Project(tmp_path, "p", {})) == tmp_path / "culls"
    apply_cull(cull, Outputs(), folder=tmp_path / "one")
    with pytest.raises(CullError, match="holds another cull"):
        apply_cull(replace(cull, bundle="b2"), Outputs(), folder=tmp_path / "one")
    with pytest.raises(CullError, match="there is no cull here"):
        undo_cull(tmp_path / "two")


def test_one_process_at_a_time_is_at_a_cull(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    folder = tmp_path / "culls" / "one"
    apply_cull(cull, Outputs(profile="adobe"), folder=folder)
    with open_journal(folder), pytest.raises(CullError, match="another process"):
        undo_cull(folder)


def test_a_journal_cut_short_anywhere_is_one_to_go_on_with(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    before, folder = tree(shoot), tmp_path / "culls" / "one"
    apply_cull(cull, Outputs(profile="adobe"), folder=folder)
    journal = folder / JOURNAL_FILE
    whole = journal.read_bytes()
    intended = whole.rindex(b"\n", 0, whole.index(b'"status"')) + 1  # what is on disk before a sidecar is written
    for length in range(len(whole), intended - 1, -7):
        journal.write_bytes(whole[:length])
        assert apply_cull(cull, Outputs(profile="adobe"), folder=folder).failures == ()
        assert undo_cull(folder).refused == ()
        assert tree(shoot) == before
        journal.write_bytes(b"")
        apply_cull(cull, Outputs(profile="adobe"), folder=folder)
    journal.write_bytes(whole.replace(b'"change"', b'"chance"', 1))
    with pytest.raises(CullError, match="is damaged"):
        undo_cull(folder)


def test_extended_attributes_of_a_sidecar_are_kept(shoot: Path, cull: Cull, tmp_path: Path) -> None:
    if not hasattr(os, "setxattr"):
        pytest.skip("no extended attributes on this system")
    try:
        os.setxattr(shoot / "a.xmp", "user.tag", b"blue")
    except OSError:
        pytest.skip("no extended attributes on this file system")
    for act in (
        lambda: apply_cull(cull, Outputs(profile="adobe"), folder=tmp_path / "c"),
        lambda: undo_cull(tmp_path / "c"),
    ):
        act()
        assert os.getxattr(shoot / "a.xmp", "user.tag") == b"blue"
