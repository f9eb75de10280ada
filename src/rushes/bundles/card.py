"""The model card of a bundle: what it answers, how well, what it learned from, and where it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rushes.bundles.calibrated import describe_calibration, is_calibrated
from rushes.bundles.certificates import Certificate
from rushes.bundles.markdown import as_table, counted, sentence
from rushes.bundles.weighed import describe_gains, describe_weighed
from rushes.datasets.preprocessing import Preprocessing
from rushes.evaluation.interval import FEW_GROUPS
from rushes.evaluation.thresholds import format_threshold

FITS = {
    "squeeze": "squeezed to the input's shape, whatever its own",
    "crop": "cut to the input's shape around its middle",
    "pad": "fitted whole into the input, with black beside it",
}


@dataclass(frozen=True, slots=True)
class Scored:
    """One score with the interval that a bootstrap over groups gives it; None where it is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "undefined"
        if self.low is None or self.high is None:
            return f"{self.value:.3f} (no interval)"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class JudgedScores:
    """What the run's evaluation says of groups that the model never saw.

    Attributes:
        overall: metric -> score.
        per_class: class -> metric -> score.
        majority_f1_macro: what answering the commonest class always would reach.
    """

    samples: int
    group_count: int
    overall: Mapping[str, Scored]
    per_class: Mapping[str, Mapping[str, Scored]]
    majority_f1_macro: float | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CardThreshold:
    """The threshold of one class: why it is this one, and what it comes to on test.

    Attributes:
        value: None where none could be chosen, for `reason`.
    """

    class_name: str
    value: float | None
    wish: str
    reason: str
    recall: Scored
    precision: Scored
    fpr: Scored


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card states.

    Attributes:
        architecture: the design or the backbone.
        method: how it was trained, in words.
        counts: part of the split -> class -> samples.
        licence: of the pretrained weights, in words.
        made: name -> digest or name of what it was made from.
        calibration: what its `calibration.json` states; None where it has none.
        neighbours: training pictures that travel along, to explain answers by.
        measures: how many measures of the photograph it takes beside the picture.
        ablation: what these are worth, in a sentence; "" where that was not judged.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    working_size: str
    architecture: str
    method: str
    split_kind: str
    counts: Mapping[str, Mapping[str, int]]
    licence: str
    made: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    scores: JudgedScores | None = None
    calibration: Mapping[str, Any] | None = None
    neighbours: int = 0
    thresholds: tuple[CardThreshold, ...] = ()
    measures: int = 0
    ablation: str = ""


def thresholds_from_table(table: Mapping[str, Any]) -> tuple[CardThreshold, ...]:
    """Return what a card says of the thresholds in a run's `thresholds.json`."""

    def scored(test: Mapping[str, Any] | None, measure: str) -> Scored:
        found = test[measure] if test else {}
        return Scored(found.get("value"), found.get("low"), found.get("high"))

    return tuple(
        CardThreshold(name, one["threshold"], one["wish"], one["reason"],
                      *(scored(one["test"], measure) for measure in ("recall", "precision", "fpr")))
        for name, one in table["thresholds"].items()
    )  # fmt: skip


def scores_from_metrics(metrics: Mapping[str, Any]) -> JudgedScores | None:
    """Return the scores on the test part in a run's `metrics.json`; None where it states none."""
    test = metrics.get("test")
    if not isinstance(test, Mapping) or not isinstance(test.get("metrics"), Mapping):
        return None
    overall: dict[str, Scored] = {}
    per_class: dict[str, dict[str, Scored]] = {}
    for key, value in test["metrics"].items():
        scored = Scored(value.get("value"), value.get("low"), value.get("high"))
        metric, of_class, class_name = key.partition("/")
        if of_class:
            per_class.setdefault(class_name, {})[metric] = scored
        else:
            overall[metric] = scored
    return JudgedScores(
        samples=int(test.get("samples", 0)),
        group_count=len(test.get("groups", ())),
        overall=overall,
        per_class=per_class,
        majority_f1_macro=test.get("baselines", {}).get("majority", {}).get("f1_macro"),
        notes=tuple(test.get("notes", ())),
    )


_UNPROVEN = (
    "## Not exported yet\n\n"
    "This is the card of a run. `rushes export RUN` makes a bundle of it that is proven to give the same answers, with "
    "a card of its own."
)


