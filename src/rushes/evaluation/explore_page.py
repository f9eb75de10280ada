"""A manifest that was looked at, as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rushes.evaluation.class_shares import Mix, rarer_classes, show_class_shares, show_mixes
from rushes.evaluation.explore import CLASSES, ClassCount, Exploration
from rushes.evaluation.explore_pictures import show_pictures
from rushes.evaluation.explore_words import list_findings
from rushes.evaluation.frame import filled, head_of, page_part
from rushes.evaluation.imbalance import Balanced, ratio_of
from rushes.evaluation.markup import amount, breakable, count, counted, percent, text
from rushes.evaluation.thumbnails import Thumbnail, read_thumbnails
from rushes.progress import Progress, silent

PICTURES_BYTES = 900_000  # of thumbnails in all


def read_exploration_page(
    found: Exploration, *, manifest: str, task: str, root: Path, progress: Progress = silent
) -> str:
    """Return the page as HTML; the outliers' pictures are read from the project and carried inside.

    Args:
        manifest: name of the file.
        root: the project's folder.
    """
    rows = list(dict.fromkeys(one.row for one in found.spreads.outliers)) if found.spreads else []
    images = [row.img_ref for row in found.measured]
    thumbnails = read_thumbnails(rows, images, root, budget_bytes=PICTURES_BYTES, progress=progress)
    return format_exploration_page(found, thumbnails, manifest=manifest, task=task)


def format_exploration_page(
    found: Exploration, thumbnails: Mapping[int, Thumbnail | None], *, manifest: str, task: str
) -> str:
    """Return the page as HTML.

    Args:
        thumbnails: place among the measured rows -> picture.
    """
    links = [("findings", "Findings"), ("classes", "Classes"), ("balance", "Balance"), ("groups", "Groups")]
    links += [("parts", "Parts")] if found.split else []
    links += [("origins", "Labels")]
    if found.spreads is not None:
        links += [("tells", "Looks"), ("exposure", "Light"), ("sizes", "Sizes"), ("outliers", "Furthest out")]
    links += [("lost", "Unreadable")] if found.lost else []
    return filled(
        "explore.html",
        head=head_of(f"{task or manifest}: the data", styles=("report.css", "explore.css")),
        script=page_part("print.js") + page_part("report.js"),
        task=text(task),
        split=text(found.split),
        links="".join(f'<a href="#{name}">{word}</a>' for name, word in links),
        headline=_headline(found),
        findings=_findings(found),
        classes=_classes(found),
        balance=_balance(found),
        groups=show_class_shares(found.shares),
        parts=_parts(found) if found.split else "",
        origins=_origins(found),
        pictures=show_pictures(found, thumbnails),
        manifest=text(manifest),
    )


def _headline(found: Exploration) -> str:
    classes = sum(one.samples > 0 for one in found.counts)
    named = "1 class" if classes == 1 else f"{count(classes)} classes"
    groups = len(found.shares.groups)
    return f"<strong>{counted(found.total, 'sample')}</strong> of {named} in {counted(groups, 'group')}."


def _findings(found: Exploration) -> str:
    items = "".join(
        f"<li{' class=beware' if said.startswith('Beware') else ''}>{text(said)}</li>" for said in list_findings(found)
    )
    return f'<ul class="findings">{items}</ul>'


def _classes(found: Exploration) -> str:
    shown = found.commonest(CLASSES) if len(found.counts) > CLASSES else found.classes
    most = max(one.samples for one in found.counts)
    rows = "".join(
        f'<tr><th scope="row">{text(one.name)}</th><td>{count(one.samples)}</td>'
        f"<td>{percent(one.samples / found.total)}</td>"
        f'<td class="wide">{amount(one.samples / most)}</td>'
        f'<td>{count(one.groups)}</td><td class="words">{_largest(one)}</td></tr>'
        for one in found.counts
        if one.name in shown
    )
    rest = len(found.counts) - len(shown)
    more = f'<p class="foot">{rarer_classes(rest)} not listed.</p>'
    return (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">class</th><th scope="col">samples</th>'
        '<th scope="col">share</th><th scope="col" class="wide"></th><th scope="col">groups</th>'
        f'<th scope="col" class="words">the group that holds most of it</th></tr></thead><tbody>{rows}</tbody></table>'
        f"</div>{more if rest else ''}"
    )


def _largest(one: ClassCount) -> str:
    if not one.samples:
        return "no sample"
    return f"{breakable(one.largest_group) or 'no group'}: {percent(one.in_largest / one.samples)}"


def _balance(found: Exploration) -> str:
    imbalance = found.imbalance
    of = "Of the training samples" if found.split else "Of all samples, since there is no split yet"
    ratio = ratio_of(list(imbalance.trained.values()))
    first = (
        f"{of}, one class alone has any."
        if ratio is None
        else f"{of}, the largest class has {ratio:,.1f} times as many as the smallest that has any."
    )
    suggested = imbalance.suggestion
    options = f" <code>{text(suggested.options)}</code>" if suggested.changes else ""
    said = f"<p>{first}</p><p>{text(suggested.sentence)}{options}</p>"
    if imbalance.balanced is None:
        return said + "<p>No recipe was named: <code>--recipe NAME</code> shows what its balance makes of this.</p>"
    return said + _balanced(imbalance.balanced)


def _balanced(balanced: Balanced) -> str:
    shown = {load.name for load in sorted(balanced.loads, key=lambda load: -load.labelled)[:CLASSES]}
    total = sum(load.labelled for load in balanced.loads) or 1
    rows = "".join(
        f'<tr><th scope="row">{text(load.name)}</th><td>{count(load.labelled)}</td><td>{count(load.kept)}</td>'
        f"<td>{count(load.shown)}</td><td>{load.weight:.3g}</td>"
        f'<td class="wide">{amount(load.labelled / total)}'
        f"<small>{percent(load.labelled / total)}</small></td>"
        f'<td class="wide">{amount(load.share)}'
        f"<small>{percent(load.share)}</small></td></tr>"
        for load in balanced.loads
        if load.name in shown
    )
    focal = (
        "<p>Its loss is focal: it also turns to the samples that are still hard while it learns, which no number "
        "here foresees.</p>"
        if balanced.is_focal
        else ""
    )
    return (
        f"<h3>Recipe {text(balanced.recipe)}</h3><p>Largest class to smallest: "
        f"<b>{_times(balanced.labelled_ratio)}</b> as many labelled, <b>{_times(balanced.shown_ratio)}</b> as many "
        f"shown in an epoch, and <b>{_times(balanced.load_ratio)}</b> as much in the loss. At 1.0 times every "
        "class pulls as hard.</p>"
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">class</th>'
        '<th scope="col">labelled</th><th scope="col">kept</th><th scope="col">shown<small>per epoch</small></th>'
        '<th scope="col">weight<small>of each</small></th><th scope="col" class="wide">share before</th>'
        f'<th scope="col" class="wide">share of the loss</th></tr></thead><tbody>{rows}</tbody></table></div>{focal}'
    )


def _times(ratio: float | None) -> str:
    return "1.0 times" if ratio is None else f"{ratio:,.1f} times"


def _parts(found: Exploration) -> str:
    counts = found.imbalance.counts
    mixes = [
        (Mix(part, tuple(counts[part].get(name, 0) for name in found.classes)), part)
        for part in ("train", "validation", "test")
        if part in counts
    ]
    distances = "".join(
        f'<tr><th scope="row">{one.part}</th><td>{percent(one.total_variation)}</td>'
        f"<td>{percent(one.by_chance)}</td></tr>"
        for one in found.imbalance.distances
    )
    table = (
        '<div class="scroll"><table class="numbers"><thead><tr><th scope="col">part</th>'
        '<th scope="col">away from train</th><th scope="col">by chance</th></tr></thead>'
        f"<tbody>{distances}</tbody></table></div>"
        '<p class="foot">Away from train: the share of its samples that would have to be of another class for the '
        "shares to be those of train (total variation distance; 0 % is the same mix). By chance: what parts of these "
        "sizes would be apart on average, were they drawn sample by sample; whole films always differ by more.</p>"
    )
    bars = show_mixes(mixes, found.classes, noun="part", is_of_classes=True)
    words = (
        "Whether the parts of the split hold the classes in like shares. A part with another mix is scored on another "
        "question: macro scores stand that better than accuracy does."
    )
    return (
        f'<section class="full" id="parts">\n<div class="margin"><h2>Parts</h2><p>{words}</p></div>\n'
        f'<div class="body">{bars}{table}</div>\n</section>\n'
    )


def _origins(found: Exploration) -> str:
    names = [origin or "not stated" for origin in found.origins]
    if len(names) == 1:
        return f"<p>All labels: {text(names[0])}.</p>"
    shown = found.commonest(CLASSES)
    mixes = [(mix, text(mix.name)) for mix in found.by_origin if mix.name in shown]
    return show_mixes(mixes, names, noun="class", is_of_classes=False)
