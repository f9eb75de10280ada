"""Who is in train, validation and test: the plan, its leaks, its file."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rushes.errors import SplitError
from rushes.labels.manifest import ManifestRow, Part
from rushes.project import SplitSettings
from rushes.storage.files import digest_of_bytes, write_text

SplitKind = Literal["grouped", "mixed"]
LeakKind = Literal["group", "identical", "near-duplicate"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")

# Two groups that share this much of the smaller one are the same material under two names.
_SAME_MATERIAL = 0.2
_ROUNDS_OF_IMPROVEMENT = 20
_MISSING_CLASS_COST = 1e6


@dataclass(frozen=True, slots=True)
class Split:
    """Which samples are train, validation and test.

    Attributes:
        parts: frame id -> part.
        groups: group -> part; empty for a mixed split, where a group may stand on every side.
        left_out: frame id -> why it is in no part.
        notes: what a person should know before trusting scores on this split.
    """

    task: str
    kind: SplitKind
    seed: int
    parts: Mapping[str, Part]
    groups: Mapping[str, Part]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the split's text, in hex."""
        return digest_of_bytes(format_split(self).encode())

    def part_of(self, frame: str, group: str) -> Part | None:
        """Return where a frame is; for one that the split does not know, where its group is; None if nowhere."""
        if frame in self.left_out:
            return None
        return self.parts.get(frame) or self.groups.get(group)

    def frames_of(self, part: Part) -> list[str]:
        """Return the ids of the frames in a part, in the split's order."""
        return [frame for frame, where in self.parts.items() if where == part]


@dataclass(frozen=True, slots=True)
class Leak:
    """One reason why a score on this split would flatter.

    Attributes:
        kind: `group` stands on two sides, `identical` picture, or `near-duplicate` picture.
        train, other: frame names on the train side and on the other.
        part: where the other one is.
        detail: a sentence for a person.
    """

    kind: LeakKind
    train: str
    other: str
    part: Part
    detail: str


def plan_split(
    rows: Sequence[ManifestRow],
    *,
    task: str,
    kind: SplitKind,
    settings: SplitSettings,
    twins: Sequence[tuple[str, str]] = (),
    known: Mapping[str, Part] | None = None,
) -> Split:
    """Decide who is in train, validation and test.

    A grouped split never divides a group. Groups that share much of their material (see `twins`) are kept
    together; where two groups share only a picture or two, the copy on the train side is left out.

    Args:
        twins: pairs of ids of frames that look alike.
        known: parts of groups from an earlier split, which stay where they are.

    Raises:
        SplitError: there are too few samples or groups for three parts.
    """
    if len(rows) < 3:
        raise SplitError(
            f"{len(rows)} labelled samples cannot be split in three parts. Label more frames, then "
            "run 'rushes manifest build' again"
        )
    if kind == "mixed":
        return _plan_mixed(rows, task=task, settings=settings)
    return _plan_grouped(rows, task=task, settings=settings, twins=twins, known=known or {})


