"""A preview as one self-contained HTML page, and as a cell of a notebook."""

from __future__ import annotations

import base64
from importlib import resources
from string import Template

import numpy as np
import numpy.typing as npt

from rushes.datasets.histogram_plot import Box, Point, plan_plot
from rushes.datasets.preview import LostSample, Preview, SampleView
from rushes.datasets.preview_words import (
    FLAT,
    common_aspect,
    counted,
    describe_histogram,
    facts_of,
    words_of_class,
    words_of_fit,
    words_of_frame,
    words_of_gray,
    words_of_range,
    words_of_row,
    words_of_subjects,
)
from rushes.footage.picture import encode_picture
from rushes.labels.manifest import ManifestRow
from rushes.timelines.markup import breakable, text

_QUALITY = 78
_CHART_WIDTH, _CHART_HEIGHT = 260, 156
_CHART_BOX = Box(left=30, top=6, right=252, bottom=122)


def format_preview_page(preview: Preview) -> str:
    """Return the page as HTML; it needs no network and no file beside it."""
    return Template(_page("preview.html")).substitute(
        title=text(preview.manifest),
        style=_page("preview.css"),
        task=f"<span>{text(preview.task)}</span>" if preview.task else "",
        name=breakable(preview.manifest),
        facts=_facts(preview),
        links="".join(
            f'<a href="#class-{number}">{text(view.name)} <span>{view.count:,}</span></a>'
            for number, view in enumerate(preview.classes)
        ),
        lost=_lost(preview, heading="h2"),
        classes=_classes(preview, heading="h2", linked=True),
    )


def format_preview_cell(preview: Preview) -> str:
    """Return what a notebook shows: the same, in the notebook's own colours where it states some."""
    return (
        f'<div class="rushes-preview in-notebook"><style>{_page("preview.css")}</style>'
        f'<p class="name">{breakable(preview.manifest)}</p><p class="facts">{_facts(preview)}</p>'
        f"{_lost(preview, heading='h3')}{_classes(preview, heading='h3', linked=False)}</div>"
    )


def _facts(preview: Preview) -> str:
    return "".join(f"<span>{text(fact)}</span>" for fact in facts_of(preview))


def _lost(preview: Preview, *, heading: str) -> str:
    """Return the list of what could not be shown; nothing where all could."""
    if not preview.lost:
        return ""
    items = "".join(
        f"<li><b>{breakable(str(sample).partition(': ')[0])}</b> "
        f"<span>{text(sample.row.class_name)}</span> {text(sample.reason)}</li>"
        for sample in preview.lost
    )
    title = f"{counted(len(preview.lost), 'picture')} could not be shown"
    return f'<section class="lost"><{heading}>{title}</{heading}><ul>{items}</ul></section>'


def _classes(preview: Preview, *, heading: str, linked: bool) -> str:
    aspect = min(2.4, max(1.0, common_aspect(preview)))
    parts = []
    for number, view in enumerate(preview.classes):
        named = f' id="class-{number}"' if linked else ""
        cards = "".join(_card(sample) for sample in view.samples)
        parts.append(
            f'<section class="of-class"{named} style="--aspect: {aspect:.4f}">'
            f"<{heading}>{text(view.name)} <small>{text(words_of_class(view))}</small></{heading}>"
            f'<div class="cards">{cards}</div></section>'
        )
    return "\n".join(parts)


def _card(sample: SampleView | LostSample) -> str:
    if isinstance(sample, LostSample):
        return (
            f'<figure class="sample gone"><p class="reason">could not be shown: {text(sample.reason)}</p>'
            f"{_caption(sample.row)}</figure>"
        )
    spread, name = sample.distribution, text(sample.row.name)
    frame, gray = _uri(sample.frame), _uri(np.repeat(sample.gray[:, :, None], 3, axis=2))
    height, width = sample.gray.shape
    size = f'width="{width}" height="{height}" loading="lazy" decoding="async"'
    standardised = (
        f'<div class="flat">{FLAT}</div>'
        if spread is None
        else f'<img {size} alt="{name}, standardised: {text(words_of_range(spread))}" src="{gray}">'
    )
    chart = f'<div class="flat">{FLAT}</div>' if spread is None else _chart(sample)
    fit = f'<p><b><i class="key"></i>normal fit</b><span>{text(words_of_fit(spread))}</span></p>' if spread else ""
    return (
        '<figure class="sample"><div class="views">'
        f'<div class="view"><div class="still"><img {size} alt="{name}" src="{frame}"></div>'
        f"<p>frame<span>{text(words_of_frame(sample))}</span></p></div>"
        f'<div class="view"><div class="still">{standardised}</div>'
        f"<p>standardised<span>{text(words_of_range(spread)) if spread else ''}</span></p></div>"
        f'<div class="view plot">{chart}'
        f"{fit}</div></div>"
        f"{_caption(sample.row, words_of_gray(sample))}</figure>"
    )


def _caption(row: ManifestRow, *more: str) -> str:
    words = " · ".join(text(word) for word in (*words_of_row(row), *more))
    subjects = words_of_subjects(row)
    named = f'<span class="subjects">{text(subjects)}</span>' if subjects else ""
    return (
        f"<figcaption><b>{breakable(row.name)}</b><span><strong>{text(row.class_name)}</strong>"
        f"{' · ' if words else ''}{words}</span>{named}</figcaption>"
    )


def _chart(sample: SampleView) -> str:
    """Return the histogram as SVG, coloured by the page's style sheet."""
    spread = sample.distribution
    assert spread is not None  # a flat picture has no histogram
    box, plot = _CHART_BOX, plan_plot(spread, _CHART_BOX)
    ticks = "".join(
        f'<path class="tick" d="M{x:.1f},{box.bottom}v4"/>'
        f'<text x="{x:.1f}" y="{box.bottom + 15}" text-anchor="middle">{label}</text>'
        for x, label in plot.ticks
    )
    levels = "".join(
        f'<path class="grid" d="M{box.left},{y:.1f}H{box.right}"/>'
        f'<text x="{box.left - 5}" y="{y + 3.5:.1f}" text-anchor="end">{label}</text>'
        for y, label in plot.levels
    )
    return (
        f'<svg viewBox="0 0 {_CHART_WIDTH} {_CHART_HEIGHT}" role="img" aria-label="{text(describe_histogram(sample))}">'
        f'{levels}<polygon class="bars" points="{_points(plot.outline)}"/>'
        f'<polyline class="fit" points="{_points(plot.curve)}"/>'
        f'<path class="axis" d="M{box.left},{box.bottom}H{box.right}"/>{ticks}'
        f'<text x="{(box.left + box.right) / 2}" y="{_CHART_HEIGHT - 4}" text-anchor="middle">'
        "standard deviations</text></svg>"
    )


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _uri(pixels: npt.NDArray[np.uint8]) -> str:
    return f"data:image/webp;base64,{base64.b64encode(encode_picture(pixels, 'webp', _QUALITY)).decode('ascii')}"


def _page(name: str) -> str:
    return (resources.files("rushes.datasets") / "page" / name).read_text(encoding="utf-8")
