"""Footage into the catalog."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from footage.painted import ordinal_of, write_film, write_film_with, write_large_film, write_sound
from footage.test_interlace import comb, write_interlaced
from rushes.catalog.catalog import Catalog, open_catalog
from rushes.catalog.ingest import group_of, ingest, plan_ingest
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.footage.picture import encode_picture, parse_size
from rushes.footage.pictures import read_picture
from rushes.footage.sampling import Every, EveryFrame
from rushes.footage.source import Unreadable
from rushes.footage.video import index_video
from rushes.project import Task
from rushes.storage.files import digest_of_file
from rushes.storage.places import Place, parse_place
from rushes.storage.reading import held
from storage.servers import WebServer, web_server

SETTINGS = IngestSettings(sampling=EveryFrame(), size=parse_size("640"), format="png")
TASK = Task("flower", ("rose", "tulip"), aliases={"red": "rose"})


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with open_catalog(tmp_path / "project" / "catalog.db") as opened:
        yield opened


def take(
    catalog: Catalog, tmp_path: Path, *paths: Place, settings: IngestSettings = SETTINGS, group: str | None = None
) -> list[Ingested | Unreadable]:
    wanted, missing = plan_ingest(paths, group=group, class_folders=TASK if settings.task else None)
    return [*missing, *ingest(wanted, catalog=catalog, root=tmp_path / "project", settings=settings)]


def write_photo(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    path.write_bytes(encode_picture(coarse.repeat(10, 0).repeat(10, 1), "jpeg", 95))
    return path


def test_every_frame_that_is_written_is_the_frame_that_its_row_states(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "TT_S01_E01.mp4", 40)
    (outcome,) = take(catalog, tmp_path, film)
    assert isinstance(outcome, Ingested)
    assert (outcome.new, outcome.known, outcome.source.group) == (40, 0, "TT_S01_E01")
    for item in catalog.frames():
        assert ordinal_of(read_picture(tmp_path / "project" / item.image)) == item.frame.ordinal
        assert item.frame.pts * item.frame.time_base == Fraction(item.frame.ordinal, 25)
        assert item.frame.name == f"TT_S01_E01_FRM-00-00-{item.frame.ordinal // 25:02d}-{item.frame.ordinal % 25:02d}"


def test_nothing_is_taken_in_twice_and_a_denser_sampling_adds_only_what_is_missing(
    catalog: Catalog, tmp_path: Path
) -> None:
    film = write_film(tmp_path / "a.mp4", 40)
    sparse = IngestSettings(sampling=Every(Fraction(2, 5)), size=parse_size("640"))
    dense = IngestSettings(sampling=Every(Fraction(1, 5)), size=parse_size("640"))
    counts = [
        (outcome.new, outcome.known)
        for settings in (sparse, sparse, dense)
        for outcome in take(catalog, tmp_path, film, settings=settings)
        if isinstance(outcome, Ingested)
    ]
    assert counts == [(4, 0), (0, 4), (4, 4)]


def test_a_frame_file_that_was_deleted_is_made_anew(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 10)
    take(catalog, tmp_path, film)
    lost = tmp_path / "project" / catalog.frames()[3].image
    before = lost.read_bytes()
    lost.unlink()
    take(catalog, tmp_path, film)
    assert lost.read_bytes() == before
    assert len(catalog.frames()) == 10


def test_a_run_that_was_stopped_goes_on_where_it_was(catalog: Catalog, tmp_path: Path) -> None:
    films = [write_film(tmp_path / f"film{count}.mp4", count) for count in (30, 31, 32)]
    wanted, _ = plan_ingest(films, group=None, class_folders=None)
    root = tmp_path / "project"
    running = ingest(wanted, catalog=catalog, root=root, settings=SETTINGS, threads=1)
    next(running)
    running.close()
    assert 30 <= len(catalog.frames()) <= 93
    assert all((root / item.image).is_file() for item in catalog.frames())
    for _ in ingest(wanted, catalog=catalog, root=root, settings=SETTINGS):
        pass
    assert len(catalog.frames()) == 93


def test_a_bad_file_is_a_value_and_the_rest_goes_on(catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_film(folder / "good.mp4", 10)
    write_sound(folder / "sound.mp4")
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.jpg").write_text("not a picture")
    (folder / "notes.txt").write_text("passed over")
    outcomes = take(catalog, tmp_path, folder, tmp_path / "nowhere.mp4")
    bad = {Path(outcome.path).name: outcome.reason for outcome in outcomes if isinstance(outcome, Unreadable)}
    assert set(bad) == {"sound.mp4", "empty.mp4", "text.jpg", "nowhere.mp4"}
    assert "empty (0 bytes)" in bad["empty.mp4"]
    assert [source.name for source in catalog.sources()] == ["good"]


def test_two_files_of_one_name_get_names_of_their_own_and_a_copy_is_the_same_source(
    catalog: Catalog, tmp_path: Path
) -> None:
    first = write_photo(tmp_path / "one" / "IMG_1.jpg", 1)
    second = write_photo(tmp_path / "two" / "IMG_1.jpg", 2)
    copied = Path(shutil.copy(first, tmp_path / "copy.jpg"))
    take(catalog, tmp_path, first)
    take(catalog, tmp_path, second)
    (outcome,) = take(catalog, tmp_path, copied)
    names = [source.name for source in catalog.sources()]
    assert names[0] == "IMG_1"
    assert names[1].startswith("IMG_1-")
    assert isinstance(outcome, Ingested)
    assert (outcome.source.name, outcome.known) == ("IMG_1", 1)
    assert len({item.image for item in catalog.frames()}) == 2


def test_two_films_of_one_name_are_two_groups(catalog: Catalog, tmp_path: Path) -> None:
    for season, count in (("S01", 5), ("S02", 6)):
        (tmp_path / season).mkdir()
        write_film(tmp_path / season / "E01.mp4", count)
        take(catalog, tmp_path, tmp_path / season / "E01.mp4")
    assert [source.group for source in catalog.sources()] == [source.name for source in catalog.sources()]
    assert len({source.group for source in catalog.sources()}) == 2


def test_the_folder_names_the_class_and_each_photograph_is_a_group(catalog: Catalog, tmp_path: Path) -> None:
    for number, name in enumerate(["rose", "Red", "tulip", "other"]):
        write_photo(tmp_path / "set" / name / "1.jpg", number)
    settings = IngestSettings(sampling=EveryFrame(), size=parse_size("32"), task=TASK)
    for _ in range(2):
        outcomes = take(catalog, tmp_path, tmp_path / "set", settings=settings)
    said = {label.class_name for label in catalog.labels(task="flower")}
    assert said == {"rose", "tulip"}
    assert len(catalog.labels()) == 3
    assert len({source.group for source in catalog.sources()}) == len(catalog.sources()) == 3
    assert [outcome.reason for outcome in outcomes if isinstance(outcome, Unreadable)] == [
        "'other' is no class of flower (1 files passed over). Allowed: 'rose', 'tulip', 'red'. "
        "An alias in rushes.toml would do as well"
    ]


def test_a_film_in_a_class_folder_gives_all_its_frames_the_class(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "set" / "rose").mkdir(parents=True)
    times = [60 + 24 * number for number in range(10)]  # the first frame is not at 0
    write_film(tmp_path / "set" / "rose" / "late.mp4", 10, times=times)
    write_photo(tmp_path / "set" / "tulip" / "1.jpg", 1)
    settings = IngestSettings(sampling=EveryFrame(), size=parse_size("32"), task=TASK)
    outcomes = take(catalog, tmp_path, tmp_path / "set", settings=settings)
    assert all(isinstance(outcome, Ingested) for outcome in outcomes)
    said = [label.class_name for label in catalog.labels(task="flower")]
    assert sorted(said) == ["rose"] * 10 + ["tulip"]


def test_the_same_picture_in_folders_of_two_classes_is_said_and_gets_neither(catalog: Catalog, tmp_path: Path) -> None:
    first = write_photo(tmp_path / "set" / "rose" / "1.jpg", 1)
    (tmp_path / "set" / "tulip").mkdir()
    shutil.copy(first, tmp_path / "set" / "tulip" / "2.jpg")
    settings = IngestSettings(sampling=EveryFrame(), size=parse_size("32"), task=TASK)
    for _ in range(3):
        outcomes = take(catalog, tmp_path, tmp_path / "set", settings=settings)
    lost = [str(lost) for outcome in outcomes if isinstance(outcome, Ingested) for lost in outcome.lost]
    assert len(lost) == 2
    assert all("is the same picture as" in line for line in lost)
    (frame,) = catalog.frames()
    said = catalog.labels_of(frame.frame.id, task="flower")
    assert not said or said[-1].class_name is None
    assert len(said) <= 2


def test_pictures_that_were_lost_are_made_anew_in_another_format(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 6)
    take(catalog, tmp_path, film)
    shutil.rmtree(tmp_path / "project" / "frames")
    other = IngestSettings(sampling=EveryFrame(), size=parse_size("48"), format="jpeg")
    take(catalog, tmp_path, film, settings=other)
    for item in catalog.frames():
        path = tmp_path / "project" / item.image
        assert digest_of_file(path) == item.sha256
        assert (path.suffix, item.size) == (".jpg", "48")


def test_two_runs_at_once_keep_each_picture_with_its_own_frame(tmp_path: Path) -> None:
    folders = []
    for number in range(2):
        folders.append(tmp_path / f"card{number}")
        for seed in range(12):
            write_photo(folders[-1] / f"IMG_{seed}.jpg", 100 * number + seed)
    place = tmp_path / "project" / "catalog.db"

    def run(folder: Path) -> None:
        with open_catalog(place) as mine:
            take(mine, tmp_path, folder)

    threads = [threading.Thread(target=run, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_catalog(place) as after:
        assert len(after.frames()) == 24
        for item in after.frames():
            assert digest_of_file(tmp_path / "project" / item.image) == item.sha256


def test_groups_follow_what_footage_is() -> None:
    assert group_of(Path("films/a.mp4"), name="a", class_folders=False) == "a"
    assert group_of(Path("shoot 7/DSC_1.NEF"), name="DSC_1", class_folders=False) == "shoot 7"
    assert group_of(Path("rose/1.jpg"), name="1", class_folders=True) == "1"
    named = Path("x/TT_S01_E01_FRM-00-00-08-12.jpg")
    assert group_of(named, name="n", class_folders=True) == "TT_S01_E01"


def test_one_group_can_be_given_to_all(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 5)
    take(catalog, tmp_path, film)
    take(catalog, tmp_path, film, group="season 1")
    assert [source.group for source in catalog.sources()] == ["season 1"]


def test_a_remote_photograph_belongs_to_the_last_part_of_its_prefix() -> None:
    def group(address: str) -> str:
        return group_of(parse_place(address), name="n", class_folders=False)

    assert group("s3://bucket/2024/shoot 7/DSC_1.NEF") == "shoot 7"
    assert group("https://host/shoot%207/DSC_1.jpg") == "shoot 7"
    assert group("s3://bucket/DSC_1.NEF") == "bucket"
    assert group("s3://bucket/films/a.mp4") == "n"


def test_a_file_that_vanishes_before_its_turn_is_a_value_and_the_rest_goes_on(catalog: Catalog, tmp_path: Path) -> None:
    films = [write_film(tmp_path / f"film{count}.mp4", count) for count in (5, 6)]
    wanted, _ = plan_ingest(films, group=None, class_folders=None)
    films[0].unlink()
    outcomes = list(ingest(wanted, catalog=catalog, root=tmp_path / "project", settings=SETTINGS))
    assert [type(outcome) for outcome in sorted(outcomes, key=lambda one: str(one.path))] == [Unreadable, Ingested]


def test_a_remote_file_is_known_again_by_its_state(catalog: Catalog, tmp_path: Path, web: WebServer) -> None:
    film = write_film(tmp_path / "a.mp4", 20)
    address = web.put("/films/a.mp4", film.read_bytes())
    places = [parse_place(f"{address}?signature={number}") for number in range(3)]
    (first,), (second,) = (take(catalog, tmp_path, place) for place in places[:2])
    assert isinstance(first, Ingested)
    assert isinstance(second, Ingested)
    assert (first.new, second.new, second.known) == (20, 0, 20)
    assert first.fetched is not None
    assert first.fetched.fetched_bytes == first.fetched.size_bytes == film.stat().st_size
    assert [source.path for source in catalog.sources()] == [f"{address}?…"]
    web.put("/films/a.mp4", write_film(tmp_path / "b.mp4", 21).read_bytes(), etag='"two"')
    take(catalog, tmp_path, places[2])
    assert len(catalog.sources()) == 2


def test_a_few_frames_of_a_long_remote_film_cost_a_small_part_of_it_and_are_those_of_the_film_on_disk(
    catalog: Catalog, tmp_path: Path, web: WebServer
) -> None:
    film = write_large_film(tmp_path / "long.mp4", 3750)
    settings = IngestSettings(sampling=Every(Fraction(8)), size=parse_size("160"), format="png")
    place = parse_place(web.put("/films/long.mp4", film.read_bytes()))
    (first,), (again,), (here,) = (take(catalog, tmp_path, at, settings=settings) for at in (place, place, film))
    assert isinstance(first, Ingested)
    assert isinstance(again, Ingested)
    assert isinstance(here, Ingested)
    assert (first.new, first.known, again.new, again.known, here.new) == (19, 0, 0, 19, 19)
    assert first.fetched is not None
    assert again.fetched is not None
    size = film.stat().st_size
    assert size > 60_000_000
    assert first.fetched.fetched_bytes < size / 8
    assert again.fetched.fetched_bytes < size / 50
    assert web.sent["/films/long.mp4"] == first.fetched.fetched_bytes + again.fetched.fetched_bytes
    pictures = [
        {item.frame.ordinal: read_picture(tmp_path / "project" / item.image) for item in catalog.frames(source=digest)}
        for digest in (first.source.digest, here.source.digest)
    ]
    assert pictures[0].keys() == pictures[1].keys() == set(range(0, 3750, 200))
    assert all(np.array_equal(pixels, pictures[1][ordinal]) for ordinal, pixels in pictures[0].items())


def test_a_remote_photograph_and_its_copy_on_disk_are_one_source(
    catalog: Catalog, tmp_path: Path, web: WebServer
) -> None:
    photo = write_photo(tmp_path / "shoot" / "1.jpg", 1)
    take(catalog, tmp_path, photo)
    (outcome,) = take(catalog, tmp_path, parse_place(web.put("/shoot/1.jpg", photo.read_bytes())))
    assert isinstance(outcome, Ingested)
    assert (outcome.new, outcome.known, outcome.source.name) == (0, 1, "1")


def test_a_film_that_is_gone_in_the_middle_leaves_what_came_and_goes_on_later(
    catalog: Catalog, tmp_path: Path, web: WebServer
) -> None:
    film = write_large_film(tmp_path / "a.mp4", 1000)  # more than is kept in memory
    settings = IngestSettings(sampling=Every(Fraction(1)), size=parse_size("32"))
    place = parse_place(web.put("/a.mp4", film.read_bytes()))
    with held(place):
        index_video(place)
    needed = len(web.asked)
    web.asked.clear()
    web.before = lambda asked, number: number == needed + 3 and web.files.pop(asked, None)
    (outcome,) = take(catalog, tmp_path, place, settings=settings)
    assert isinstance(outcome, Unreadable)
    assert "no longer there" in outcome.reason
    came = len(catalog.frames())
    assert came > 0
    web.before = lambda asked, number: None
    web.put("/a.mp4", film.read_bytes())
    (outcome,) = take(catalog, tmp_path, place, settings=settings)
    assert isinstance(outcome, Ingested)
    assert (outcome.new, outcome.known) == (40 - came, came)


@pytest.fixture
def web() -> Iterator[WebServer]:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    with web_server() as server:
        yield server


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(catalog: Catalog, tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", 5)
    film.chmod(0)
    (outcome,) = take(catalog, tmp_path, film)
    assert isinstance(outcome, Unreadable)
    assert "permission" in outcome.reason.lower()


def test_an_interlaced_film_is_noted_once_and_deinterlaced_on_request(catalog: Catalog, tmp_path: Path) -> None:
    film = write_interlaced(tmp_path / "h264.mp4")
    few, all_frames = replace(SETTINGS, sampling=Every(Fraction(1, 5))), replace(SETTINGS, deinterlace=True)
    (first,) = take(catalog, tmp_path, film, settings=few)
    (again,) = take(catalog, tmp_path, film, settings=few)
    (rest,) = take(catalog, tmp_path, film, settings=all_frames)
    assert isinstance(first, Ingested)
    assert isinstance(again, Ingested)
    assert isinstance(rest, Ingested)
    assert first.interlaced
    assert again.interlaced
    assert first.notes == ("is interlaced: moving edges show combs; --deinterlace takes them out",)
    assert (again.notes, rest.notes, first.lost) == ((), (), ())
    assert (rest.new, rest.known) == (16, 4)
    combs = {
        item.frame.ordinal: comb(read_picture(tmp_path / "project" / item.image)[:, 40:]) for item in catalog.frames()
    }
    assert all((combs[ordinal] > 5) == (ordinal % 5 == 0) for ordinal in range(20))


def test_the_start_timecode_of_a_film_is_kept(catalog: Catalog, ffmpeg: str, tmp_path: Path) -> None:
    film = write_film_with(ffmpeg, tmp_path / "a.mov", "-c:v", "libx264", "-timecode", "10:00:00:00", frame_count=5)
    (outcome,) = take(catalog, tmp_path, film)
    assert isinstance(outcome, Ingested)
    assert outcome.source.start_timecode == "10:00:00:00"
    assert catalog.source(outcome.source.digest) == outcome.source
