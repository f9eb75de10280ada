"""What `rushes export --browser` writes, and what `rushes doctor` says of it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rushes.errors import BundleError

if TYPE_CHECKING:
    from rushes.bundles.bundle import Bundle
    from rushes.cli.door import Door


def export_to_browser(
    door: Door, given: Path | None, to: Path | None, *, project: Path | None, neighbours: bool, dry_run: bool
) -> NoReturn:
    """Write the browser folder of a bundle, or of a run whose bundle is made first where there is none yet.

    Raises:
        BundleError: what `rushes.bundles.browser_folder.export_browser` says, or the bundle answers about shots.
        RunError, MissingExtraError: as of `rushes export`, where the bundle has to be made.
    """
    from rushes.bundles.browser_check import find_chromium
    from rushes.bundles.browser_folder import PARITY_FILE, export_browser
    from rushes.bundles.bundle import open_bundle
    from rushes.bundles.sealed import check_free, folder_of, read_table, schema_of

    is_bundle = given is not None and schema_of(given) is not None
    bundle_folder, run = (folder_of(given), None) if given and is_bundle else _places_of_run(given, project)
    bundle_folder = bundle_folder.absolute()
    target = (to or bundle_folder.with_name(f"{bundle_folder.name}-browser")).absolute()
    check_free(target)
    if dry_run:
        made = "" if run is None or bundle_folder.exists() else f"export {run} to {bundle_folder}, then "
        door.say(f"would {made}write a page of {bundle_folder} to {target}")
        door.finish({"bundle": str(bundle_folder), "browser": str(target), "dry_run": True})
    with door.progress("export") as progress:
        if run is not None and not bundle_folder.exists():
            bundle = _export_run(run, bundle_folder, project, progress, neighbours=neighbours)
            door.say(f"bundle: {bundle.folder}")
        else:
            bundle = open_bundle(bundle_folder)
        made_folder = export_browser(bundle, target, chromium=find_chromium(), progress=progress)
    parity = read_table(target / PARITY_FILE, "browser-parity/1")
    door.say(f"page: {target / 'index.html'}")
    door.say(_words_of(parity))
    door.say(_next_step(target))
    door.finish({"bundle": str(bundle.folder), "browser": str(target), "id": made_folder.id, "parity": parity})


def check_browser_folder(door: Door, path: Path) -> NoReturn:
    """Check the digests of a browser folder, and where a Chromium is there what its page computes.

    Raises:
        BundleError: a file was altered, or the page refuses to answer.
    """
    from rushes.bundles.browser_check import check_in_browser, find_chromium, why_not
    from rushes.bundles.browser_folder import open_browser_folder

    sealed = open_browser_folder(path)
    program = find_chromium()
    if program is None:
        door.say(f"{path}: every digest is right. There is no Chromium here to open its page in; it checks itself "
                 "whenever it is opened")  # fmt: skip
        door.finish({"browser": str(path), "id": sealed.id, "checked": False})
    report = check_in_browser(sealed.folder, program)
    if why := why_not(report):
        raise BundleError(f"{path}: every digest is right, and its page refuses to answer: {why}")
    door.say(f"{path}: every digest is right, and {_words_of(report | {'checked': True})}")
    door.finish({"browser": str(path), "id": sealed.id, "checked": True, "pictures": report["pictures"],
                 "difference": report["largest_difference"]})  # fmt: skip


def _words_of(parity: dict[str, Any]) -> str:
    if not parity["checked"]:
        return f"not checked yet: {parity['reason']}"
    return (
        f"checked in Chromium: {parity['pictures']} stored samples agree (largest difference "
        f"{parity['largest_difference']:.1e}), {parity['milliseconds']:.0f} ms a picture"
    )


def _next_step(target: Path) -> str:
    if (target / "parts").is_dir():
        return (
            f"Next: python -m http.server --bind 127.0.0.1 --directory {shlex.quote(str(target))} 8000, then open "
            "http://127.0.0.1:8000"
        )
    return "Next: open it with a double click, or put it on any web host; nothing else is needed"


def _places_of_run(given: Path | None, project: Path | None) -> tuple[Path, Path]:
    """Return where the bundle of a run is or will be, and the run's folder."""
    from rushes.cli.versions import find_run
    from rushes.learning.runs import is_of_shots
    from rushes.project import find_project

    place = find_project(project)
    run = find_run(place, given)
    if is_of_shots(run) or is_of_shots(run.parent):
        raise BundleError(f"{run} answers about shots, and a page is of bundles that answer about pictures. "
                          "Give a run on pictures")  # fmt: skip
    return place.bundles_folder / run.name, run


def _export_run(run: Path, target: Path, project: Path | None, progress: Any, *, neighbours: bool) -> Bundle:
    from rushes.bundles.onnx import export_run
    from rushes.learning.known_samples import LIMIT
    from rushes.project import find_project

    place = find_project(project)
    return export_run(
        run,
        target,
        project_root=place.root,
        cache_folder=place.cache_folder,
        neighbours=LIMIT if neighbours else 0,
        progress=progress,
    )
