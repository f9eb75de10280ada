"""All that a report on a run of shots is made of, but the pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rushes.evaluation.class_mean import ClassMean
from rushes.evaluation.markup import counted, number, within
from rushes.evaluation.published import (
    NOT_COMPARABLE,
    PUBLISHED,
    RECALL_NOTE,
    PublishedRow,
    is_published_test,
    missing_shots,
)
from rushes.evaluation.report import Evidence, list_warnings, pronounce_evidence
from rushes.evaluation.verdict import blind_score, explain_no_interval, never_watched
from rushes.learning.shot_runs import ShotRun

_LACKING = "test has no shot of "  # begins a warning of a run
_QUOTED = re.compile(r"'([^']+)'")


@dataclass(frozen=True, slots=True)
class ShotEvidence:
    """A judged run of shots.

    Attributes:
        heads: task -> what of it is judged, as of a run of its own; only tasks with test shots.
        unjudged: tasks that have none.
        class_mean, validation_mean: the mean over the classes of all heads, on test and on validation; None of
            validation where a head has no answers there.
        command: what to type to make the run and this report again.
        sheet: WebP or JPEG of samples of the virtual camera's clips; empty where the run has none.
    """

    run: ShotRun
    heads: Mapping[str, Evidence]
    class_mean: ClassMean
    validation_mean: ClassMean | None = None
    unjudged: tuple[str, ...] = ()
    command: str = ""
    sheet: bytes = field(default=b"", repr=False)

    @property
    def references(self) -> tuple[PublishedRow, ...]:
        """What others reached on the same test; () where this is another one."""
        classes = {task: one.test.classes for task, one in self.heads.items()}
        return PUBLISHED if is_published_test(self.run.split, classes) else ()

    @property
    def references_notes(self) -> tuple[str, ...]:
        """What to know of the published rows, or why there are none, in sentences."""
        if not self.references:
            return (NOT_COMPARABLE,)
        merged = self.run.recipe.get("shots", {}).get("multi_movement") == "motion"
        return (
            RECALL_NOTE,
            *missing_shots({task: one.test.samples for task, one in self.heads.items()}),
            *(("Shots of several movements were taken for motion here; the published test leaves them out.",)
              if merged else ()),
        )  # fmt: skip

    @property
    def unseen(self) -> bool:
        """Whether nothing is known of the test part that training had seen too."""
        return never_watched(str(self.run.split.get("kind", "grouped")), self.run.leaks)


def pronounce_shots(evidence: ShotEvidence) -> str:
    """Return what the run reaches, in words: how many shots, each head beside what is reached without a look."""
    return "".join(before + score for before, score in pronounce_in_pieces(evidence))


def pronounce_in_pieces(evidence: ShotEvidence) -> tuple[tuple[str, str], ...]:
    """Return the sentences of `pronounce_shots` cut around their scores: (words, the score behind them or "")."""
    shots = {shot for one in evidence.heads.values() for shot in one.predictions.frames}
    groups = {group for one in evidence.heads.values() for group in one.predictions.groups}
    if not shots:
        return (("No shot was kept for testing, so nothing can be said about this model yet.", ""),)
    seen = "it never watched" if evidence.unseen else "that it has partly watched in training"
    judged = f"On {counted(len(shots), 'shot')} from {counted(len(groups), 'group')} {seen}"
    pieces = [(f"{judged}, this model reaches a macro-F1 of ", "")]
    scored = [(task, one) for task, one in evidence.heads.items() if one.test.f1_macro.value is not None]
    for place, (task, one) in enumerate(scored):
        value = one.test.f1_macro.value or 0.0
        blind = number(blind_score(one.test))
        pieces.append((" and " if place else "", number(value)))
        pieces.append((f" for {task} ({_certainty(one)}; {blind} without a look)", ""))
    mean = evidence.class_mean
    if len(evidence.heads) > 1 and mean.f1.value is not None:
        pieces.append((f". Over the classes of all heads, the {mean.name} of F1 is ", number(mean.f1.value)))
    return (*pieces, (".", ""))


def list_shot_warnings(evidence: ShotEvidence) -> tuple[str, ...]:
    """Return all that a reader must beware of; what is of one head is named so, nothing stands twice."""
    common, of_heads = sort_warnings(evidence)
    return (*common, *(f"{task}: {note}" for task, notes in of_heads.items() for note in notes))


def sort_warnings(evidence: ShotEvidence) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return what a reader must beware of: of the whole run, and by task what is of one head; nothing stands twice."""
    said = {task: _without_echoes(one) for task, one in evidence.heads.items()}
    notes = list(map(str, evidence.run.warnings))  # of leaks each head says all
    notes += [f"No test shot is labelled by {task}, so this head is not judged." for task in evidence.unjudged]
    if len(said) > 1:
        notes += [note for note in next(iter(said.values())) if all(note in others for others in said.values())]
    of_one = {task: [note for note in notes if note.startswith(f"class '{task} ")] for task in said}
    common = tuple(dict.fromkeys(note for note in notes if not any(note in found for found in of_one.values())))
    return common, {
        task: tuple(dict.fromkeys([*(note for note in found if note not in notes), *of_one[task]]))
        for task, found in said.items()
    }


def _without_echoes(one: Evidence) -> list[str]:
    """Return the warnings of a head without those of its run that the judgement's own say as well."""
    absent = {item.class_name for item in one.test.per_class if not item.labelled}
    said = {note for note in list_warnings(one)
            if note.startswith(_LACKING) and absent.issuperset(_QUOTED.findall(note))}  # fmt: skip
    return [note for note in list_warnings(one) if note not in said]


def shot_metrics_table(evidence: ShotEvidence, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what `metrics.json` of a run of shots holds.

    Args:
        tables: task -> what its own metrics.json holds.
    """
    return {
        "schema": "shot-metrics/1",
        "run": evidence.run.name,
        "split": evidence.run.split.get("kind"),
        "verdict": pronounce_shots(evidence),
        "warnings": list(list_shot_warnings(evidence)),
        "tasks": {task: dict(table) for task, table in tables.items()},
        "unjudged": list(evidence.unjudged),
        "class_mean": {
            "test": evidence.class_mean.to_table(),
            "validation": evidence.validation_mean.to_table() if evidence.validation_mean else None,
        },
        "references": [row.to_table() for row in evidence.references],
        "references_notes": list(evidence.references_notes),
        "shots": dict(evidence.run.shots),
        "synthetic": dict(evidence.run.synthetic),
        "unusable": evidence.run.unusable,
        "command": evidence.command,
    }


def verdict_of_head(evidence: ShotEvidence, task: str) -> str:
    """Return in a sentence or two how a head compares with blind answers."""
    return pronounce_evidence(evidence.heads[task]).standing


def _certainty(one: Evidence) -> str:
    return within(one.test.f1_macro.interval) or explain_no_interval(one.test)
