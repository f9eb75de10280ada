"""What `rushes scenes` is asked for: checked, paired, and told without doing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rushes.cli.door import Door, plural
from rushes.errors import MediaError, UsageError

if TYPE_CHECKING:
    from rushes.project import Project
    from rushes.storage.places import Place
    from rushes.structure.tools import Tools
    from rushes.structure.wishes import Wishes
    from rushes.subjects.models import KnownModel

NONE = "none"


@dataclass(frozen=True, slots=True)
class Titles:
    """Subtitles of a film: from where, and whether they were found beside it and not named."""

    place: Place
    is_beside: bool


def check_faces(
    door: Door, wanted: bool, project: Project | None, *, with_character: str | None, faces: bool | None
) -> None:
    """Refuse a character where faces are off, and faces where there is no project from which they can be wiped again.

    Where the project looks for none, and this call asks for them, it is said what is kept, where, and for how long.

    Args:
        wanted: whether faces are looked for, by `--faces` or by the project.
        faces: what `--faces` says itself; None where it is not given.

    Raises:
        UsageError: one of them is so.
    """
    asked = "--faces" if with_character is None else f"--with {with_character}"
    if with_character is not None and faces is False:
        raise UsageError(f"--no-faces {asked}: who is in a film is known by faces alone. Leave one of them away")
    if (wanted or with_character is not None) and project is None:
        raise UsageError(
            f"{asked}: what is found of faces is kept in a project, so that it stays in one place and can be wiped "
            "('rushes faces wipe'), and there is none here. Make one with 'rushes init DIR', or name one with --project"
        )
    if project is None:
        return
    if with_character is not None and not wanted:
        raise UsageError(
            f"{asked}: who is in a film is known by faces alone, and they are off in {project.root}, since they are "
            "data about persons. Add --faces for this once, or turn them on in rushes.toml: [film] faces = true"
        )
    if wanted and not project.film.faces:
        door.warn(
            f"faces are off in {project.root}, and --faces asks for them this once: their places, and vectors that "
            f"tell persons apart, are kept in {project.faces_folder}, on this machine alone, until 'rushes faces wipe "
            "--yes' removes them"
        )


def check_idle(wishes: Wishes, *, close_class: Sequence[str], words: Sequence[str]) -> None:
    """Refuse options that nothing would ask for.

    Raises:
        UsageError: classes without a bundle, or words without a detector.
    """
    if close_class and not wishes.closeness:
        raise UsageError(f"--close-class {' '.join(close_class)}: no bundle is asked whose class it could be. Name one "
                         "with --closeness")  # fmt: skip
    if words and not wishes.detector:
        raise UsageError(f"--words {' '.join(words)}: no detector is asked for them. Name one with --detector")


def pair_subtitles(films: Sequence[Place], subtitles: Sequence[str]) -> list[Titles | None]:
    """Return of each film its subtitles: those that are named in its turn, or else those that lie beside it.

    Raises:
        UsageError: there are more or fewer than films.
    """
    from rushes.storage.places import parse_place
    from rushes.structure.read_subtitles import subtitles_beside

    if list(subtitles) == [NONE]:
        return [None] * len(films)
    if not subtitles:
        beside = [subtitles_beside(film) if isinstance(film, Path) else None for film in films]
        return [None if path is None else Titles(path, is_beside=True) for path in beside]
    if len(subtitles) != len(films):
        raise UsageError(
            f"--subtitles: {plural(len(subtitles), 'file')} for {plural(len(films), 'film')}. Give one for each film, "
            f"in the order of the films ('{NONE}' for one without), or '{NONE}' alone"
        )
    return [None if said == NONE else Titles(parse_place(said), is_beside=False) for said in subtitles]


def readable(door: Door, titles: Titles | None) -> Place | None:
    """Return from where subtitles are read; None, with a warning, where those beside the film are spoilt.

    Raises:
        MediaError: those that were named cannot be read.
    """
    from rushes.structure.read_subtitles import read_subtitles

    if titles is None:
        return None
    try:
        read_subtitles(titles.place)
    except MediaError as error:
        if not titles.is_beside:
            raise
        door.warn(f"{error}. It lies beside the film, which is understood without it")
        return None
    if titles.is_beside:
        door.say(f"subtitles beside the film: {titles.place} (--subtitles {NONE} leaves them)")
    return titles.place


def say_plan(
    door: Door,
    films: Sequence[Place],
    titles: Sequence[Titles | None],
    planned: Sequence[Sequence[Path]],
    wishes: Wishes,
    project: Project | None,
) -> NoReturn:
    """Say what would be done, and end; what is at hand is opened, so that what it would refuse is refused now.

    Raises:
        BundleError, UsageError, WeightsError: as `open_tools`.
    """
    from rushes.storage.reading import exists
    from rushes.structure.tools import models_to_fetch, open_tools

    models = None if project is None else project.models_folder
    lacking = models_to_fetch(wishes, models)
    tools = open_tools(
        _without(wishes, lacking), bundles_folder=None if project is None else project.bundles_folder,
        models_folder=models, faces_folder=None if project is None else project.faces_folder,
    )  # fmt: skip
    told = []
    for film, said, paths in zip(films, titles, planned, strict=True):
        if not exists(film):
            door.fail_item(f"{film}: there is no such file. Check its name and folder")
            continue
        door.say(f"would find the scenes of {film}: {_describe(wishes, tools)}")
        try:
            place = readable(door, said)
        except MediaError as error:
            door.fail_item(str(error))
            place = None
        told.append({"film": str(film), "subtitles": None if place is None else str(place)})
        for path in paths:
            door.say(f"would write {path}")
    for model in lacking:
        door.say(f"would fetch {model.name} ({model.file}, {model.size}, licence {model.licence}, {model.origin}) from "
                 f"{model.url}")  # fmt: skip
    asked = asdict(replace(wishes, close_classes=tools.closeness.classes if tools.closeness else ()))
    door.finish({"would_look_at": told, "by": asked, "would_fetch": [asdict(model) for model in lacking],
                 "would_write": [str(path) for paths in planned for path in paths], "failed": door.failed})  # fmt: skip


def _without(wishes: Wishes, lacking: Sequence[KnownModel]) -> Wishes:
    """Return what of wishes needs none of the models that are not at hand."""
    does = {model.does for model in lacking}
    has_faces = wishes.faces and not does & {"faces", "face embedding"}
    return replace(wishes, faces=has_faces, detector="" if "objects" in does else wishes.detector)


def _describe(wishes: Wishes, tools: Tools) -> str:
    said = [f"its shots compared by {tools.looks_name}"]
    if tools.closeness is not None:
        said.append(f"medium close-ups told by {tools.closeness.name} ({', '.join(tools.closeness.classes)})")
    if wishes.faces:
        said.append("faces looked for" if tools.faces is None else f"faces looked for by {tools.faces.name}")
    if wishes.detector:
        said.append(f"objects looked for by {wishes.detector}")
    return ", ".join(said)


def films_at(places: Iterable[Place]) -> Iterator[Place]:
    """Yield films: those that are named, and those in folders that are named, in the order of their names.

    Raises:
        UsageError: a folder holds no film.
    """
    from rushes.footage.kinds import find_media, kind_of

    for place in places:
        if not (isinstance(place, Path) and place.is_dir()):
            yield place
            continue
        films = [file for file in find_media(place, passed_over=lambda _: None) if kind_of(file) == "video"]
        if not films:
            raise UsageError(f"{place}: holds no film. Name a film, or another folder")
        yield from films


def may_be_there(film: Place) -> bool:
    """Return whether a film is there, or is in a store, which is asked when its turn comes."""
    return not isinstance(film, Path) or film.exists()
