"""The values Reason, Verdict and Cull: what is proposed for each photograph of a shoot, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rushes.footage.series import Series
from rushes.footage.source import Unreadable
from rushes.xmp.marks import Flag

SCHEMA = "cull/1"
CULL_FILE = "cull.json"
SEEN_FILE = "photographs.json"  # beside it: sizes and times of the files when they were judged

Seen = Mapping[str, tuple[int, int]]  # path of a file -> bytes, and time of its last change in ns, when it was judged
Speaks = Literal["for", "against"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for or against a photograph.

    Attributes:
        measure: its name: one of `rushes.footage.photo_measures.MEASURES`, or `duplicate`.
        value: as it was measured; None where it is no number.
        words: for a person: `the eyes are soft (0.21; 88 % of this shoot are sharper)`.
        weight: how much it matters beside the others, 0 to 1.
    """

    measure: str
    value: float | None
    speaks: Speaks
    words: str
    weight: float = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is proposed for one photograph.

    Attributes:
        path: the file that it is known by: the raw, where there is one.
        companions: pictures that the camera wrote beside it.
        score: calibrated probability that it is kept, 0 to 1.
        why: what decided, for a person.
        captured_at: ISO 8601; None where it is not stated.
        series: place in `Cull.series` of what it belongs to; None where it stands alone.
        rank: its place within its series by score, the best first, from 1; None where it stands alone.
        better: path of the photograph that shows the same and has the higher score; "" where there is none.
        reasons: measured ones, what matters most first.
        measures: name -> value as measured; None where it cannot be known.
        audited: a reject that was drawn for a person to look at.
    """

    path: str
    companions: tuple[str, ...]
    verdict: Flag
    score: float
    why: str
    captured_at: str | None = None
    series: int | None = None
    rank: int | None = None
    better: str = ""
    reasons: tuple[Reason, ...] = ()
    measures: Mapping[str, float | None] = field(default_factory=dict)
    audited: bool = False


@dataclass(frozen=True, slots=True)
class Cull:
    """A proposal for the photographs of one folder.

    Attributes:
        folder: that was looked at, absolute.
        task, class_name: the question, and the class of photographs to keep.
        bundle, bundle_path: id of the bundle, and where it lay.
        control: as the photographer stated it: `recall >= 0.99`, `threshold 0.9`, `top 200`.
        threshold: score from which on a photograph is picked.
        verdicts: in the order of capture as far as it is known.
        unreadable: files that nothing is proposed for.
        promise: what can be said of how many keepers are kept, as plain values; see docs/culling.md.
        takes_measures: whether the model takes what is measured, beside the pixels.
    """

    name: str
    created_at: str
    folder: str
    task: str
    class_name: str
    bundle: str
    bundle_path: str
    control: str
    threshold: float
    verdicts: tuple[Verdict, ...]
    series: tuple[Series, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    promise: Mapping[str, Any] = field(default_factory=dict)
    takes_measures: bool = False

    @property
    def picks(self) -> tuple[Verdict, ...]:
        return tuple(one for one in self.verdicts if one.verdict == "pick")

    @property
    def rejects(self) -> tuple[Verdict, ...]:
        return tuple(one for one in self.verdicts if one.verdict == "reject")

    def to_table(self) -> dict[str, Any]:
        """Return the cull as plain values, ready for JSON."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Cull:
        """Return the cull that `to_table` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is of another schema, or no such table.
        """
        if table["schema"] != SCHEMA:
            raise ValueError(f"the schema is {table['schema']!r}, this rushes reads {SCHEMA!r}")
        values = {key: value for key, value in table.items() if key != "schema"}
        values["verdicts"] = tuple(_verdict(one) for one in values["verdicts"])
        values["series"] = tuple(Series(one["kind"], tuple(one["members"]), one["why"]) for one in values["series"])
        values["unreadable"] = tuple(Unreadable(**one) for one in values["unreadable"])
        return cls(**values)


def _verdict(table: Mapping[str, Any]) -> Verdict:
    reasons: Sequence[Mapping[str, Any]] = table["reasons"]
    return Verdict(
        **{
            **table,
            "companions": tuple(table["companions"]),
            "reasons": tuple(Reason(**one) for one in reasons),
            "measures": dict(table["measures"]),
        }
    )
