"""`rushes subjects`: what is in the pictures, as a detector sees it and as sheets say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.options import DebugOption, DryRunOption, JsonOption, ProjectOption, ThreadsOption, verbs_app
from rushes.errors import CatalogError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.catalog.catalog import Catalog, StoredFrame
    from rushes.labels.subjects import Subjects
    from rushes.project import Project
    from rushes.subjects.detectors import OnnxDetector
    from rushes.subjects.seen import Seen

app = verbs_app("Subjects: what is in the pictures.")

_WORDS_SHOWN = 40
_FAILED_SHOWN = 20


@app.command(epilog='Example: rushes subjects find --model yolox-s --min-score 0.5 --words "person, car"')
def find(
    model: Annotated[
        str | None, typer.Option(help="A detector: a file, or a name of `rushes models`; otherwise film.detector.")
    ] = None,
    words: Annotated[
        str | None, typer.Option(help='What is looked for: "cup, umbrella"; otherwise all that the detector knows.')
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(min=0.01, max=1, help="How sure it must be; otherwise as its kind is used.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(help="Only frames of this group.")] = None,
    threads: ThreadsOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Look for things in the frames of the project, and state what is seen as their subjects.

    What sheets and people say stays. Run again, only pictures that this detector has not seen are looked at, and it
    replaces what it said itself. A known detector that is not at hand is fetched, but not by a dry run.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.cores import count_cores
        from rushes.project import find_project
        from rushes.subjects.seen import SHEET, look_at_frames, plan_statements

        place = find_project(project)
        with open_catalog(place.catalog_place) as catalog:
            frames = _frames_of(catalog, group or [])
            detector, score = _detector_of(door, place, model, words, min_score, fetch=not dry_run)
            sheet = f"{SHEET}{detector.name}"
            if dry_run:
                _say_plan(door, detector, frames, place, score=score, sheet=sheet)
            with door.progress("look") as progress:
                seen = look_at_frames(
                    frames,
                    detector,
                    root=place.root,
                    cache_folder=place.cache_folder,
                    threads=threads or count_cores(),
                    progress=progress,
                )
            changed = plan_statements(catalog.subjects_of_sheet(sheet), seen, min_score=score)
            catalog.set_subjects(sheet, changed)
        _report(door, detector, seen, changed, sheet=sheet, score=score)


@app.command(name="list", epilog="Example: rushes subjects list --json")
def list_subjects(project: ProjectOption = None, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the subjects of the project's frames, the commonest first, and who states them."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.project import find_project

        with open_catalog(find_project(project).catalog_place) as catalog:
            total, by_sheet, united = len(catalog.frames()), catalog.subjects_by_sheet(), catalog.subjects()
        counts, spelt = _counts(united.values())
        of_sheet = {sheet: _counts(words_of.values())[0] for sheet, words_of in by_sheet.items()}
        rows: list[dict[str, Any]] = [
            {"word": spelt[word], "frames": count,
             "by": {sheet: found[word] for sheet, found in of_sheet.items() if word in found}}
            for word, count in counts.most_common()
        ]  # fmt: skip
        cells = [[row["word"], row["frames"], _shown_by(row["by"])] for row in rows[:_WORDS_SHOWN]]
        if cells:
            door.show(table_of(None, ["subject", "frames", "stated by"], cells))
        if len(rows) > len(cells):
            door.say(f"… and {plural(len(rows) - len(cells), 'subject')} more; --json lists all")
        door.say(f"{len(united):,} of {plural(total, 'frame')} have subjects; {plural(len(rows), 'subject')} in all")
        door.finish({"frames": total, "with_subjects": len(united), "subjects": rows,
                     "sheets": {sheet: len(words_of) for sheet, words_of in by_sheet.items()}})  # fmt: skip


@app.command(epilog="Example: rushes subjects clear --model yolox-s")
def clear(
    model: Annotated[str, typer.Option(help="The detector whose words are taken back, as `subjects list` names it.")],
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Take back what one detector stated; what sheets, people and other detectors say stays."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.catalog.catalog import open_catalog
        from rushes.project import find_project
        from rushes.subjects.seen import SHEET

        sheet = f"{SHEET}{model.removeprefix(SHEET)}"
        with open_catalog(find_project(project).catalog_place) as catalog:
            said = catalog.subjects_of_sheet(sheet)
            if not said:
                known = [key.removeprefix(SHEET) for key in catalog.subjects_by_sheet() if key.startswith(SHEET)]
                name = sheet.removeprefix(SHEET)
                raise UsageError(f"no detector '{name}' states anything here. {did_you_mean(name, known)}")
            if not dry_run:
                catalog.set_subjects(sheet, dict.fromkeys(said, ()))
        door.say(f"{sheet}: taken back of {plural(len(said), 'frame')}{' (nothing was changed)' if dry_run else ''}")
        door.finish({"sheet": sheet, "frames": len(said), "dry_run": dry_run})


def _detector_of(
    door: Door, place: Project, model: str | None, words: str | None, min_score: float | None, *, fetch: bool
) -> tuple[OnnxDetector, float]:
    """Return the detector, opened so that it says all that is kept, and the score from which something is stated."""
    from rushes.labels.subjects import parse_subjects
    from rushes.structure.wishes import words_for
    from rushes.subjects.detectors import open_detector
    from rushes.subjects.seen import LOWEST_SCORE

    named = place.film.detector if model is None else model
    with door.progress("fetch") as progress:
        detector = open_detector(
            named,
            folder=place.models_folder,
            threads=1,
            words=parse_subjects(words) if words else words_for(named, place.film),
            min_score=min(LOWEST_SCORE, min_score or LOWEST_SCORE),
            fetch=fetch,
            progress=progress,
        )
    return detector, detector.usual if min_score is None else min_score


def _frames_of(catalog: Catalog, groups: Sequence[str]) -> list[StoredFrame]:
    """Return the frames to look at: all, or those of groups.

    Raises:
        CatalogError: there are none.
        UsageError: a group is not known.
    """
    frames = catalog.frames()
    if not frames:
        raise CatalogError("the catalog holds no frames. Take footage in first: rushes ingest FOOTAGE")
    group_of = {source.digest: source.group for source in catalog.sources()}
    known = sorted(set(group_of.values()))
    for group in groups:
        if group not in known:
            raise UsageError(f"--group {group}: no source is of that group. {did_you_mean(group, known)}")
    return [item for item in frames if not groups or group_of[item.frame.source] in groups]


def _say_plan(
    door: Door, detector: OnnxDetector, frames: Sequence[StoredFrame], place: Project, *, score: float, sheet: str
) -> None:
    """Print what would be looked at, and end; nothing is looked at."""
    from rushes.subjects.seen import plan_look

    plan = plan_look(frames, detector, cache_folder=place.cache_folder)
    door.say(f"{detector.name} would look at {plural(plan.pictures, 'picture')}; of {plan.kept:,} of "
             f"{plural(len(frames), 'frame')} it is kept what it sees")  # fmt: skip
    door.say(f"what it sees from a score of {score:g} would be stated as {sheet}; nothing was looked at")
    door.finish({"model": detector.name, "sheet": sheet, "min_score": score, "frames": len(frames), "kept": plan.kept,
                 "would_look_at": plan.pictures, "dry_run": True})  # fmt: skip


def _report(
    door: Door,
    detector: OnnxDetector,
    seen: Seen,
    changed: Mapping[str, Subjects],
    *,
    sheet: str,
    score: float,
) -> None:
    from rushes.storage.pictures import without_query
    from rushes.subjects.seen import words_seen

    words_of = [words for found in seen.detections.values() if (words := words_seen(found, min_score=score))]
    counts, spelt = _counts(words_of)
    if counts:
        rows = [[spelt[word], count] for word, count in counts.most_common(_WORDS_SHOWN)]
        door.show(table_of(None, ["subject", "frames"], rows))
    withdrawn = sum(not words for words in changed.values())
    door.say(f"{detector.name}: {plural(len(seen.detections), 'frame')}, {seen.looked_at:,} looked at now; "
             f"{len(words_of):,} with subjects from a score of {score:g}")  # fmt: skip
    door.say(f"{len(changed) - withdrawn:,} stated as {sheet}, {withdrawn:,} taken back")
    reasons = [f"{without_query(item.image)}: {reason}" for item, reason in seen.unread]
    for reason in reasons[:_FAILED_SHOWN]:
        door.fail_item(reason)
    if len(reasons) > _FAILED_SHOWN:
        door.fail_item(f"… and {plural(len(reasons) - _FAILED_SHOWN, 'picture')} more that cannot be read")
    table: dict[str, Any] = {
        "model": detector.name,
        "sheet": sheet,
        "min_score": score,
        "frames": len(seen.detections) + len(seen.unread),
        "looked_at": seen.looked_at,
        "with_subjects": len(words_of),
        "subjects": {spelt[word]: count for word, count in counts.most_common()},
        "stated": len(changed) - withdrawn,
        "withdrawn": withdrawn,
        "unread": reasons,
        "dry_run": False,
    }
    door.finish(table)


def _counts(several: Any) -> tuple[Counter[str], dict[str, str]]:
    """Return in how many frames each word is, case aside, and how it was spelt first."""
    counts: Counter[str] = Counter()
    spelt: dict[str, str] = {}
    for words in several:
        counts.update({word.casefold() for word in words})
        for word in words:
            spelt.setdefault(word.casefold(), word)
    return counts, spelt


def _shown_by(by: Mapping[str, int]) -> str:
    return ", ".join(f"{sheet} ({count:,})" for sheet, count in by.items())
