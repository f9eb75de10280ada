"""What a review is served from."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.catalog.catalog import Catalog
from rushes.errors import RushesError, require_extra
from rushes.project import Project
from rushes.review.decisions import Decisions
from rushes.review.heat import HeatDesk
from rushes.review.opinions import Opinions
from rushes.review.picture_cache import PictureCache
from rushes.review.pictures import PictureDesk
from rushes.review.renditions import Renditions
from rushes.review.session import Opening, Review

if TYPE_CHECKING:
    from rushes.bundles.bundle import Bundle
    from rushes.review.app import Desk

_ANSWERS = "answers"  # of bundles, in the cache
_log = logging.getLogger(__name__)


def require_app() -> None:
    """Raise MissingExtraError unless what serves the page is installed."""
    require_extra("app", "fastapi", "uvicorn", purpose="the review page")


def review_entry(desk: Desk) -> dict[str, Any]:
    """Return what `/app.json` says of one review."""
    review = desk.review
    return {"slug": review.slug, "title": review.title, "task": review.task, "count": len(review.items)}


@contextmanager
def opened_desk(
    review: Review,
    *,
    catalog: Catalog,
    project: Project,
    opening: Opening,
    threads: int | None = None,
    model: Path | None = None,
) -> Iterator[Desk]:
    """Give all that a review is served from, and end its threads behind it.

    Args:
        opening, model: as `serve_review` takes them.
    """
    from rushes.review.app import Desk

    with ExitStack() as ends:
        decisions = decisions_of(review, catalog=catalog, project=project)
        opinions, bundle = _opinions_of(review, project, model, ends)
        cache = PictureCache(project.cache_folder / "review")
        pictures = PictureDesk(review.items, renditions=Renditions(project.root), cache=cache, threads=threads)
        ends.callback(pictures.close)
        heat = heat_of(review, project, pictures, bundle=bundle)
        if heat is not None:
            ends.callback(heat.close)
        yield Desk(review, decisions, pictures, heat, opinions, opening)


def decisions_of(review: Review, *, catalog: Catalog, project: Project) -> Decisions:
    """Return the decisions of a review, by the trust of its task."""
    trust = project.trust_of(project.task(review.task))
    return Decisions(catalog, task=review.task, review=review.key, trust=trust, title=review.title)


def heat_of(
    review: Review, project: Project, pictures: PictureDesk, *, bundle: Bundle | None = None
) -> HeatDesk | None:
    """Return what paints heat, for the bundle that is reviewed with or the one that culled; None where none is."""
    if bundle is not None:
        return HeatDesk(bundle.folder, bundle.id, "", pictures=pictures)
    cull = review.cull
    if cull is None:
        return None
    return HeatDesk(project.root / cull.bundle_path, cull.bundle, cull.class_name, pictures=pictures)


def _opinions_of(
    review: Review, project: Project, model: Path | None, ends: ExitStack
) -> tuple[Opinions | None, Bundle | None]:
    """Return what a model says, and the bundle that is asked for more; neither where there is no model."""
    from rushes.review import model_answers as source

    task = project.task(review.task)
    if model is None and review.cull is not None:
        return source.opinions_of_cull(review, review.cull), None
    if model is None:
        run = source.newest_run(project, task)
        if run is None:
            return None, None
        try:
            return source.opinions_of_run(project, task, review, run.folder), None
        except RushesError as error:  # nobody asked for it: a review is good without
            _log.warning("the answers of %s are not shown: %s", run.name, error)
            return None, None
    folder = source.find_model(project, model)
    if not source.is_bundle(folder):
        return source.opinions_of_run(project, task, review, folder), None
    from rushes.bundles.bundle import open_bundle

    bundle = open_bundle(folder)
    opinions = source.opinions_of_bundle(project, task, review, bundle)

    def open_model() -> source.Answering:
        from rushes.inference.predictor import Predictor

        return Predictor(bundle, threads=1)  # beside a person who waits for pictures

    asking = source.AnswerDesk(
        opinions,
        review.items,
        bundle_id=bundle.id,
        open_model=open_model,
        root=project.root,
        kept=project.cache_folder / _ANSWERS,
    )
    ends.callback(asking.close)
    return opinions, bundle
