"""`rushes serve`: bundles as an API for programs, with a page for people."""

from __future__ import annotations

import logging
import os
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, ThreadsOption, verb_app
from rushes.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rushes.api.limits import Limits
    from rushes.api.served import Served
    from rushes.project import Project
    from rushes.studio.app import Part
    from rushes.web.remembered import Door as Remembered

app = verb_app()

TOKEN_VARIABLE = "RUSHES_TOKEN"
_log = logging.getLogger(__name__)
_SHORTEST_TOKEN = 16
_USUAL_PORT = 8000
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # addresses that are all of a machine -> one that leads there
_GRACE_SECONDS = 20
_DRAIN_SECONDS = 5.0  # where others reach the server: within them a balancer asks /health/ready, and sends no more
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


@app.command(epilog="Example: rushes serve bundles/scale --port 8000")
def serve(
    bundles: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE…", help="Folders of bundles; the first is the usual one.")
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own asks for a token.")
    ] = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="HOST", help="A name by which a proxy in front is asked; needs a token."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="8000, in a project the last one, or another where that is taken; 0 takes any."
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help=f"File with the token that requests bear; otherwise {TOKEN_VARIABLE}, or one that is printed."
        ),
    ] = None,
    runtime: Annotated[
        str,
        typer.Option(help="What runs the models: onnxruntime, int8, openvino, openvino-bf16, openvino-int8, litert."),
    ] = "onnxruntime",
    decoders: Annotated[
        int | None, typer.Option(min=1, help="Processes that decode pictures; otherwise one per core, four at most.")
    ] = None,
    films: Annotated[int, typer.Option(min=1, help="Films that are answered at a time.")] = 1,
    max_picture: Annotated[str, typer.Option(help="Largest picture that is taken: 64M, 1G.")] = "256M",
    max_video: Annotated[str, typer.Option(help="Largest film that is taken: 500M, 8G.")] = "8G",
    max_duration: Annotated[str, typer.Option(help="Longest film that is taken: 10m, 4h.")] = "4h",
    spool: Annotated[
        Path | None, typer.Option(help="Folder for what is sent while it is answered; otherwise the system's.")
    ] = None,
    urls: Annotated[
        bool, typer.Option("--urls", help="Let a request name a file by a public address, which the server fetches.")
    ] = False,
    drain: Annotated[
        float | None,
        typer.Option(
            min=0, max=300, help="Seconds that it answers on after SIGTERM, no longer ready; 0 here, 5 elsewhere."
        ),
    ] = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Answer over HTTP what pictures and films are: an API, its description at /docs, and a page at /.

    Ctrl-C ends the server once what is being answered is answered.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.errors import require_extra

        require_extra("app", "fastapi", "uvicorn", "python_multipart", "prometheus_client", purpose="serving")
        from rushes.api.service import Strength
        from rushes.api.spooling import spool_folder
        from rushes.cores import count_cores
        from rushes.review.people import person_at_the_machine
        from rushes.studio.access import access_for, is_local
        from rushes.studio.app import make_application
        from rushes.studio.predicting import open_predicting
        from rushes.web.server import Server, listen

        limits = _limits_of(max_picture, max_video, max_duration)
        stated = _stated_token(token_file)
        home = _project_of(project, host)
        last = _last_door(home, host)
        remembered = last.token if last is not None else ""
        access = access_for(host, token=stated, remembered=remembered, names=name or (), command="rushes serve")
        token = "" if stated or (is_local(host) and home is None and not name) else access.token
        cores = threads or count_cores()
        strength = Strength(decoders or min(4, cores), films, cores, runtime)
        if spool is not None and not spool.is_dir():
            raise UsageError(f"--spool {spool}: there is no such folder. Make it, or name another")
        with ExitStack() as ends:
            place = ends.enter_context(spool_folder(spool or Path(tempfile.gettempdir())))
            predicting = open_predicting(bundles, limits=limits, strength=strength, spool=place, takes_addresses=urls)
            served = list(predicting.service.served.values())
            parts = _parts_of(home, served, ends, threads=threads)
            application = make_application(
                access=access,
                opens_on="predict",
                predicting=predicting,
                parts=parts,
                project=home.name if home is not None else None,
                person=person_at_the_machine() if home is not None else None,
            )
            usual = last.port if last is not None and last.port else _USUAL_PORT
            listening = listen(port or 0, preferred=usual if port is None else 0, address=host)
            found = int(listening.getsockname()[1])
            if home is not None and last is not None:
                _remember(home, host, replace(last, port=found))
            everywhere = host in _EVERYWHERE
            shown = _EVERYWHERE.get(host, host)
            address = f"http://{f'[{shown}]' if ':' in shown else shown}:{found}/"

            def started() -> None:
                _say_started(door, address, token, served, needs_token=not access.is_free("/predict"))
                if everywhere:
                    door.say(f"others reach it by a name or an address of this machine, at port {found}")

            pause = 0.0 if is_local(host) and not name else _DRAIN_SECONDS
            Server(
                application,
                listening,
                started=started,
                lifespan=True,
                leaving=predicting.service.leave,
                giving_up=predicting.service.give_up,
                drain_seconds=pause if drain is None else drain,
                grace_seconds=_GRACE_SECONDS,
            ).run()
        door.say("ended")


