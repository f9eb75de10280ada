"""Suggested frames by class, with the reason for each, as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template

from rushes.evaluation.markup import breakable, count, counted, percent, text
from rushes.evaluation.thumbnails import Thumbnail, read_thumbnails
from rushes.labels.suggest import Suggestions, choose_examples, count_suggested, describe_reason
from rushes.progress import Progress, silent

_PER_CLASS = 48
_BUDGET_BYTES = 12_000_000


def format_suggestions_page(
    suggestions: Suggestions,
    rows: Sequence[int],
    *,
    names: Sequence[str],
    images: Sequence[str],
    title: str,
    root: Path,
    progress: Progress = silent,
) -> str:
    """Return the page as HTML; it needs no network and no file beside it.

    Args:
        rows: positions of the frames that are suggested for; a sample of each class is shown, evenly from its
            commonest to its rarest.
        names, images: of all frames, in the order of the suggestions; images relative to `root`.
    """
    chosen = choose_examples(suggestions, rows, per_class=_PER_CLASS)
    # The rarest first, so that they are there even where the pictures grow too many for one page.
    thumbnails = read_thumbnails(chosen[::-1], images, root, budget_bytes=_BUDGET_BYTES, progress=progress)
    counts = count_suggested(suggestions, rows)
    order = [name for name in (*reversed(suggestions.ranked), suggestions.junk) if name is not None]
    by_class: dict[str, list[int]] = {name: [] for name in order}
    for row in reversed(chosen):
        by_class[suggestions.class_of(row)].append(row)
    return Template(_page("suggestions.html")).substitute(
        title=text(title),
        style=_page("suggestions.css"),
        name=breakable(title),
        facts="".join(f"<span>{text(fact)}</span>" for fact in _facts(suggestions, rows)),
        shares="".join(_share(name, counts[name], len(rows)) for name in order),
        sections="\n".join(
            _section(suggestions, name, by_class[name], counts[name], names, thumbnails) for name in order
        ),
        neighbours=suggestions.settings.neighbours,
    )


def _facts(suggestions: Suggestions, rows: Sequence[int]) -> list[str]:
    facts = [f"{counted(len(rows), 'frame')} suggested for"]
    if len(suggestions) > len(rows):
        facts.append(f"{count(len(suggestions) - len(rows))} labelled ones left out")
    facts.append(
        f"{counted(len(suggestions.subjects), 'subject')} known" if suggestions.subjects else "no subjects known"
    )
    return facts


def _share(name: str, held: int, total: int) -> str:
    return f"<tr><th>{text(name)}</th><td>{count(held)}</td><td>{percent(held / max(total, 1))}</td></tr>"


def _section(
    suggestions: Suggestions,
    name: str,
    rows: Sequence[int],
    held: int,
    names: Sequence[str],
    thumbnails: dict[int, Thumbnail | None],
) -> str:
    shown = [row for row in rows if row in thumbnails]
    of = "" if len(shown) == held else f", {count(len(shown))} of them shown"
    cards = "\n".join(_card(names[row], describe_reason(suggestions, row, names), thumbnails[row]) for row in shown)
    return (
        f'<section><h2>{text(name)}</h2><p class="held">{counted(held, "frame")}{of}</p>'
        f'<div class="sheet">\n{cards}\n</div></section>'
    )


def _card(name: str, reason: str, thumbnail: Thumbnail | None) -> str:
    shown = '<div class="none">no picture</div>'
    if thumbnail is not None:
        size = f'width="{thumbnail.width_pixels}" height="{thumbnail.height_pixels}"'
        shown = f'<img {size} alt="{text(name)}" loading="lazy" src="{thumbnail.uri}">'
    return f"<figure>{shown}<figcaption><b>{breakable(name)}</b><p>{text(reason)}</p></figcaption></figure>"


def _page(name: str) -> str:
    return (resources.files("rushes.evaluation") / "page" / name).read_text(encoding="utf-8")