def find_leaks(split: Split, rows: Sequence[ManifestRow], *, twins: Sequence[tuple[str, str]]) -> list[Leak]:
    """Return every way in which validation or test resembles train, the gravest first.

    Args:
        rows: the samples of the split; rows in no part are passed over.
        twins: pairs of ids of frames that look alike.
    """
    by_id = {row.frame_id: row for row in rows if row.frame_id in split.parts}
    leaks: list[Leak] = []
    first_in: dict[tuple[str, Part], ManifestRow] = {}
    by_digest: dict[str, list[ManifestRow]] = defaultdict(list)
    for row in by_id.values():
        first_in.setdefault((row.group, split.parts[row.frame_id]), row)
        by_digest[row.sha256].append(row)
    for (group, part), row in first_in.items():
        trained = first_in.get((group, "train"))
        if part != "train" and trained is not None:
            text = f"group '{group}' stands in train and in {part}"
            leaks.append(Leak("group", trained.name, row.name, part, text))
    seen: set[tuple[str, str]] = set()
    same = [(a.frame_id, b.frame_id) for equal in by_digest.values() for a, b in pairwise(equal)]
    alike: tuple[tuple[LeakKind, Sequence[tuple[str, str]]], ...] = (("identical", same), ("near-duplicate", twins))
    for name, pairs in alike:
        for one, other in pairs:
            if one not in by_id or other not in by_id or (one, other) in seen:
                continue
            seen |= {(one, other), (other, one)}
            if split.parts[one] == split.parts[other] or "train" not in (split.parts[one], split.parts[other]):
                continue
            trained, held = (by_id[one], by_id[other]) if split.parts[one] == "train" else (by_id[other], by_id[one])
            part = split.parts[held.frame_id]
            likeness = "is the same picture as" if name == "identical" else "looks like"
            text = f"{held.name} in {part} {likeness} {trained.name} in train"
            leaks.append(Leak(name, trained.name, held.name, part, text))
    return leaks


def count_classes(rows: Iterable[ManifestRow], split: Split, classes: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return part -> class -> number of samples, all parts and classes present."""
    counted: Counter[tuple[str, str]] = Counter(
        (split.parts[row.frame_id], row.class_name) for row in rows if row.frame_id in split.parts
    )
    return {part: {name: counted[part, name] for name in classes} for part in PARTS}


def format_split(split: Split) -> str:
    """Return a split as JSON text, the same bytes for the same split."""
    table: dict[str, Any] = {
        "schema": "split/1",
        "task": split.task,
        "kind": split.kind,
        "seed": split.seed,
        "groups": dict(sorted(split.groups.items())),
        "parts": dict(sorted(split.parts.items())),
        "left_out": dict(sorted(split.left_out.items())),
        "notes": list(split.notes),
    }
    return json.dumps(table, indent=1, ensure_ascii=False) + "\n"


def parse_split(text: str, *, where: str) -> Split:
    """Read what `format_split` wrote.

    Raises:
        SplitError: the text is not a split.
    """
    try:
        table = json.loads(text)
        if table["schema"] != "split/1":
            raise SplitError(f"{where}: schema is '{table['schema']}', this rushes reads 'split/1'")
        return Split(
            task=table["task"],
            kind=table["kind"],
            seed=table["seed"],
            parts=table["parts"],
            groups=table["groups"],
            left_out=table["left_out"],
            notes=tuple(table["notes"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SplitError(f"{where} is not a split ({error!r}). Make it anew with 'rushes split make'") from error


def write_split(split: Split, folder: Path, *, now: datetime) -> tuple[Path, bool]:
    """Write a split as a new version unless it equals the newest; return its path and whether it is new."""
    newest = newest_split(folder, split.task, split.kind)
    text = format_split(split)
    if newest is not None and newest.read_text(encoding="utf-8") == text:
        return newest, False
    stamp = f"{now:%Y%m%dT%H%M%S.%f}"[:-3] + "Z"
    path = folder / f"{split.task}-{split.kind}-{stamp}.json"
    write_text(path, text)
    return path, True


def newest_split(folder: Path, task: str, kind: str) -> Path | None:
    """Return the newest version of a task's split of a kind, or None."""
    versions = sorted(folder.glob(f"{task}-{kind}-*.json"))
    return versions[-1] if versions else None


def read_split(path: Path) -> Split:
    """Read a split file.

    Raises:
        SplitError: it is missing or is not a split.
    """
    try:
        return parse_split(path.read_text(encoding="utf-8"), where=str(path))
    except FileNotFoundError:
        raise SplitError(f"there is no split {path}. Make one with 'rushes split make'") from None


def _plan_mixed(rows: Sequence[ManifestRow], *, task: str, settings: SplitSettings) -> Split:
    """Shuffle the samples of each class and deal them out, whatever their group."""
    dice = random.Random(settings.seed)
    by_class: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.frame_id):
        by_class[row.class_name].append(row.frame_id)
    parts: dict[str, Part] = {}
    for _, frames in sorted(by_class.items()):
        dice.shuffle(frames)
        held = [round(len(frames) * share) for share in (settings.validation, settings.test)]
        if len(frames) >= 3:
            held = [max(1, count) for count in held]
        for position, frame in enumerate(frames):
            inside = position < held[0], position < sum(held)
            parts[frame] = "validation" if inside[0] else "test" if inside[1] else "train"
    note = "frames of one group stand on every side: scores on this split flatter"
    return Split(task, "mixed", settings.seed, parts, groups={}, notes=(note,))


