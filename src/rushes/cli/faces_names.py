"""`rushes faces name`, `rename`, `split` and `forget`: what people call the characters of their films."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened
from rushes.cli.faces_words import FilmArgument, project_with_faces, understood
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, ThreadsOption
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.project import Project
    from rushes.structure.characters import Cast
    from rushes.structure.film import Film
    from rushes.subjects.kept_faces import FilmFaces
    from rushes.subjects.names import Names

NumberArgument = Annotated[int, typer.Argument(metavar="NUMBER", help="Of the character, as 'faces list' has it.")]


def name(
    film: FilmArgument,
    number: NumberArgument,
    named: Annotated[str, typer.Argument(metavar="NAME", help="What to call it; a known name joins both.")],
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Name a character of a film. The name sticks: it is found again in other films and after another look.

    Two characters with one name are one person from then on; a character that had a name gets the new one.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.structure.naming import name_character
        from rushes.subjects.names import check_name
        from rushes.subjects.wiping import wipe_mark

        place = project_with_faces(project)
        named, since = check_name(named), wipe_mark(place.faces_folder)
        shown, faces, cast = _look(door, film, place, threads or 0)
        names, changed = _change(
            place, lambda names: name_character(names, faces, cast, number - 1, named), since=since, dry_run=dry_run
        )
        before = cast.characters[number - 1].name
        called = next(person.name for person in [changed.person(named)] if person is not None)
        was = f" (was {before})" if before and before != called else ""
        also = " · joined with who is called so already" if names.person(named) and before != called else ""
        door.say(f"{'would call' if dry_run else 'called'} character {number} of {shown.timeline.name} "
                 f"{called}{was}{also}")  # fmt: skip
        door.finish({"film": shown.timeline.name, "character": number, "name": called, "before": before,
                     "names": list(changed.all)})  # fmt: skip


def rename(
    named: Annotated[str, typer.Argument(metavar="NAME", help="Who is called so now.")],
    to: Annotated[str, typer.Argument(metavar="TO", help="The new name; a known one joins both.")],
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Call somebody otherwise, in all films."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.project import find_project

        place = find_project(project)
        _, changed = _change(place, lambda names: names.renamed(named, to), dry_run=dry_run)
        _say_changed(door, f"{'would call' if dry_run else 'called'} {named} {to}", list(changed.all))


def split(
    film: FilmArgument,
    number: NumberArgument,
    shots: Annotated[list[int], typer.Argument(metavar="SHOT…", help="Numbers of the shots that show another.")],
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Take shots from a named character: the faces there are somebody else's, whatever they look like."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.structure.naming import split_from_character
        from rushes.subjects.wiping import wipe_mark

        place = project_with_faces(project)
        since = wipe_mark(place.faces_folder)
        shown, faces, cast = _look(door, film, place, threads or 0)
        every = [one.shot for one in shown.timeline.shots]
        wrong = [shot for shot in shots if not 1 <= shot <= len(every)]
        if wrong:
            raise UsageError(f"there is no shot {wrong[0]}; {shown.timeline.name} has {len(every)}")
        places = {shot - 1 for shot in shots}
        _, changed = _change(
            place,
            lambda names: split_from_character(names, faces, cast, number - 1, every, places),
            since=since,
            dry_run=dry_run,
        )
        taken = ", ".join(str(shot) for shot in sorted(set(shots)))
        _say_changed(
            door,
            f"{'would take' if dry_run else 'took'} shot {taken} from {cast.characters[number - 1].name}",
            list(changed.all),
        )


def forget(
    named: Annotated[str, typer.Argument(metavar="NAME", help="Whose name is to go.")],
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Take a name away, with the faces it was kept by; the character stays, without a name."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.project import find_project

        place = find_project(project)
        _, changed = _change(place, lambda names: names.without(named), dry_run=dry_run)
        _say_changed(door, f"{'would forget' if dry_run else 'forgot'} {named}", list(changed.all))


def _look(door: Door, film: str, place: Project, threads: int) -> tuple[Film, FilmFaces, Cast]:
    """Return a film, its faces and whose they are."""
    with door.progress("faces") as progress:
        found = understood(film, place, threads=threads, progress=progress)
    if found.faces is None or found.cast is None:
        raise UsageError(f"no faces were looked for in {film}")
    return found.film, found.faces, found.cast


def _change(
    place: Project, change: Callable[[Names], Names], *, dry_run: bool, since: str | None = None
) -> tuple[Names, Names]:
    """Change the names of a project, or only say how they would be; return them before and after."""
    from rushes.subjects.names import change_names, read_names

    if dry_run:
        names = read_names(place.faces_folder)
        return names, change(names)
    return change_names(place.faces_folder, change, since=since)


def _say_changed(door: Door, said: str, names: list[str]) -> None:
    door.say(said)
    door.finish({"done": said, "names": names})
