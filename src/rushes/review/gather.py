"""From a catalog and a word for what is wanted to the Review of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rushes.catalog.catalog import Catalog, KnownFile
from rushes.errors import UsageError, did_you_mean
from rushes.footage.kinds import find_media
from rushes.footage.source import Source
from rushes.inference.verdicts import CULL_FILE, Cull
from rushes.project import Project, Task
from rushes.review.session import Culling, Item, Review, culling_of, items_of, with_verdicts


def review_of_cull(catalog: Catalog, task: Task, cull: Cull) -> Review:
    """Return the photographs of a cull in its order, with its verdicts.

    Raises:
        UsageError: the cull is of another task or class, or the catalog holds none of its photographs.
    """
    if cull.task != task.name:
        raise UsageError(of_another_task(cull, task))
    culling = culling_of(task, pick=cull.class_name)
    other_paths = catalog.other_paths()
    found, absent = with_verdicts(_all_items(catalog, other_paths), cull, other_paths)
    if not found:
        raise UsageError(f"the project holds none of the {len(cull.verdicts):,} photographs of the cull '{cull.name}'. "
                         f"Take them in first: rushes ingest {cull.folder}")  # fmt: skip
    title = f"{Path(cull.folder).name} · {cull.control}"
    key = f"{task.name}:cull:{cull.name}"
    return Review(key, title, task.name, task.classes, tuple(found), culling, cull, tuple(absent))


def of_another_task(cull: Cull, task: Task) -> str:
    """Return what is wrong with a cull and a task that was asked for."""
    return f"the cull '{cull.name}' is of the task '{cull.task}', not of '{task.name}'. Leave --task out"


def review_of_folder(catalog: Catalog, task: Task, folder: Path, *, pick: str | None = None) -> Review:
    """Return the photographs that lie below a folder.

    Raises:
        UsageError: a class to pick is named that the task has not, or the catalog holds nothing of the folder.
    """
    culling = culling_of(task, pick=pick)
    other_paths = catalog.other_paths()
    roots = {folder.absolute(), folder.resolve()}
    found = [
        item
        for item in _all_items(catalog, other_paths)
        if any(_is_below(path, roots) for path in (item.path, *other_paths.get(item.digest, ())))
    ]
    return _reviewed(f"{task.name}:folder:{folder.resolve()}", folder.name, task, culling, found, f"in {folder}")


def review_of_group(catalog: Catalog, task: Task, group: str, *, pick: str | None = None) -> Review:
    """Return what one group of the project holds.

    Raises:
        UsageError: a class to pick is named that the task has not, or there is no such group.
    """
    culling = culling_of(task, pick=pick)
    sources = catalog.sources()
    groups = sorted({source.group for source in sources})
    name = next((one for one in groups if one.casefold() == group.casefold()), None)
    if name is None:
        raise UsageError(f"--group {group}: the project has no such group. {did_you_mean(group, groups)}")
    of_group = {source.digest for source in sources if source.group == name}
    found = [item for item in _all_items(catalog, catalog.other_paths()) if item.digest in of_group]
    return _reviewed(f"{task.name}:group:{name}", name, task, culling, found, f"of the group '{name}'")


def key_of_task(task: Task) -> str:
    """Return by which the review of everything in a task is known again."""
    return f"{task.name}:all"


def title_of_task(project: Project, task: Task) -> str:
    """Return what the review of everything in a task is called: the project, and the task where it has several."""
    return project.name if len(project.tasks) == 1 else f"{project.name}, {task.name}"


def review_of_task(catalog: Catalog, task: Task, *, project: Project, pick: str | None = None) -> Review:
    """Return everything that the project holds.

    Raises:
        UsageError: a class to pick is named that the task has not, or the project holds nothing.
    """
    culling = culling_of(task, pick=pick)
    found = _all_items(catalog, catalog.other_paths())
    return _reviewed(key_of_task(task), title_of_task(project, task), task, culling, found, "in the project")


def review_of_queue(catalog: Catalog, task: Task, queue: Path, *, root: Path, pick: str | None = None) -> Review:
    """Return what a queue for review asks about, in its order: a sheet of `rushes labels errors` or `rushes iterate`.

    Args:
        root: the project's folder.

    Raises:
        UsageError: it has no column `frame`, or names nothing that the catalog holds.
        SheetError: it is no sheet.
    """
    from rushes.labels.sheets.files import read_sheets

    culling = culling_of(task, pick=pick)
    table = read_sheets(queue, root=root)[0]
    if "frame" not in table.columns:
        raise UsageError(f"--queue {queue}: has no column 'frame' (its columns: {', '.join(table.columns)}). Name a "
                         "sheet that 'rushes labels errors' or 'rushes iterate' wrote")  # fmt: skip
    at = table.columns.index("frame")
    place = {row[at].strip(): number for number, row in enumerate(table.rows)}
    asked = [item for item in _all_items(catalog, catalog.other_paths()) if item.id in place]
    asked.sort(key=lambda item: place[item.id])
    return _reviewed(f"{task.name}:queue:{queue.resolve()}", queue.name, task, culling, asked, f"of {queue}")


def read_cull(project: Project, place: Path) -> Cull | None:
    """Return the cull that a folder, a `cull.json` or a name in `culls/` holds; None where it is none.

    Raises:
        UsageError: there is one, and it cannot be read.
    """
    for candidate in (place, place / CULL_FILE, project.culls_folder / place / CULL_FILE):
        if candidate.name == CULL_FILE and candidate.is_file():
            try:
                return Cull.from_table(json.loads(candidate.read_text(encoding="utf-8")))
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UsageError(f"{candidate}: is no cull that this rushes reads ({error}). Cull again") from error
    return None


def files_not_taken_in(catalog: Catalog, paths: Sequence[Path]) -> list[Path]:
    """Return those files that the catalog does not know as they are now."""
    known = catalog.known_files()
    sources = {source.digest for source in catalog.sources()}
    return [path for path in paths if not _is_known(path, known, sources)]


def photographs_of_cull(cull: Cull) -> list[Path]:
    """Return the files of a cull that are there."""
    folder = Path(cull.folder)
    paths = [folder / path for one in cull.verdicts for path in (one.path, *one.companions)]
    return [path for path in paths if path.is_file()]


def media_below(folder: Path) -> list[Path]:
    """Return the footage below a folder.

    Raises:
        MediaError: there is no such folder.
    """
    return [path for path in find_media(folder) if isinstance(path, Path)]


def _is_known(path: Path, known: Mapping[str, KnownFile], sources: set[str]) -> bool:
    remembered = known.get(str(path)) or known.get(str(path.absolute())) or known.get(str(path.resolve()))
    if remembered is None or remembered.digest not in sources:
        return False
    state = path.stat()
    return (remembered.size_bytes, remembered.modified_ns) == (state.st_size, state.st_mtime_ns)


def _all_items(catalog: Catalog, other_paths: Mapping[str, Sequence[str]]) -> list[Item]:
    sources: dict[str, Source] = {source.digest: source for source in catalog.sources()}
    return items_of(catalog.frames(), sources, other_paths)


def _is_below(path: str, roots: set[Path]) -> bool:
    return any(Path(path).is_relative_to(root) for root in roots)


def _reviewed(key: str, title: str, task: Task, culling: Culling | None, found: Sequence[Item], where: str) -> Review:
    if not found:
        raise UsageError(f"nothing {where} can be reviewed. Take footage in first: rushes ingest FOLDER")
    return Review(key, title, task.name, task.classes, tuple(found), culling)