def _project_of(named: Path | None, host: str) -> Project | None:
    """Return the project that is shown beside the API: the one that is named, or, on this machine alone, that around.

    Raises:
        ProjectError: there is none where one is named.
    """
    from rushes.errors import ProjectError
    from rushes.project import find_project
    from rushes.studio.access import is_local

    if named is not None:
        return find_project(named)
    if not is_local(host):
        return None
    try:
        return find_project(None)
    except ProjectError:
        return None


def _last_door(home: Project | None, host: str) -> Remembered | None:
    """Return where the project was served last on an address: what is for this machine is not for the network."""
    from rushes.web.remembered import remembered_door

    return remembered_door(home.cache_folder.parent, f"serve:{host}") if home is not None else None


def _remember(home: Project, host: str, door: Remembered) -> None:
    """Remember port and token for the pages that are open; a token that somebody stated is not among them."""
    from rushes.web.remembered import remember_door

    try:
        remember_door(home.cache_folder.parent, f"serve:{host}", door)
    except OSError as error:
        _log.warning("port and token are not remembered, so that open pages will not find the next server: %s", error)


def _parts_of(home: Project | None, served: Sequence[Served], ends: ExitStack, *, threads: int | None) -> list[Part]:
    from rushes.catalog.catalog import open_catalog
    from rushes.review.people import person_at_the_machine
    from rushes.studio.project_parts import project_parts

    if home is None:
        return []
    catalog = ends.enter_context(open_catalog(home.catalog_place, outlasts_power=True))
    person = person_at_the_machine()
    return ends.enter_context(project_parts(home, catalog, person=person, served=served, threads=threads))


def _say_started(door: Door, address: str, token: str, served: Sequence[Served], *, needs_token: bool) -> None:
    import json
    import sys

    page, names = f"{address}?token={token}" if token else address, [one.name for one in served]
    usual = f"; {names[0]} answers where a request names none" if len(names) > 1 else ""
    door.say(f"serving {plural(len(names), 'bundle')}: {', '.join(names)}{usual}")
    with_token = " (open it with ?token= and the token that was set)" if needs_token and not token else ""
    door.say(f"page: {page}{with_token}")
    stated = token or f"${TOKEN_VARIABLE}"
    bearer = f'-H "Authorization: Bearer {stated}" ' if needs_token else ""
    what = "FILM" if served[0].is_of_shots else "PICTURE"
    door.say(f"try: curl {bearer}-F file=@{what} {address}predict")
    door.say(f"described at {address}docs; Ctrl-C ends it")
    if door.as_json:
        sys.stdout.write(json.dumps({"address": address, "page": page, "bundles": names}, indent=2) + "\n")
    sys.stdout.flush()  # also where nobody sits at a terminal


def _stated_token(token_file: Path | None) -> str:
    if token_file is not None:
        os.environ.pop(TOKEN_VARIABLE, None)
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--token-file {token_file}: cannot be read ({error})") from error
        source = f"--token-file {token_file}"
    else:
        # Taken out, so that no process of ours is begun with it: those decode what strangers send.
        token, source = os.environ.pop(TOKEN_VARIABLE, "").strip(), TOKEN_VARIABLE
        if not token:
            return ""
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or any(one.isspace() for one in token):
        raise UsageError(f"{source}: a token has at least {_SHORTEST_TOKEN} characters, of ASCII and without spaces. "
                         "Make one: openssl rand -hex 24")  # fmt: skip
    return token


def _limits_of(max_picture: str, max_video: str, max_duration: str) -> Limits:
    from rushes.api.limits import Limits
    from rushes.timecode import parse_duration

    try:
        seconds = float(parse_duration(max_duration))
    except ValueError as error:
        raise UsageError(f"--max-duration: {error}") from error
    picture, video = _parse_bytes("--max-picture", max_picture), _parse_bytes("--max-video", max_video)
    return Limits(
        picture_bytes=picture,
        video_bytes=video,
        body_bytes=max(picture, video) + (1 << 20),
        duration_seconds=seconds,
        frames=max(Limits().frames, int(seconds) * 3),
    )


def _parse_bytes(option: str, text: str) -> int:
    """Return how many bytes `64M` or `1.5G` are; units are powers of 1024."""
    unit = text[-1:].lower() if text[-1:].lower() in ("k", "m", "g") else ""
    number = text[: len(text) - len(unit)]
    try:
        found = int(float(number) * _UNITS[unit])
    except (ValueError, OverflowError):
        found = 0
    if not 0 < found < 1 << 50:
        raise UsageError(f"{option} {text}: is no size. Allowed: 500K, 64M, 1.5G")
    return found
