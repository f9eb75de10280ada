"""The frames of a film into the catalog: by one pass, or sought."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from footage.painted import damage, ordinal_of, write_film, write_large_film
from footage.spliced import pan, still, write_frames
from rushes.catalog.catalog import Catalog, open_catalog
from rushes.catalog.ingest import ingest, plan_ingest
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.errors import PlaceError
from rushes.footage.found_shots import place_of_scan
from rushes.footage.picture import parse_size
from rushes.footage.pictures import read_picture
from rushes.footage.sampling import Every, EveryFrame, PerShot
from rushes.footage.signals import read_signals
from rushes.footage.source import Unreadable
from rushes.scale.full_disk import is_full

EVERY = IngestSettings(sampling=EveryFrame(), size=parse_size("640"), format="png")
SPARSE = replace(EVERY, sampling=Every(Fraction(1)))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with open_catalog(tmp_path / "project" / "catalog.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def three_shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [*still(1, 40), *pan(2, 50, 2), *still(3, 46)]
    return write_frames(tmp_path_factory.mktemp("films") / "three.mp4", frames)


def take(catalog: Catalog, root: Path, film: Path, settings: IngestSettings) -> Ingested:
    wanted, _ = plan_ingest([film], group=None, class_folders=None)
    (outcome,) = ingest(wanted, catalog=catalog, root=root, settings=settings)
    assert isinstance(outcome, Ingested), outcome
    return outcome


def test_a_film_of_which_every_frame_is_taken_is_scanned_in_the_same_pass(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 40)
    outcome = take(catalog, tmp_path / "project", film, EVERY)
    assert (outcome.new, outcome.shots is not None) == (40, True)
    signals = read_signals(place_of_scan(tmp_path / "project" / "scans", outcome.source.digest))
    assert signals.ordinal.tolist() == list(range(40))
    assert signals.source == outcome.source.digest
    for item in catalog.frames():
        assert ordinal_of(read_picture(tmp_path / "project" / item.image)) == item.frame.ordinal


def test_a_film_that_is_sampled_sparsely_is_scanned_only_on_request(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 60)
    outcome = take(catalog, tmp_path / "project", film, SPARSE)
    assert outcome.shots is None
    assert not (tmp_path / "project" / "scans").exists()
    outcome = take(catalog, tmp_path / "project", film, replace(SPARSE, scan=True))
    assert (outcome.new, outcome.known) == (0, 3)
    assert place_of_scan(tmp_path / "project" / "scans", outcome.source.digest).is_file()


def test_the_frames_of_one_pass_are_those_that_are_sought(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 60)
    take(catalog, tmp_path / "project", film, replace(SPARSE, scan=True))
    passed = {item.frame.id: item.sha256 for item in catalog.frames()}
    with open_catalog(tmp_path / "other" / "catalog.db") as other:
        take(other, tmp_path / "other", film, SPARSE)
        assert {item.frame.id: item.sha256 for item in other.frames()} == passed


def test_frames_of_shots_are_taken_so_many_for_each(catalog: Catalog, tmp_path: Path, three_shots: Path) -> None:
    outcome = take(catalog, tmp_path / "project", three_shots, replace(EVERY, sampling=PerShot(2)))
    assert (outcome.new, outcome.shots) == (6, 3)
    taken = [item.frame.ordinal for item in catalog.frames()]
    assert [sum(low <= ordinal < high for ordinal in taken) for low, high in ((0, 40), (40, 90), (90, 136))] == [
        2,
        2,
        2,
    ]
    again = take(catalog, tmp_path / "project", three_shots, replace(EVERY, sampling=PerShot(2)))
    assert (again.new, again.known, again.shots) == (0, 6, 3)


def test_a_kept_scan_that_is_damaged_is_made_again(catalog: Catalog, tmp_path: Path, three_shots: Path) -> None:
    outcome = take(catalog, tmp_path / "project", three_shots, replace(EVERY, sampling=PerShot(1)))
    kept = place_of_scan(tmp_path / "project" / "scans", outcome.source.digest)
    kept.write_bytes(kept.read_bytes()[:100])
    again = take(catalog, tmp_path / "project", three_shots, replace(EVERY, sampling=PerShot(1)))
    assert (again.new, again.known) == (0, 3)
    assert read_signals(kept).frame_count == 136


def test_damage_is_counted_and_said_once_with_where_it_begins(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 60, options={"x264-params": "keyint=10:scenecut=0"})
    damage(film, 20, 30)
    outcome = take(catalog, tmp_path / "project", film, replace(SPARSE, scan=True))
    said = [str(lack) for lack in outcome.lost if "gave no picture because" in str(lack)]
    assert len(said) == 1
    assert "of its 60 frames gave no picture because their data is damaged, the first at 00:00:00:" in said[0]
    assert "damaged packets passed over: " in said[0]


def test_many_lost_frames_are_a_few_lines_and_all_are_counted(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 60, options={"g": "1"})
    damage(film, 20, 40)
    outcome = take(catalog, tmp_path / "project", film, replace(EVERY, sampling=Every(Fraction(2, 25))))
    assert (outcome.new, outcome.lost_frames) == (20, 10)
    damaged = [f"{film}: its frame a_FRM-00-00-00-{slot} gave no picture: its data is damaged" for slot in (20, 22, 24)]
    rest = f"{film}: … and 7 more frames of it gave no picture. Copy it again"
    assert [str(lack) for lack in outcome.lost] == [*damaged, rest]
    scanned = take(catalog, tmp_path / "project", film, EVERY)
    assert (scanned.new, scanned.known, scanned.lost_frames) == (20, 20, 20)
    (line,) = scanned.lost
    assert "20 of its 60 frames gave no picture because" in line.reason


def test_a_film_that_changes_while_it_is_read_is_not_called_damaged(catalog: Catalog, tmp_path: Path) -> None:
    film, root = write_large_film(tmp_path / "a.mp4", 400), tmp_path / "project"
    wanted, _ = plan_ingest([film], group=None, class_folders=None)

    def cut_off(_done: int, _total: int | None, note: str = "") -> None:
        if "frames" in note:
            os.truncate(film, 1 << 20)

    (outcome,) = ingest(wanted, catalog=catalog, root=root, settings=EVERY, progress=cut_off)
    assert isinstance(outcome, Ingested)
    assert 0 < outcome.lost_frames < 400
    (line,) = outcome.lost
    assert "changed while it was read" in line.reason


def test_a_film_that_goes_before_its_turn_is_no_misspelt_name(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 5)
    wanted, _ = plan_ingest([film], group=None, class_folders=None)
    film.unlink()
    (outcome,) = ingest(wanted, catalog=catalog, root=tmp_path / "project", settings=EVERY)
    assert isinstance(outcome, Unreadable)
    assert outcome.reason.startswith("is not there: it was removed or moved after this run began")


def test_what_a_killed_run_left_is_swept_and_what_another_writes_stays(catalog: Catalog, tmp_path: Path) -> None:
    film, root = write_film(tmp_path / "a.mp4", 30), tmp_path / "project"
    folders = [root / "frames" / "a", root / "thumbnails" / "a", root / "frames" / "stills", root / "scans"]
    for folder in folders:
        folder.mkdir(parents=True)
        for name in (".rushes-a_FRM-00-00-00-00-x7_wq2ab.png", ".rushes-a_FRM-00-00-01-00-y7_wq2ab.png", ".mine.png"):
            (folder / name).write_bytes(b"x")
        os.utime(folder / ".rushes-a_FRM-00-00-00-00-x7_wq2ab.png", (0, 0))
        os.utime(folder / ".mine.png", (0, 0))
    take(catalog, root, film, SPARSE)
    left = [sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) for folder in folders]
    assert left == [[".mine.png", ".rushes-a_FRM-00-00-01-00-y7_wq2ab.png"]] * 4


def test_pictures_of_another_size_or_format_are_counted(catalog: Catalog, tmp_path: Path) -> None:
    film, root = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"
    assert take(catalog, root, film, SPARSE).made_otherwise == 0
    assert take(catalog, root, film, SPARSE).made_otherwise == 0
    assert take(catalog, root, film, replace(SPARSE, size=parse_size("32"))).made_otherwise == 3
    assert take(catalog, root, film, replace(SPARSE, format="jpeg")).made_otherwise == 3
    assert take(catalog, root, film, replace(EVERY, format="jpeg")).made_otherwise == 3
    assert take(catalog, root, film, SPARSE).made_otherwise == 57


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said_with_its_remedy(catalog: Catalog, tmp_path: Path) -> None:
    film, root = write_film(tmp_path / "a.mp4", 5), tmp_path / "project"
    wanted, _ = plan_ingest([film], group=None, class_folders=None)

    def full(_done: int, _total: int | None, note: str = "") -> None:
        if "frames" in note:
            Path("/dev/full").write_bytes(b"x")

    with pytest.raises(PlaceError) as caught:
        list(ingest(wanted, catalog=catalog, root=root, settings=SPARSE, progress=full))
    assert caught.value.reason == (
        "cannot be taken in: the disk for pictures is full. Make room, then run this again: it goes on from where it "
        "was"
    )
    assert is_full(caught.value)  # so that a cluster gives the node no more work
    assert len(catalog.frames()) == 1


def test_thumbnails_are_written_at_once_with_frames_and_made_good_later(catalog: Catalog, tmp_path: Path) -> None:
    film, root = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"
    small = replace(SPARSE, thumbnail=parse_size("32"))
    take(catalog, root, film, small)
    thumbnails = sorted((root / "thumbnails" / "a").iterdir())
    assert [path.stem for path in thumbnails] == [item.frame.name for item in catalog.frames()]
    assert read_picture(thumbnails[0]).shape == (21, 32, 3)
    thumbnails[1].unlink()
    again = take(catalog, root, film, small)
    assert (again.new, again.known) == (1, 2)
    assert thumbnails[1].is_file()
    assert take(catalog, root, film, SPARSE).new == 0
