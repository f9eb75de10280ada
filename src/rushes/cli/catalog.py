"""`rushes catalog`: the project's memory moved into another database, and what it holds."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import opened, plural, table_of
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, verbs_app
from rushes.errors import UsageError

if TYPE_CHECKING:
    from rushes.project import Project

app = verbs_app("Catalog: the project's memory, in a file or in PostgreSQL.")


@app.command(epilog="Example: rushes catalog copy --to postgresql+psycopg://ann@db.example.org/rushes")
def copy(
    to: Annotated[str, typer.Option(help="Where to: the URL of an empty database, or a file that is not there.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Where from, a URL or a file; otherwise the project's catalog.")
    ] = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Copy the project's memory into another database, every row compared, and say how the project is told.

    Nothing is written into what is copied, and the project uses it until rushes.toml names the other. All rows are
    there in the end, or none. What others write meanwhile is not in the copy: let them end first.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.catalog.copying import check_copy, copy_catalog, open_as_it_is
        from rushes.catalog.database import shown
        from rushes.project import find_project

        home = find_project(project)
        old, new = home.catalog_place if source is None else _place(source, "--from"), _place(to, "--to")
        counts = check_copy(old, new)
        line = _line(new, home)
        told: dict[str, object] = {"from": shown(old), "to": shown(new), "rows": sum(counts.values()), "line": line}
        if dry_run:
            listed = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
            door.say(f"{shown(old)} -> {shown(new)}: {listed} (nothing was copied)")
            door.finish(told | {"tables": {name: {"rows": count} for name, count in counts.items()}, "dry_run": True})
        with open_as_it_is(old) as from_, open_catalog(new) as into, door.progress("copy") as progress:
            copied = copy_catalog(from_, into, progress=progress)
        rows = sum(content.rows for content in copied.values())
        told["rows"] = rows
        door.say(f"{shown(old)} -> {shown(new)}: {plural(rows, 'row')} copied, each read back and the same")
        where = "in place of the line that is there" if home.catalog else "above the first [table]"
        door.say(f"To use it, write into {home.root / 'rushes.toml'}, {where}:\n  {line}")
        tables = {name: {"rows": content.rows, "digest": content.digest} for name, content in copied.items()}
        door.finish(told | {"tables": tables, "dry_run": False})


@app.command(epilog="Example: rushes catalog check --against .rushes/catalog.db")
def check(
    against: Annotated[
        str | None, typer.Option(help="Another catalog, a URL or a file, that must hold the same rows.")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Read every row of the project's catalog, and say how many there are and their digest, table by table."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.catalog.copying import count_rows, differences, open_as_it_is, read_contents
        from rushes.catalog.database import shown
        from rushes.project import find_project

        place = find_project(project).catalog_place
        other = None if against is None else _place(against, "--against")
        for one in (place, *([] if other is None else [other])):
            if not count_rows(one):
                raise UsageError(f"there is no catalog at {shown(one)}")
        with open_catalog(place) as catalog, door.progress("read") as progress:
            found = read_contents(catalog, progress=progress)
        cells = [[name, content.rows, content.digest[:16]] for name, content in found.items()]
        door.show(table_of(None, ["table", "rows", "digest"], cells))
        tables = {name: {"rows": content.rows, "digest": content.digest} for name, content in found.items()}
        told: dict[str, object] = {"catalog": shown(place), "tables": tables}
        if other is not None:
            with open_as_it_is(other) as catalog, door.progress("read") as progress:
                theirs = read_contents(catalog, progress=progress)
            different = differences(found, theirs)
            for name in different:
                counts = f"{found[name].rows:,} rows here, {theirs[name].rows:,} in {shown(other)}"
                door.fail_item(f"table {name}: {counts}, and they are not the same")
            if not different:
                door.say(f"{shown(other)} holds the same")
            told |= {"against": shown(other), "different": different}
        door.finish(told)


def _place(words: str, option: str) -> Path | str:
    """Return what an option names: a URL, or a file."""
    from rushes.project import is_like_address, why_no_catalog

    if "://" not in words and not is_like_address(words):
        return Path(words).resolve()
    wrong = why_no_catalog(words)
    if wrong:
        raise UsageError(f"{option} {wrong}")
    return words


def _line(place: Path | str, home: Project) -> str:
    """Return the line of rushes.toml that names a place; "" is the file in the project.

    Raises:
        UsageError: it is a file whose path cannot be written there so that the same file is read from it.
    """
    if isinstance(place, str):
        return f"catalog = {json.dumps(place, ensure_ascii=False)}"
    if place == home.root / ".rushes" / "catalog.db":
        return 'catalog = ""'
    path = str(place)
    for sign in "%?&\x7f":  # what a URL or TOML reads otherwise; the percent sign first, as the others become one
        path = path.replace(sign, f"%{ord(sign):02X}")
    line = f"catalog = {json.dumps(f'sqlite:///{path}', ensure_ascii=False)}"
    if not _names(line, place):
        raise UsageError(
            f"--to {str(place)!r}: rushes.toml cannot name this path. Allowed: folders and a file with names in "
            "UTF-8. Choose another"
        )
    return line


def _names(line: str, place: Path) -> bool:
    """Return whether what reads a line of rushes.toml finds this file in it."""
    from rushes.catalog.database import url_of
    from rushes.project import why_no_catalog

    try:
        line.encode()  # a name that is no text has what no file of text can hold
        address = tomllib.loads(line)["catalog"]
    except ValueError:
        return False
    return not why_no_catalog(address) and url_of(address) == url_of(place)
