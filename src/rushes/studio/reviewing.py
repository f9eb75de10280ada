"""A review on this machine, in the application that shows its project, until it is stopped."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rushes.catalog.catalog import Catalog
from rushes.cores import count_cores
from rushes.project import Project
from rushes.review.model_answers import find_model, is_bundle
from rushes.review.serve import opened_desk
from rushes.review.session import Opening, Review
from rushes.storage.files import digest_of_bytes
from rushes.studio.access import access_for
from rushes.studio.app import Predicting, make_application
from rushes.studio.project_parts import project_parts
from rushes.web.remembered import Door, remember_door, remembered_door
from rushes.web.server import ADDRESS, Server, listen

_TOKEN_BYTES = 24


def serve_review(
    review: Review,
    *,
    catalog: Catalog,
    project: Project,
    started: Callable[[str, str], None],
    port: int = 0,
    threads: int | None = None,
    opening: Opening | None = None,
    model: Path | None = None,
) -> None:
    """Serve a review, with the footage and runs of its project, until Ctrl-C or SIGTERM.

    Args:
        started: called once the page can be opened with its address, and with one that opens it a single time, for a
            browser's command line, which other users of the machine can read.
        port: 0 takes the one that this review had last, or any that is free.
        opening: how the page begins, and for whom.
        model: run or bundle whose answers are shown; None takes the cull's, or those of the task's newest run. A bundle
            also answers on the tab of predictions.

    Raises:
        UsageError: the port cannot be used, or the model does not fit.
    """
    own, opens = project.cache_folder.parent, opening or Opening()
    door = remembered_door(own, review.key)
    listening = listen(port, preferred=door.port)
    try:
        door = Door(int(listening.getsockname()[1]), door.token)
        remember_door(own, review.key, door)
        once = secrets.token_urlsafe(_TOKEN_BYTES)
        access = access_for(ADDRESS, token=door.token, cookie=cookie_of(review), once=once, command="rushes review")
        with (
            _predicting(project, model, threads) as predicting,
            opened_desk(review, catalog=catalog, project=project, threads=threads, opening=opens, model=model) as desk,
            project_parts(project, catalog, person=opens.person, desks=[desk]) as parts,
        ):
            app = make_application(
                access=access,
                opens_on="review",
                predicting=predicting,
                parts=parts,
                project=project.name,
                person=opens.person,
            )
            address, opens_once = door.address, Door(door.port, once).address
            Server(app, listening, started=lambda: started(address, opens_once), lifespan=True).run()
    finally:
        listening.close()


@contextmanager
def _predicting(project: Project, model: Path | None, threads: int | None) -> Iterator[Predicting | None]:
    """Give the API of the bundle that is reviewed with, as `rushes serve` would; None where no bundle is named."""
    folder = find_model(project, model) if model is not None else None
    if folder is None or not is_bundle(folder):
        yield None
        return
    from rushes.api.limits import Limits
    from rushes.api.service import Strength
    from rushes.api.spooling import spool_folder
    from rushes.studio.predicting import open_predicting

    cores = threads or count_cores()
    with spool_folder(Path(tempfile.gettempdir())) as spool:
        strength = Strength(decoders=1, threads=cores)  # one person's, beside the pictures of the review
        yield open_predicting([folder], limits=Limits(), strength=strength, spool=spool)


def cookie_of(review: Review) -> str:
    """Return the name of the cookie that bears a review's token: two reviews on one port do not share it."""
    return f"rushes-review-{digest_of_bytes(review.key.encode())[:12]}"
