"""The parts of the application that show a project: its reviews, footage and runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.concurrency import run_in_threadpool

from rushes.api.served import Served
from rushes.bundles.shot_bundle import ShotBundle
from rushes.catalog.catalog import Catalog
from rushes.errors import RushesError
from rushes.project import Project, Task
from rushes.review.app import review_app
from rushes.review.gather import key_of_task, review_of_task, title_of_task
from rushes.review.serve import opened_desk, review_entry
from rushes.review.session import Opening, slug_of
from rushes.studio.app import Part
from rushes.studio.footage import footage_router
from rushes.studio.runs import runs_router
from rushes.web.problem import send_problem

if TYPE_CHECKING:
    from rushes.review.app import Desk


@contextmanager
def project_parts(
    project: Project,
    catalog: Catalog,
    *,
    person: str,
    desks: Sequence[Desk] | None = None,
    served: Sequence[Served] = (),
    threads: int | None = None,
) -> Iterator[list[Part]]:
    """Give the parts that show a project, and end their threads behind them.

    Args:
        person: whose decisions reviews take.
        desks: the reviews that are shown, opened already; None shows one of each task, opened when it is looked at.
        served: bundles, the first of which that fits a task answers in its review, where it is opened later; without
            one the task's newest run does.
        threads: for pictures of reviews.
    """
    with ExitStack() as ends:
        reviews = (
            _later_reviews(project, catalog, person, served, threads, ends)
            if desks is None
            else Part(
                "review",
                mounts={f"/reviews/{desk.review.slug}": review_app(desk) for desk in desks},
                config={"reviews": [review_entry(desk) for desk in desks]},
            )
        )
        yield [
            reviews,
            Part("footage", routers=[footage_router(project, catalog)]),
            Part("runs", routers=[runs_router(project)]),
        ]


def bundle_for(task: Task, served: Sequence[Served]) -> Path | None:
    """Return the folder of the first bundle of pictures that answers a task, with no class that it has not."""
    for one in served:
        bundle = one.bundle
        if not isinstance(bundle, ShotBundle) and bundle.task == task.name and set(bundle.classes) <= set(task.classes):
            return one.folder
    return None


def _later_reviews(
    project: Project,
    catalog: Catalog,
    person: str,
    served: Sequence[Served],
    threads: int | None,
    ends: ExitStack,
) -> Part:
    """Return a review of each task, each of which is gathered when it is looked at."""

    def opening(task: Task) -> Callable[[], Any]:
        def open() -> Any:
            review = review_of_task(catalog, task, project=project)
            desk = ends.enter_context(
                opened_desk(
                    review,
                    catalog=catalog,
                    project=project,
                    threads=threads,
                    opening=Opening(person=person),
                    model=bundle_for(task, served),
                )
            )
            return review_app(desk)

        return open

    count = sum(catalog.frame_counts([source.digest for source in catalog.sources()]).values())
    entries, mounts = [], {}
    for task in project.tasks.values():
        slug = slug_of(key_of_task(task))
        entries.append({"slug": slug, "title": title_of_task(project, task), "task": task.name, "count": count})
        mounts[f"/reviews/{slug}"] = OpenedLater(opening(task))
    return Part("review", mounts=mounts, config={"reviews": entries})


class OpenedLater:
    """An ASGI application that is made when it is first asked; what hinders that is told, and it is tried again."""

    def __init__(self, make: Callable[[], Any]) -> None:
        """Make nothing yet."""
        self._make = make
        self._made: Any = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if self._made is None:
            async with self._making:
                if self._made is None:
                    try:
                        self._made = await run_in_threadpool(self._make)
                    except RushesError as error:
                        await send_problem(send, HTTPStatus.NOT_FOUND, str(error))
                        return
        await self._made(scope, receive, send)
