"""`rushes evaluate` for a bundle: its answers on the project's labelled pictures, computed anew without torch."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.cli.door import Door, plural
from rushes.errors import BundleError, SplitError, UsageError, did_you_mean

if TYPE_CHECKING:
    from rushes.bundles.bundle import Bundle
    from rushes.datasets.split import Split
    from rushes.evaluation.evaluate import Known
    from rushes.labels.manifest import ManifestRow
    from rushes.learning.runs import Run
    from rushes.project import Project, Task

PARTS = ("test", "validation", "train", "all")
_KINDS = ("grouped", "stated", "mixed")  # of splits, in the order in which one is looked for
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Ground:
    """What of the project a bundle is judged on.

    Attributes:
        rows: of the part that is judged.
        every_row: of the manifest.
        train_counts: samples per class in training; {} where it is not known what that was.
        watched: as `Judged.watched`.
        warnings: what to beware of, in sentences.
        manifest, split: `path` and `sha256`, the split also with what kind it is; {} where there is no split.
    """

    rows: tuple[ManifestRow, ...]
    every_row: tuple[ManifestRow, ...]
    train_counts: Mapping[str, int]
    watched: str
    warnings: tuple[str, ...]
    manifest: Mapping[str, Any]
    split: Mapping[str, Any]


def find_bundle(place: Project, path: Path | None) -> Path | None:
    """Return the folder of a bundle named by path, or by name in the project's bundles; None where it names none."""
    if path is None:
        return None
    from rushes.bundles.sealed import BUNDLE_FILE, folder_of

    for folder in (folder_of(path), place.bundles_folder / path.name):
        if (folder / BUNDLE_FILE).is_file():
            return folder
    return None


def evaluate_bundle(
    door: Door,
    place: Project,
    folder: Path,
    *,
    part: str,
    by: Sequence[str] = (),
    sheet: Path | None = None,
    now: datetime | None = None,
) -> None:
    """Judge a bundle on a part of the project's newest manifest, and say what it reaches.

    Args:
        by, sheet: what slices are told apart by, as `rushes.datasets.attributes.read_attributes` takes them.
    """
    from rushes.bundles.bundle import is_of_shots, open_bundle, read_wishes
    from rushes.cli.slices_shown import show_slices
    from rushes.evaluation.evaluate_predictions import Judged, evaluate_predictions
    from rushes.inference.explain_labelled import explain_labelled
    from rushes.inference.labelled import answer_labelled
    from rushes.inference.predictor import Predictor

    if part not in PARTS:
        raise UsageError(f"--part {part}: {did_you_mean(part, PARTS)}")
    if is_of_shots(folder):
        raise UsageError(f"{folder} answers about shots: judge the run that it was made of, by its name in runs/")
    bundle = open_bundle(folder)
    ground = _ground(place, bundle, _task_of(place, bundle), part)
    known = _known_of(door, place, bundle.task, ground.rows, by=by, sheet=sheet)
    predictor = Predictor(bundle)
    with door.progress("evaluate") as progress:
        answered = answer_labelled(predictor, ground.rows, project_root=place.root, progress=progress)
    if not len(answered.predictions):
        some = [str(one) for one in answered.unreadable[:1]]
        raise BundleError(
            f"{folder}: none of the {plural(len(ground.rows), 'labelled picture')} of the part '{part}' can be judged"
            + (f" ({some[0]})" if some else ". Label frames, or name another part with --part")
        )
    left_out = [*_say_unreadable(answered.unreadable, len(ground.rows)), *_say_strangers(answered.strangers, bundle)]
    words = ["rushes", "evaluate", _inside(folder, place.root), *(["--part", part] if part != "test" else [])]
    for option in by:
        words += ["--by", option]
    if sheet is not None:
        words += ["--with", str(sheet)]
    run = _run_of(place, bundle)
    called = f"{now or datetime.now(UTC):%Y-%m-%d-%H%M%S}-{bundle.name}"
    with door.progress("report") as progress:
        done = evaluate_predictions(
            answered.predictions,
            Judged(
                name=bundle.name,
                task=bundle.task,
                watched=ground.watched,
                command=shlex.join(words),
                warnings=(*ground.warnings, *left_out),
                leaks=_leaks_of(run, bundle) if ground.watched == "grouped" else (),
                train_counts=ground.train_counts,
                about={
                    "bundle": bundle.id,
                    "part": part,
                    "created_at": bundle.run.get("created_at"),
                    "manifest": dict(ground.manifest),
                    "split": dict(ground.split),
                    "preprocessing": bundle.preprocessing.to_table(),
                },
                metrics={
                    "run": None,
                    "bundle": {"name": bundle.name, "id": bundle.id},
                    "part": part,
                    "watched": ground.watched,
                    "unreadable": [str(one) for one in answered.unreadable],
                    "labels_outside": dict(answered.strangers),
                },
                part=part,
                calibration=bundle.calibration,
                thresholds=bundle.thresholds,
                wishes=read_wishes(bundle),
                origin_run=run.folder.name if run else "",
            ),
            folder=_free(place.root / "evaluations" / called),
            project_root=place.root,
            known=_of_rows(known, answered.rows),
            rows=ground.every_row,
            explain=lambda rows: explain_labelled(predictor, answered.predictions, rows, project_root=place.root),
            progress=progress,
        )
    for warning in done.metrics["warnings"]:
        door.warn(f"warning: {warning}")
    door.say(done.metrics["verdict"])
    notes = known.attributes.notes if known.attributes else ()
    show_slices(door, done.metrics["slices"], asked=bool(by or sheet), notes=notes)
    if done.metrics["label_errors"]["found"]:
        door.say(f"The model doubts {plural(done.metrics['label_errors']['found'], 'label')}: see the report")
    door.say(f"report:  {done.report}")
    door.say(f"metrics: {done.report.with_name('metrics.json')}")
    door.finish({"bundle": str(folder), "report": str(done.report), "metrics": done.metrics})


