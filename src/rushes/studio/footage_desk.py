"""What the routes of footage share: the films of a project, their pictures, and the works that go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from http import HTTPStatus

from fastapi import HTTPException, Response
from fastapi.concurrency import run_in_threadpool

from rushes.catalog.catalog import Catalog
from rushes.cores import count_cores
from rushes.errors import MediaError
from rushes.footage.found_shots import find_shots
from rushes.footage.source import Source
from rushes.progress import Progress
from rushes.project import Project
from rushes.review.picture_cache import PictureCache
from rushes.studio.film_pictures import FilmPictures
from rushes.studio.films import Films
from rushes.studio.shot_answers import ShotAnswers
from rushes.studio.small_films import SmallFilms
from rushes.studio.structures import Structures, Understanding
from rushes.studio.works import FullError, Works
from rushes.web.replies import json_reply

_PICTURE_SECONDS = 120


class FootageDesk:
    """What the routes share."""

    def __init__(
        self, project: Project, catalog: Catalog, understands: Callable[[Project, Films], Understanding]
    ) -> None:
        """Begin no thread before something is asked for."""
        self.project, self.catalog = project, catalog
        self.films = Films(project, catalog)
        self.pictures = FilmPictures(self.films, PictureCache(project.cache_folder / "footage"))
        self.small = SmallFilms(project.cache_folder / "small-films")
        self.answers = ShotAnswers(project)
        self.structures = Structures(project, understands(project, self.films))
        self.works = Works()
        self.threads = max(1, count_cores() - 1)  # one is left for who asks

    def close(self) -> None:
        """End what is at work."""
        self.works.close()
        self.pictures.close()

    def source(self, digest: str) -> Source:
        """Return a source of the project, or answer that there is none."""
        found = self.catalog.source(digest)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"the project has no source '{digest[:80]}'")
        return found

    def film(self, digest: str) -> Source:
        """Return a film of the project, or answer that there is none."""
        source = self.source(digest)
        if source.kind != "video":
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{source.name} is a photograph; only films have shots")
        return source

    def scan(self, source: Source, bundle: str | None) -> Callable[[Progress], None]:
        """Return the act that finds the shots of a film and, where a bundle is named, asks it of them."""
        place, scans = self.films.place(source), self.project.scans_folder

        def act(progress: Progress) -> None:
            if bundle is None:
                found = find_shots(place, scans=scans, threads=self.threads, progress=progress)
                if found.unkept is not None:
                    raise MediaError(source.name, f"the scan was not kept: {found.unkept}")
            else:
                self.answers.answer(bundle, place, threads=self.threads, progress=progress)

        return act

    def preview(self, source: Source) -> Callable[[Progress], None]:
        """Return the act that makes the small film of a film."""
        place = self.films.place(source)

        def act(progress: Progress) -> None:
            self.small.make(source, place, self.films.index(source), threads=self.threads, progress=progress)

        return act

    def begun(self, source: Source, kind: str, act: Callable[[], Callable[[Progress], None]]) -> Response:
        """Answer that an act is done in the background."""
        try:
            with media_problems():
                work = self.works.ask(kind, source.digest, act())
        except FullError as error:
            raise busy(error) from error
        return json_reply(work.to_table(), status=HTTPStatus.ACCEPTED)


async def send_picture(
    source: Source, ask: Callable[[], tuple[str, Future[None] | None]], cache: PictureCache, *, keeps: bool = True
) -> Response:
    """Answer with a picture as soon as it is made.

    Args:
        keeps: whether a browser may keep it.
    """
    try:
        key, future = await run_in_threadpool(ask)
        if future is not None:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), _PICTURE_SECONDS)
    except IndexError as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{source.name} has no shot {error}, or was not scanned") from error
    except MediaError as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{source.name}: {error.reason}") from error
    except FullError as error:
        raise busy(error) from error
    except TimeoutError as error:
        raise busy("the picture takes long to be made. Try again") from error
    data = await run_in_threadpool(cache.get, key)
    if data is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{source.name}: its frame could not be decoded")
    kept = "private, max-age=86400" if keeps else "no-store"
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": kept})


def busy(said: object) -> HTTPException:
    """Return the answer that one should come back in a moment."""
    return HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, str(said), headers={"Retry-After": "2"})


@contextmanager
def media_problems() -> Iterator[None]:
    """Answer with a conflict where a film cannot be read; where its file is, is not told."""
    try:
        yield
    except MediaError as error:
        raise HTTPException(HTTPStatus.CONFLICT, error.reason) from error
