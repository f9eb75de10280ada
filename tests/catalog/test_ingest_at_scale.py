"""Footage taken in by others than the one who has the catalog."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from catalog.test_ingest import TASK, write_photo
from footage.painted import write_film, write_large_film
from rushes.catalog.catalog import open_catalog
from rushes.catalog.frame_writer import PictureMaker
from rushes.catalog.ingest import ingest, plan_ingest
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.catalog.look import FoundFilm, LookAt, look
from rushes.catalog.take_piece import FilmIndex, FilmPiece, take_piece
from rushes.catalog.taken import TAKEN_FOLDER, note_left_parts, write_part
from rushes.footage.kinds import OwnStore
from rushes.footage.picture import parse_size
from rushes.footage.pictures import read_picture
from rushes.footage.sampling import Every, EveryFrame, name_frames
from rushes.footage.source import Unreadable
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress, silent
from rushes.scale.choose import open_engine
from rushes.scale.engine import Done, Engine, Lost, Work, never
from rushes.scale.in_process import InProcess
from rushes.storage.pictures import Pictures
from rushes.storage.places import Place, parse_place
from storage.servers import s3_store, web_server

SETTINGS = IngestSettings(sampling=Every(Fraction(1)), size=parse_size("64"), thumbnail=parse_size("16"))


class Backwards(InProcess):
    """Does the last item first, and loses those of some names."""

    workers = 2

    def __init__(self, *lost: str) -> None:
        super().__init__()
        self._lost = lost

    def map(
        self,
        work: Work[Any, Any],
        items: Iterable[Any],
        *,
        total: int | None = None,
        progress: Progress = silent,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[list[Done[Any, Any]]]:
        todo = list(enumerate(items))[::-1]
        kept = [(number, item) for number, item in todo if not any(word in work.name_of(item) for word in self._lost)]
        for number, item in todo:
            if (number, item) not in kept:
                yield [Done(number, item, Lost("died", "killed its process twice. Leave it out"))]
        for part in super().map(work, [item for _, item in kept]):
            yield [Done(kept[done.number][0], done.item, done.answer) for done in part]


class Elsewhere(InProcess):
    """Does work as another process does, whom no driver hears; `meanwhile` happens before it answers."""

    workers = 2

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._meanwhile = meanwhile
        self.seconds: dict[str, float] = {}
        self.wanted: list[int] = []

    def map(
        self,
        work: Work[Any, Any],
        items: Iterable[Any],
        *,
        total: int | None = None,
        progress: Progress = silent,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[list[Done[Any, Any]]]:
        build: Any = work.build
        unheard = replace(work, build=partial(build.func, replace(build.args[0], word="")))
        for part in super().map(unheard, items):
            for done in part:
                if isinstance(done.item, FilmPiece):
                    self.wanted.append(len(done.item.frames))
                else:
                    parts = str(done.item.path).split("/")
                    self.seconds |= {"/".join(parts[-count:]): work.seconds for count in (1, 2, 3)}
            self._meanwhile()
            yield part


def take(
    project: Path,
    *paths: Place,
    engine: Engine | None = None,
    settings: IngestSettings = SETTINGS,
    store: str = "",
    seconds: float = 120,
) -> list[Ingested | Unreadable]:
    wanted, missing = plan_ingest(paths, group=None, class_folders=settings.task)
    with open_catalog(project / "catalog.db") as catalog:
        taken = ingest(
            wanted, catalog=catalog, root=project, settings=settings, engine=engine, store=store, seconds=seconds
        )
        return [*missing, *taken]


def rows_of(project: Path) -> tuple[object, ...]:
    """Return every row of the tables that an ingest fills; when they were added is no part of these values."""
    with open_catalog(project / "catalog.db") as catalog:
        labels = [(label.frame, label.class_name, label.place) for label in catalog.labels()]
        return catalog.sources(), catalog.frames(), catalog.known_files(), labels


def pictures_of(project: Path) -> dict[str, bytes]:
    folders = (project / "frames", project / "thumbnails")
    return {str(path.relative_to(project)): path.read_bytes() for one in folders for path in one.rglob("*.jpg")}


def waiting_in(project: Path) -> list[str]:
    return [path.name for path in (project / TAKEN_FOLDER).glob("*")]


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Three photographs of one name, one of them twice, in folders of classes, and two films of one name."""
    folder = tmp_path / "footage"
    for seed, name in enumerate(("rose/1/IMG.jpg", "rose/2/IMG.jpg", "tulip/IMG.jpg")):
        write_photo(folder / name, seed)
    (folder / "copy.jpg").write_bytes((folder / "rose/2/IMG.jpg").read_bytes())
    write_film(folder / "E01.mp4", 60)
    (folder / "other").mkdir()
    write_film(folder / "other" / "E01.mp4", 80)
    return folder


