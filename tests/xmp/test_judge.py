"""exiftool as the judge of what is written: it sees our fields, and of the rest no change."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from rushes.xmp.marks import CullMark, Marks
from rushes.xmp.merge import merge_mark, merge_marks
from rushes.xmp.packet import read_packet
from rushes.xmp.profiles import PROFILES
from xmp.sidecars import ALL

OURS = {
    "XMP-xmpDM:Pick",
    "XMP-xmpDM:Good",
    "XMP-xmp:Rating",
    "XMP-xmp:Label",
    "XMP:Label",  # one with qualifiers
    "XMP-photoshop:LabelColor",
    "XMP-darktable:Colorlabels",
    "XMP-digiKam:PickLabel",
    "XMP-digiKam:ColorLabel",
    "XMP-photomech:Tagged",
    "XMP-photomech:ColorClass",
    "XMP-photomech:Prefs",
    "XMP-microsoft:RatingPercent",
}


def seen(exiftool: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Return what exiftool reads in every sidecar of a folder, but for facts of the file."""
    done = subprocess.run(
        [exiftool, "-j", "-a", "-G1", "-u", "-n", "-struct", "-ext", "xmp", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = {Path(one["SourceFile"]).name: one for one in json.loads(done.stdout)}
    assert len(found) == len(list(folder.iterdir()))
    return {
        name: {key: value for key, value in one.items() if key.split(":")[0] not in ("System", "SourceFile", "File")}
        for name, one in found.items()
    }


def foreign(table: dict[str, Any]) -> dict[str, Any]:
    ours = {*OURS, "ExifTool:Warning"}  # of several it shows one
    return {key: value for key, value in table.items() if key not in ours and not key.startswith("XMP-rushes")}


def test_nothing_but_our_fields_changes_in_any_sidecar(exiftool: str, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    written = before / "exiftool.xmp"
    tags = ["-XMP-xmp:Rating=2", "-XMP-dc:Subject=sea", "-XMP-dc:Subject=sky", "-XMP-dc:Title-de=Meer"]
    structure = "-XMP-iptcCore:CreatorContactInfo={CiEmailWork=ada@example.org,CiAdrCity=Bergen}"
    subprocess.run([exiftool, "-q", *tags, structure, str(written)], check=True)
    existing = {**ALL, "exiftool": written.read_bytes()}
    for name, data in existing.items():
        for profile in PROFILES.values():
            for verdict in ("pick", "reject"):
                mark = CullMark(verdict, 0.5, "b-12", 0.25)  # type: ignore[arg-type]
                (before / f"{name}-{profile.name}-{verdict}.xmp").write_bytes(data)
                merged = merge_mark(data, mark, profile, photograph_name="a.nef").data
                (after / f"{name}-{profile.name}-{verdict}.xmp").write_bytes(merged)
            decided = merge_marks(data, Marks(5, "Green", "reject"), profile, photograph_name="a.nef").data
            (before / f"{name}-{profile.name}-decided.xmp").write_bytes(data)
            (after / f"{name}-{profile.name}-decided.xmp").write_bytes(decided)
    written.unlink()
    was, now = seen(exiftool, before), seen(exiftool, after)
    assert len(was) == len(existing) * len(PROFILES) * 3
    for name, table in was.items():
        assert foreign(now[name]) == foreign(table), name
        assert "ExifTool:Error" not in now[name], name
        if not name.endswith("decided.xmp"):
            prefix = "rushes1" if name.startswith("odd") else "rushes"  # somebody else's is bound there
            assert now[name][f"XMP-{prefix}:Bundle"] == "b-12", name
            assert now[name][f"XMP-{prefix}:Score"] == 0.5, name


def test_exiftool_reads_what_each_profile_writes(exiftool: str, tmp_path: Path) -> None:
    for profile in PROFILES.values():
        for verdict in ("pick", "reject"):
            mark = CullMark(verdict, 0.5, "b-12", 0.25)  # type: ignore[arg-type]
            data = merge_mark(None, mark, profile, photograph_name="a.nef").data
            (tmp_path / f"{profile.name}-{verdict}.xmp").write_bytes(data)
    fields = {
        name: {key: value for key, value in table.items() if key in OURS}
        for name, table in seen(exiftool, tmp_path).items()
    }
    assert fields == {
        "adobe-pick.xmp": {"XMP-xmpDM:Pick": 1, "XMP-xmpDM:Good": True},
        "adobe-reject.xmp": {"XMP-xmpDM:Pick": -1, "XMP-xmpDM:Good": False},
        "bridge-pick.xmp": {"XMP-xmp:Label": "Select"},
        "bridge-reject.xmp": {"XMP-xmp:Rating": -1},
        "darktable-pick.xmp": {"XMP-darktable:Colorlabels": [2]},
        "darktable-reject.xmp": {"XMP-xmp:Rating": -1},
        "photomechanic-pick.xmp": {"XMP-photomech:Tagged": True},
        "photomechanic-reject.xmp": {"XMP-photomech:ColorClass": 8},
        "digikam-pick.xmp": {"XMP-digiKam:PickLabel": 3},
        "digikam-reject.xmp": {"XMP-digiKam:PickLabel": 1},
    }


def test_a_sidecar_that_exiftool_wrote_over_still_says_what_the_cull_wrote(exiftool: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    mark = CullMark("pick", 0.5, "b-12", 0.25)
    for profile in PROFILES.values():
        path.write_bytes(merge_mark(None, mark, profile, photograph_name="a.nef").data)
        subprocess.run([exiftool, "-q", "-overwrite_original", "-XMP-dc:Title=sea", str(path)], check=True)
        packet = read_packet(path.read_bytes())
        assert (packet.own, packet.shown, packet.cull) == (Marks(), profile.shows["pick"], mark)
