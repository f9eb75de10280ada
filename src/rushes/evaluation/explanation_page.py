"""Explained answers as one self-contained HTML page."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.evaluation.explanation import (
    LEAST_CHANGE,
    ExplainedPicture,
    ExplainedVideo,
    Lookalike,
    measure_changes,
)
from rushes.evaluation.frame import filled, head_of, page_part
from rushes.evaluation.markup import breakable, counted, duration, number, percent, text
from rushes.evaluation.occlusion import describe_agreement, describe_fall
from rushes.evaluation.thumbnails import Thumbnail, shrink

if TYPE_CHECKING:
    from rushes.learning.explain_pictures import LookedInside

_BARS = 5
_COLOURS = 8
_STRETCHES = 60
_NEARLY_SAME = 0.9995  # likeness from which a training picture is said to be nearly the same
_WIDTH, _HEIGHT = 1000, 160  # of the timeline, in units of its own
_SHEET_PIXELS = 640


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a page is about.

    Attributes:
        kind: `run` or `bundle`; `name` and `identity` which.
        heat_said: how the heat was made and what it shows, in sentences; empty where there is none.
        sanity: whether the heat can be believed, in a sentence, and the figures that this rests on, in one each.
        searched: how many training pictures were searched for those that a picture looks like.
        notes: what is left out and why, in sentences.
        chosen_class: the class that was asked for; None where each answered one is explained.
    """

    kind: str
    name: str
    identity: str
    task: str
    classes: tuple[str, ...]
    answers: tuple[ExplainedPicture | ExplainedVideo, ...]
    heat_said: str = ""
    sanity: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    chosen_class: str | None = None
    searched: int = 0


def format_explanation_page(explanation: Explanation, *, layers: Sequence[LookedInside] = ()) -> str:
    """Return the page as HTML; it needs no network and no file beside it.

    Args:
        layers: maps of layers, to be shown after the answers.
    """
    pictures = [one for one in explanation.answers if isinstance(one, ExplainedPicture)]
    videos = [one for one in explanation.answers if isinstance(one, ExplainedVideo)]
    has_heat = bool(explanation.heat_said)
    parts = [_video(explanation, video, at) for at, video in enumerate(videos)]
    if pictures:
        cards = "".join(_card(explanation, one, f"picture-{at}") for at, one in enumerate(pictures))
        title = '<div class="margin"><h2>Pictures</h2></div>' if videos else ""
        parts.insert(0, f'<section class="full">{title}<div>{cards}</div></section>')
    return filled(
        "explanation.html",
        head=head_of(f"{explanation.name}: explanation", styles=("report.css", "explanation.css")),
        script=page_part("print.js"),
        task=text(explanation.task),
        model=text(explanation.name),
        headline=_headline(explanation, pictures, videos),
        notes="".join(f'<p class="note">{text(note)}</p>' for note in explanation.notes),
        sanity=_sanity(explanation),
        reading=_reading(explanation, has_heat=has_heat),
        answers="\n".join(parts),
        layers=_layers(layers),
        kind=text(explanation.kind),
        identity=text(explanation.identity),
    )


def _headline(explanation: Explanation, pictures: Sequence[ExplainedPicture], videos: Sequence[ExplainedVideo]) -> str:
    if len(pictures) == 1 and not videos:
        one = pictures[0]
        answer = text(explanation.classes[one.answered_index])
        return f"Why <strong>{answer}</strong> was answered for {breakable(PurePosixPath(one.path).name)}"
    what = [counted(len(some), noun) for some, noun in ((pictures, "picture"), (videos, "video")) if some]
    asked = f" – reasons for <strong>{text(explanation.chosen_class)}</strong>" if explanation.chosen_class else ""
    return f"Why <strong>{text(explanation.name)}</strong> answered what it did, for {' and '.join(what)}{asked}"


def _reading(explanation: Explanation, *, has_heat: bool) -> str:
    what = f"the class '{explanation.chosen_class}'" if explanation.chosen_class else "the class that was answered"
    lines = [
        "<b>Covering</b>: a patch of the picture's own mean colour is laid over one place after another, and the "
        f"model is asked again each time. Orange: without this place {text(what)} becomes less probable; blue: more "
        "probable, the place spoke against it. It asks the model for answers only, so nothing about its inside has "
        "to be believed. Each map is scaled to its own deepest fall, which is said in words beside it.",
        "<b>Looks like</b>: the training pictures whose features, what the model's last layer is given, are most "
        "like this picture's. The number is their likeness (cosine): 1 is the same to the model, 0 is nothing in "
        f"common. {_searched(explanation)}If they show other classes, or resemble it only in the room or the light, "
        "the answer rests on that.",
    ]
    if has_heat:
        lines.insert(0, f"<b>Heat</b>: {text(explanation.heat_said)} Orange is warm, and the warmest place of each "
                     "picture is drawn as warm as any: heat says where, never how much.")  # fmt: skip
    lines.append("What is dimmed was cut off before the model saw the picture.")
    shown = "".join(f"<li>{line}</li>" for line in lines)
    return f"<ul>{shown}</ul>"


