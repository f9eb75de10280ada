"""The section of a report on labels that are likely wrong, and what metrics.json says of them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.datasets.disputed_twins import Dispute, find_disputes
from rushes.errors import is_installed
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.label_noise import LabelNoise, estimate_noise, pronounce_noise
from rushes.evaluation.markup import breakable, count, counted, interval_name, number, text
from rushes.evaluation.thumbnails import Thumbnail, read_thumbnails
from rushes.labels.manifest import ManifestRow
from rushes.labels.standing import StandingLabel, reviewed_classes
from rushes.learning.label_errors import LabelDoubts, LabelError, find_label_errors
from rushes.learning.predictions import Predictions
from rushes.progress import Progress, silent

LINK = ("label-errors", "Label errors")
REVIEWS_FOLDER = "reviews"  # where `rushes labels errors` puts its queues
_CARDS = 24
_DISPUTES = 6
_OF_A_DISPUTE = 3
_LISTED = 200  # in metrics.json
_CLASSES = 40
_SIDE_PIXELS = 208
_BUDGET_BYTES = 300_000
_NO_EXTRA = "the search for wrong labels needs the train extra: pip install 'rushes[train]'"


@dataclass(frozen=True, slots=True)
class FoundErrors:
    """What a report says of labels.

    Attributes:
        doubts, noise: of the parts that the model was not trained on; None where they cannot be had, for `reason`.
        disputes: pictures of the whole manifest that are the same or look alike and are labelled differently.
        command: what to type to judge train as well and to make a queue; "" where there is no run to do it with.
        queues: those that were made of this run before, relative to the project.
    """

    doubts: LabelDoubts | None
    noise: LabelNoise | None
    disputes: tuple[Dispute, ...] = ()
    command: str = ""
    queues: tuple[str, ...] = ()
    reason: str = ""

    @property
    def shown(self) -> tuple[LabelError, ...]:
        """The labels that have a card."""
        return self.doubts.errors[:_CARDS] if self.doubts else ()

    @property
    def images(self) -> list[str]:
        """The pictures that are shown, the most important first, each once."""
        of_disputes = [row.img_ref for one in self.disputes[:_DISPUTES] for row in one.rows[:_OF_A_DISPUTE]]
        return list(dict.fromkeys([*(one.image for one in self.shown), *of_disputes]))


def find_errors(
    answers: Mapping[str, Predictions],
    *,
    rows: Sequence[ManifestRow],
    signatures: Mapping[str, int],
    run_name: str,
    project_root: Path,
    withheld: str = "",
    standing: Mapping[str, StandingLabel] | None = None,
) -> FoundErrors:
    """Return which labels are likely wrong, by what a model answered on parts that it was not trained on.

    Args:
        rows: of the manifest; empty where it is gone.
        signatures: frame id -> perceptual signature.
        run_name: the run that answered, or that a bundle was made of; "" where it is not at hand.
        standing: frame id -> its label today; what a person has reviewed is doubted no more.
        withheld: why the answers say nothing of labels, such as that training was told these; "" where they do.
    """
    reviewed = reviewed_classes(standing or {})
    disputes = tuple(
        one
        for one in find_disputes(rows, signatures=signatures)
        if not one.is_settled and any(row.frame_id not in reviewed for row in one.rows)
    )
    command = shlex.join(["rushes", "labels", "errors", run_name]) if run_name else ""
    made = sorted((project_root / REVIEWS_FOLDER).glob(f"{run_name}*.csv")) if run_name else []
    queues = tuple(f"{REVIEWS_FOLDER}/{path.name}" for path in made)
    if withheld:
        return FoundErrors(None, None, disputes, command, queues, reason=withheld)
    if not (is_installed("cleanlab") and is_installed("sklearn")):
        return FoundErrors(None, None, disputes, command, queues, reason=_NO_EXTRA)
    doubts = find_label_errors(answers, reviewed=reviewed)
    return FoundErrors(doubts, estimate_noise(doubts), disputes, command, queues)


def errors_table(found: FoundErrors | None) -> dict[str, Any] | None:
    """Return what `metrics.json` holds as `label_errors`; the first 200 of each list."""
    if found is None:
        return None
    doubts = found.doubts
    samples = Counter(doubts.parts) if doubts else Counter[str]()
    return {
        "parts": list(samples),
        "samples": dict(samples),
        "found": len(doubts.errors) if doubts and not doubts.refused else None,
        "reviewed": len(doubts.reviewed) if doubts and not doubts.refused else None,
        "estimate": found.noise.to_table() if found.noise else None,
        "errors": [one.to_table() for one in doubts.errors[:_LISTED]] if doubts else [],
        "disputed": len(found.disputes),
        "disputes": [one.to_table() for one in found.disputes[:_LISTED]],
        "notes": list(doubts.notes) if doubts else [],
        "reason": found.reason or (doubts.refused if doubts else ""),
    }


def warn_of_changed_labels(
    judged: Iterable[Predictions], standing: Mapping[str, StandingLabel], *, since: str, remedy: str
) -> tuple[str, ...]:
    """Return a warning where labels that a score rests on are others today, or none are; () where all stand.

    Args:
        standing: frame id -> its label today; of a frame that is not in it nothing is known.
        since: what the labels were read for, such as `the run`.
        remedy: what to do for scores on the labels of today.
    """
    changed = sum(
        frame in standing and standing[frame].class_name != one.classes[truth]
        for one in judged
        for frame, truth in zip(one.frames, one.truth.tolist(), strict=True)
    )
    if not changed:
        return ()
    return (
        f"{counted(changed, 'label')} of these samples {'has' if changed == 1 else 'have'} changed since {since}; the "
        f"scores are on the labels of its time: {remedy}.",
    )


def read_doubted(
    found: FoundErrors | None, project_root: Path, *, progress: Progress = silent
) -> dict[str, Thumbnail | None]:
    """Return picture -> thumbnail of what the section shows; None where it cannot be read."""
    images = found.images if found else []
    read = read_thumbnails(
        range(len(images)), images, project_root, budget_bytes=_BUDGET_BYTES, side_pixels=_SIDE_PIXELS,
        progress=progress,
    )  # fmt: skip
    return {images[row]: thumbnail for row, thumbnail in read.items()}


def show_label_errors(found: FoundErrors | None, thumbnails: Mapping[str, Thumbnail | None]) -> str:
    """Return the section, or nothing where there is nothing to say."""
    if found is None:
        return ""
    parts = " and ".join(dict.fromkeys(found.doubts.parts)) if found.doubts else ""
    told = f"Labels of {parts or 'the held-out samples'} that are likely wrong. The model was not told them, and is"
    if found.doubts is None:
        told = "Labels that are likely wrong: where a model that was not told them is"
    words = (
        f"{told} surer of another class than it usually is of samples that are labelled so (confident learning). A "
        "wrong label and a blind spot of the model look the same from here: only the picture decides. Behind "
        "<em>label:</em> stands the origin of a label: the sheet’s author, the review or the machine that stated it."
    )
    body = [_show_estimate(found), _show_classes(found.noise), _show_cards(found, thumbnails)]
    body += [_show_disputes(found.disputes, thumbnails), _show_way_on(found)]
    return (
        f'\n<section class="full label-errors" id="{LINK[0]}">\n<div class="margin"><h2>{LINK[1]}</h2><p>{words}</p>'
        f'</div>\n<div class="body">{"".join(body)}</div>\n</section>\n'
    )


def _show_estimate(found: FoundErrors) -> str:
    if found.noise is None or found.doubts is None:
        return f"<p>{text(_capital(found.reason))}.</p>"
    lines = [f'<p class="estimate">{text(_capital(pronounce_noise(found.noise)))}.</p>']
    if found.noise.wrong.value is not None:
        lines.append(
            "<p>It is an estimate, too high where the model is weak: classes that it cannot tell apart look like "
            "wrong labels, and an error that it shares with the labels is not seen. A review tells: how many of the "
            "doubts are wrong, and how many of the checks, drawn at random where label and model agree.</p>"
        )
    if said := say_reviewed(found.doubts):
        lines.append(f"<p>{text(_capital(said))}.</p>")
    lines += [f"<p>{text(_capital(note))}.</p>" for note in found.doubts.notes]
    return "".join(lines)


def say_reviewed(doubts: LabelDoubts) -> str:
    """Return how many of the doubted labels a person has reviewed, in words; "" where none."""
    count_reviewed = len(doubts.reviewed)
    if not count_reviewed:
        return ""
    return (
        f"{counted(count_reviewed, 'more label')} that the model doubts {'is' if count_reviewed == 1 else 'are'} "
        "reviewed, and what the person said counts: not listed, and not counted as doubted"
    )


def _show_classes(noise: LabelNoise | None) -> str:
    if noise is None or not noise.per_class:
        return ""
    sorted_classes = sorted(noise.per_class, key=lambda one: -(one.wrong.value or 0.0))[:_CLASSES]
    taken = {one.labelled: one for one in reversed(noise.confused)}
    rows = [
        f'<tr><th scope="row">{breakable(one.class_name)}</th><td>{count(one.labelled)}</td><td>{count(one.found)}</td>'
        f"<td>{_share_cell(one.wrong)}</td>"
        f'<td class="words">{_mostly(taken.get(one.class_name))}</td></tr>'
        for one in sorted_classes
    ]
    more = len(noise.per_class) - len(sorted_classes)
    rest = f'<p class="foot">{count(more)} more are in metrics.json.</p>' if more else ""
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">labelled</th>'
        '<th scope="col">labels</th><th scope="col">doubted</th><th scope="col">wrong, at most about</th>'
        f'<th scope="col" class="words">truly, mostly</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        f"{rest}"
    )


def _mostly(confused: Any) -> str:
    return f"{text(confused.true)} <small>about {confused.count:,.0f}</small>" if confused else "–"


def _share_cell(estimate: Estimate) -> str:
    if estimate.value is None:
        return f'<abbr class="undefined" title="{text(estimate.score.reason)}">undefined</abbr>'
    low, high = estimate.interval.low, estimate.interval.high
    if low is None or high is None:
        return f'{estimate.value * 100:.1f} %<small title="{text(estimate.interval.reason)}">no interval</small>'
    name = interval_name(estimate.interval)
    return f'{estimate.value * 100:.1f} %<small title="{text(name)}">{low * 100:.1f}–{high * 100:.1f} %</small>'


def _show_cards(found: FoundErrors, thumbnails: Mapping[str, Thumbnail | None]) -> str:
    if found.doubts is None:
        return ""
    if not found.doubts.errors:
        more = " any more" if found.doubts.reviewed else ""
        return f"<p>No label of them is doubted{more}.</p>" if len(found.doubts.predictions) else ""
    in_test = sum(one.part == "test" for one in found.doubts.errors)
    beware = (
        f"<p>{counted(in_test, 'label')} of the test part {'is' if in_test == 1 else 'are'} among them. Correct these "
        "with care: where only what the model doubts is corrected, the test part moves towards the model, and its "
        "score flatters. Better review the test part once as a whole, without the model’s answers.</p>"
        if in_test
        else ""
    )
    shown, every = len(found.shown), len(found.doubts.errors)
    head = f"<h3>Doubted labels</h3><p>{count(shown)} of {count(every)}, the likeliest to be wrong first.</p>{beware}"
    return head + f'<div class="cards">{"".join(_card(one, thumbnails) for one in found.shown)}</div>'


def _card(one: LabelError, thumbnails: Mapping[str, Thumbnail | None]) -> str:
    place = " · ".join(
        word for word in (one.part, one.group if one.group not in one.name else "", one.timecode) if word
    )
    return (
        f'<figure class="card wrong"><div class="still">{_picture(one.image, one.name, thumbnails)}</div><figcaption>'
        f'<p class="said"><b>{text(one.labelled)}</b> → <b class="suggested">{text(one.suggested)}</b></p>'
        f'<p class="where">{text(one.suggested)} {number(one.confidence)}, {text(one.labelled)} {number(one.doubted)}; '
        f"quality of the label {number(one.score)}<br><span>{breakable(one.name)}</span><br>{breakable(place)}<br>"
        f"label: {text(one.stated_by)}</p></figcaption></figure>"
    )


def _picture(image: str, name: str, thumbnails: Mapping[str, Thumbnail | None]) -> str:
    thumbnail = thumbnails.get(image)
    if thumbnail is None:
        return '<span class="lost">no picture</span>'
    size = f'width="{thumbnail.width_pixels}" height="{thumbnail.height_pixels}"'
    return f'<img src="{thumbnail.uri}" {size} alt="{text(name)}" decoding="async">'


def _show_disputes(disputes: Sequence[Dispute], thumbnails: Mapping[str, Thumbnail | None]) -> str:
    if not disputes:
        return ""
    identical = sum(one.identical for one in disputes)
    same = f", {count(identical)} of them the same picture, byte for byte" if identical else ""
    figures = []
    for one in disputes[:_DISPUTES]:
        for row in one.rows[:_OF_A_DISPUTE]:
            seen = _picture(row.img_ref, row.name, thumbnails)
            figures.append(
                f'<figure class="card"><div class="still">{seen}</div><figcaption>'
                f'<p class="said"><b>{text(row.class_name)}</b></p><p class="where">{text(one.sentence)}<br>'
                f"<span>{breakable(row.name)}</span><br>label: {text(row.origin)}</p></figcaption></figure>"
            )
    return (
        f"<h3>Twins labelled differently</h3><p>{counted(len(disputes), 'group')} of pictures of the manifest that are "
        f"the same or look alike are labelled differently{same}. Either a label is wrong, or what tells them apart is "
        f'small.</p><div class="cards">{"".join(figures)}</div>'
    )


def _show_way_on(found: FoundErrors) -> str:
    if not found.command:
        return ""
    before = ""
    if found.queues:
        before = (
            f" Queues that were made of this run: {', '.join(f'<code>{text(one)}</code>' for one in found.queues)}."
        )
    return (
        f"<p>To judge the labels of train as well, each by models that were fitted without its group, and to queue all "
        f"for review: <code>{text(found.command)}</code>.{before}</p>"
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
