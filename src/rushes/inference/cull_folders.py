"""Folders of culls: where they are, what each holds, and how far each was carried out."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from rushes.errors import CullError
from rushes.footage.source import Unreadable
from rushes.inference.cull_journal import JOURNAL_FILE, History, read_history
from rushes.inference.cull_outputs import with_whole_paths
from rushes.inference.verdicts import CULL_FILE, SEEN_FILE, Cull, Seen
from rushes.project import Project
from rushes.storage.files import write_text

State = Literal["planned", "interrupted", "applied", "undo interrupted", "partly undone", "undone"]

_LONGEST_SLUG = 40
_OTHERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class FoundCull:
    """A cull as it stands on disk.

    Attributes:
        folder: its own.
        name, created_at: as in Cull.
        shoot: the folder of the photographs.
        state: `planned`: nothing was changed. `interrupted`, `undo interrupted`: the same call goes on. `applied`:
            with `failed` listed. `partly undone`: what an editor changed since stands.
        writes, copies, links: files in force that it wrote (sidecars and tables), copied and linked.
        failed: what could not be done the last time.
    """

    folder: Path
    name: str
    created_at: str
    shoot: str
    state: State
    writes: int = 0
    copies: int = 0
    links: int = 0
    failed: int = 0


def culls_home(project: Project | None) -> Path:
    """Return the folder of all culls: the project's, or without one that of the user's state."""
    if project is not None:
        return project.culls_folder
    named = os.environ.get("XDG_STATE_HOME", "")
    state = Path(named) if named and Path(named).is_absolute() else Path.home() / ".local" / "state"
    return state / "rushes" / "culls"


def name_cull(home: Path, *, shoot: Path, now: datetime) -> str:
    """Return a name for a new cull, `2026-11-26-lake-at-dawn`, that no other has in `home`.

    Args:
        now: in UTC.
    """
    slug = _OTHERS.sub("-", shoot.name.casefold()).strip("-")[:_LONGEST_SLUG].strip("-") or "shoot"
    first = f"{now:%Y-%m-%d}-{slug}"
    name, number = first, 1
    while os.path.lexists(home / name):
        number += 1
        name = f"{first}-{number}"
    return name


def look_at(cull: Cull) -> Seen:
    """Return size and time of the files of a cull as they stand now; those that are not there are left out."""
    seen = {}
    for verdict in with_whole_paths(cull).verdicts:
        for file in (verdict.path, *verdict.companions):
            with suppress(OSError):
                found = Path(file).stat()
                seen[file] = (found.st_size, found.st_mtime_ns)
    return seen


def write_cull(cull: Cull, folder: Path, *, seen: Seen | None = None) -> None:
    """Write a cull into its folder, whole, or leave it where it is there already.

    Args:
        seen: of each file, what stood there when it was read, by which a photograph that is another by the time the
            cull is carried out is known; None looks now.

    Raises:
        CullError: the folder holds another cull, or it cannot be written.
    """
    path = folder / CULL_FILE
    text = json.dumps(cull.to_table(), separators=(",", ":")) + "\n"
    try:
        if path.exists():
            if json.loads(path.read_bytes()) != json.loads(text):
                raise CullError(f"{folder}: holds another cull, of {read_cull(folder).folder}. Name another folder")
            return
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / SEEN_FILE, json.dumps(dict(look_at(cull) if seen is None else seen)) + "\n")
        write_text(path, text)
    except ValueError as error:
        raise CullError(f"{path}: is no cull ({error}). Name another folder") from error
    except OSError as error:
        raise CullError(f"{path}: cannot be written ({error.strerror}). Make room, or name another folder") from error


def read_seen(folder: Path) -> Seen:
    """Return what `write_cull` noted of the photographs; nothing where that is not there, as of a cull copied here.

    Raises:
        CullError: it is damaged.
    """
    path = folder / SEEN_FILE
    try:
        return {name: (size, at) for name, (size, at) in json.loads(path.read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CullError(f"{path}: cannot be read ({error}). Cull the folder again") from error


def read_cull(folder: Path) -> Cull:
    """Return the cull of a folder.

    Raises:
        CullError: there is none, or it is damaged.
    """
    path = folder / CULL_FILE
    try:
        return Cull.from_table(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise CullError(f"{folder}: there is no cull here ({CULL_FILE} is missing). Name the folder of one") from None
    except OSError as error:
        raise CullError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CullError(f"{path}: is no cull that this rushes reads ({error})") from error


def find_culls(home: Path, *, passed_over: Callable[[Unreadable], None] = lambda _: None) -> list[FoundCull]:
    """Return the culls in a folder of culls, the newest first.

    Args:
        passed_over: is told of each that cannot be read.
    """
    found: list[FoundCull] = []
    if not home.is_dir():
        return found
    for folder in sorted(home.iterdir()):
        if not (folder / CULL_FILE).is_file():
            continue
        try:
            found.append(look_into(folder))
        except CullError as error:
            passed_over(Unreadable(str(folder), str(error)))
    return sorted(found, key=lambda one: (one.created_at, one.name), reverse=True)


def look_into(folder: Path) -> FoundCull:
    """Return what stands in the folder of one cull.

    Raises:
        CullError: it cannot be read.
    """
    history = read_history(folder) if (folder / JOURNAL_FILE).is_file() else History()
    if history.facts:  # which is quick; cull.json holds every measure of every photograph
        name, created_at, shoot = (str(history.facts[key]) for key in ("name", "created_at", "folder"))
    else:
        cull = read_cull(folder)
        name, created_at, shoot = cull.name, cull.created_at, cull.folder
    kinds = [kind for kind, _ in dict.fromkeys((change.kind, change.path) for change in history.standing())]
    return FoundCull(
        folder,
        name,
        created_at,
        shoot,
        state_of(history),
        writes=kinds.count("write"),
        copies=kinds.count("copy"),
        links=kinds.count("link"),
        failed=history.failed,
    )


def state_of(history: History) -> State:
    """Return how far a cull was carried out or undone."""
    if history.act is None:
        return "planned"
    if history.act == "apply":
        return "applied" if history.left == 0 else "interrupted"
    if history.left != 0:
        return "undo interrupted"
    return "partly undone" if any(one.kind != "folder" for one in history.standing()) else "undone"