def _plan_grouped(
    rows: Sequence[ManifestRow],
    *,
    task: str,
    settings: SplitSettings,
    twins: Sequence[tuple[str, str]],
    known: Mapping[str, Part],
) -> Split:
    group_of = {row.frame_id: row.group for row in rows}
    twins = [(a, b) for a, b in twins if a in group_of and b in group_of and group_of[a] != group_of[b]]
    units = _join_groups(rows, group_of, twins)
    if len(units) < 3:
        sizes = Counter(row.group for row in rows)
        found = ", ".join(f"'{group}' ({count} samples)" for group, count in sizes.most_common(5))
        joined = "" if len(sizes) == len(units) else " (some show the same pictures and count as one)"
        raise SplitError(
            f"a grouped split needs at least three groups, one for each of train, validation and test; found "
            f"{len(units)}{joined}: {found}. Ingest another film or shoot, or name finer groups with "
            "'rushes ingest --group'; 'rushes split make --kind mixed' shuffles the frames instead, and its "
            "scores flatter"
        )
    classes = sorted({row.class_name for row in rows})
    position = {name: index for index, name in enumerate(classes)}
    unit_of = {group: index for index, unit in enumerate(units) for group in unit}
    counts = np.zeros((len(units), len(classes)))
    for row in rows:
        counts[unit_of[row.group], position[row.class_name]] += 1
    fixed = {index: part for index, unit in enumerate(units) for group in unit if (part := known.get(group))}
    assigned = _assign_units(counts, settings=settings, fixed=fixed)
    groups: dict[str, Part] = {group: PARTS[assigned[unit_of[group]]] for group in sorted(unit_of)}
    parts: dict[str, Part] = {row.frame_id: groups[row.group] for row in rows}
    left_out: dict[str, str] = {}
    for one, other in twins:
        if parts[one] != parts[other] and "train" in (parts[one], parts[other]):
            copy, held = (one, other) if parts[one] == "train" else (other, one)
            left_out[copy] = f"looks like {held} in {parts[held]}"
    parts = {frame: part for frame, part in parts.items() if frame not in left_out}
    notes = _notes_on(counts, assigned, classes, units)
    if left_out:
        count = f"{len(left_out)} frame{'s' if len(left_out) > 1 else ''}"
        notes.append(f"left out of train because they look like frames held out: {count}")
    return Split(task, "grouped", settings.seed, parts, groups, left_out, tuple(notes))


def _join_groups(
    rows: Sequence[ManifestRow], group_of: Mapping[str, str], twins: Sequence[tuple[str, str]]
) -> list[list[str]]:
    """Return groups in units that stay together, because they share much of their material."""
    sizes = Counter(row.group for row in rows)
    shared: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one, other in twins:
        pair = tuple(sorted((group_of[one], group_of[other])))
        smaller = min(pair, key=lambda group: (sizes[group], group))
        shared[pair[0], pair[1]].add(one if group_of[one] == smaller else other)
    parent = {group: group for group in sizes}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    for (one, other), frames in sorted(shared.items()):
        if len(frames) >= _SAME_MATERIAL * min(sizes[one], sizes[other]):
            parent[root(other)] = root(one)
    units: dict[str, list[str]] = defaultdict(list)
    for group in sorted(sizes):
        units[root(group)].append(group)
    return list(units.values())


