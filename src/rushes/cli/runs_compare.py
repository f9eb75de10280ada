"""`rushes runs compare`: two runs beside each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption
from rushes.cli.versions import find_run

if TYPE_CHECKING:
    from rushes.evaluation.comparison import Comparison, PartComparison
    from rushes.evaluation.estimate import Estimate

_RANGE = "range"


def compare(
    one: Annotated[Path, typer.Argument(metavar="A", help="A run's folder or name.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    html: Annotated[Path | None, typer.Option("--html", help="Write the comparison to this file as a page.")] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what differs between two runs, and which is better on the samples that both were kept from."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.learning.runs import read_run
        from rushes.project import find_project

        place = find_project(project)
        folders = find_run(place, one), find_run(place, other)
        runs = [read_run(folder) for folder in folders]
        # Only now: a name that is misspelt need not wait for what compares.
        from rushes.evaluation.comparison import compare_runs

        found = compare_runs(*runs)
        _show_runs(door, found)
        _show_recipe(door, found)
        for part in found.parts:
            _show_part(door, part)
        for note in found.notes:
            door.warn(f"note: {note}")
        table = found.to_table()
        if html is not None:
            from rushes.evaluation.comparison_page import write_comparison_page

            write_comparison_page(html, found)
            door.say(f"page: {html}")
        door.finish(table | {"page": str(html) if html is not None else None})


def _show_runs(door: Door, found: Comparison) -> None:
    from rushes.evaluation.comparison_page import compare_facts

    rows = [[name, *pair] for name, pair in compare_facts(found).items()]
    door.show(table_of(None, ["", f"A {found.one.name}", f"B {found.other.name}"], rows))


def _show_recipe(door: Door, found: Comparison) -> None:
    if not found.recipe:
        door.say("The recipes do not differ.")
        return
    rows = [[key, _said(a), _said(b)] for key, (a, b) in found.recipe.items()]
    door.show(table_of("what differs between the recipes", ["key", "A", "B"], rows))


def _show_part(door: Door, part: PartComparison) -> None:
    from rushes.evaluation.comparison_page import PROBABILITY_ROWS
    from rushes.evaluation.interval import FEW_GROUPS

    before, after = part.one.estimates(), part.other.estimates()
    rows = [
        ["macro-F1", *_cells(part.macros[0].value, part.macros[1].value, part.f1_macro)],
        *(
            [name, *_cells(before[word].value, after[word].value, gain)]
            for word, name, gain in (
                ("balanced_accuracy", "balanced accuracy", part.balanced_accuracy),
                ("accuracy", "accuracy", part.accuracy),
                *((word, name, part.more[word]) for word, name in PROBABILITY_ROWS.items()),
            )
        ),
        *(
            [f"F1 of {a.class_name}", *_cells(a.f1.value, b.f1.value, gain)]
            for a, b, gain in zip(part.one.per_class, part.other.per_class, part.f1s, strict=True)
        ),
        *(
            [f"recall of {a.class_name}", *_cells(a.recall.value, b.recall.value, gain)]
            for a, b, gain in zip(part.one.per_class, part.other.per_class, part.recalls, strict=True)
        ),
    ]
    shared = len(part.pairing.one)
    title = f"{part.part}: {shared:,} samples of both (A has {part.pairing.counts[0]:,}, B {part.pairing.counts[1]:,})"
    door.show(table_of(title, ["", "A", "B", "B − A", "from", "to", "which is"], rows))
    if any(row[-1] == _RANGE for row in rows):
        door.say(
            f"{_RANGE}: the row rests on fewer than {FEW_GROUPS} groups, too few for a 95 % interval; on other groups "
            "the difference may well fall outside it"
        )
    if part.pairing.relabelled:
        whose = "its" if part.pairing.relabelled == 1 else "their"
        door.say(
            f"{plural(part.pairing.relabelled, 'sample')} left out, because {whose} label has changed between A and B"
        )
    door.say(
        f"right: both {part.both:,}, only A {part.only_one:,}, only B {part.only_other:,}, neither {part.neither:,}"
    )
    door.say(part.sentence)
    door.say(part.tests_sentence)


def _cells(one: float | None, other: float | None, gain: Estimate) -> list[str | None]:
    """Return what A and B reach, what B has over A, the ends of its interval and what they may be called."""
    interval = gain.interval
    called = None if interval.low is None else _RANGE if interval.level is None else f"{interval.level * 100:.0f} %"
    return [
        _plain(one),
        _plain(other),
        *(None if value is None else f"{value:+.3f}" for value in (gain.value, interval.low, interval.high)),
        called,
    ]


def _plain(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _said(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False, default=list)
