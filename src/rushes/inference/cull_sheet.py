"""The verdicts of a cull as text: the rows of a CSV file, and JSON."""

from __future__ import annotations

import csv
import io
import json

from rushes.inference.verdicts import Cull

_COLUMNS = (
    "path", "companions", "verdict", "score", "why", "captured_at", "series", "kind", "rank", "better", "audited",
    "reasons",
)  # fmt: skip
_MEASURE = "m:"
_BETWEEN = "; "


def format_csv(cull: Cull) -> str:
    """Return a row for each photograph, in the order of the cull, and one for each file that could not be read.

    `series` counts from 1. Each measure has a column `m:<name>`, empty where it cannot be known. An unreadable file
    has the verdict `unreadable`, and the reason in `why`.
    """
    measures = list(dict.fromkeys(name for one in cull.verdicts for name in one.measures))
    text = io.StringIO()
    writer = csv.DictWriter(text, [*_COLUMNS, *(_MEASURE + name for name in measures)], restval="", lineterminator="\n")
    writer.writeheader()
    for one in cull.verdicts:
        row = {
            "path": one.path,
            "companions": _BETWEEN.join(one.companions),
            "verdict": one.verdict,
            "score": one.score,
            "why": one.why,
            "captured_at": one.captured_at or "",
            "series": "" if one.series is None else one.series + 1,
            "kind": "" if one.series is None else cull.series[one.series].kind,
            "rank": "" if one.rank is None else one.rank,
            "better": one.better,
            "audited": "yes" if one.audited else "",
            "reasons": _BETWEEN.join(f"{reason.speaks}: {reason.words}" for reason in one.reasons),
        }
        writer.writerow(row | {_MEASURE + name: "" if value is None else value for name, value in one.measures.items()})
    writer.writerows({"path": one.path, "verdict": "unreadable", "why": one.reason} for one in cull.unreadable)
    return text.getvalue()


def format_json(cull: Cull) -> str:
    """Return the cull as JSON, as `cull.json` holds it."""
    return json.dumps(cull.to_table(), indent=2) + "\n"
