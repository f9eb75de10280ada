"""A manifest looked at before anything is trained: its classes, groups, parts, origins and pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushes.datasets.picture_facts import PictureFacts
from rushes.datasets.split import Split, count_classes, rows_of_parts
from rushes.errors import MediaError
from rushes.evaluation.class_shares import ClassShares, Mix, count_class_shares
from rushes.evaluation.confounds import Tell, find_tells
from rushes.evaluation.imbalance import Imbalance, measure_imbalance, ratio_of
from rushes.evaluation.picture_spreads import PictureSpreads, columns_of, measure_spreads
from rushes.labels.manifest import ManifestRow
from rushes.learning.recipe import Recipe
from rushes.storage.pictures import without_query

SCHEMA = "exploration/1"
CLASSES = 60  # that a page lists; of more, the commonest


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many samples a class has, and how they lie over the groups.

    Attributes:
        groups: that hold it.
        largest_group: the one that holds most of it, and `in_largest` how many of its samples; "" and 0 without any.
    """

    name: str
    samples: int
    groups: int
    largest_group: str
    in_largest: int

    def to_table(self) -> dict[str, Any]:
        return {
            "class": self.name,
            "samples": self.samples,
            "groups": self.groups,
            "largest_group": self.largest_group,
            "in_largest": self.in_largest,
        }


