"""Pictures that are the same or look alike, and yet are labelled differently."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rushes.datasets.twins import group_likes
from rushes.labels.manifest import ManifestRow
from rushes.labels.trust import is_review


@dataclass(frozen=True, slots=True)
class Dispute:
    """Frames of which the labels cannot all be right, or whose difference is smaller than the eye of the machine.

    Attributes:
        rows: the frames, those of the rarer labels first; two classes or more.
        identical: whether their pictures are the same file, byte for byte; otherwise they are near-duplicates.
    """

    rows: tuple[ManifestRow, ...]
    identical: bool

    @property
    def counts(self) -> dict[str, int]:
        """Class -> how many of the frames are labelled so, the most frequent first."""
        return dict(Counter(row.class_name for row in self.rows).most_common())

    @property
    def is_settled(self) -> bool:
        """Whether a person has reviewed every one of them, and so told them apart."""
        return all(is_review(row.origin) for row in self.rows)

    @property
    def sentence(self) -> str:
        """What is disputed: `the same picture is labelled MS (3) and LS (1)`."""
        what = "the same picture is labelled" if self.identical else "pictures that look alike are labelled"
        named = [f"{name} ({count:,})" for name, count in self.counts.items()]
        return f"{what} {', '.join(named[:-1])} and {named[-1]}"

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "identical": self.identical,
            "classes": self.counts,
            "frames": [{"frame": row.frame_id, "name": row.name, "class": row.class_name} for row in self.rows],
        }


def find_disputes(rows: Sequence[ManifestRow], *, signatures: Mapping[str, int]) -> tuple[Dispute, ...]:
    """Return what is the same and labelled differently: identical pictures first, then the groups that are largest.

    Near-duplicates hang together by their likes, so that the two ends of a long group may differ; pictures that are
    identical count once among them.

    Args:
        signatures: frame id -> perceptual signature; a frame without one looks like nothing.
    """
    by_digest: dict[str, list[ManifestRow]] = defaultdict(list)
    for row in rows:
        if row.sha256:
            by_digest[row.sha256].append(row)
    identical = [_dispute(same, identical=True) for same in by_digest.values() if _differ(same)]
    known = {frozenset(row.frame_id for row in one.rows) for one in identical}
    row_of = {row.frame_id: row for row in rows}
    alike = [[row_of[frame] for frame in group] for group in group_likes(_of_rows(row_of, signatures))]
    near = [
        _dispute(group, identical=False)
        for group in alike
        if _differ(group) and frozenset(row.frame_id for row in group) not in known
    ]
    return (*identical, *near)


def _of_rows(rows: Mapping[str, ManifestRow], signatures: Mapping[str, int]) -> dict[str, int]:
    return {frame: signatures[frame] for frame in rows if frame in signatures}


def _differ(rows: Sequence[ManifestRow]) -> bool:
    return len({row.class_name for row in rows}) > 1


def _dispute(rows: Sequence[ManifestRow], *, identical: bool) -> Dispute:
    counts = Counter(row.class_name for row in rows)
    return Dispute(tuple(sorted(rows, key=lambda row: (counts[row.class_name], row.class_name))), identical)