def format_card(
    facts: CardFacts,
    *,
    certificate: Mapping[str, Any] | None,
    runtimes: Mapping[str, Certificate] | None = None,
) -> str:
    """Return the card as Markdown.

    Args:
        certificate: what was compared at export, as `parity/expected.json` states it; None of a run without a bundle.
        runtimes: what was found of other runtimes; None where none was tried.
    """
    sections = [
        _head(facts),
        _scores(facts),
        describe_calibration(facts.calibration),
        describe_thresholds(facts.thresholds, noun="picture"),
        _training(facts),
        _input(facts),
        _use(facts),
        _proof(certificate) if certificate is not None else _UNPROVEN,
        describe_runtimes(runtimes or {}),
        _licence(facts, certificate),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _head(facts: CardFacts) -> str:
    classes = ", ".join(f"`{name}`" for name in facts.classes)
    return (
        "---\npipeline_tag: image-classification\nlibrary_name: onnx\ntags: [rushes]\n---\n\n"
        f"# {facts.name}\n\n"
        f"Answers the question **{facts.task}** for one picture at a time: {classes}. {sentence(facts.method)}"
    )


def _scores(facts: CardFacts) -> str:
    title = "## How well it answers\n\n"
    unseen = facts.split_kind != "mixed"
    scores = format_scores(facts.scores, unseen=unseen, noun="labelled picture", frames="frames")
    return title + scores + (f"\n\nWhat its measures are worth: {facts.ablation}" if facts.ablation else "")


def format_scores(scores: JudgedScores | None, *, unseen: bool, noun: str, frames: str) -> str:
    """Return what an evaluation says of one task, as Markdown.

    Args:
        unseen: whether the samples are of groups that no sample of train is of.
        noun: what one sample is, `labelled picture`; `frames` what was shuffled where they are not, in the plural.
    """
    if scores is None:
        return "Not judged yet: evaluate the run (`rushes evaluate RUN`) and export it again."
    watched = (
        f"on {counted(scores.group_count, 'group')} of footage that it never saw in training"
        if unseen
        else f"on {frames} shuffled out of the same footage that it was trained on, **so expect less on new footage**"
    )
    few = scores.group_count < FEW_GROUPS
    bracket = (
        f"the range of a bootstrap over these {scores.group_count} groups; so few cannot give a 95 % interval"
        if few
        else "the 95 % interval of a bootstrap over groups"
    )
    lines = [f"On {counted(scores.samples, noun)}, {watched}; in brackets {bracket}:\n"]
    lines += [f"- {name}: {score}" for name, score in scores.overall.items()]
    if scores.majority_f1_macro is not None:
        lines.append(f"- f1_macro of answering the commonest class always: {scores.majority_f1_macro:.3f}")
    metrics = ("precision", "recall", "f1")
    if scores.per_class:
        lines += ["", as_table(("class", *metrics), [
            (name, *(str(of_class.get(metric, Scored(None))) for metric in metrics))
            for name, of_class in scores.per_class.items()
        ])]  # fmt: skip
    if scores.notes:
        lines += ["", *(f"- {note}" for note in scores.notes)]
    return "\n".join(lines)


def describe_thresholds(thresholds: Sequence[CardThreshold], *, noun: str, task: str = "") -> str:
    """Return a section on what each threshold costs on test; "" of a run without any.

    Args:
        noun: what one sample is, `picture`.
        task: of a model that answers several, the one whose thresholds they are.
    """
    if not thresholds:
        return ""
    rows = [
        (one.class_name, one.wish, format_threshold(one.value), str(one.recall), str(one.precision), str(one.fpr))
        for one in thresholds
        if one.value is not None
    ]
    text = (
        f"## Thresholds{f' of {task}' if task else ''}\n\nFrom which probability on a {noun} is taken for a class, "
        "whatever else it may be. They were chosen on validation for the wish beside them; what they come to was "
        "measured on test. `rushes predict` says which are reached, and answers with the most probable class all the "
        "same."
    )
    if rows:
        columns = ("class", "wish", "threshold", "recall on test", "precision on test", "FPR on test")
        text += "\n\n" + as_table(columns, rows)
    lacking = [f"- {one.class_name}: {one.reason}." for one in thresholds if one.value is None]
    return "\n\n".join([text, "\n".join(lacking)]) if lacking else text


def _training(facts: CardFacts) -> str:
    parts = list(facts.counts)
    rows = [(name, *(str(facts.counts[part].get(name, 0)) for part in parts)) for name in facts.classes]
    text = f"## What it learned from\n\nThe split is {facts.split_kind}; pictures per class and part:\n\n"
    text += as_table(("class", *parts), rows)
    if facts.made:
        text += "\n\n" + "\n".join(f"- {name}: `{value}`" for name, value in facts.made.items())
    if facts.warnings:
        text += "\n\nThe training remarked:\n\n" + "\n".join(f"- {warning}" for warning in facts.warnings)
    return text


def _input(facts: CardFacts) -> str:
    p = facts.preprocessing
    colour = "RGB" if p.color == "rgb" else "grey (BT.601 luma)"
    bars = "black bars are cut off, " if p.letterbox == "remove" else ""
    measured = (
        f"It also takes `measures`, float32 (batch, {facts.measures}): what is measured of the picture at that size, "
        "in the order of `preprocessing.json`. "
        if facts.measures
        else ""
    )
    return (
        "## What it is shown\n\n"
        f"`model.onnx` takes `pixels`, uint8 (batch, {p.height}, {p.width}, {p.channels}), and gives `logits` and "
        f"`probabilities`, (batch, {len(facts.classes)}), in the order of `classes.json`, and `features`, what "
        "the last layers are given. A picture is brought to "
        f"size {facts.working_size} first (a long side, or width x height), {bars}then {FITS[p.fit]}, {p.width} x "
        f"{p.height}, {colour}. {measured}"
        "Scaling by 1/255, mean and deviation are inside the graph.\n\n"
        "```\nrushes predict BUNDLE FILE_OR_FOLDER\n```"
    )


def _use(facts: CardFacts) -> str:
    named = f"one of its {len(facts.classes)} classes"
    return (
        "## What it is for, and where it ends\n\n"
        f"For sorting frames and photographs like those it learned from. It always answers {named}, also for a picture "
        f"that is none of them; {_sureness(facts)}. The answer for a video is the mean over sampled frames. On footage "
        "of another kind (another genre, lens, period, drawn instead of filmed) the scores above do not hold: label "
        "some of it and evaluate again. Do not let it decide about people."
    )


def _sureness(facts: CardFacts) -> str:
    if not is_calibrated(facts.calibration):
        return "its probabilities are not calibrated"
    return "its probabilities are calibrated for footage like it, and for no other"


def _proof(certificate: Mapping[str, Any]) -> str:
    furthest = f"{certificate['largest_difference']:.1e}"
    sizes = " and ".join(str(size) for size in certificate["batch_sizes"])
    generated = certificate["generated_pictures"]
    of_these = f", {generated} of them generated because the run's own could not be read" if generated else ""
    return (
        "## Proven equal\n\n"
        f"At export the graph was run beside the trained network on {certificate['pictures']} pictures{of_these} "
        f"(batches of {sizes}): probabilities differ by at most {furthest}, and every answer "
        f"is the same. Reference: {certificate['reference']}; runtime: {certificate['runtime']}. `parity/` keeps "
        "pictures and answers, so that any machine can check itself."
    )


def describe_runtimes(runtimes: Mapping[str, Certificate]) -> str:
    """Return a section on what was found of runtimes beside the default; "" where none was tried."""
    if not runtimes:
        return ""
    rows = [(f"`{name}`", "yes" if one.holds else "no", _words_of(one)) for name, one in runtimes.items()]
    return (
        "## Runtimes\n\n`rushes predict BUNDLE FILE --runtime NAME` takes another runtime than ONNX Runtime in "
        "float32. Found at export; `rushes doctor BUNDLE` says what holds where it is run:\n\n"
        + as_table(("runtime", "may be taken", "found"), rows)
    )


def _words_of(found: Certificate) -> str:
    if not found.holds:
        return found.reason.replace("|", "/").replace("\n", " ")
    words = (
        f"{found.version}: on {found.pictures} samples probabilities differ by at most {found.largest_difference:.1e}"
    )
    if found.gains is not None:
        words += f"; {describe_gains(found.gains)}"
    if found.validation is not None:
        words += f"; {describe_weighed(found.validation)}"
    return words


def _licence(facts: CardFacts, certificate: Mapping[str, Any] | None) -> str:
    text = f"## Licence\n\n{sentence(facts.licence)}"
    if facts.neighbours:
        text += (
            f" `neighbours/` holds small copies of {counted(facts.neighbours, 'picture')} of the training footage, so "
            "that an answer can be explained by what it looks like: pass the bundle on only where those may be passed "
            "on, or export without them (`rushes export RUN --no-neighbours`)."
        )
    if certificate is None or certificate["generated_pictures"] == certificate["pictures"]:
        return text
    return (
        f"{text} `parity/` holds small copies of pictures from the validation footage: pass the bundle on only where "
        "those may be passed on."
    )