@dataclass(frozen=True, slots=True)
class Exploration:
    """What is in a manifest.

    Attributes:
        classes: in the order of the task, those that it does not know last.
        counts: of each class.
        shares: the mixes of the groups.
        origins: who made labels, the commonest first; "" where it is not stated.
        by_origin: for each class how many of its labels are of each origin.
        imbalance: in each part, and in training before and after a recipe's balance.
        split: how the split is called; "" where there is none.
        left_out: samples that stand in no part of it.
        measured: rows whose pictures were read, in the manifest's order; `spreads` and `tells` are about these.
        spreads: None where no picture was measured.
        lost: rows whose pictures cannot be read, with the reason.
        unmeasured: why no picture was measured; "" where some were.
    """

    classes: tuple[str, ...]
    counts: tuple[ClassCount, ...]
    shares: ClassShares
    origins: tuple[str, ...]
    by_origin: tuple[Mix, ...]
    imbalance: Imbalance
    split: str
    left_out: int
    measured: tuple[ManifestRow, ...]
    spreads: PictureSpreads | None
    tells: tuple[Tell, ...]
    lost: tuple[tuple[ManifestRow, str], ...]
    unmeasured: str

    @property
    def total(self) -> int:
        return sum(one.samples for one in self.counts)

    @property
    def ratio(self) -> float | None:
        """How many times as many samples the largest class has as the smallest that has any."""
        return ratio_of([one.samples for one in self.counts])

    @property
    def strong_tells(self) -> tuple[Tell, ...]:
        return tuple(tell for tell in self.tells if tell.is_strong)

    def commonest(self, most: int) -> frozenset[str]:
        """Return the names of the classes with the most samples, none without any."""
        present = [one for one in self.counts if one.samples]
        return frozenset(one.name for one in sorted(present, key=lambda one: -one.samples)[:most])

    def to_table(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {
            "schema": SCHEMA,
            "samples": self.total,
            "ratio": self.ratio,
            "classes": [one.to_table() for one in self.counts],
            "groups": [mix.to_table() for mix in self.shares.groups],
            "single_class_groups": [mix.name for mix in self.shares.single],
            "right_by_group": self.shares.right_by_group,
            "right_by_majority": self.shares.right_by_majority,
            "origins": {
                mix.name: {name: number for name, number in zip(self.origins, mix.counts, strict=True) if number}
                for mix in self.by_origin
            },
            "split": self.split or None,
            "left_out": self.left_out,
            "imbalance": self.imbalance.to_table(),
            "pictures": {"measured": len(self.measured), "unmeasured": self.unmeasured or None}
            | (self.spreads.to_table() if self.spreads else {}),
            "outliers": [
                {
                    "kind": one.kind,
                    "img-ref": without_query(self.measured[one.row].img_ref),
                    "class": self.measured[one.row].class_name,
                    "group": self.measured[one.row].group,
                    "value": one.value,
                }
                for one in (self.spreads.outliers if self.spreads else ())
            ],
            "tells": [tell.to_table() for tell in self.tells],
            "lost": [
                {"img-ref": without_query(row.img_ref), "class": row.class_name, "reason": reason}
                for row, reason in self.lost
            ],
        }


def explore(
    rows: Sequence[ManifestRow],
    classes: Sequence[str],
    *,
    facts: Mapping[str, PictureFacts | MediaError] | None = None,
    split: Split | None = None,
    split_name: str = "",
    recipe: Recipe | None = None,
) -> Exploration:
    """Look at the rows of a manifest.

    Args:
        rows: one at least.
        classes: all that the rows name, in order.
        facts: frame id -> what was measured of its picture; None where nobody looked.
        split: whose parts are told apart; `split_name` is what it is called.
        recipe: whose balance is applied to the numbers of training samples.
    """
    parts = rows_of_parts(rows, split) if split is not None else None
    part_of = {row.frame_id: str(part) for part, members in (parts or {}).items() for row in members}
    counted: Mapping[str, Mapping[str, int]]
    if parts is not None:
        counted = count_classes(parts, classes)
    else:
        total = Counter(row.class_name for row in rows)
        counted = {"all": {name: total[name] for name in classes}}
    shares = count_class_shares(rows, classes, parts=part_of)
    origins, by_origin = _by_origin(rows, classes)
    found = facts or {}
    measured = [row for row in rows if isinstance(found.get(row.frame_id), PictureFacts)]
    known = [one for row in measured if isinstance(one := found[row.frame_id], PictureFacts)]
    position = {name: index for index, name in enumerate(classes)}
    truth = np.array([position[row.class_name] for row in measured], np.int64)
    return Exploration(
        classes=tuple(classes),
        counts=_class_counts(shares),
        shares=shares,
        origins=origins,
        by_origin=by_origin,
        imbalance=measure_imbalance(
            counted,
            balance=recipe.balance if recipe else None,
            recipe=recipe.name if recipe else "",
            kind=recipe.model.kind if recipe else "cnn",
        ),
        split=split_name if split is not None else "",
        left_out=len(rows) - len(part_of) if split is not None else 0,
        measured=tuple(measured),
        spreads=measure_spreads(known, truth, classes) if known else None,
        tells=find_tells(columns_of(known), truth, [row.group for row in measured], classes) if known else (),
        lost=tuple((row, error.reason) for row in rows if isinstance(error := found.get(row.frame_id), MediaError)),
        unmeasured=_why_unmeasured(rows, facts, bool(known)),
    )


def is_measurable(rows: Sequence[ManifestRow]) -> bool:
    """Return whether the rows name pictures; shots are stretches of films."""
    return not any(row.stop for row in rows)


def _why_unmeasured(
    rows: Sequence[ManifestRow], facts: Mapping[str, PictureFacts | MediaError] | None, found: bool
) -> str:
    if found:
        return ""
    if not is_measurable(rows):
        return "its samples are shots, and only single pictures are measured"
    return "nobody asked for them" if facts is None else "not one picture could be read"


def _class_counts(shares: ClassShares) -> tuple[ClassCount, ...]:
    counts = np.array([mix.counts for mix in shares.groups], np.int64).reshape(-1, len(shares.classes))
    found = []
    for index, name in enumerate(shares.classes):
        column = counts[:, index]
        most = int(column.argmax()) if column.any() else None
        found.append(
            ClassCount(
                name=name,
                samples=int(column.sum()),
                groups=int((column > 0).sum()),
                largest_group=shares.groups[most].name if most is not None else "",
                in_largest=int(column[most]) if most is not None else 0,
            )
        )
    return tuple(found)


def _by_origin(rows: Sequence[ManifestRow], classes: Sequence[str]) -> tuple[tuple[str, ...], tuple[Mix, ...]]:
    pairs = Counter((row.class_name, row.origin) for row in rows)
    totals = Counter(row.origin for row in rows)
    origins = tuple(sorted(totals, key=lambda origin: (-totals[origin], origin)))
    return origins, tuple(Mix(name, tuple(pairs[name, origin] for origin in origins)) for name in classes)
