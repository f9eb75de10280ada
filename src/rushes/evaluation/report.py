"""A judged run as one self-contained page, with its numbers as JSON beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rushes.evaluation import sections
from rushes.evaluation.ablation import AblationJudgement
from rushes.evaluation.ablation_section import LINK as ABLATION
from rushes.evaluation.ablation_section import show_ablation
from rushes.evaluation.alarm import show_alarm
from rushes.evaluation.calibration_section import LINK as CALIBRATION
from rushes.evaluation.calibration_section import show_calibration
from rushes.evaluation.cards import explain_choice, explain_gallery, show_gallery
from rushes.evaluation.carried_thresholds import CarriedThresholds
from rushes.evaluation.class_shares import ClassShares, colours_of_run, show_shares_of_run
from rushes.evaluation.draws import RESAMPLES
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.explained import NOTHING, Explained
from rushes.evaluation.frame import filled, format_frame, page_part, show_judged, show_trained
from rushes.evaluation.gallery import choose_cards
from rushes.evaluation.judge import Judgement
from rushes.evaluation.label_errors_section import LINK as LABEL_ERRORS
from rushes.evaluation.label_errors_section import FoundErrors, read_doubted, show_label_errors
from rushes.evaluation.markup import counted, text
from rushes.evaluation.reliability import CalibrationJudgement, Reliability
from rushes.evaluation.shown import LINK, show_shown
from rushes.evaluation.slice_section import LINK as SLICES_LINK
from rushes.evaluation.slice_section import show_slices, warn_of_slices
from rushes.evaluation.slices import SliceJudgement
from rushes.evaluation.thresholds import Thresholds
from rushes.evaluation.thumbnails import Thumbnail, read_thumbnails
from rushes.evaluation.verdict import WATCHED_BRIEFLY, Verdict, never_watched, pronounce
from rushes.learning.predictions import Predictions
from rushes.progress import Progress, silent
from rushes.storage.files import write_text

CARDS = 168
LEAKS_SHOWN = 3
_BEFORE = (
    ("verdict", "Verdict"),
    ("beware", "Beware"),
    ("confusions", "Confusions"),
    ("classes", "Classes"),
    ("curves", "Thresholds"),
    CALIBRATION,
    ("groups", "Groups"),
)
_AFTER = (("training", "Training"), ("data", "Data"), ("gallery", "Gallery"), ("making", "Making"))
PICTURES_BYTES = 1_900_000  # of thumbnails in all; base64 adds a third


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a report is made of, but the pictures.

    Attributes:
        run: the table of `run.json`.
        test, predictions: the judgement of the test part and the predictions it was made from.
        validation: judgement of the part on which the settings were chosen.
        mixed: judgement of the same recipe on a mixed split; `gap` is what its macro-F1 has over that of `test`.
        history: records of `history.jsonl`, in the order of epochs.
        command: what to type to make the run and this report again.
        warnings: more to beware of, beside those of the run and the judgement.
        slices: what samples are told apart by (`subjects`, `camera`) -> the judgement of each slice of the test part.
        class_shares: the mixes of classes of the groups of the run's manifest; None where it is not at hand.
        source_names: what stands before the last `:` of a frame's id -> the file that it comes from.
        calibration: what was fitted on validation, and what it does on test; of a bundle, how far its answers can be
            taken at their word as they come out of it; None where nothing was tried.
        sheet: what the model was shown, as `rushes.learning.sheet` writes it; empty where the run has none.
        thresholds: of each class, chosen on validation or come with a bundle; None where nothing was answered there.
        label_errors: which labels are likely wrong; None where nobody looked.
        ablation: what the measures of photographs are worth; None of a run that takes none.
    """

    run: Mapping[str, Any]
    test: Judgement
    predictions: Predictions
    validation: Judgement | None = None
    mixed: Judgement | None = None
    gap: Estimate | None = None
    history: Sequence[Mapping[str, Any]] = ()
    command: str = ""
    warnings: tuple[str, ...] = ()
    slices: Mapping[str, Sequence[SliceJudgement]] = field(default_factory=dict)
    sheet: bytes = b""
    thresholds: Thresholds | CarriedThresholds | None = None
    source_names: Mapping[str, str] = field(default_factory=dict)
    label_errors: FoundErrors | None = None
    class_shares: ClassShares | None = None
    calibration: CalibrationJudgement | Reliability | None = None
    ablation: AblationJudgement | None = None

    @property
    def split_kind(self) -> str:
        split = self.run.get("split")
        return str(split.get("kind", "grouped")) if isinstance(split, Mapping) else "grouped"

    @property
    def leaks(self) -> tuple[str, ...]:
        """What of the held-out parts training had seen too, in sentences; empty also where that is not known."""
        return tuple(str(leak) for leak in self.run.get("leaks") or ())


def leave_unexplained(rows: Sequence[int]) -> Explained:
    """Return that nothing is known of why."""
    return NOTHING


def write_report(
    path: Path,
    evidence: Evidence,
    *,
    project_root: Path,
    explain: Callable[[Sequence[int]], Explained] = leave_unexplained,
    progress: Progress = silent,
) -> None:
    """Write the page whole or not at all; the pictures are read from the project and carried inside.

    The page needs no network and no file beside it, and stays below some four megabytes.

    Args:
        explain: rows that have a picture, the most telling first -> what explains the answers on some of them.
    """
    chosen = choose_cards(evidence.predictions, limit=CARDS)
    thumbnails = read_thumbnails(
        chosen, evidence.predictions.images, project_root, budget_bytes=PICTURES_BYTES, progress=progress
    )
    doubted = read_doubted(evidence.label_errors, project_root, progress=progress)
    explained = explain([row for row in chosen if thumbnails.get(row) is not None])
    write_text(path, format_report(evidence, thumbnails, doubted=doubted, explained=explained))