def _known_of(
    door: Door, place: Project, task: str, rows: Sequence[ManifestRow], *, by: Sequence[str], sheet: Path | None
) -> Known:
    """Return what the project knows of rows; read before anything is answered, so that a wrong --by is told at once."""
    from rushes.catalog.catalog import open_catalog, signatures_of_frames
    from rushes.catalog.source_names import name_sources
    from rushes.cli.labels_today import labels_of_task
    from rushes.cli.slices_shown import attributes_of_frames
    from rushes.datasets.attributes import JudgedFrame
    from rushes.evaluation.evaluate import Known
    from rushes.inference.labelled import name_of_row

    frames = [JudgedFrame(row.frame_id, name_of_row(row), row.img_ref, row.group, row.origin) for row in rows]
    with open_catalog(place.catalog_place) as catalog:
        with door.progress("slices") as progress:
            attributes = attributes_of_frames(place, frames, catalog=catalog, by=by, sheet=sheet, progress=progress)
        return Known(
            subjects=catalog.subjects(),
            signatures=signatures_of_frames(catalog.frames()),
            source_names=name_sources(catalog.sources()),
            attributes=attributes,
            labels=labels_of_task(catalog, place, task),
        )


def _of_rows(known: Known, rows: Sequence[int]) -> Known:
    """Return what is known with the attributes of some rows only."""
    return replace(known, attributes=known.attributes.of_rows(rows)) if known.attributes else known


def _task_of(place: Project, bundle: Bundle) -> Task:
    """Return the project's task that a bundle answers.

    Raises:
        BundleError: the project has no such task, or its classes are others.
    """
    if bundle.task not in place.tasks:
        raise BundleError(
            f"{bundle.folder} answers '{bundle.task}', which is no task of this project. It has: "
            f"{', '.join(place.tasks) or 'none'}"
        )
    task = place.tasks[bundle.task]
    lacking = [name for name in task.classes if name not in bundle.classes]
    beyond = [name for name in bundle.classes if name not in task.classes]
    if lacking or beyond:
        differing = [f"the bundle lacks {', '.join(lacking)}"] if lacking else []
        differing += [f"the task lacks {', '.join(beyond)}"] if beyond else []
        raise BundleError(
            f"{bundle.folder} answers {', '.join(bundle.classes)}, the task '{task.name}' asks for "
            f"{', '.join(task.classes)}: {' and '.join(differing)}, so its answers cannot be held against these "
            "labels. Train and export a run of the task as it is, or give the task the bundle's classes in rushes.toml"
        )
    return task


