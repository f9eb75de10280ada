"""The model card of a bundle of shots: what it answers, how well, what it learned from, and where it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rushes.bundles.calibrated import describe_calibration, is_calibrated
from rushes.bundles.card import (
    FITS,
    CardThreshold,
    JudgedScores,
    describe_runtimes,
    describe_thresholds,
    format_scores,
)
from rushes.bundles.certificates import Certificate
from rushes.bundles.markdown import as_table, sentence
from rushes.bundles.shot_bundle import file_of_task
from rushes.datasets.shot_sample import ShotReading
from rushes.learning.calibration import CALIBRATION_FILE


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What a card states of one task.

    Attributes:
        method: how it is answered, in words.
        counts: part of the split -> class -> shots.
        calibration: what its `calibration.json` states; None where it has none.
    """

    classes: tuple[str, ...]
    method: str
    counts: Mapping[str, Mapping[str, int]]
    scores: JudgedScores | None = None
    calibration: Mapping[str, Any] | None = None
    thresholds: tuple[CardThreshold, ...] = ()


@dataclass(frozen=True, slots=True)
class ShotCardFacts:
    """What a card states.

    Attributes:
        backbone: what looks at the frames; "" where none does.
        inputs: what the graph takes.
        synthetic: movement -> clips of a virtual camera that stood in train.
        licence: of the pretrained weights, in words.
        faces: whether a face detector is part of the bundle.
        made: name -> digest or name of what it was made from.
    """

    name: str
    tasks: Mapping[str, TaskFacts]
    reading: ShotReading
    backbone: str
    inputs: tuple[str, ...]
    split_kind: str
    licence: str
    faces: bool = False
    synthetic: Mapping[str, int] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def format_shot_card(
    facts: ShotCardFacts,
    *,
    certificate: Mapping[str, Any],
    runtimes: Mapping[str, Certificate] | None = None,
) -> str:
    """Return the card as Markdown.

    Args:
        certificate: what was compared at export, as `parity/expected.json` states it.
        runtimes: what was found of other runtimes; None where none was tried.
    """
    unseen = facts.split_kind != "mixed"
    judged = [section for task, of in facts.tasks.items() for section in _judged(task, of, unseen=unseen)]
    sections = [_head(facts), *judged, _training(facts), _input(facts), _use(facts), _proof(certificate),
                describe_runtimes(runtimes or {}), _licence(facts, certificate)]  # fmt: skip
    return "\n\n".join(section for section in sections if section) + "\n"


def _judged(task: str, of: TaskFacts, *, unseen: bool) -> tuple[str, str, str]:
    """Return the sections on what an evaluation says of one task; "" for what it says nothing of."""
    scores = format_scores(of.scores, unseen=unseen, noun="labelled shot", frames="shots")
    return (
        f"## How well it answers {task}\n\n{scores}",
        describe_calibration(of.calibration, task=task, file=file_of_task(task, CALIBRATION_FILE)),
        describe_thresholds(of.thresholds, noun="shot", task=task),
    )


def _head(facts: ShotCardFacts) -> str:
    lines = [
        f"- **{task}**: {', '.join(f'`{name}`' for name in of.classes)}. {sentence(of.method)}"
        for task, of in facts.tasks.items()
    ]
    return (
        "---\npipeline_tag: video-classification\nlibrary_name: onnx\ntags: [rushes]\n---\n\n"
        f"# {facts.name}\n\nAnswers about each shot of a film, which is what lies between two cuts:\n\n"
        + "\n".join(lines)
    )


def _training(facts: ShotCardFacts) -> str:
    text = f"## What it learned from\n\nThe split is {facts.split_kind}; labelled shots per class and part:"
    for task, of in facts.tasks.items():
        parts = list(of.counts)
        rows = [(name, *(str(of.counts[part].get(name, 0)) for part in parts)) for name in of.classes]
        text += f"\n\n{as_table((task, *parts), rows)}"
    if facts.synthetic:
        clips = ", ".join(f"{count:,} {movement}" for movement, count in facts.synthetic.items())
        text += f"\n\nOnly train has clips of a virtual camera beside them: {clips}."
    if facts.made:
        text += "\n\n" + "\n".join(f"- {name}: `{value}`" for name, value in facts.made.items())
    if facts.warnings:
        text += "\n\nThe training remarked:\n\n" + "\n".join(f"- {warning}" for warning in facts.warnings)
    return text