def test_tables_and_pictures_do_not_depend_on_what_is_done_first(footage: Path, tmp_path: Path) -> None:
    here, backwards = tmp_path / "here", tmp_path / "backwards"
    outcomes = [take(project, footage, engine=engine) for project, engine in ((here, None), (backwards, Backwards()))]
    assert all(isinstance(outcome, Ingested) for outcome in outcomes[1])
    assert rows_of(here) == rows_of(backwards)
    assert pictures_of(here) == pictures_of(backwards)
    assert waiting_in(here) == waiting_in(backwards) == []


def test_what_is_lost_is_listed_and_tried_again_by_the_next_run(footage: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    take(whole, footage)
    outcomes = take(broken, footage, engine=Backwards("tulip", "E01.mp4, frames"))
    lost = {outcome.path: outcome.reason for outcome in outcomes if isinstance(outcome, Unreadable)}
    assert lost == {str(footage / "tulip" / "IMG.jpg"): "killed its process twice. Leave it out"}
    films = [one for one in outcomes if isinstance(one, Ingested) and one.source.kind == "video"]
    assert sorted((one.new, one.lost_frames) for one in films) == [(0, 3), (0, 4)]
    assert all("E01.mp4, frames 0 to " in str(one.lost[0]) for one in films)
    take(broken, footage)
    assert [len(rows) for rows in rows_of(broken)[:3]] == [len(rows) for rows in rows_of(whole)[:3]]  # type: ignore[arg-type]


def test_what_the_workers_of_a_killed_driver_had_done_is_noted_and_not_done_again(tmp_path: Path) -> None:
    film, project = write_film(tmp_path / "a.mp4", 100), tmp_path / "project"
    sparse = replace(SETTINGS, sampling=Every(Fraction(1)))
    with open_catalog(project / "catalog.db") as catalog:
        maker = PictureMaker(project, sparse)
        found = look(LookAt(film), maker).found
        assert isinstance(found, FoundFilm)
        source = catalog.add_source(replace(found.read, group="a"), now="2026-01-01T00:00:00Z")
        frames = tuple(name_frames(source, found.index, (0, 25, 50)))
        answer = take_piece(
            FilmPiece(film, source, FilmIndex(found.index), frames),
            maker,
            listener=None,
            threads=1,
            stopped=lambda: False,
        )
        assert (answer.written, len(answer.parts)) == ((0, 25, 50), 1)
        assert catalog.frames() == []
    for name in ("frames-0000.parquet", "yesterday.jpg", "today.jpg"):
        (project / TAKEN_FOLDER / name).write_bytes(b"spoilt")
        if name != "today.jpg":
            os.utime(project / TAKEN_FOLDER / name, (0, 0))
    (outcome,) = take(project, film, settings=sparse)
    assert isinstance(outcome, Ingested)
    assert (outcome.new, outcome.known) == (1, 3)
    assert waiting_in(project) == ["today.jpg"]
    take(tmp_path / "whole", film, settings=sparse)
    assert rows_of(project) == rows_of(tmp_path / "whole")


@pytest.mark.parametrize("fate", ["noted by another", "spoilt", "gone"])
def test_only_what_the_catalog_has_counts_as_new(tmp_path: Path, fate: str) -> None:
    film, project = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"

    def meanwhile() -> None:
        for part in (project / TAKEN_FOLDER).glob("frames-*.parquet"):
            if fate == "spoilt":
                part.write_bytes(b"PAR1")
            elif fate == "gone":
                part.unlink()
            else:
                with open_catalog(project / "catalog.db") as catalog:
                    assert note_left_parts(project, catalog, now="2026-01-01T00:00:00Z") == 3

    (outcome,) = take(project, film, engine=Elsewhere(meanwhile))
    assert isinstance(outcome, Ingested)
    with open_catalog(project / "catalog.db") as catalog:
        assert outcome.new == len(catalog.frames()) == (3 if fate == "noted by another" else 0)
    assert len(waiting_in(project)) == (fate == "spoilt")
    assert ["3 of its frames were written and cannot be noted" in str(lost) for lost in outcome.lost[:1]] == (
        [] if fate == "noted by another" else [True]
    )
    (again,) = take(project, film)
    assert isinstance(again, Ingested)
    assert (again.new + outcome.new, again.lost) == (3, ())


def test_a_part_whose_pictures_are_not_there_yet_waits_for_them(tmp_path: Path) -> None:
    film, project = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"
    take(project, film)
    with open_catalog(project / "catalog.db") as catalog:
        stored = catalog.frames()
        first = project / stored[0].image
        first.rename(first.with_suffix(".aside"))
        part = project / write_part(project, [replace(item, size="32") for item in stored])
        assert note_left_parts(project, catalog, now="2026-01-01T00:00:00Z") == 0
        assert part.exists()
        first.with_suffix(".aside").rename(first)
        assert note_left_parts(project, catalog, now="2026-01-01T00:00:00Z") == 3
        assert not part.exists()


def test_a_left_part_never_stands_for_another_picture(tmp_path: Path) -> None:
    film, project = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"
    take(project, film)
    with open_catalog(project / "catalog.db") as catalog:
        stored = catalog.frames()
        write_part(project, [replace(item, sha256="0" * 64, size="32") for item in stored])
        write_part(project, [replace(item, image=f"s3://b/{item.image}") for item in stored])
        assert note_left_parts(project, catalog, now="2026-01-01T00:00:00Z") == 0
        assert catalog.frames() == stored
    assert waiting_in(project) == []


def test_a_photograph_has_no_more_time_because_a_film_is_beside_it(footage: Path, tmp_path: Path) -> None:
    engine = Elsewhere()
    remote = parse_place("http://127.0.0.1:9/E02.mp4")
    take(tmp_path / "project", footage, remote, engine=engine)
    assert engine.seconds["rose/1/IMG.jpg"] == engine.seconds["tulip/IMG.jpg"] == 120
    assert 120 < engine.seconds["E01.mp4"] < 121
    assert engine.seconds["E02.mp4"] > 3600


def test_the_index_of_a_long_film_is_sent_small_and_opened_once() -> None:
    count = 172_800
    index = VideoIndex(
        tuple(range(0, count * 512, 512)), Fraction(1, 12_288), Fraction(24), tuple(range(0, count, 48)), 8, 8, "h264",
        Fraction(7200), start_timecode="01:00:00:00",
    )  # fmt: skip
    sent = [pickle.dumps(FilmIndex(index)) for _ in range(2)]
    assert len(sent[0]) < 5000
    one, other = map(pickle.loads, sent)
    assert one is other
    assert one.opened == index


def test_a_film_of_which_every_frame_is_wanted_is_cut_short_enough_for_an_answer(tmp_path: Path) -> None:
    film, engine = write_large_film(tmp_path / "a.mp4", 1500), Elsewhere()
    take(tmp_path / "project", film, engine=engine, settings=replace(SETTINGS, sampling=EveryFrame(), thumbnail=None))
    assert sum(engine.wanted) == 1500
    assert max(engine.wanted) < 400


def test_a_part_of_which_the_picture_is_gone_is_passed_over(tmp_path: Path) -> None:
    film, project = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"
    take(project, film)
    with open_catalog(project / "catalog.db") as catalog:
        write_part(project, [replace(item, sha256="0" * 64) for item in catalog.frames()])
    for picture in (project / "frames").rglob("*.jpg"):
        picture.unlink()
    (outcome,) = take(project, film)
    assert isinstance(outcome, Ingested)
    assert outcome.new == 3
    take(tmp_path / "whole", film)
    assert rows_of(project) == rows_of(tmp_path / "whole")


def test_a_photograph_that_changes_while_it_is_read_is_listed(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", 1)

    def changes() -> bool:
        os.utime(photo, (1, 1))
        return False

    answer = look(LookAt(photo), PictureMaker(tmp_path / "project", SETTINGS), stopped=changes)
    assert isinstance(answer.found, Unreadable)
    assert answer.found.reason.startswith("changed while it was read")
    assert answer.seen == ()


def test_a_file_that_another_machine_does_not_see_is_said_to_be_here(tmp_path: Path) -> None:
    photo, aside = write_photo(tmp_path / "a.jpg", 1), tmp_path / "aside"
    wanted, _ = plan_ingest([photo], group=None, class_folders=None)
    photo.rename(aside)
    engine = Elsewhere(lambda: aside.replace(photo) and None)
    with open_catalog(tmp_path / "catalog.db") as catalog:
        (outcome,) = ingest(wanted, catalog=catalog, root=tmp_path / "project", settings=SETTINGS, engine=engine)
    assert isinstance(outcome, Unreadable)
    assert outcome.reason.startswith("is on this machine, and not on the one that was to read it")


def test_a_known_photograph_needs_no_worker(tmp_path: Path) -> None:
    photo, project = write_photo(tmp_path / "a.jpg", 1), tmp_path / "project"
    take(project, photo)
    (outcome,) = take(project, photo, engine=Backwards("a.jpg"))
    assert isinstance(outcome, Ingested)
    assert (outcome.new, outcome.known) == (0, 1)


def test_where_the_project_has_a_store_pictures_are_in_it_and_found_there(
    footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    with s3_store() as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        store = f"s3://{bucket.name}/rushes"
        outcomes = take(project, footage, store=store)
        assert all(isinstance(outcome, Ingested) for outcome in outcomes)
        assert pictures_of(project) == {}
        with open_catalog(project / "catalog.db") as catalog, Pictures(project) as pictures:
            frames = catalog.frames()
            assert len(frames) == 10
            for item in frames:
                assert item.image.startswith(f"{store}/frames/")
                with pictures.held(item.image, sha256=item.sha256) as path:
                    assert max(read_picture(path).shape) <= 64
        again = take(project, footage, store=store)
        assert sum(outcome.new for outcome in again if isinstance(outcome, Ingested)) == 0
        keys = [one["Key"] for one in bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]]
        assert len(keys) == 20
        assert {key.split("/")[1] for key in keys} == {"frames", "thumbnails"}
        bucket.put("new/IMG.jpg", (footage / "copy.jpg").read_bytes())
        own = OwnStore(store)
        wanted, _ = plan_ingest([parse_place(f"s3://{bucket.name}/")], group=None, class_folders=None, own=own)
        assert [str(item.path) for item in wanted] == [f"s3://{bucket.name}/new/IMG.jpg"]
        assert own.passed_over == 20
        keys_list = tmp_path / "keys.txt"
        keys_list.write_text("\n".join(f"s3://{bucket.name}/{key}" for key in [*keys, "new/IMG.jpg"]))
        listed, _ = plan_ingest([keys_list], group=None, class_folders=None, own=own)
        assert [item.path for item in listed] == [item.path for item in wanted]
        named, _ = plan_ingest([parse_place(f"{store}/frames/")], group=None, class_folders=None, own=own)
        assert len(named) == 10


@pytest.mark.longer
def test_a_pool_of_processes_gives_the_tables_of_one(footage: Path, tmp_path: Path) -> None:
    write_film(footage / "long.mp4", 260)
    every = replace(SETTINGS, sampling=EveryFrame(), task=None)
    one, many = tmp_path / "one", tmp_path / "many"
    take(one, footage, settings=every)
    with closing(open_engine("here", workers=2)) as engine:
        outcomes = take(many, footage, settings=every, engine=engine)
    assert all(isinstance(outcome, Ingested) and not outcome.lost for outcome in outcomes)
    assert rows_of(one) == rows_of(many)
    assert pictures_of(one) == pictures_of(many)
    assert waiting_in(many) == []
    scans = [{path.name: path.read_bytes() for path in (project / "scans").iterdir()} for project in (one, many)]
    assert scans[0] == scans[1]
    assert len(scans[0]) == 3


@pytest.mark.longer
def test_a_file_that_takes_too_long_is_lost_and_the_rest_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    photo = write_photo(tmp_path / "a.jpg", 1)
    with web_server() as web, closing(open_engine("here", workers=2)) as engine:
        if engine.workers < 2:
            pytest.skip("no pool of processes here")
        address = web.put("/slow.jpg", photo.read_bytes())
        web.before = lambda asked, number: time.sleep(8)
        slow, good = take(tmp_path / "project", parse_place(address), photo, engine=engine, seconds=2)
    assert isinstance(slow, Unreadable)
    assert slow.path == address
    assert isinstance(good, Ingested)


def test_a_picture_in_two_folders_of_classes_is_told_whatever_is_first(footage: Path, tmp_path: Path) -> None:
    (footage / "tulip" / "IMG.jpg").write_bytes((footage / "rose/1/IMG.jpg").read_bytes())
    (footage / "rose" / "IMG.jpg").write_bytes((footage / "rose/1/IMG.jpg").read_bytes())
    settings = replace(SETTINGS, task=TASK)
    folders = (footage / "rose" / "IMG.jpg", footage / "tulip")
    for engine in (None, Backwards()):
        project = tmp_path / ("backwards" if engine else "here")
        take(project, *folders, settings=settings, engine=engine)
    assert rows_of(tmp_path / "here")[:3] == rows_of(tmp_path / "backwards")[:3]


def test_a_long_film_is_sought_in_pieces_by_a_pool(tmp_path: Path) -> None:
    film = write_large_film(tmp_path / "long.mp4", 400)
    settings = replace(SETTINGS, sampling=Every(Fraction(1, 5)), thumbnail=None)
    (outcome,) = take(tmp_path / "many", film, settings=settings, engine=Backwards())
    assert isinstance(outcome, Ingested)
    assert outcome.new == 80
    take(tmp_path / "one", film, settings=settings)
    assert rows_of(tmp_path / "one") == rows_of(tmp_path / "many")
    assert pictures_of(tmp_path / "one") == pictures_of(tmp_path / "many")
