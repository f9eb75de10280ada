"""A judged run of shots as one self-contained page."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rushes.evaluation import sections
from rushes.evaluation.alarm import show_alarm
from rushes.evaluation.calibration_section import show_calibration
from rushes.evaluation.class_mean import ClassMean
from rushes.evaluation.draws import RESAMPLES
from rushes.evaluation.estimate import Estimate
from rushes.evaluation.frame import filled, format_frame, page_part, show_judged, show_trained
from rushes.evaluation.interval import Interval
from rushes.evaluation.markup import count, counted, score_cell, text
from rushes.evaluation.published import PublishedRow
from rushes.evaluation.report import Evidence
from rushes.evaluation.scores import Score
from rushes.evaluation.shot_evidence import ShotEvidence, pronounce_in_pieces, sort_warnings, verdict_of_head
from rushes.evaluation.shot_mistakes import ShownShot, explain_worst, show_shots
from rushes.evaluation.verdict import blind_score
from rushes.storage.files import write_text

_MODELS = {
    "linear": "a linear model",
    "boosted": "boosted trees",
    "gru": "a recurrent network (GRU)",
    "shipped": "the model that comes with rushes",
}
_PARTS = ("shots", "confusions", "classes", "training")  # of each task, in the bar at the top
_MOVEMENT = "movement"  # the task that clips of the virtual camera are labelled for
_SWITCH = (
    '<label class="see"><input type="checkbox"><span>Show where the answer came from: the warmer a place, the more it '
    "spoke for the class that was answered (Grad-CAM)</span></label>"
)


def write_shot_report(path: Path, evidence: ShotEvidence, shown: Mapping[str, Sequence[ShownShot]]) -> None:
    """Write the page whole or not at all; it needs no network and no file beside it.

    Args:
        shown: task -> shots to show.
    """
    write_text(path, format_shot_report(evidence, shown))


def format_shot_report(evidence: ShotEvidence, shown: Mapping[str, Sequence[ShownShot]]) -> str:
    """Return the page as HTML; the arguments are as for `write_shot_report`."""
    first = next(iter(evidence.heads.values()))
    table = evidence.run.to_table()
    # The parameters, the machine and the rest are of the run, so that any head tells them.
    making = sections.show_making(
        dict(first.run) | {"name": evidence.run.name}, first.test, command=evidence.command, resamples=RESAMPLES
    )
    main = filled(
        "shots.html",
        alarm="".join(_alarm(task, one) for task, one in evidence.heads.items()),
        verdict="".join(
            text(words) + (f"<strong>{score}</strong>" if score else "")
            for words, score in pronounce_in_pieces(evidence)
        ),
        standing="".join(
            f"<p><b>{text(task.capitalize())}</b>: {text(verdict_of_head(evidence, task))}</p>"
            for task in evidence.heads
        ),
        score_line=_score_line(evidence),
        legend=page_part("legend.html"),
        tiles=_tiles(evidence),
        explain=filled("explain.html", interval_words=sections.explain_intervals(_widest(evidence).test)),
        warnings=_warnings(evidence),
        published_words="".join(f"<p>{text(note)}</p>" for note in evidence.references_notes),
        published=show_published(evidence),
        heads="".join(_head(evidence, task, shown.get(task, ())) for task in evidence.heads),
        read=_read(evidence),
        clips=_clip_sheet(evidence.sheet),
        making=making,
    )
    return format_frame(
        main,
        run=table,
        subject=" and ".join(evidence.run.tasks),
        title=f"{' and '.join(evidence.run.tasks)}: {evidence.run.name}",
        links=_links(evidence),
        styles=("report.css", "shots.css"),
    )


def _warnings(evidence: ShotEvidence) -> str:
    common, of_heads = sort_warnings(evidence)
    said = sections.show_warnings_by(of_heads)
    return sections.show_warnings(common) + said if common or not said else said


def _links(evidence: ShotEvidence) -> list[tuple[str, str]]:
    links = [("verdict", "Verdict"), ("beware", "Beware"), ("published", "Beside others")]
    for task in evidence.heads:
        links += [
            (task, task.capitalize()),
            *((f"{task}-{part}", f"{task.capitalize()}: {part}") for part in _PARTS),
        ]
    return [*links, ("read", "Read"), ("making", "Making")]


def _alarm(task: str, one: Evidence) -> str:
    found = show_alarm(one.run, one.test)
    return found.replace('role="alert">', f'role="alert"><p>{text(task.capitalize())}</p>', 1)


def _widest(evidence: ShotEvidence) -> Evidence:
    """Return the head that was judged on the most groups."""
    return max(evidence.heads.values(), key=lambda one: len(one.test.groups))


def _blind(value: float | None) -> Estimate:
    score = Score(value) if value is not None else Score(None, "there are no samples")
    return Estimate(score, Interval(None, None, "a baseline is compared by its value"))


def _score_line(evidence: ShotEvidence) -> str:
    """Return macro-F1 of each head and the mean over all classes, beside validation and blind answers."""
    rows = []
    for task, one in evidence.heads.items():
        if one.test.f1_macro.value is None:
            continue
        rows.append(sections.strip_row(task.capitalize(), "macro-F1 on test", one.test.f1_macro, style="ours"))
        if one.validation is not None and one.validation.f1_macro.value is not None:
            rows.append(sections.strip_row("on validation", "its settings were chosen on these shots",
                                           one.validation.f1_macro, style="hollow"))  # fmt: skip
        rows.append(sections.strip_row("without a look", "the better of two blind answers",
                                       _blind(blind_score(one.test)), style="blind"))  # fmt: skip
    if len(evidence.heads) > 1:
        rows += _mean_rows(evidence.class_mean, evidence.validation_mean)
    return sections.strip_table(rows, caption="macro-F1 of each head and of blind answers") if rows else ""


def _mean_rows(mean: ClassMean, validation: ClassMean | None) -> list[str]:
    if mean.f1.value is None:
        return []
    rows = [sections.strip_row(mean.name.capitalize(), "F1 over the classes of all heads", mean.f1, style="ours")]
    if validation is not None and validation.f1.value is not None:
        rows.append(sections.strip_row("on validation", "", validation.f1, style="hollow"))
    blind = max(mean.majority_f1 or 0.0, mean.prior_f1 or 0.0)
    return [*rows, sections.strip_row("without a look", "", _blind(blind), style="blind")]


def _tiles(evidence: ShotEvidence) -> str:
    mean = evidence.class_mean
    tiles = [
        (f"{task}, accuracy", one.test.accuracy, one.test.majority.accuracy.value)
        for task, one in evidence.heads.items()
    ]
    if len(evidence.heads) > 1:
        tiles += [
            (f"{mean.name}, F1", mean.f1, mean.majority_f1),
            (f"{mean.name}, recall", mean.recall, mean.majority_recall),
        ]
    return sections.show_tiles(tiles)


def show_published(evidence: ShotEvidence) -> str:
    """Return our scores in a table, those that are published beside them where they are of the same test."""
    heads = evidence.heads
    tasks = [task for task in ("scale", "movement") if task in heads] or list(heads)
    recalls = [name for name in ("push", "pull") if "movement" in heads and name in heads["movement"].test.classes]
    columns = "".join(
        f'<th scope="col">{text(task)}<small>accuracy</small></th><th scope="col">{text(task)}<small>macro-F1</small>'
        "</th>"
        for task in tasks
    ) + "".join(f'<th scope="col">{name}<small>recall</small></th>' for name in recalls)
    ours = "".join(
        f"<td>{sections.estimate_cell(heads[task].test.accuracy)}</td>"
        f"<td>{sections.estimate_cell(heads[task].test.f1_macro)}</td>"
        for task in tasks
    ) + "".join(f"<td>{sections.estimate_cell(_recall(heads['movement'], name))}</td>" for name in recalls)
    rows = [f'<tr class="ours"><th scope="row">this model</th>{ours}</tr>']
    rows += [_blind_row(name, heads, tasks, recalls) for name in ("majority", "prior")]
    rows += [_published_row(one, tasks, recalls) for one in evidence.references]
    models: dict[str, list[str]] = {}
    for one in evidence.references:
        models.setdefault(one.source, []).append(one.model)
    sources = "; ".join(f"{', '.join(names)}: {source}" for source, names in models.items())
    foot = f'<p class="foot">Where they come from. {text(sources)}.</p>' if sources else ""
    return (
        '<div class="scroll"><table class="numbers published"><thead><tr><th scope="col">model</th>'
        f"{columns}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{foot}"
    )


def _recall(movement: Evidence, name: str) -> Estimate:
    return next(one.recall for one in movement.test.per_class if one.class_name == name)


def _blind_row(name: str, heads: Mapping[str, Evidence], tasks: Sequence[str], recalls: Sequence[str]) -> str:
    baselines = {task: heads[task].test.majority if name == "majority" else heads[task].test.prior for task in tasks}
    cells = "".join(
        f"<td>{score_cell(baselines[task].accuracy)}</td><td>{score_cell(baselines[task].f1_macro)}</td>"
        for task in tasks
    ) + "<td>–</td>" * len(recalls)
    said = "always the commonest class" if name == "majority" else "a guess by the shares of the classes"
    return f'<tr><th scope="row">{said}</th>{cells}</tr>'


def _published_row(row: PublishedRow, tasks: Sequence[str], recalls: Sequence[str]) -> str:
    def cell(value: float | None) -> str:
        return "<td>–</td>" if value is None else f"<td>{value:.3f}</td>"

    cells = "".join(cell(row.accuracy.get(task)) + cell(row.f1_macro.get(task)) for task in tasks)
    cells += "".join(cell(row.recall.get(name)) for name in recalls)
    note = f"<small>{text(row.note)}</small>" if row.note else ""
    return f'<tr><th scope="row">{text(row.model)}{note}</th>{cells}</tr>'


def _head(evidence: ShotEvidence, task: str, shown: Sequence[ShownShot]) -> str:
    one = evidence.heads[task]
    return filled(
        "head.html",
        at=text(task),
        task=text(task),
        verdict=text(_head_words(one)),
        facts=sections.show_facts(one.test),
        which=text(explain_worst(one.predictions, len(shown))),
        switch=_SWITCH if any(shot.heat for shot in shown) else "",
        shots=show_shots(one.predictions, shown),
        judged=show_judged(one.test, one.predictions, at=f"{text(task)}-", gallery=False,
                           calibration=show_calibration(one.calibration, at=f"{text(task)}-")),
        trained=show_trained(one.run, one.history, one.test.classes, at=f"{text(task)}-",
                             virtual=evidence.run.synthetic if task == _MOVEMENT else None),
    )  # fmt: skip


def _head_words(one: Evidence) -> str:
    words = f"{counted(one.test.samples, 'shot')} of {counted(len(one.test.groups), 'group')} in the test part."
    head = one.run.get("head")
    return f"{words} {_how(head)}" if isinstance(head, Mapping) and head.get("see") else words


def _how(head: Mapping[str, Any]) -> str:
    """Return in a sentence what a head sees, and how it makes an answer of it."""
    of_frames = f"the frames, pooled by {head.get('pooling')}"
    of_motion = f"the measured motion, by {_MODELS.get(str(head.get('motion')), 'a model of it')}"
    seen = {"frames": of_frames, "motion": of_motion, "both": f"{of_frames}, and {of_motion}"}
    used = f" Validation let it rest on {head['used']}." if head.get("see") == "both" and head.get("used") else ""
    return f"It sees {seen.get(str(head['see']), str(head['see']))}.{used}"


def _read(evidence: ShotEvidence) -> str:
    run = evidence.run
    rows = "".join(
        f'<tr><th scope="row">{part}</th><td>{count(run.shots[part])}</td></tr>'
        for part in ("train", "validation", "test")
        if part in run.shots
    )
    if run.unusable:
        rows += f'<tr><th scope="row">could not be used</th><td>{count(run.unusable)}</td></tr>'
    rows += "".join(
        f'<tr><th scope="row">virtual camera, {text(name)}<small>in train alone</small></th><td>{count(clips)}</td>'
        "</tr>"
        for name, clips in run.synthetic.items()
    )
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">part</th><th scope="col">shots</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _clip_sheet(sheet: bytes) -> str:
    """Return the strips of clips as a figure; nothing where there are none, or they are no picture."""
    shrunk = _shrunk(sheet) if sheet else b""
    if not shrunk:
        return ""
    return (
        f'<figure class="clips"><img src="data:image/webp;base64,{base64.b64encode(shrunk).decode("ascii")}" '
        'alt="Clips of the virtual camera, a row of frames each"><figcaption><small>Clips of the virtual camera that '
        "training was given, a row of frames each.</small></figcaption></figure>"
    )


def _shrunk(sheet: bytes, *, most_pixels: int = 1400) -> bytes:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(sheet)) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""
    picture.thumbnail((most_pixels, 3 * most_pixels), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=60, method=4)
    return buffer.getvalue()