def format_report(
    evidence: Evidence,
    thumbnails: Mapping[int, Thumbnail | None],
    *,
    doubted: Mapping[str, Thumbnail | None] | None = None,
    explained: Explained = NOTHING,
) -> str:
    """Return the page as HTML.

    Args:
        thumbnails: rows of the predictions to show -> picture; None shows that it could not be read.
        explained: what explains the answers on some of these rows.
        doubted: likewise, by picture, of the labels that are likely wrong.
    """
    run, test = evidence.run, evidence.test
    shown, calibrated = show_shown(run, evidence.sheet), show_calibration(evidence.calibration)
    colours = colours_of_run(evidence.class_shares, test.classes, [one.labelled for one in test.per_class])
    main = filled(
        "report.html",
        alarm=show_alarm(run, test),
        verdict=sections.show_verdict(pronounce_evidence(evidence)),
        score_line=sections.show_score_line(
            test,
            unseen=never_watched(evidence.split_kind, evidence.leaks),
            validation=evidence.validation,
            mixed=evidence.mixed,
            gap=evidence.gap,
            watched=WATCHED_BRIEFLY.get(evidence.split_kind, "watched in part"),
            part=str(run.get("part") or "test"),
        ),
        legend=page_part("legend.html"),
        facts=sections.show_facts(test),
        explain=filled("explain.html", interval_words=sections.explain_intervals(test)),
        warnings=sections.show_warnings(list_warnings(evidence)),
        judged=show_judged(test, evidence.predictions, thresholds=evidence.thresholds, calibration=calibrated),
        ablation=show_ablation(evidence.ablation),
        slices=show_slices(evidence.slices, test.classes, colours),
        label_errors=show_label_errors(evidence.label_errors, doubted or {}),
        shown_section=shown,
        trained=(
            show_trained(
                run,
                evidence.history,
                test.classes,
                shares=show_shares_of_run(evidence.class_shares),
                colours=colours,
            )
            if _is_of_run(run)
            else ""
        ),
        shown=text(f"{counted(len(thumbnails), 'sample')} of {len(evidence.predictions):,}"),
        choice=explain_choice(evidence.predictions, thumbnails),
        gallery_words=explain_gallery(explained),
        gallery=show_gallery(evidence.predictions, thumbnails, source_names=evidence.source_names, explained=explained),
        making=sections.show_making(run, test, command=evidence.command, resamples=RESAMPLES),
    )
    before = [one for one in _BEFORE if calibrated or one != CALIBRATION]
    return format_frame(
        main,
        run=run,
        subject=str(run.get("task", "")),
        title=f"{run.get('task', 'task')}: {run.get('name', 'run')}",
        links=[
            *before,
            *([ABLATION] if evidence.ablation else []),
            *([SLICES_LINK] if evidence.slices else []),
            *([LABEL_ERRORS] if evidence.label_errors else []),
            *([LINK] if shown else []),
            *_after(run),
        ],
    )


def _is_of_run(run: Mapping[str, Any]) -> bool:
    """Return whether the page is of a run, which knows its training; a bundle does not."""
    return not run.get("bundle")


def _after(run: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [link for link in _AFTER if _is_of_run(run) or link[0] not in ("training", "data")]


def pronounce_evidence(evidence: Evidence) -> Verdict:
    """Put the evidence into words."""
    return pronounce(
        evidence.test,
        split_kind=evidence.split_kind,
        mixed=evidence.mixed,
        gap=evidence.gap,
        leaks=evidence.leaks,
    )


def list_warnings(evidence: Evidence) -> tuple[str, ...]:
    """Return all that a reader must beware of: leaks, then of judgement, run and comparison; nothing twice."""
    recipe = evidence.run.get("recipe")
    of_shots = isinstance(recipe, Mapping) and recipe.get("model", {}).get("kind") == "shots"
    of_run = [str(warning) for warning in evidence.run.get("warnings") or ()]
    missed = {one.class_name for one in evidence.test.per_class if one.labelled and not one.predicted}
    if missed.issuperset(evidence.run.get("never_predicted") or ()):  # the judgement's own note says it
        of_run = [warning for warning in of_run if not warning.startswith("never predicted on ")]
    return tuple(
        dict.fromkeys(
            [
                *_warn_of_leaks(evidence.leaks, all_of_them="run.json" if of_shots else "'rushes split check'"),
                *evidence.test.notes,
                *of_run,
                *(evidence.thresholds.notes() if evidence.thresholds else ()),
                *evidence.warnings,
                *warn_of_slices(evidence.slices),
            ]
        )
    )


def _warn_of_leaks(leaks: Sequence[str], *, all_of_them: str) -> list[str]:
    """Return one warning of all leaks, some of them named; none where there are none.

    Args:
        all_of_them: what lists them all.
    """
    if not leaks:
        return []
    more = len(leaks) - LEAKS_SHOWN
    shown = "; ".join(leak.rstrip(".") for leak in leaks[:LEAKS_SHOWN]) + (f"; and {more:,} more" if more > 0 else "")
    return [
        f"Training has seen part of what it is judged on, so the scores flatter by an unknown amount: {shown}. "
        f"{all_of_them} lists all leaks."
    ]
