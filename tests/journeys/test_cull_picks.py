"""A photographer's past picks become labels: by marks, folders, lists and deliveries, shoot by shoot."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from footage.stills import write_jpeg, write_raw
from journeys.conftest import Rushes, Said, run_rushes_here
from rushes.catalog.catalog import open_catalog
from rushes.inference.cull_apply import apply_cull
from rushes.inference.cull_folders import write_cull
from rushes.inference.cull_outputs import Outputs
from rushes.inference.cull_undo import undo_cull
from rushes.inference.verdicts import Cull, Verdict
from rushes.labels.trust import resolve
from rushes.xmp.profiles import PROFILES


@pytest.fixture(scope="module")
def rushes() -> Rushes:
    return run_rushes_here


SHOOTS = ("2024-05 wedding", "2024-06 concert")
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" {marks}/></rdf:RDF></x:xmpmeta>'
)


def pixels(seed: int) -> npt.NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(0, 255, (5, 8, 3), np.uint8)
    return coarse.repeat(16, 0).repeat(16, 1)


def taken(shoot: int, number: int) -> str:
    return f"2024:0{5 + shoot}:01 12:{number:02d}:00"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shoots, whose cameras number alike: raws with JPEGs beside them, and photographs without a raw."""
    folder = tmp_path_factory.mktemp("archive")
    for shoot, name in enumerate(SHOOTS):
        for number in range(3):
            raw = folder / name / "raw" / f"DSC_000{number}.dng"
            write_raw(
                raw, sensor=(96, 64), preview_width=96, taken=taken(shoot, number), level=1000 + 7 * number + shoot
            )
        write_jpeg(folder / name / "raw" / "DSC_0000.JPG", pixels(shoot), taken=taken(shoot, 0))
        for number in range(3, 6):
            write_jpeg(
                folder / name / "second body" / f"IMG_{number}.jpg",
                pixels(10 * shoot + number),
                taken=taken(shoot, number),
            )
    return folder