def _ground(place: Project, bundle: Bundle, task: Task, part: str) -> _Ground:
    from rushes.cli.versions import newest_rows
    from rushes.datasets.split import rows_of_parts
    from rushes.storage.files import digest_of_file

    path, rows = newest_rows(place, task)
    manifest = {"path": _inside(path, place.root), "sha256": digest_of_file(path)}
    split_path, split = _find_split(place, bundle, task)
    same_split = split is not None and split.digest == bundle.run.get("split")
    same_manifest = manifest["sha256"] == bundle.run.get("manifest")
    if split is None and part != "all":
        raise SplitError(
            f"there is no split of task '{task.name}' yet, so it is not known which samples are {part}. Make it: "
            f"rushes split make --task {task.name}. Or judge all of them: --part all"
        )
    parts = rows_of_parts(rows, split.placing(rows)) if split is not None else {}
    judged = tuple(rows) if part == "all" else parts[part]  # type: ignore[index]
    watched, warnings = _what_it_watched(part, split, same_split=same_split, same_manifest=same_manifest)
    counts: dict[str, int] = {}
    if same_split:
        for row in parts["train"]:
            counts[row.class_name] = counts.get(row.class_name, 0) + 1
    stated = {} if split is None or split_path is None else {
        "path": _inside(split_path, place.root), "sha256": split.digest
    }  # fmt: skip
    return _Ground(judged, tuple(rows), counts, watched, warnings, manifest, stated)


def _find_split(place: Project, bundle: Bundle, task: Task) -> tuple[Path | None, Split | None]:
    """Return the newest split that the bundle was trained on, of whatever kind; else the newest of the first kind."""
    from rushes.datasets.split import newest_split, read_split

    found = [path for kind in _KINDS if (path := newest_split(place.splits_folder, task.name, kind)) is not None]
    splits = [(path, read_split(path)) for path in found]
    same = [(path, split) for path, split in splits if split.digest == bundle.run.get("split")]
    return next(iter(same or splits), (None, None))


def _what_it_watched(
    part: str, split: Split | None, *, same_split: bool, same_manifest: bool
) -> tuple[str, tuple[str, ...]]:
    """Return what training knew of the part, as `Judged.watched` and in sentences of what to beware of."""
    if not same_split or split is None:
        return "unknown", (
            "Whether training has seen these samples cannot be known: the bundle was trained on another split than "
            "the project has now. Where it has, the scores flatter by an unknown amount.",
        )
    changed = () if same_manifest else (
        "The labels have changed since the bundle was trained: its split is still this one, the manifest is newer.",
    )  # fmt: skip
    if part == "test":
        return split.kind, changed
    said = {
        "validation": ("chosen", "These are the validation samples, on which the settings of the bundle were chosen: "
                                 "the scores flatter somewhat. Judge it on --part test."),
        "train": ("trained", "These are the samples that the bundle was trained on: the scores say how well it knows "
                             "them by heart, not how it does on others. Judge it on --part test."),
        "all": ("trained", "The samples that the bundle was trained on are among these, so the scores flatter. Judge "
                           "it on --part test."),
    }  # fmt: skip
    kind, warning = said[part]
    return kind, (warning, *changed)


def _run_of(place: Project, bundle: Bundle) -> Run | None:
    """Return the run that a bundle was made of; None where it is not there any more."""
    from rushes.errors import RunError
    from rushes.learning.runs import read_run

    try:
        return read_run(place.runs_folder / Path(str(bundle.run.get("name") or "none")).name)
    except RunError:
        return None


def _leaks_of(run: Run | None, bundle: Bundle) -> tuple[str, ...]:
    """Return what the run that a bundle was made of says of its leaks."""
    return run.leaks if run is not None and run.split.get("sha256") == bundle.run.get("split") else ()


def _say_unreadable(unreadable: Sequence[object], total: int) -> list[str]:
    if not unreadable:
        return []
    shown = "; ".join(str(one) for one in unreadable[:_SHOWN])
    more = f"; and {len(unreadable) - _SHOWN:,} more" if len(unreadable) > _SHOWN else ""
    return [f"{len(unreadable):,} of {plural(total, 'picture')} could not be used and are left out: {shown}{more}"]


def _say_strangers(strangers: Mapping[str, int], bundle: Bundle) -> list[str]:
    if not strangers:
        return []
    named = ", ".join(f"'{name}' ({count:,})" for name, count in strangers.items())
    return [
        f"{plural(sum(strangers.values()), 'sample')} left out, whose label is no class of the bundle: {named}. "
        f"It answers {', '.join(bundle.classes)}. If the labels are old, build the manifest again: rushes manifest "
        f"build --task {bundle.task}"
    ]


def _inside(path: Path, root: Path) -> str:
    from rushes.evaluation.evaluate import path_inside

    return path_inside(path, root)


def _free(folder: Path) -> Path:
    """Return a folder that is not there yet: this one, or with a number behind it."""
    number, found = 1, folder
    while found.exists():
        number += 1
        found = folder.with_name(f"{folder.name}-{number}")
    return found
