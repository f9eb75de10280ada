"""Which share of each film's or shoot's samples each class has: the mixes, sorted so that like ones stand together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.evaluation.markup import breakable, count, counted, percent, short_names, text
from rushes.labels.manifest import ManifestRow

MOST_GROUPS = 60
COLOURS = 12  # that can be told apart; classes beyond the commonest so many share a grey
SHADES = 6  # of one colour, for what is no class
OTHER_COLOUR = "other"
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Mix:
    """How many samples of each class a group (or another set of samples) holds.

    Attributes:
        name: of the group; "" where the samples name none.
        counts: of each class, in the order of the classes.
        parts: of the split, in which it stands; () where there is no split.
    """

    name: str
    counts: tuple[int, ...]
    parts: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def class_count(self) -> int:
        """How many classes it holds at all."""
        return sum(number > 0 for number in self.counts)

    @property
    def effective_classes(self) -> float:
        """Return how many equally common classes would be as mixed: e to the entropy (Hill number of order 1).

        1 where all samples are of one class, 0 where there are none.
        """
        if not self.total:
            return 0.0
        shares = np.array([number for number in self.counts if number]) / self.total
        return float(np.exp(-(shares * np.log(shares)).sum()))

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values, classes left out."""
        return {
            "name": self.name,
            "counts": list(self.counts),
            "parts": list(self.parts),
            "effective_classes": self.effective_classes,
        }


@dataclass(frozen=True, slots=True)
class ClassShares:
    """The mixes of all groups, sorted.

    Attributes:
        classes: in the order of the task.
        groups: those that hold most of the same class stand together, in the order of the classes, and within them
            those that hold more of it come first.
    """

    classes: tuple[str, ...]
    groups: tuple[Mix, ...]

    @property
    def total(self) -> int:
        return sum(group.total for group in self.groups)

    @property
    def single(self) -> tuple[Mix, ...]:
        """The groups all of whose samples are of one class, of two samples or more."""
        return tuple(group for group in self.groups if group.class_count == 1 and group.total > 1)

    @property
    def right_by_group(self) -> float | None:
        """The share of samples that the commonest class of their own group gets right; None without samples.

        This is what a model could reach by knowing the film and nothing else.
        """
        return sum(max(group.counts, default=0) for group in self.groups) / self.total if self.total else None

    @property
    def right_by_majority(self) -> float | None:
        """The share of samples that the commonest class of all gets right; None without samples."""
        counts = np.array([group.counts for group in self.groups], np.int64)
        return float(counts.sum(axis=0).max()) / self.total if self.total else None


def count_class_shares(
    rows: Sequence[ManifestRow], classes: Sequence[str], *, parts: Mapping[str, str] | None = None
) -> ClassShares:
    """Return the mixes of the groups of these rows; a class that `classes` lacks is passed over.

    Args:
        parts: frame id -> part of the split.
    """
    position = {name: index for index, name in enumerate(classes)}
    numbers: dict[str, npt.NDArray[np.int64]] = {}
    stands: dict[str, set[str]] = {}
    for row in rows:
        if row.class_name not in position:
            continue
        if row.group not in numbers:
            numbers[row.group] = np.zeros(len(classes), np.int64)
        numbers[row.group][position[row.class_name]] += 1
        part = (parts or {}).get(row.frame_id)
        if part is not None:
            stands.setdefault(row.group, set()).add(part)
    mixes = [
        Mix(name, tuple(found.tolist()), tuple(part for part in _PARTS if part in stands.get(name, ())))
        for name, found in numbers.items()
    ]
    return ClassShares(tuple(classes), tuple(sorted(mixes, key=_place)))


def _place(mix: Mix) -> tuple[int, float, tuple[float, ...], str]:
    most, total = int(np.argmax(mix.counts)), mix.total
    shares = tuple(-number / total for number in mix.counts)
    return most, shares[most], shares, mix.name


