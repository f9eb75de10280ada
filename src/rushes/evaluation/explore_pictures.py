"""The sections of a page on what can be measured of pictures: light, sharpness, shapes, and what they alone tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from rushes.evaluation.class_shares import show_mixes
from rushes.evaluation.confounds import STRONG, Tell
from rushes.evaluation.draws import RESAMPLES
from rushes.evaluation.explore import CLASSES, Exploration
from rushes.evaluation.explore_words import MEASURES, direction_of
from rushes.evaluation.frame import filled
from rushes.evaluation.interval import LEVEL
from rushes.evaluation.markup import amount, breakable, count, counted, number, percent, score_cell, span, text
from rushes.evaluation.picture_spreads import SIZES, PictureSpreads, Spread, name_of_aspect, name_of_size
from rushes.evaluation.thumbnails import Thumbnail
from rushes.storage.pictures import without_query

_TELLS = 16  # that are listed
_SPREADS = 24  # classes whose light is drawn; of more, the commonest
_LOST = 20  # unreadable pictures that are listed
_EXPLAINED = {
    "brightness": "mean of the luma; 0 is black, 1 white",
    "contrast": "standard deviation of the luma, 0 to 0.5",
    "clipped_dark": "pixels that are all but black",
    "clipped_bright": "pixels that are all but white",
    "sharpness": "mean squared step between neighbouring pixels; fine texture and grain count too",
}
_LOGARITHMIC = {"sharpness"}


def show_pictures(found: Exploration, thumbnails: Mapping[int, Thumbnail | None]) -> str:
    """Return the sections on what can be measured of pictures, or why they are left out; the unreadable ones last.

    Args:
        thumbnails: place among the measured rows -> picture.
    """
    lost = _lost(found)
    if found.spreads is None:
        return (
            '<section class="full" id="pictures">\n<div class="margin"><h2>Pictures</h2></div>\n<div class="body"><p>'
            f"Sizes, exposure and sharpness are left out: {text(found.unmeasured)}.</p></div>\n</section>\n{lost}"
        )
    return filled(
        "explore_pictures.html",
        tells=_tells(found),
        exposure=_exposure(found, found.spreads),
        sizes=_sizes(found, found.spreads),
        outliers=_outliers(found, found.spreads, thumbnails),
        lost=lost,
    )


def _tells(found: Exploration) -> str:
    known = [tell for tell in found.tells if tell.auc.value is not None]
    if not known:
        reason = found.tells[0].auc.reason if found.tells else "there is one class only"
        return f"<p>That cannot be asked: {text(reason)}.</p>"
    shown = known[:_TELLS]
    rows = "".join(_tell(tell) for tell in shown)
    strong = len(found.strong_tells)
    first = (
        f"<p><b>{counted(strong, 'pair')}</b> of class and measure {'is' if strong == 1 else 'are'} strong "
        f"(AUC {STRONG} or more, and clear of 0.5).</p>"
        if strong
        else f"<p>None is strong: no AUC of {STRONG} or more that is clear of 0.5.</p>"
    )
    rest = len(known) - len(shown)
    more = f"{count(rest)} weaker ones are not listed. " if rest else ""
    return (
        f'{first}<div class="scroll"><table class="numbers tells"><thead><tr><th scope="col">class</th>'
        '<th scope="col" class="words">its pictures are</th><th scope="col" class="wide">AUC from 0 to 1</th>'
        '<th scope="col">AUC</th><th scope="col">within a group</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        f'<p class="foot">{more}AUC: two pictures are drawn, one of the class and one of the rest, and held against '
        "each other by this measure alone; how often that tells which is which. <b>0.5</b> (the tick) is what a coin "
        f"does, 1 is always. Below it: the middle {LEVEL:.0%} of {count(RESAMPLES)} draws of whole groups. It is that "
        "of one tell alone: the strongest of many comes out weaker on other films. <b>Within a group</b>: only "
        "pictures of the same group are drawn. Where that falls to 0.5, it is the film that is lit or scaled so, not "
        "the class.</p>"
    )


def _tell(tell: Tell) -> str:
    strength = tell.strength
    assert strength is not None
    track = _track_of(strength, tell)
    inside = tell.within.value
    shown = score_cell(tell.within) if inside is None else number(inside if tell.is_higher else 1 - inside)
    said = span(tell.directed)
    few = f"<br>{counted(tell.directed.group_count, 'group')}" if said and tell.directed.level is None else ""
    return (
        f'<tr{" class=strong" if tell.is_strong else ""}><th scope="row">{text(tell.class_name)}</th>'
        f'<td class="words">{direction_of(tell)}<small>{MEASURES[tell.measure]}</small></td>'
        f'<td class="wide">{track}</td><td><b>{number(strength)}</b><small>{said}{few}</small></td>'
        f"<td>{shown}</td></tr>"
    )


def _track_of(strength: float, tell: Tell) -> str:
    low, high = tell.directed.low, tell.directed.high
    bar = ""
    if low is not None and high is not None:
        bar = f'<i class="span" style="left:{low * 100:.1f}%;width:{max(high - low, 0.004) * 100:.1f}%"></i>'
    return (
        f'<div class="track ours" aria-hidden="true">{bar}<i class="blind" style="left:50%"></i>'
        f'<i class="dot" style="left:{strength * 100:.1f}%"></i></div>'
    )


def _exposure(found: Exploration, spreads: PictureSpreads) -> str:
    shown = found.commonest(_SPREADS)
    figures = [
        _figure(measure, [one for one in spreads.spreads if one.measure == measure and one.class_name in shown])
        for measure in _EXPLAINED
    ]
    rest = sum(one.samples > 0 for one in found.counts) - len(shown)
    more = f'<p class="foot">The {len(shown)} commonest classes are drawn, {count(rest)} rarer ones not.</p>'
    return f'<div class="spreads">{"".join(figures)}</div>{more if rest else ""}'


def _figure(measure: str, spreads: Sequence[Spread]) -> str:
    known = [one for one in spreads if one.quantiles]
    low, high = min(one.quantiles[0] for one in known), max(one.quantiles[-1] for one in known)
    if measure not in _LOGARITHMIC:
        low = 0.0 if low < 0.5 * high else low
    place = _scale(low, high, logarithmic=measure in _LOGARITHMIC)
    rows = "".join(
        f"<li><span>{text(one.class_name)}</span>{_strip(one, place)}<em>{_value(measure, one)}</em></li>"
        for one in spreads
    )
    ends = f"<b><span>{_number(measure, low)}</span><span>{_number(measure, high)}</span></b>"
    steps = "; the scale is logarithmic" if measure in _LOGARITHMIC else ""
    return (
        f"<figure><figcaption><b>{MEASURES[measure].capitalize()}</b><span>{_EXPLAINED[measure]}{steps}</span>"
        f'</figcaption><ul>{rows}<li class="scale-of" aria-hidden="true"><span></span>{ends}<em>median</em></li>'
        "</ul></figure>"
    )


def _scale(low: float, high: float, *, logarithmic: bool) -> Callable[[float], float]:
    """Return what places a value on a scale, 0 to 100."""
    if logarithmic:
        least = max(low, 0.1)  # of a picture without any detail
        wide = math.log(max(high, least) / least) or 1.0
        return lambda value: 100 * math.log(max(value, least) / least) / wide
    return lambda value: 100 * (value - low) / ((high - low) or 1.0)


def _strip(spread: Spread, place: Callable[[float], float]) -> str:
    if not spread.quantiles:
        return '<div class="spread"></div>'
    first, lower, middle, upper, last = (place(value) for value in spread.quantiles)
    said = f"{spread.class_name}: 5 % below {spread.quantiles[0]:.3g}, a quarter below {spread.quantiles[1]:.3g}, "
    said += f"half below {spread.quantiles[2]:.3g}, three quarters below {spread.quantiles[3]:.3g}, "
    said += f"95 % below {spread.quantiles[4]:.3g}; {counted(spread.pictures, 'picture')}"
    return (
        f'<div class="spread" role="img" aria-label="{text(said)}" title="{text(said)}">'
        f'<i class="ends" style="left:{first:.1f}%;width:{last - first:.1f}%"></i>'
        f'<i class="half" style="left:{lower:.1f}%;width:{upper - lower:.1f}%"></i>'
        f'<i class="middle" style="left:{middle:.1f}%"></i></div>'
    )


def _value(measure: str, spread: Spread) -> str:
    return _number(measure, spread.quantiles[2]) if spread.quantiles else "–"


def _number(measure: str, value: float) -> str:
    if measure.startswith("clipped"):
        return percent(value)
    return f"{value:,.0f}" if measure == "sharpness" and value >= 10 else f"{value:.2f}"


def _sizes(found: Exploration, spreads: PictureSpreads) -> str:
    most = spreads.sizes[0][1]
    rows = "".join(
        f'<tr><th scope="row">{width}×{height}</th><td class="words">'
        f"{text(', '.join(filter(None, (name_of_size(width, height), name_of_aspect(width, height)))))}</td>"
        f'<td>{count(pictures)}</td><td class="wide">{amount(pictures / most)}</td></tr>'
        for (width, height), pictures in spreads.sizes[:SIZES]
    )
    rest = spreads.sizes[SIZES:]
    held = counted(sum(pictures for _, pictures in rest), "picture")
    more = f'<p class="foot">{counted(len(rest), "other size")}, {held} in all, not listed.</p>'
    shown = found.commonest(CLASSES)
    shapes = [(mix, text(mix.name)) for mix in spreads.shapes if mix.name in shown and mix.total]
    by_class = (
        f"<p>All pictures have the shape {text(spreads.aspects[0])}.</p>"
        if len(spreads.aspects) == 1
        else f"<h3>Shapes by class</h3>{show_mixes(shapes, spreads.aspects, noun='class', is_of_classes=False)}"
    )
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">size</th>'
        '<th scope="col" class="words">called</th><th scope="col">pictures</th><th scope="col" class="wide"></th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>{more if rest else ''}{by_class}"
    )


def _outliers(found: Exploration, spreads: PictureSpreads, thumbnails: Mapping[int, Thumbnail | None]) -> str:
    kinds = list(dict.fromkeys(one.kind for one in spreads.outliers))
    if not kinds:
        return "<p>There are too few pictures to say which is furthest out.</p>"
    said = []
    for kind in kinds:
        cards = "".join(
            _still(found, one.row, one.kind, one.value, thumbnails) for one in spreads.outliers if one.kind == kind
        )
        said.append(f'<h3>The {kind}</h3><div class="stills">{cards}</div>')
    return "".join(said)


def _still(found: Exploration, row: int, kind: str, value: float, thumbnails: Mapping[int, Thumbnail | None]) -> str:
    sample, thumbnail = found.measured[row], thumbnails.get(row)
    name = sample.name or without_query(sample.img_ref)
    shown = '<span class="lost">no picture</span>'
    if thumbnail is not None:
        size = f'width="{thumbnail.width_pixels}" height="{thumbnail.height_pixels}"'
        shown = f'<img {size} alt="{text(name)}" loading="lazy" src="{thumbnail.uri}">'
    measure = {"blurriest": "sharpness", "oddest shape": "shape"}.get(kind, "brightness")
    figure = f"{value:.2f}:1" if measure == "shape" else _number(measure, value)
    return (
        f'<figure><div class="still">{shown}</div><figcaption class="where"><b>{text(sample.class_name)}</b>'
        f"{measure} {figure}<br>{breakable(name)}{f'<br>{breakable(sample.group)}' if sample.group else ''}"
        "</figcaption></figure>"
    )


def _lost(found: Exploration) -> str:
    if not found.lost:
        return ""
    items = "".join(
        f"<li>{breakable(without_query(row.img_ref))}: {text(reason)}</li>" for row, reason in found.lost[:_LOST]
    )
    rest = len(found.lost) - _LOST
    more = f'<p class="foot">{counted(rest, "more picture")} cannot be read.</p>' if rest > 0 else ""
    return (
        '<section class="full" id="lost">\n<div class="margin"><h2>Unreadable</h2><p>Pictures that are missing, '
        "damaged, or not those that were labelled. All that is said of pictures leaves them out.</p></div>\n"
        f'<div class="body"><ul>{items}</ul>{more}</div>\n</section>\n'
    )
