"""`rushes faces wipe`: all that is kept about faces, removed."""

from __future__ import annotations

from typing import Annotated

import typer

from rushes.cli.door import opened, plural
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption
from rushes.errors import UsageError


def wipe(
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; it cannot be brought back.")] = False,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Remove all face data of the project: places of faces, vectors, names and pictures of them.

    Footage, labels and scans stay, and so does what was written elsewhere with names in it (pages, CSV, markers).
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.project import find_project
        from rushes.subjects.kept_faces import measure_kept_faces, wipe_faces

        place = find_project(project)
        folder = place.faces_folder
        kept = measure_kept_faces(folder)
        said = f"{plural(kept.files, 'file')} of face data ({kept.bytes / 1e6:.1f} MB) in {folder}"
        if dry_run or not (kept.files or yes):  # with a yes it holds for a look that runs, and has kept nothing yet
            door.say(f"would remove {said}" if kept.files else f"no face data is kept in {folder}")
            door.finish({"folder": str(folder), "wiped": False, "files": kept.files, "bytes": kept.bytes})
        if not yes:
            raise UsageError(f"this would remove {said}, names among them; nothing was removed. To do it, add --yes")
        try:
            gone = wipe_faces(folder)
        except OSError as error:
            left = measure_kept_faces(folder)
            raise UsageError(
                f"{folder} could not be wiped: {error.strerror or error}. {plural(left.files, 'file')} of face data "
                f"({left.bytes / 1e6:.1f} MB) are still there. Make it possible to write in {folder.parent} and below "
                "(rights of the folder, a disk that is not mounted read-only), and wipe again"
            ) from error
        door.say(f"removed {said}" if gone.files else f"no face data was kept in {folder}")
        if place.film.faces:
            door.say("Faces are still on: [film] faces = false in rushes.toml keeps them from being looked for again")
        door.finish({"folder": str(folder), "wiped": True, "files": gone.files, "bytes": gone.bytes})