def _input(facts: ShotCardFacts) -> str:
    inputs = ", ".join(f"`{name}`" for name in facts.inputs)
    text = f"## What it is shown\n\n`model.onnx` takes {inputs}, and gives an output `<task>_probabilities` for each "
    text += "task, in the order of `classes.json`. "
    if facts.backbone:
        reading, p = facts.reading, facts.reading.preprocessing
        chosen = "equally spaced over the whole shot" if reading.choice == "even" else "chosen by the scan"
        bars = "Black bars that all frames of a shot share are cut off. " if p.letterbox == "remove" else ""
        text += (
            f"Of each shot up to {reading.frames} frames are seen, {chosen}. {bars}Each is {FITS[p.fit]}, {p.width} x "
            f"{p.height}; scaling by 1/255, mean and deviation are inside the graph. "
        )
    if facts.reading.subject:
        found = "faces and the bodies under them, elsewhere what stands out" if facts.faces else "what stands out"
        text += f"The subject of a frame is told from its background: {found}. "
    if "aggregates" in facts.inputs or "series" in facts.inputs:
        text += "The camera's motion is measured by the scan of rushes (`shots.json` names each number). "
    return text.rstrip() + ("\n\n```\nrushes predict BUNDLE FILM\nrushes shots FILM --bundle BUNDLE\n```")


def _use(facts: ShotCardFacts) -> str:
    return (
        "## What it is for, and where it ends\n\n"
        "For finding and sorting shots like those it learned from. It always answers one class of each task, also for "
        f"a shot that is none of them (an insert of text, a shot that pushes in and then pans); {_sureness(facts)}. "
        "Where a cut was missed, two shots are answered as one. A shot of one frame shows no movement, and one of an "
        "even colour is not answered. On footage of another kind (another genre, lens, period, drawn instead of "
        "filmed) the scores above do not hold: label some of it and evaluate again. Do not let it decide about people."
    )


def _sureness(facts: ShotCardFacts) -> str:
    """Return of which tasks the probabilities are calibrated, in words."""
    calibrated = [task for task, of in facts.tasks.items() if is_calibrated(of.calibration)]
    if not calibrated:
        return "its probabilities are not calibrated"
    others = [task for task in facts.tasks if task not in calibrated]
    of = f" for {', '.join(calibrated)}" if others else ""
    without = f", and those for {', '.join(others)} are not calibrated" if others else ""
    return f"its probabilities{of} are calibrated for footage like it, and for no other{without}"


def _proof(certificate: Mapping[str, Any]) -> str:
    generated = certificate["generated_shots"]
    of_these = f", {generated} of them generated because the run's own could not be read" if generated else ""
    return (
        "## Proven equal\n\n"
        f"At export the graph was run beside the trained network on {certificate['shots']} shots{of_these} "
        f"(one at a time, and all at once): probabilities differ by at most {certificate['largest_difference']:.1e}, "
        f"and every answer is the same. Reference: {certificate['reference']}; runtime: {certificate['runtime']}. "
        "`parity/` keeps shots and answers, so that any machine can check itself."
    )


def _licence(facts: ShotCardFacts, certificate: Mapping[str, Any]) -> str:
    text = f"## Licence\n\n{sentence(facts.licence)}"
    if facts.faces:
        text += " `faces.onnx` is the face detector that the recipe names, under the licence of its origin."
    if not facts.backbone or certificate["generated_shots"] >= certificate["shots"]:
        return text
    return (
        f"{text} `parity/` holds small copies of frames from the validation footage: pass the bundle on only where "
        "those may be passed on."
    )