def _assign_units(
    counts: npt.NDArray[np.float64], *, settings: SplitSettings, fixed: Mapping[int, Part]
) -> npt.NDArray[np.int64]:
    """Return (units,) the index of the part of each unit, so that each part has its share of each class.

    The largest units go first, each where it disturbs the shares least; then single units are moved or swapped
    as long as that helps.

    Args:
        counts: (units, classes) samples.
    """
    shares = np.array([settings.train, settings.validation, settings.test])
    target = shares[:, None] * counts.sum(axis=0)
    weight = 1 / np.maximum(counts.sum(axis=0), 1)
    spread = np.minimum((counts > 0).sum(axis=0), len(PARTS))  # in how many parts a class could stand
    dice = np.random.default_rng(settings.seed)
    order = sorted(dice.permutation(len(counts)), key=lambda unit: -counts[unit].sum())
    assigned = np.full(len(counts), -1)
    inside = np.zeros_like(target)
    for unit, part in fixed.items():
        assigned[unit] = PARTS.index(part)
        inside[assigned[unit]] += counts[unit]

    def cost(now: npt.NDArray[np.float64]) -> float:
        uneven = (((now - target) ** 2 / shares[:, None]) * weight).sum()
        lacking = np.maximum(spread - (now > 0).sum(axis=0), 0).sum() + 2 * ((now[0] == 0) & (spread > 0)).sum()
        empty = (now.sum(axis=1) == 0).sum()
        return float(uneven + _MISSING_CLASS_COST * (lacking + 100 * empty))

    for unit in order:
        if assigned[unit] < 0:
            now_off = ((inside - target) ** 2 / shares[:, None] * weight).sum(axis=1)
            then_off = ((inside + counts[unit] - target) ** 2 / shares[:, None] * weight).sum(axis=1)
            assigned[unit] = int((then_off - now_off).argmin())
            inside[assigned[unit]] += counts[unit]
    free = [unit for unit in order if unit not in fixed]
    best = cost(inside)
    for _ in range(_ROUNDS_OF_IMPROVEMENT):
        before = best
        for unit in free[:500]:
            for index in range(len(PARTS)):
                moved = inside.copy()
                moved[assigned[unit]] -= counts[unit]
                moved[index] += counts[unit]
                if (now := cost(moved)) < best - 1e-9:
                    inside, best, assigned[unit] = moved, now, index
        for one in free[:60]:
            for other in free[:60]:
                if assigned[one] == assigned[other]:
                    continue
                moved = inside.copy()
                moved[assigned[one]] += counts[other] - counts[one]
                moved[assigned[other]] += counts[one] - counts[other]
                if (now := cost(moved)) < best - 1e-9:
                    inside, best = moved, now
                    assigned[one], assigned[other] = assigned[other], assigned[one]
        if best >= before - 1e-9:
            break
    return assigned


def _notes_on(
    counts: npt.NDArray[np.float64],
    assigned: npt.NDArray[np.int64],
    classes: Sequence[str],
    units: Sequence[Sequence[str]],
) -> list[str]:
    """Return what a person should know: classes that a part lacks, groups kept together."""
    notes = []
    for index, class_name in enumerate(classes):
        holders = [unit for unit in range(len(units)) if counts[unit, index]]
        lacking = [part for position, part in enumerate(PARTS) if not counts[assigned == position, index].any()]
        if lacking:
            names = ", ".join(f"'{units[unit][0]}'" for unit in holders[:3])
            notes.append(f"class '{class_name}' stands in {len(holders)} group(s) only ({names}): "
                         f"none in {' and '.join(lacking)}")  # fmt: skip
    joined = [unit for unit in units if len(unit) > 1]
    if joined:
        shown = "; ".join(", ".join(unit[:3]) for unit in joined[:3])
        notes.append(f"{len(joined)} sets of groups show the same pictures and were kept together: {shown}")
    return notes