def cap_groups(shares: ClassShares, *, most: int = MOST_GROUPS) -> tuple[tuple[Mix, ...], Mix | None, int]:
    """Return the largest groups in their sorted order, all others as one mix (None without any), and their number."""
    if len(shares.groups) <= most:
        return shares.groups, None, 0
    largest = set(sorted(range(len(shares.groups)), key=lambda place: -shares.groups[place].total)[:most])
    kept = tuple(group for place, group in enumerate(shares.groups) if place in largest)
    rest = [group.counts for place, group in enumerate(shares.groups) if place not in largest]
    name = f"the other {counted(len(rest), 'group')}"
    return kept, Mix(name, tuple(np.sum(rest, axis=0).tolist())), len(rest)


def show_class_shares(shares: ClassShares) -> str:
    """Return the mixes of the groups as stacked bars with their legend, what they say, and the same as a table."""
    if not shares.groups:
        return "<p>No sample names one of these classes.</p>"
    kept, rest, left = cap_groups(shares)
    called = short_names([mix.name for mix in kept])
    shown = [(mix, breakable(called.get(mix.name, "") or "no group")) for mix in kept]
    if rest is not None:
        shown.append((rest, text(rest.name)))
    beyond = (
        f'<p class="foot">The {len(kept)} groups with the most samples are shown one by one; {counted(left, "group")} '
        f"with {counted(rest.total, 'sample')} {'is' if left == 1 else 'are'} added up in the last bar.</p>"
        if rest is not None
        else ""
    )
    return show_mixes(shown, shares.classes, noun="group", is_of_classes=True) + beyond + f"<p>{_say(shares)}</p>"


def colours_of_run(shares: ClassShares | None, classes: Sequence[str], totals: Sequence[int]) -> dict[str, str]:
    """Return class -> its colour in a run's report: as in the mixes of its manifest, where that is at hand.

    Args:
        totals: samples of each class, for a run whose manifest is gone.
    """
    if shares is None or set(shares.classes) != set(classes):
        return colours_of(classes, totals)
    return colours_of(shares.classes, np.sum([mix.counts for mix in shares.groups], axis=0).tolist())


def show_shares_of_run(shares: ClassShares | None) -> str:
    """Return the mixes of the groups of a run's manifest with their heading; nothing where it is not at hand."""
    if shares is None:
        return ""
    return (
        "<p><b>The mix of classes in each group</b> of the run's manifest, with its part of the split. Groups that "
        "hold most of the same class stand together, those that hold more of it first. Hover or tap a piece to read "
        f"its number.</p>{show_class_shares(shares)}"
    )


def _say(shares: ClassShares) -> str:
    """Return in a sentence or two what the mixes mean, as HTML."""
    by_group, by_majority = shares.right_by_group, shares.right_by_majority
    words = []
    if by_group is not None and by_majority is not None and len(shares.groups) > 1:
        words.append(
            f"Who knows no more of a picture than its group, and answers the commonest class there, is right "
            f"<b>{percent(by_group)}</b> of the time; answering the commonest class of all, {percent(by_majority)}. "
            "The further the first is above the second, the more a model can score by recognising the film, which is "
            "no use on a new one: judge it on groups that it never saw."
        )
    if len(shares.groups) == 1:
        words.append("All samples are of one group, so that nothing here can be judged on a group never seen.")
    single = len(shares.single)
    if single:
        words.append(
            f"{counted(single, 'group')} of {count(len(shares.groups))} "
            f"{'holds' if single == 1 else 'hold'} samples of one class only: there, class and film are the same thing."
        )
    return " ".join(words)


def show_mixes(mixes: Sequence[tuple[Mix, str]], classes: Sequence[str], *, noun: str, is_of_classes: bool) -> str:
    """Return mixes as stacked bars, each piece in the colour of its class, with a legend before and a table behind.

    Args:
        mixes: each with its name as HTML.
        classes: what the pieces are of.
        noun: what a mix is of, for the head of the table.
        is_of_classes: the pieces are classes of the task, whose colours nothing else on a page has.
    """
    totals = np.sum([mix.counts for mix, _ in mixes], axis=0) if mixes else np.zeros(len(classes), np.int64)
    colours = colours_of(classes, totals.tolist(), is_of_classes=is_of_classes)
    bars = "".join(
        f"<li><span>{name}{_marks(mix)}</span>{_bar(mix, classes, colours)}<em>{count(mix.total)}</em></li>"
        for mix, name in mixes
    )
    return (
        f'<div class="mixes">{show_legend(classes, colours)}'
        f'<ul aria-hidden="true">{bars}</ul><p class="told" aria-live="polite"></p>{_table(mixes, classes, noun)}</div>'
    )