def _sanity(explanation: Explanation) -> str:
    checks = "".join(f"<li>{text(one)}</li>" for one in explanation.sanity[1:])
    said = "Checked on pictures spread over this page, against networks without the training:"
    first = f"<b>Can the heat be believed?</b> {text(explanation.sanity[0])}" if explanation.sanity else ""
    return f'<div class="sane"><p>{first}</p><p>{said}</p><ul>{checks}</ul></div>' if first else ""


def _searched(explanation: Explanation) -> str:
    if not explanation.searched:
        return ""
    searched = counted(explanation.searched, "training picture")
    return f"Searched were {searched}: at most 1,000, spread over classes and groups. "


def _card(explanation: Explanation, one: ExplainedPicture, at: str) -> str:
    names, answered = explanation.classes, one.answered_index
    frame = one.frame
    name = PurePosixPath(one.path).name
    place, path = (name, one.path) if frame is None else (frame.timecode, name)
    said = f"<b>{text(names[answered])}</b>, {percent(float(one.probabilities[answered]))}"
    if one.class_index != answered:
        share = percent(float(one.probabilities[one.class_index]))
        said += f"; reasons for <b>{text(names[one.class_index])}</b>, {share}"
    moved = "" if frame is None or frame.change < LEAST_CHANGE else (
        f"{percent(frame.change)} of the probability moved since the sampled frame before · ")  # fmt: skip
    figures = [_figure(one.picture, "The picture")]
    if one.warm is not None:
        figures.append(_figure(one.warm, f"Heat: orange where '{names[one.class_index]}' was found"))
    covering = f"Covering: '{names[one.class_index]}' falls without what is orange, and rises without what is blue"
    figures.append(_figure(one.covered, covering))
    agreement = "" if one.agreement is None else f"<p>{text(describe_agreement(one.agreement))}</p>"
    return (
        f'<article class="answer" id="{at}"><h3>{breakable(place)}: {said}</h3>'
        f'<p class="from">{text(moved)}{breakable(path)}</p><div class="maps">{"".join(figures)}</div>'
        f'<div class="why">{_bars(names, one)}<div><p>{text(describe_fall(one.occlusion, names))}</p>{agreement}</div>'
        f"</div>{_like(one, names)}</article>"
    )


def _figure(picture: Thumbnail, caption: str) -> str:
    size = f'width="{picture.width_pixels}" height="{picture.height_pixels}"'
    return (
        f'<figure><img {size} alt="{text(caption)}" decoding="async" src="{picture.uri}">'
        f"<figcaption>{text(caption)}</figcaption></figure>"
    )


def _bars(names: Sequence[str], one: ExplainedPicture) -> str:
    ranked = [int(index) for index in np.argsort(-one.probabilities, kind="stable")[:_BARS]]
    if one.class_index not in ranked:
        ranked[-1] = one.class_index
    lines = []
    for index in ranked:
        share = float(one.probabilities[index])
        mark = ' class="label"' if index == one.class_index else ""
        lines.append(f'<li{mark}><span title="{text(names[index])}">{text(names[index])}</span>'
                     f'<i style="--w:{share * 100:.0f}%"></i><em>{percent(share)}</em></li>')  # fmt: skip
    return f'<ul class="bars">{"".join(lines)}</ul>'


def _like(one: ExplainedPicture, names: Sequence[str]) -> str:
    if not one.lookalikes:
        return ""
    name = names[one.class_index]
    votes = Counter(like.sample.class_name for like in one.lookalikes)
    of_class = votes.pop(name, 0)
    others = ", ".join(f"{held} '{other}'" for other, held in votes.most_common(3))
    said = f"Of the {len(one.lookalikes)} training pictures it looks most like, {of_class} are '{name}'"
    said += f"; the others are {others}." if others else "."
    if any(one.is_same(like) for like in one.lookalikes):
        said += " This very file is among them: it was trained on."
    elif one.lookalikes[0].likeness >= _NEARLY_SAME:
        said += " The first is nearly the same picture to the model; likely a neighbouring frame."
    cards = "".join(_lookalike(like, same=like.sample.class_name == name) for like in one.lookalikes)
    return f'<div class="like"><p>{text(said)}</p><div class="row">{cards}</div></div>'