@pytest.fixture(scope="module")
def culled(rushes: Rushes, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that the shoots were taken into."""
    home = tmp_path_factory.mktemp("culled") / "home"
    rushes("init", home, "--template", "cull")
    said = rushes("ingest", archive, "--project", home, "--json")
    assert said.json["shoots"] == list(SHOOTS)
    assert said.json["sources"] == 12
    assert {item["group"] for item in said.json["files"]} == set(SHOOTS)
    return home


@pytest.fixture
def home(culled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(culled, tmp_path / "home")


@pytest.fixture
def shoots(archive: Path, home: Path, rushes: Rushes, tmp_path: Path) -> Path:
    """A copy of the shoots that a test may write into, taken in again from where it is."""
    copy = shutil.copytree(archive, tmp_path / "shoots")
    rushes("ingest", copy, "--project", home)
    return copy


def standing(home: Path) -> Counter[tuple[str, str]]:
    """Return (class, origin) of what counts -> photographs."""
    with open_catalog(home / ".rushes" / "catalog.db") as catalog:
        found = resolve(catalog.labels(), ("review", "xmp", "names", "folder", "delivered"))
    return Counter((answer.label.class_name or "", answer.label.origin) for answer in found.values())


def counts(said: Said) -> dict[str, tuple[int, int, int]]:
    return {one["shoot"]: (one["picks"], one["rejects"], one["unstated"]) for one in said.json["shoots"]}


def test_picks_by_marks_follow_the_sidecars(rushes: Rushes, home: Path, shoots: Path) -> None:
    wedding, concert = shoots / SHOOTS[0], shoots / SHOOTS[1]
    for path, marks in (
        (wedding / "raw" / "DSC_0000.xmp", 'xmp:Rating="3"'),  # of the raw and of its JPEG, which are one photograph
        (wedding / "second body" / "IMG_3.xmp", 'xmp:Rating="1"'),
        (concert / "raw" / "DSC_0001.dng.xmp", 'xmp:Rating="5" xmp:Label="Green"'),
        (concert / "second body" / "IMG_4.xmp", 'xmp:Rating="-1"'),
    ):
        path.write_text(XMP.format(marks=marks))
    words = ("labels", "picks", shoots, "--from", "xmp", "--rating", 3, "--project", home, "--json")
    first = rushes(*words)
    assert counts(first) == {f"shoots/{SHOOTS[0]}": (1, 5, 0), f"shoots/{SHOOTS[1]}": (1, 1, 4)}
    assert rushes(*words).json["appended"] == 0
    by_label = (
        "labels",
        "picks",
        shoots,
        "--from",
        "xmp",
        "--label",
        "green",
        "--project",
        home,
        "--json",
        "--dry-run",
    )
    assert counts(rushes(*by_label)) == {f"shoots/{SHOOTS[0]}": (0, 0, 6), f"shoots/{SHOOTS[1]}": (1, 1, 4)}

    # The photographer changes their mind: the rating goes, a reject becomes a pick, one is said twice over.
    (wedding / "raw" / "DSC_0000.xmp").unlink()
    (concert / "second body" / "IMG_4.xmp").write_text(XMP.format(marks='xmp:Rating="3"'))
    (concert / "raw" / "DSC_0002.xmp").write_text("torn")
    again = rushes(*words, status=1)
    assert "DSC_0002.xmp" in again.json["failed"][0]
    assert counts(again) == {f"shoots/{SHOOTS[0]}": (0, 1, 5), f"shoots/{SHOOTS[1]}": (2, 3, 1)}
    assert again.json["withdrawn"] == 5
    assert standing(home) == {("select", "xmp"): 2, ("reject", "xmp"): 4}


def test_picks_by_folders_follow_the_files_when_they_move(rushes: Rushes, home: Path, shoots: Path) -> None:
    wedding = shoots / SHOOTS[0]
    (wedding / "Select").mkdir()
    (wedding / "no").mkdir()
    shutil.move(wedding / "raw" / "DSC_0001.dng", wedding / "Select" / "DSC_0001.dng")
    shutil.copy(wedding / "raw" / "DSC_0000.JPG", wedding / "Select" / "DSC_0000.JPG")
    shutil.move(wedding / "second body" / "IMG_3.jpg", wedding / "no" / "IMG_3.jpg")
    rushes("ingest", shoots, "--project", home)
    words = ("labels", "picks", shoots, "--from", "folders", "--reject-folder", "no", "--project", home, "--json")
    dry = rushes(*words, "--dry-run")
    assert counts(dry) == {f"shoots/{SHOOTS[0]}": (2, 1, 3), f"shoots/{SHOOTS[1]}": (0, 0, 6)}
    assert not standing(home)
    said = rushes(*words)
    assert (said.json["appended"], said.json["withdrawn"]) == (3, 0)
    assert standing(home) == {("select", "folder"): 2, ("reject", "folder"): 1}
    assert rushes(*words).json["appended"] == 0

    shutil.move(wedding / "Select" / "DSC_0001.dng", wedding / "raw" / "DSC_0001.dng")
    rushes("ingest", shoots, "--project", home)
    again = rushes(*words)
    assert (again.json["appended"], again.json["withdrawn"]) == (0, 1)

    wrong = rushes(
        "labels", "picks", shoots, "--from", "folders", "--pick-folder", "slect", "--project", home, status=2
    )
    assert "no photograph lies in a folder that is called" in wrong.err


def test_picks_by_delivered_jpegs_tell_alike_numbers_apart_by_time(
    rushes: Rushes, home: Path, archive: Path, tmp_path: Path
) -> None:
    out = tmp_path / "delivered"
    write_jpeg(out / "Smith_DSC_0001-Edit (1).jpg", taken=taken(0, 1))
    write_jpeg(out / "DSC_0002_bw.jpg", taken=taken(0, 2))
    write_jpeg(out / "DSC_0000.jpg", taken="")  # which of the two shoots?
    write_jpeg(out / "collage.jpg", taken="")
    words = ("labels", "picks", archive, "--from", "delivered", out, "--project", home, "--json")
    said = rushes(*words, status=1)
    assert counts(said) == {SHOOTS[0]: (2, 3, 1), SHOOTS[1]: (0, 0, 6)}
    assert "may be of" in said.json["failed"][0]
    assert "collage.jpg" in said.json["unmatched"][0]
    assert f"{SHOOTS[1]} has no pick" in said.err

    (out / "DSC_0000.jpg").unlink()
    write_jpeg(out / SHOOTS[1] / "DSC_0000.jpg", taken="")
    assert counts(rushes(*words)) == {SHOOTS[0]: (2, 4, 0), SHOOTS[1]: (1, 5, 0)}

    # A later delivery of the same shoot takes nothing of the first one back.
    later = tmp_path / "album"
    write_jpeg(later / "IMG_3-2.jpg", taken=taken(0, 3))
    more = rushes("labels", "picks", archive, "--from", "delivered", later, "--project", home, "--json")
    assert counts(more)[SHOOTS[0]] == (1, 3, 2)
    assert standing(home)["select", "delivered"] == 4


def test_picks_by_lists_of_names(rushes: Rushes, home: Path, archive: Path, tmp_path: Path) -> None:
    listed = tmp_path / "picks.txt"
    listed.write_text(f"IMG_3\n{SHOOTS[0]}/second body/IMG_4.jpg\nDSC_0001.NEF\nIMG_99\n")
    wedding = archive / SHOOTS[0]
    words = ("labels", "picks", archive, "--from", "names", listed, "--project", home, "--json")
    said = rushes(*words, "--dry-run", status=1)
    assert len(said.json["failed"]) == 2  # IMG_3 and DSC_0001 are in both shoots
    assert "tells them apart" in said.json["failed"][0]
    assert "IMG_99" in said.json["unmatched"][0]
    alone = rushes("labels", "picks", wedding, "--from", "names", listed, "--project", home, "--json")
    assert counts(alone) == {SHOOTS[0]: (3, 3, 0)}

    table = tmp_path / "lightroom.csv"
    table.write_text(
        "Copy Name;Filename;Rating;Label\n;IMG_3.jpg;4;\n;IMG_4.jpg;2;Green\n;IMG_5.jpg;-1;\n;DSC_0000.dng;0;\n"
    )
    rated = ("labels", "picks", wedding, "--from", "names", table, "--rating", 3, "--project", home, "--json")
    assert counts(rushes(*rated, "--dry-run")) == {SHOOTS[0]: (1, 2, 3)}
    assert counts(rushes(*rated, "--unrated", "reject", "--dry-run")) == {SHOOTS[0]: (1, 4, 1)}  # the other list's pick
    assert counts(rushes(*rated, "--label", "green", "--dry-run")) == {SHOOTS[0]: (2, 1, 3)}
    missing = rushes(*rated, "--column", "File", status=2)
    assert "Did you mean 'Filename'?" in missing.err


def test_picks_are_learned_from_like_any_labels(rushes: Rushes, home: Path, archive: Path, tmp_path: Path) -> None:
    listed = tmp_path / "picks.csv"
    listed.write_text("name,person\nIMG_3,ann\nIMG_4,ben\nIMG_5,ann\n")
    wedding = archive / SHOOTS[0]
    said = rushes("labels", "picks", wedding, "--from", "names", listed, "--column", "name", "--project", home)
    assert "rushes manifest build --task select" in said.out
    assert "3 picks (select) and 3 rejects (reject)" in said.out
    assert "rushes labels conflicts" in said.out

    # The person in the picture as the group, by a sheet; it stays when the shoot is taken in again.
    people = tmp_path / "people.csv"
    rows = [
        f"{SHOOTS[0]}/second body/IMG_{number}.jpg,{who},select" for number, who in ((3, "ann"), (4, "ben"), (5, "ann"))
    ]
    people.write_text("\n".join(["file,person,class", *rows]))
    grouped = rushes(
        "labels", "import", people, "--map", "person=group", "--origin", "review", "--project", home, "--json"
    )
    assert set(grouped.json["groups"].values()) == {"ann", "ben"}
    again = rushes("ingest", archive, "--project", home, "--json")
    assert {item["group"] for item in again.json["files"]} == {*SHOOTS, "ann", "ben"}
    built = rushes("manifest", "build", "--project", home, "--json")
    assert built.json["samples"] == 6


def test_ways_that_disagree_are_conflicts(rushes: Rushes, home: Path, archive: Path, tmp_path: Path) -> None:
    write_jpeg(tmp_path / "out" / "IMG_5.jpg", taken=taken(0, 5))
    (tmp_path / "picks.txt").write_text("IMG_3\n")
    wedding, inside = archive / SHOOTS[0], ("--project", home, "--json")
    rushes("labels", "picks", wedding, "--from", "delivered", tmp_path / "out", *inside)
    rushes("labels", "picks", wedding, "--from", "names", tmp_path / "picks.txt", *inside)
    said = rushes("labels", "conflicts", *inside)
    assert said.json["pairs"] == [{"winner": "names", "loser": "delivered", "frames": 2}]


def test_shoots_are_told_apart_from_their_parts(rushes: Rushes, home: Path, archive: Path) -> None:
    inside = ("--project", home, "--dry-run")
    deep = rushes("ingest", archive / SHOOTS[0], *inside)
    assert "'raw' is taken for a shoot" in deep.err
    assert f", of {SHOOTS[0]}" in rushes("ingest", archive, *inside).out
    assert "shoots" not in rushes("ingest", archive, "--no-shoots", *inside).out.partition("would")[0]
    for other in (("--group", "x"), ("--class-folders",)):
        assert "--shoots" in rushes("ingest", archive, "--shoots", *other, *inside, status=2).err


def test_wrong_words_of_picks_are_told(rushes: Rushes, home: Path, archive: Path, tmp_path: Path) -> None:
    inside = ("--project", home)
    assert "--from xmp, --from folders" in rushes("labels", "picks", archive, *inside, status=2).err
    assert (
        "Did you mean 'delivered'?" in rushes("labels", "picks", archive, "--from", "deliverd", *inside, status=2).err
    )
    assert (
        "--rating says nothing"
        in rushes("labels", "picks", archive, "--from", "folders", "--rating", 2, *inside, status=2).err
    )
    assert "Take them in first" in rushes("labels", "picks", tmp_path, "--from", "folders", *inside, status=2).err


def cull_of(shoot: Path, name: str) -> Cull:
    """Return a cull that picks every other photograph of a shoot."""
    files = sorted(path for path in shoot.rglob("*") if path.suffix in (".dng", ".jpg"))
    verdicts = tuple(
        Verdict(str(path), (), "reject" if number % 2 else "pick", 0.1 if number % 2 else 0.9, "score")
        for number, path in enumerate(files)
    )
    return Cull(name, "2026-11-26T10:00:00Z", str(shoot), "select", "select", "b", "/b", "top 3", 0.5, verdicts)


def test_nothing_that_a_cull_wrote_comes_back_as_the_photographers_by_any_profile(
    rushes: Rushes, home: Path, shoots: Path
) -> None:
    words = ("labels", "picks", shoots, "--from", "xmp", "--rating", 1, "--label", "Select", "--label", "Green")
    words += ("--reject-label", "Trash", "--unrated", "reject", "--project", home, "--json")
    for profile in PROFILES.values():
        for shoot in SHOOTS:
            name = f"{shoot}-{profile.name}"
            cull = cull_of(shoots / shoot, name)
            write_cull(cull, home / "culls" / name)
            done = apply_cull(cull, Outputs(profile=profile.name), folder=home / "culls" / name)
            assert done.sidecars == len(cull.verdicts)
            assert not done.kept
        said = rushes(*words).json
        assert (said["picks"], said["rejects"], said["appended"], said["withdrawn"]) == (0, 0, 0, 0), profile.name
        if profile.name != "adobe":  # over the marks of which the others are written too
            for shoot in SHOOTS:
                assert not undo_cull(home / "culls" / f"{shoot}-{profile.name}").refused


def test_an_archive_that_darktable_imported_and_nobody_looked_at_has_no_picks(
    rushes: Rushes, home: Path, shoots: Path
) -> None:
    seen = 'xmlns:darktable="http://darktable.sf.net/" darktable:xmp_version="5" xmp:Rating='
    for photograph in [*shoots.rglob("*.dng"), *shoots.rglob("*.jpg")]:
        photograph.with_name(f"{photograph.name}.xmp").write_text(XMP.format(marks=f'{seen}"1"'))
    picked = shoots / SHOOTS[0] / "raw" / "DSC_0001.dng.xmp"
    picked.write_text(XMP.format(marks=f'{seen}"3"'))
    said = rushes("labels", "picks", shoots, "--from", "xmp", "--rating", 1, "--project", home, "--json")
    assert counts(said) == {f"shoots/{SHOOTS[0]}": (1, 5, 0), f"shoots/{SHOOTS[1]}": (0, 0, 6)}
    assert "of 11 of 12 photographs darktable's sidecars state one star" in said.err


def test_what_a_cull_gathered_is_no_pick_until_a_person_moves_it(rushes: Rushes, home: Path, shoots: Path) -> None:
    shoot = shoots / SHOOTS[0]
    cull = cull_of(shoot, "one")
    write_cull(cull, home / "culls" / "one")
    outputs = Outputs(copy_to=shoot / "select", rejects_to=shoot / "reject")
    assert apply_cull(cull, outputs, folder=home / "culls" / "one").copies == 6
    rushes("ingest", shoots, "--project", home)
    words = ("labels", "picks", shoots, "--from", "folders", "--project", home, "--json")
    said = rushes(*words)
    assert (said.json["picks"], said.json["rejects"]) == (0, 0)
    assert "a cull picked or rejected and that stand where it says: 6" in said.err

    rejected = next(path for path in (shoot / "reject").rglob("*") if path.suffix == ".dng")
    rejected.rename(shoot / "select" / rejected.name)
    rushes("ingest", shoots, "--project", home)
    said = rushes(*words)
    assert (said.json["picks"], said.json["rejects"]) == (1, 0)