def colours_of(classes: Sequence[str], totals: Sequence[int], *, is_of_classes: bool = True) -> dict[str, str]:
    """Return class -> the name of its colour; where there are more than colours, the commonest have one of their own.

    The colours go by the order of the classes, so that a class has the same one in every chart of a page that shows
    the same samples.
    """
    letter, most = ("k", COLOURS) if is_of_classes else ("s", SHADES)
    commonest = sorted(range(len(classes)), key=lambda index: -totals[index])[:most]
    place = {index: number for number, index in enumerate(sorted(commonest))}
    return {name: f"{letter}{place[index]}" if index in place else OTHER_COLOUR for index, name in enumerate(classes)}


def show_legend(classes: Sequence[str], colours: Mapping[str, str]) -> str:
    """Return which colour stands for which class."""
    own = [name for name in classes if colours[name] != OTHER_COLOUR]
    rest = len(classes) - len(own)
    keys = "".join(f'<span><i class="{colours[name]}"></i>{text(name)}</span>' for name in own)
    more = f'<span><i class="{OTHER_COLOUR}"></i>{count(rest)} rarer</span>' if rest else ""
    return f'<p class="key">{keys}{more}</p>'


def rarer_classes(number: int) -> str:
    """Return `1 rarer class`, `40 rarer classes`."""
    return "1 rarer class" if number == 1 else f"{count(number)} rarer classes"


def _bar(mix: Mix, classes: Sequence[str], colours: Mapping[str, str]) -> str:
    pieces = []
    gathered = 0
    for name, number in zip(classes, mix.counts, strict=True):
        if colours[name] == OTHER_COLOUR:
            gathered += number
        elif number:
            pieces.append(_piece(name, number, mix.total, colours[name]))
    if gathered:
        pieces.append(_piece("the rarer ones", gathered, mix.total, OTHER_COLOUR))
    return f"<b>{''.join(pieces)}</b>"


def _piece(name: str, number: int, total: int, colour: str) -> str:
    said = text(f"{name}: {count(number)} of {count(total)}, {percent(number / total)}")
    return f'<i class="{colour}" style="flex-grow:{number}" title="{said}"></i>'


def _marks(mix: Mix) -> str:
    return "".join(f'<small title="{part}">{part}</small>' for part in mix.parts)


def _table(mixes: Sequence[tuple[Mix, str]], classes: Sequence[str], noun: str) -> str:
    """Return the counts behind the bars; of many classes only those that have any, as words."""
    if len(classes) > COLOURS:
        head = '<th scope="col" class="words">samples of each, the commonest first</th>'
        cells = [_listed(mix, classes) for mix, _ in mixes]
    else:
        head = "".join(f'<th scope="col">{text(name)}</th>' for name in classes)
        cells = ["".join(f"<td>{count(number)}</td>" for number in mix.counts) for mix, _ in mixes]
    rows = "".join(
        f'<tr><th scope="row">{name}{_marks(mix)}</th>{found}<td>{count(mix.total)}</td>'
        f"<td>{mix.effective_classes:.1f}</td></tr>"
        for (mix, name), found in zip(mixes, cells, strict=True)
    )
    return (
        "<details><summary>The same as a table</summary>"
        f'<div class="scroll"><table class="numbers"><thead><tr><th scope="col">{noun}</th>{head}'
        '<th scope="col">all</th><th scope="col">effective classes</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        '<p class="foot">Effective classes: how many equally common classes would be as mixed (e to the power of the '
        "entropy); 1 is a single class.</p></details>"
    )


def _listed(mix: Mix, classes: Sequence[str]) -> str:
    found = sorted(((number, name) for name, number in zip(classes, mix.counts, strict=True) if number), reverse=True)
    words = ", ".join(f"{text(name)} {count(number)}" for number, name in found[:COLOURS])
    more = f", and {count(len(found) - COLOURS)} more" if len(found) > COLOURS else ""
    return f'<td class="words">{words}{more}</td>'
