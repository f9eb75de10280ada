"""One sample as a card: its picture, its label and answer, what explains the answer, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

import numpy as np

from rushes.evaluation.explained import NOTHING, Explained, PlacedHeat
from rushes.evaluation.markup import breakable, percent, text
from rushes.evaluation.thumbnails import Thumbnail
from rushes.learning.predictions import Predictions
from rushes.storage.pictures import without_query
from rushes.timecode import timecode_to_show

_BARS = 3
_SHARES = 30  # classes whose probability the large view of a card lists
_LEAST_SHARE = 0.001  # below it a class is not worth a line there, where they are more, unless it is the label
_WIDE = 1.6  # width over height of the place of a picture


def show_card(
    predictions: Predictions,
    row: int,
    thumbnail: Thumbnail | None,
    *,
    places: Mapping[str, int],
    source: str = "",
    explained: Explained = NOTHING,
) -> str:
    """Return the card of one sample.

    Args:
        places: order (`margin`, `time`) -> where the card stands in it.
        source: file that the sample comes from; "" where that is not known.
    """
    names = predictions.classes
    label, answer = int(predictions.truth[row]), int(predictions.predicted[row])
    right = label == answer
    outcome = "right" if right else "wrong"
    said = (
        f"<b>{text(names[answer])}</b>"
        if right
        else f"<b>{text(names[label])}</b> taken for <b>{text(names[answer])}</b>"
    )
    order = ";".join(f"--{key}:{place}" for key, place in places.items())
    return (
        f'<figure class="card {outcome} t{label} p{answer}" style="{order}" data-p="{_shares(predictions, row)}">'
        f'<div class="still">{_picture(predictions, row, thumbnail, explained.heats.get(row))}</div><figcaption>'
        f'<p class="said"><i role="img" aria-label="{outcome}">{"✓" if right else "✗"}</i> {said}</p>'
        f"{show_bars(predictions, row)}{_where(predictions, row, source)}{_neighbours(row, explained)}"
        "</figcaption></figure>"
    )


def show_bars(predictions: Predictions, row: int) -> str:
    """Return the likeliest classes of a sample as bars of their probability, the labelled one among them, marked."""
    label, probabilities = int(predictions.truth[row]), predictions.probabilities[row]
    ranked = [int(index) for index in np.argsort(-probabilities, kind="stable")[:_BARS]]
    if label not in ranked:
        ranked[-1] = label
    bars = (_bar(predictions.classes[index], float(probabilities[index]), labelled=index == label) for index in ranked)
    return f'<ul class="bars">{"".join(bars)}</ul>'


def show_pictures(explained: Explained) -> str:
    """Return the pictures of all neighbours, hidden, for cards to refer to: each is carried once."""
    symbols = "".join(
        f'<symbol id="near-{number}" viewBox="0 0 {one.width_pixels} {one.height_pixels}">'
        f'<image href="{one.uri}" width="{one.width_pixels}" height="{one.height_pixels}"></image></symbol>'
        for number, one in enumerate(explained.pictures.values())
    )
    return f'<svg class="hidden" aria-hidden="true">{symbols}</svg>' if symbols else ""


def _picture(predictions: Predictions, row: int, thumbnail: Thumbnail | None, heat: PlacedHeat | None) -> str:
    if thumbnail is None:
        lost = f"The picture {text(without_query(predictions.images[row]) or 'of this sample')} could not be read."
        return f'<span class="lost">{lost}</span>'
    shape = thumbnail.width_pixels / max(thumbnail.height_pixels, 1)
    over = (
        f'<img class="heat" src="{heat.picture.uri}" alt="" style="left:{heat.left:.2%};top:{heat.top:.2%};'
        f'width:{heat.width:.2%};height:{heat.height:.2%}">'
        if heat
        else ""
    )
    return (
        f'<span class="seen{"" if shape >= _WIDE else " high"}" style="aspect-ratio:{shape:.4f}">'
        f'<img src="{thumbnail.uri}" width="{thumbnail.width_pixels}" height="{thumbnail.height_pixels}" '
        f'alt="{text(predictions.names[row])}" decoding="async">{over}</span>'
    )


def _where(predictions: Predictions, row: int, source: str) -> str:
    name, group = predictions.names[row], predictions.groups[row]
    lines = [f"<span>{breakable(name)}</span>"]
    if group and group not in name:
        lines.append(breakable(group))
    if source and name not in (source, PurePath(source).stem):
        lines.append(breakable(source))
    facts = [timecode_to_show(predictions.timecodes[row], name=name), _label_of(predictions.origins[row])]
    lines.append(text(" · ".join(fact for fact in facts if fact)))
    return f'<p class="where">{"<br>".join(lines)}</p>'


def _label_of(origin: str) -> str:
    """Return who or what made the label, `label: supervised`; "" where that is not known."""
    return f"label: {origin}" if origin else ""


def _neighbours(row: int, explained: Explained) -> str:
    found = explained.neighbours.get(row)
    if not found:
        return ""
    numbers = {frame: number for number, frame in enumerate(explained.pictures)}
    items = "".join(
        f'<li title="{text(one.name)}, likeness {one.similarity:.2f}">{_small(one.frame, numbers, explained)}'
        f"<b>{text(one.class_name)}</b></li>"
        for one in found
    )
    return f'<div class="near"><p>Most like it in training</p><ul>{items}</ul></div>'


def _small(frame: str, numbers: Mapping[str, int], explained: Explained) -> str:
    if frame not in numbers:
        return '<span class="lost">not readable</span>'
    picture = explained.pictures[frame]
    return (
        f'<svg viewBox="0 0 {picture.width_pixels} {picture.height_pixels}" aria-hidden="true">'
        f'<use href="#near-{numbers[frame]}"></use></svg>'
    )


def _shares(predictions: Predictions, row: int) -> str:
    """Return `class:per mille` of the likeliest classes and of the label, for the large view."""
    label, probabilities = int(predictions.truth[row]), predictions.probabilities[row]
    ranked = [int(index) for index in np.argsort(-probabilities, kind="stable")[:_SHARES]]
    few = len(predictions.classes) <= _SHARES
    told = [index for index in ranked if few or probabilities[index] >= _LEAST_SHARE or index == label]
    told += [] if label in told else [label]
    return " ".join(f"{index}:{_per_mille(float(probabilities[index]))}" for index in told)


def _per_mille(share: float) -> str:
    """Return a share in whole thousandths; what is not quite all does not round to it."""
    return "999.9" if 0.9995 <= share < 1 else f"{share * 1000:.0f}"


def _bar(name: str, probability: float, *, labelled: bool) -> str:
    mark = ' class="label"' if labelled else ""
    return (
        f'<li{mark}><span>{text(name)}</span><i style="--w:{probability * 100:.0f}%"></i>'
        f"<em>{percent(probability)}</em></li>"
    )