def _lookalike(like: Lookalike, *, same: bool) -> str:
    sample = like.sample
    seen = '<span class="none">no picture</span>'
    if like.picture:
        data = base64.b64encode(like.picture).decode("ascii")
        seen = (f'<img alt="{text(sample.name)}" decoding="async" '
                f'src="data:image/webp;base64,{data}">')  # fmt: skip
    group = "" if not sample.group or sample.group in sample.name else f"{breakable(sample.group)} "
    timecode = text(sample.timecode) if "_FRM-" in sample.name else ""
    place = f"{group}{timecode}".strip() or breakable(PurePosixPath(sample.name).name)
    return (
        f'<figure class="{"same" if same else "other"}">{seen}<figcaption><b>{text(sample.class_name)}</b> '
        f'{number(max(like.likeness, 0.0))}<br><span title="{text(sample.name)}">{place}</span></figcaption></figure>'
    )


def _video(explanation: Explanation, video: ExplainedVideo, at: int) -> str:
    strongest = sorted(range(len(video.shown)), key=lambda place: -_change_of(video.shown[place]))
    ids = [f"video-{at}-frame-{place}" for place in range(len(video.shown))]
    cards = "".join(_card(explanation, video.shown[place], ids[place]) for place in strongest)
    notes = "".join(f'<p class="note">{text(note)}</p>' for note in video.notes)
    strip = "".join(_still(explanation, one, ids[place]) for place, one in enumerate(video.shown))
    facts = f"{duration(video.duration_seconds)}, {counted(len(video.seconds), 'frame')} answered"
    return (
        f'<section class="full"><div class="margin"><h2>{breakable(PurePosixPath(video.path).name)}</h2>'
        f"<p>{text(facts)}. The height of a colour is the probability of its class; dashed lines mark the frames that "
        f"are given reasons below, the strongest changes first.</p></div><div>{_timeline(explanation, video)}{notes}"
        f'<div class="film">{strip}</div>{_stretches(video)}{cards}</div></section>'
    )


def _change_of(one: ExplainedPicture) -> float:
    return one.frame.change if one.frame is not None else 0.0


def _still(explanation: Explanation, one: ExplainedPicture, at: str) -> str:
    assert one.frame is not None
    seen = one.warm or one.covered
    name = explanation.classes[one.answered_index]
    share = percent(float(one.probabilities[one.answered_index]))
    moved = ' class="moved"' if one.frame.change >= LEAST_CHANGE else ""
    return (
        f'<figure{moved}><a href="#{at}"><img alt="{text(one.frame.timecode)}" width="{seen.width_pixels}" '
        f'height="{seen.height_pixels}" decoding="async" src="{seen.uri}">'
        f"<figcaption>{text(one.frame.timecode)}<br><b>{text(name)}</b> {share}</figcaption></a></figure>"
    )


def _timeline(explanation: Explanation, video: ExplainedVideo) -> str:
    """Return the probabilities of the commonest classes over time as stacked steps, the rest as the last colour."""
    shares, names = _largest(video.probabilities, explanation.classes)
    edges = [*video.seconds, max(video.duration_seconds, video.seconds[-1] + 1e-6)]
    start, length = edges[0], edges[-1] - edges[0]
    across = [_WIDTH * (second - start) / length for second in edges]
    tops = np.cumsum(shares, axis=1)
    areas = []
    for index in range(len(names)):
        top, bottom = tops[:, index], tops[:, index] - shares[:, index]
        upper = [(across[row + step], top[row]) for row in range(len(top)) for step in (0, 1)]
        lower = [(across[row + step], bottom[row]) for row in range(len(top) - 1, -1, -1) for step in (1, 0)]
        points = " ".join(f"{x:.1f},{_HEIGHT * (1 - y):.1f}" for x, y in [*upper, *lower])
        areas.append(f'<polygon class="t{index}" points="{points}"><title>{text(names[index])}</title></polygon>')
    marks = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_HEIGHT}"/>'
        for one in video.shown if one.frame is not None
        for x in [_WIDTH * (one.frame.seconds - start) / length]
    )  # fmt: skip
    last = video.timeline[-1].stop_timecode if video.timeline else ""
    middle = video.timecodes[int(np.searchsorted(video.seconds, start + length / 2).clip(0, len(video.seconds) - 1))]
    key = "".join(f'<span><i class="t{index}"></i>{text(name)}</span>' for index, name in enumerate(names))
    label = f"Probabilities over time: {', '.join(names)}"
    return (
        f'<svg class="timeline" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" style="height:10rem" '
        f'role="img" aria-label="{text(label)}">{"".join(areas)}{marks}</svg>'
        f'<p class="times"><span>{text(video.timecodes[0])}</span><span>{text(middle)}</span><span>{text(last)}</span>'
        f'</p><p class="key">{key}</p>'
    )


