"""A piece of a film taken, while another program writes to the film."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.test_ingest_at_scale import SETTINGS, Elsewhere, pictures_of, take, waiting_in
from footage.painted import ordinal_of, write_film
from rushes.catalog.catalog import open_catalog
from rushes.catalog.frame_writer import PictureMaker
from rushes.catalog.ingest import ingest, plan_ingest
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.catalog.look import FoundFilm, LookAt, look
from rushes.catalog.take_piece import FilmIndex, FilmPiece, take_piece
from rushes.footage.picture import parse_size
from rushes.footage.pictures import read_picture
from rushes.footage.sampling import EveryFrame, PerShot, name_frames
from rushes.footage.source import Unreadable
from rushes.scale.choose import open_engine
from rushes.scale.engine import Done, Engine, Work
from rushes.scale.in_process import InProcess
from rushes.storage.files import digest_of_file
from rushes.storage.places import parse_place
from rushes.storage.stores import State
from storage.servers import web_server

CHANGED = "changed while it was read, so that frames are missing. Run this again when nothing writes to it any more"
REMOVED = "was removed or moved while it was read. Put it back, then run this again"
EVERY = replace(SETTINGS, sampling=EveryFrame())


class Between(InProcess):
    """Does work as another engine does; something happens before the first piece is taken."""

    def __init__(self, act: Callable[[], object], other: Engine) -> None:
        super().__init__()
        self._acts, self._other, self.workers = [act], other, other.workers
        self.states: list[object] = []

    def map(self, work: Work[Any, Any], items: Iterable[Any], **how: Any) -> Iterator[list[Done[Any, Any]]]:
        todo = list(items)
        if work.what == "taking frames":
            self.states += [item.state for item in todo]
            while self._acts:
                self._acts.pop()()
        return self._other.map(work, todo)


@pytest.mark.parametrize("settings", [SETTINGS, EVERY, replace(SETTINGS, sampling=PerShot(1))])
@pytest.mark.parametrize("by_others", [False, True])
def test_a_film_that_is_replaced_before_its_frames_are_taken_is_listed_and_none_is_noted(
    tmp_path: Path, settings: IngestSettings, by_others: bool
) -> None:
    film, other = write_film(tmp_path / "a.mp4", 60), write_film(tmp_path / "b.mp4", 60, options={"crf": "40"})
    good, project = write_film(tmp_path / "good.mp4", 40), tmp_path / "project"
    digests = digest_of_file(film), digest_of_file(other)
    engine = Between(lambda: other.replace(film), Elsewhere() if by_others else InProcess())
    outcomes = {Path(str(one.path)).name: one for one in take(project, film, good, engine=engine, settings=settings)}
    assert outcomes["a.mp4"] == Unreadable(str(film), CHANGED)
    whole = outcomes["good.mp4"]
    assert isinstance(whole, Ingested)
    assert (whole.new > 0, whole.lost) == (True, ())
    with open_catalog(project / "catalog.db") as catalog:
        assert catalog.frames(source=digests[0]) == []
        noted = {item.image for item in catalog.frames()}
    assert {name for name in pictures_of(project) if name.startswith("frames/")} == noted
    assert waiting_in(project) == []
    assert not [path for path in (project / "scans").glob("*") if path.stem == digests[0][:16]]
    (again,) = take(project, film, settings=settings)
    assert isinstance(again, Ingested)
    assert (again.source.digest, again.new > 0, again.lost) == (digests[1], True, ())


@pytest.mark.parametrize(("fate", "said"), [("replaced", CHANGED), ("removed", REMOVED)])
def test_frames_that_were_read_before_a_film_changed_stand_and_no_later_ones(
    tmp_path: Path, fate: str, said: str
) -> None:
    film, other = write_film(tmp_path / "a.mp4", 300), write_film(tmp_path / "b.mp4", 300, options={"crf": "40"})
    digest, project = digest_of_file(film), tmp_path / "project"
    settings = IngestSettings(sampling=EveryFrame(), size=parse_size("640"), format="png")
    wanted, _ = plan_ingest([film], group=None, class_folders=None)

    def happens(_done: int, _total: int | None, note: str = "") -> None:
        if "frames" in note:
            film.unlink(missing_ok=True) if fate == "removed" else film.write_bytes(other.read_bytes())

    with open_catalog(project / "catalog.db") as catalog:
        (outcome,) = ingest(wanted, catalog=catalog, root=project, settings=settings, progress=happens)
        stored = catalog.frames()
    assert isinstance(outcome, Ingested)
    assert 0 < outcome.new < 300
    assert (outcome.new, outcome.lost_frames) == (len(stored), 300 - len(stored))
    assert outcome.lost == (Unreadable(str(film), said),)
    assert {item.frame.source for item in stored} == {digest}
    assert all(ordinal_of(read_picture(project / item.image)) == item.frame.ordinal for item in stored)
    assert {path.name for path in (project / "frames" / "a").iterdir()} == {Path(item.image).name for item in stored}
    assert not list((project / "scans").glob("*"))


def test_an_object_that_is_replaced_before_another_process_takes_its_frames_is_not_read(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    film, other = write_film(tmp_path / "a.mp4", 60), write_film(tmp_path / "b.mp4", 60, options={"crf": "40"})
    maker = PictureMaker(tmp_path / "project", SETTINGS)
    with web_server() as web:
        place = parse_place(web.put("/a.mp4", film.read_bytes()))
        found = look(LookAt(place), maker).found
        assert isinstance(found, FoundFilm)
        assert isinstance(found.state, State)
        assert (found.state.size_bytes, found.state.etag) == (film.stat().st_size, '"one"')
        frames = tuple(name_frames(found.read, found.index, (0, 25, 50)))
        piece: FilmPiece = pickle.loads(
            pickle.dumps(FilmPiece(place, found.read, FilmIndex(found.index), frames, state=found.state))
        )
        same = take_piece(piece, maker, listener=None, threads=1, stopped=lambda: False)
        assert (same.written, same.failure) == ((0, 25, 50), None)
        web.put("/a.mp4", other.read_bytes(), etag='"two"')
        web.sent.clear()
        answer = take_piece(piece, maker, listener=None, threads=1, stopped=lambda: False)
        assert (answer.written, answer.parts, web.sent["/a.mp4"]) == ((), (), 0)
        assert answer.failure is not None
        assert answer.failure.reason == "changed while it was read. Run this again once it is no longer written to"


def test_each_piece_of_an_object_carries_the_state_in_which_it_was_looked_at(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    film, project = write_film(tmp_path / "a.mp4", 60), tmp_path / "project"
    with web_server() as web:
        place = parse_place(web.put("/a.mp4", film.read_bytes()))
        engine = Between(lambda: web.put("/a.mp4", film.read_bytes()[::-1], etag='"two"'), Elsewhere())
        (outcome,) = take(project, place, engine=engine)
        assert [state.etag for state in engine.states if isinstance(state, State)] == ['"one"']
    assert isinstance(outcome, Ingested)  # all of it was here already


@pytest.mark.longer
def test_an_object_that_is_replaced_before_a_pool_takes_its_frames_is_listed(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    film, other = write_film(tmp_path / "a.mp4", 60), write_film(tmp_path / "b.mp4", 60, options={"crf": "40"})
    project = tmp_path / "project"
    with web_server() as web, closing(open_engine("here", workers=2)) as pool:
        if pool.workers < 2:
            pytest.skip("no pool of processes here")
        place = parse_place(web.put("/a.mp4", film.read_bytes()))
        engine = Between(lambda: web.put("/a.mp4", other.read_bytes(), etag='"two"'), pool)
        (outcome,) = [one for one in take(project, place, film, engine=engine) if str(one.path) == str(place)]
        assert isinstance(outcome, Unreadable)
        assert outcome.reason == "changed while it was read. Run this again once it is no longer written to"
        with open_catalog(project / "catalog.db") as catalog:
            assert {item.frame.source for item in catalog.frames()} == {digest_of_file(film)}
