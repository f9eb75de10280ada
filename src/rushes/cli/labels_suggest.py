"""`rushes labels suggest`: classes for frames that nobody labelled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.engines import engine_of, is_engine_asked
from rushes.cli.options import (
    DebugOption,
    DryRunOption,
    EngineOption,
    JsonOption,
    ProjectOption,
    TaskOption,
    ThreadsOption,
    WorkersOption,
)
from rushes.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from rushes.catalog.catalog import StoredFrame
    from rushes.catalog.descriptions import Descriptions
    from rushes.footage.quality import Quality
    from rushes.labels.label import Label
    from rushes.labels.suggest import Suggestions
    from rushes.learning.recipe import Recipe
    from rushes.project import Project
    from rushes.scale.engine import Engine

_EXAMPLES = 10
_FAILED_SHOWN = 20


def suggest(
    backbone: Annotated[
        str | None,
        typer.Option(help="Compare what this backbone sees: a recipe with one, or a name that timm knows."),
    ] = None,
    all_frames: Annotated[
        bool, typer.Option("--all", help="Suggest for labelled frames too; their labels keep standing.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page of suggested frames by class, with the reasons.")
    ] = None,
    threads: ThreadsOption = None,
    engine: EngineOption = None,
    workers: WorkersOption = None,
    task: TaskOption = None,
    project: ProjectOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Suggest a class for every frame that nobody labelled, from what its picture shows and what its subjects are.

    Suggestions are statements of origin `unsupervised`. Run again, they are replaced where they changed, and withdrawn
    where somebody labelled the frame since.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from datetime import UTC, datetime

        from rushes.catalog.catalog import open_catalog
        from rushes.catalog.descriptions import describe_pictures
        from rushes.cores import count_cores
        from rushes.labels.suggest import check_suggestible, plan_suggestions
        from rushes.labels.suggested import closed_frames, earlier_suggestions, plan_statements
        from rushes.project import PROJECT_FILE, find_project

        place = find_project(project)
        wanted = place.task(task)
        check_suggestible(wanted, where=place.root / PROJECT_FILE)
        recipe = _recipe_of(place, backbone) if backbone is not None else None
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        with open_catalog(place.catalog_place) as catalog, engine_of(place, engine, workers, threads=threads) as pool:
            stored = catalog.frames()
            if not stored:
                raise CatalogError("the catalog holds no frames. Take footage in first: rushes ingest FOOTAGE")
            group_of = {source.digest: source.group for source in catalog.sources()}
            previous = catalog.labels(task=wanted.name)
            with door.progress("look") as progress:
                described = describe_pictures(
                    stored,
                    root=place.root,
                    cache_folder=place.cache_folder / "descriptions",
                    scans_folder=place.scans_folder,
                    threads=threads or count_cores(),
                    engine=pool,
                    progress=progress,
                )
            frames, features, quality = described.frames, described.features, described.quality
            unread = [(one.frame, str(one)) for one in described.unread]
            if recipe is not None:
                frames, features, quality, unseen = _seen_by_backbone(
                    door,
                    place,
                    described,
                    recipe,
                    threads,
                    engine=pool if is_engine_asked(place, engine, workers) else None,
                )
                unread += unseen
            with door.progress("compare") as progress:
                planned = plan_suggestions(
                    wanted,
                    features,
                    frames=[item.frame.id for item in frames],
                    groups=[group_of[item.frame.source] for item in frames],
                    quality=quality,
                    subjects=catalog.subjects(),
                    earlier={frame: str(label.class_name) for frame, label in earlier_suggestions(previous).items()},
                    progress=progress,
                )
            names = [item.frame.name for item in frames]
            closed = closed_frames(previous, place.trust_of(wanted), all_frames=all_frames)
            new = plan_statements(
                previous,
                planned,
                task=wanted.name,
                names=names,
                closed=closed,
                unread=[item.frame.id for item, _ in unread],
                now=now,
            )
            if not dry_run:
                catalog.append_labels(new)
        shown = [row for row, frame in enumerate(planned.frames) if frame not in closed]
        _report(door, planned, names, shown, new, dry_run=dry_run)
        if page is not None:
            _write_page(door, page, planned, frames, shown, title=f"{place.name}: {wanted.name}", root=place.root)
        for _, reason in unread[:_FAILED_SHOWN]:
            door.fail_item(reason)
        if len(unread) > _FAILED_SHOWN:
            door.fail_item(f"… and {plural(len(unread) - _FAILED_SHOWN, 'picture')} more that cannot be read")
        door.finish(
            _to_table(planned, names, shown, new, unread=[reason for _, reason in unread], page=page, dry_run=dry_run)
        )


def _recipe_of(place: Project, word: str) -> Recipe:
    """Return the recipe that a path or a name means, or one for a backbone that timm knows."""
    from rushes.learning.recipe_files import SHIPPED, look_up_recipe, parse_recipe, read_recipe

    path = look_up_recipe(word, (place.recipes_folder, SHIPPED))
    if path is not None:
        return read_recipe(path)
    return parse_recipe({"name": word, "model": {"kind": "features", "backbone": word}}, where=f"--backbone {word}")


def _seen_by_backbone(
    door: Door,
    place: Project,
    described: Descriptions,
    recipe: Recipe,
    threads: int | None,
    *,
    engine: Engine | None,
) -> tuple[tuple[StoredFrame, ...], Any, Quality, list[tuple[StoredFrame, str]]]:
    """Return the frames with what a backbone sees in them, of length 1, their quality, and those it cannot be shown."""
    import numpy as np

    from rushes.labels.manifest import ManifestRow
    from rushes.learning.backbone_features import read_backbone_features

    by_id = {item.frame.id: row for row, item in enumerate(described.frames)}
    rows = [
        ManifestRow(
            img_ref=item.image,
            class_name="?",  # a manifest's row has a class; the features do not depend on it
            source=item.frame.source,
            pts=item.frame.pts,
            sha256=item.sha256,
        )
        for item in described.frames
    ]
    with door.progress("look") as progress:
        seen = read_backbone_features(
            rows,
            recipe,
            project_root=place.root,
            cache_folder=place.cache_folder,
            threads=threads,
            engine=engine,
            progress=progress,
        )
    kept = np.array([by_id[row.frame_id] for row in seen.rows], np.int64)
    length = np.linalg.norm(seen.values, axis=1, keepdims=True)
    features = seen.values / np.maximum(length, 1e-9)
    frames = tuple(described.frames[row] for row in kept.tolist())
    lost = [(described.frames[by_id[one.row.frame_id]], str(one)) for one in seen.lost]
    return frames, features, described.quality.taken(kept), lost


def _report(
    door: Door, planned: Suggestions, names: Sequence[str], shown: Sequence[int], new: Sequence[Label], *, dry_run: bool
) -> None:
    from rushes.labels.suggest import choose_examples, count_suggested, describe_reason, median_likes

    counts = count_suggested(planned, shown)
    total = max(len(shown), 1)
    likes = median_likes(planned, shown)
    columns = ("class", "frames", "share", "near-duplicates of a frame, median")
    rows = [
        [name, held, f"{held / total:.1%}", f"{likes[name]:.1f}" if name in likes else None]
        for name, held in counts.items()
    ]
    door.show(table_of(None, columns, rows))
    for scope, edges in list(planned.edges.items())[:_EXAMPLES]:
        held = ", ".join(f"{name} up to {edge:.3f}" for name, edge in zip(planned.ranked, edges, strict=False))
        door.say(f"edges of the score{f' in {scope}' if scope else ''}: {held}, {planned.ranked[-1]} above")
    left_out = len(planned) - len(shown)
    door.say(f"{plural(len(shown), 'frame')} suggested for; {left_out:,} labelled ones left out")
    stayed = sum(bool(planned.stayed[row]) for row in shown)
    if stayed:
        door.say(f"{plural(stayed, 'suggestion')} near an edge stayed as before")
    would = "would be " if dry_run else ""
    withdrawn = sum(label.class_name is None for label in new)
    door.say(f"{plural(len(new) - withdrawn, 'statement')} {would}appended, {withdrawn} {would}withdrawn")
    examples = [
        [names[row], planned.class_of(row), describe_reason(planned, row, names)]
        for row in choose_examples(planned, shown, per_class=-(-_EXAMPLES // len(counts)))[:_EXAMPLES]
    ]
    if examples:
        door.show(table_of(None, ("frame", "class", "why"), examples))


def _write_page(
    door: Door,
    page: Path,
    planned: Suggestions,
    frames: Sequence[StoredFrame],
    shown: Sequence[int],
    *,
    title: str,
    root: Path,
) -> None:
    from rushes.evaluation.suggestions_page import format_suggestions_page
    from rushes.storage.files import write_text

    with door.progress("page") as progress:
        text = format_suggestions_page(
            planned,
            shown,
            names=[item.frame.name for item in frames],
            images=[item.image for item in frames],
            title=title,
            root=root,
            progress=progress,
        )
    write_text(page, text)
    door.say(f"page: {page}")


def _to_table(
    planned: Suggestions,
    names: Sequence[str],
    shown: Sequence[int],
    new: Sequence[Label],
    *,
    unread: Sequence[str],
    page: Path | None,
    dry_run: bool,
) -> dict[str, Any]:
    import math

    from rushes.labels.suggest import QUALITY_TESTS, count_suggested, describe_reason

    withdrawn = sum(label.class_name is None for label in new)
    return {
        "classes": count_suggested(planned, shown),
        "edges": {scope: dict(zip(planned.ranked, edges, strict=False)) for scope, edges in planned.edges.items()},
        "left_out": len(planned) - len(shown),
        "stayed": sum(bool(planned.stayed[row]) for row in shown),
        "appended": len(new) - withdrawn,
        "withdrawn": withdrawn,
        "suggestions": [
            {
                "frame": names[row],
                "class": planned.class_of(row),
                "score": None if math.isnan(planned.score[row]) else round(float(planned.score[row]), 4),
                "junk": QUALITY_TESTS[planned.failed_test[row]].name if planned.failed_test[row] >= 0 else None,
                "why": describe_reason(planned, row, names),
            }
            for row in shown
        ],
        "page": str(page) if page is not None else None,
        "failed": list(unread),
        "dry_run": dry_run,
    }