def _largest(
    probabilities: npt.NDArray[np.float32], classes: Sequence[str]
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return (frames, shown) shares of as many classes as there are colours, what is left over as the last."""
    table = np.asarray(probabilities, np.float64)
    if len(classes) <= _COLOURS:
        return table, list(classes)
    kept = sorted(np.argsort(-table.mean(axis=0), kind="stable")[: _COLOURS - 1].tolist())
    rest = 1 - table[:, kept].sum(axis=1, keepdims=True)
    return np.concatenate([table[:, kept], rest.clip(0, 1)], axis=1), [*(classes[one] for one in kept), "all others"]


def _stretches(video: ExplainedVideo) -> str:
    rows = "".join(
        f"<tr><td>{text(one.start_timecode)}</td><td>{text(one.stop_timecode)}</td><td>{text(one.class_name)}</td>"
        f"<td>{percent(one.probability)}</td></tr>"
        for one in video.timeline[:_STRETCHES]
    )
    more = len(video.timeline) - _STRETCHES
    left = f"<p>… and {more} more; <code>--json</code> prints them all.</p>" if more > 0 else ""
    moved = int((measure_changes(video.probabilities) >= LEAST_CHANGE).sum())
    many = len(video.timeline)
    said = "1 stretch" if many == 1 else f"{many} stretches"
    return (
        f"<details><summary>The timeline as a table: {said}, {counted(moved, 'change')}</summary><table><thead><tr>"
        f"<th>from</th><th>to</th><th>class</th><th>probability</th></tr></thead><tbody>{rows}</tbody></table>{left}"
        "</details>"
    )


def _layers(layers: Sequence[LookedInside]) -> str:
    if not layers:
        return ""
    figures: list[str] = []
    filters = layers[0].filters
    if filters is not None:
        caption = (
            f"The {len(filters)} first filters ({layers[0].filter_layer}): what the network looks for at every place, "
            "in the picture's own colours around a grey of 0. Stripes are edges of one direction, patches are colours; "
            "noise is a filter that learnt nothing."
        )
        figures.append(_sheet(_tiles(filters), caption))
    for looked in layers:
        layer = looked.layer
        for at, maps in enumerate(looked.maps):
            channels = ", ".join(str(channel) for channel in looked.channels[at].tolist())
            caption = (
                f"{layer.name} ({layer.kind}), picture {at + 1}: {len(maps)} of its {layer.channels} maps of "
                f"{layer.rows} x {layer.columns}, those that tell the picture's places apart the most (channels "
                f"{channels}). Bright is where a map responds; each is scaled to itself."
            )
            figures.append(_sheet(_tiles(np.stack([_scaled(one) for one in maps])[..., None]), caption))
    known = "".join(f"<li>{text(one.name)}: {text(one.kind)}, {one.channels} maps of {one.rows} x {one.columns}</li>"
                    for one in layers[0].layers)  # fmt: skip
    return (
        '<section class="full"><div class="margin"><h2>Inside the network</h2><p>What its layers respond to, from '
        "edges and colours at the first to what the classes are told apart by at the last. Maps show that something "
        "responded, not that the answer rests on it.</p></div>"
        f'<div><div class="sheets">{"".join(figures)}</div><details><summary>Layers that give maps, for '
        f"<code>--layers</code></summary><ul>{known}</ul></details></div></section>"
    )


def _sheet(pixels: npt.NDArray[np.uint8], caption: str) -> str:
    return _figure(shrink(pixels, side_pixels=_SHEET_PIXELS), caption)


def _scaled(one: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    low, high = float(one.min()), float(one.max())
    return np.asarray((one - low) / max(high - low, 1e-9), np.float64)


def _tiles(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
    """Return (tiles, rows, columns, channels) of 0 to 1 as one RGB picture, in a near-square grid, enlarged unsmoothed.

    Of one channel it is grey; of another number than 3 the first alone is shown.
    """
    count, rows, columns, channels = values.shape
    colours = values if channels == 3 else np.repeat(values[..., :1], 3, axis=3)
    wide = int(np.ceil(np.sqrt(count)))
    high = -(-count // wide)
    grid = np.zeros((high * (rows + 1) - 1, wide * (columns + 1) - 1, 3), np.uint8)
    for place, tile in enumerate((colours * 255).round().clip(0, 255).astype(np.uint8)):
        top, left = place // wide * (rows + 1), place % wide * (columns + 1)
        grid[top : top + rows, left : left + columns] = tile
    larger = max(1, _SHEET_PIXELS // max(grid.shape[:2]))
    return grid.repeat(larger, axis=0).repeat(larger, axis=1)
