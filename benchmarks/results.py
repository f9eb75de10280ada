"""What all benchmarks found, as Markdown and as a chart."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_WIDTH, _ROW, _TOP, _BOTTOM = 860, 52, 54, 40
_LEFT, _RIGHT = 24, 110  # of the bars; the figures stand to their right


@dataclass(frozen=True, slots=True)
class Finding:
    """One benchmark.

    Attributes:
        title: what is compared, in a line.
        said: the lines it printed before its outcome.
        table: its outcome, as it printed it.
    """

    title: str
    said: tuple[str, ...]
    table: Mapping[str, Any]


def format_results(findings: Sequence[Finding]) -> str:
    """Return the page of results."""
    lines = [
        "# What was measured",
        "",
        f"{_made_by(findings)} Written by `make bench`; do not edit.",
        "",
        "Ours and the peer ran in turns in the same process, A B A B; the figures are medians of time on the wall. "
        "A ratio is peer time / our time: higher is better.",
        "",
        "![How many times as fast as the peer](results.svg)",
        "",
        "| benchmark | what | ours | peer | ratio | target | |",
        "|---|---|--:|--:|--:|---|---|",
        *(_table_row(finding) for finding in findings),
        "",
    ]
    for finding in findings:
        lines += [f"## {finding.table['name']}", "", f"`make bench NAME={finding.table['name']}`", ""]
        lines += ["```text", *finding.said, "```", ""]
    return "\n".join(lines)


def format_findings(findings: Sequence[Finding]) -> str:
    """Return findings as JSON, one on a line, to be read by `parse_findings`."""
    lines = [json.dumps({"title": one.title, "table": dict(one.table), "said": one.said}) for one in findings]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def parse_findings(text: str) -> list[Finding]:
    """Return what `format_findings` wrote."""
    return [Finding(one["title"], tuple(one["said"]), one["table"]) for one in json.loads(text)]


def draw_chart(findings: Sequence[Finding]) -> str:
    """Return an SVG: a bar per ratio on a scale of powers of ten, with a mark where the target stands.

    Light and dark as the reader's browser is. A benchmark without a ratio has no bar, but says why.
    """
    height = _TOP + _ROW * len(findings) + _BOTTOM
    ratios = [finding.table["ratio"] for finding in findings if finding.table["ratio"] is not None]
    bounds = [bound for finding in findings if (bound := ratio_wanted(finding.table["target"])) is not None]
    decades = max(1, math.ceil(math.log10(max([10.0, *ratios, *bounds]) * 1.05)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="14">',
        "<title>How many times as fast as the peer</title>",
        _STYLE,
        f'<rect class="paper" width="{_WIDTH}" height="{height}" rx="8"/>',
        f'<text class="ink strong" x="{_LEFT}" y="30">Times as fast as the peer; the line is the target</text>',
    ]
    bottom = height - _BOTTOM
    for power in range(decades + 1):
        x = _place(10.0**power, decades)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{_TOP - 8}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(f'<text class="faint" x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{10**power:,} ×</text>')
    for number, finding in enumerate(findings):
        parts += _bar(finding, _TOP + number * _ROW, decades)
    return "\n".join([*parts, "</svg>", ""])


def ratio_wanted(target: str) -> float | None:
    """Return the ratio that a target's words ask for; None where they ask for something else."""
    name, sign, bound = target.partition(" >= ")
    return float(bound) if name == "ratio" and sign else None


def _bar(finding: Finding, top: int, decades: int) -> list[str]:
    table = finding.table
    ratio, holds, bound = table["ratio"], table["holds"], ratio_wanted(table["target"])
    heading = f'<tspan class="strong">{escape(table["name"])}</tspan>  {escape(finding.title)}'
    parts = [f'<text class="ink" x="{_LEFT}" y="{top + 12}" xml:space="preserve">{heading}</text>']
    base = top + 20
    if ratio is None:
        words = f"{_verdict(None)}, target {_target_words(table)}"
        if table["ours"] is not None:
            words = f"no peer: {table['ours']:g} {table['unit']}, target {_target_words(table)}, {_verdict(holds)}"
        return [*parts, f'<text class="faint" x="{_LEFT}" y="{base + 14}">{escape(words)}</text>']
    start, end = _place(1, decades), _place(ratio, decades)
    kind = "reached" if holds else "missed"
    left, width = min(start, end), max(abs(end - start), 2)
    parts.append(f'<rect class="{kind}" x="{left:.1f}" y="{base}" width="{width:.1f}" height="18" rx="3"/>')
    if bound is not None:
        x = _place(bound, decades)
        parts.append(f'<line class="target" x1="{x:.1f}" y1="{base - 3}" x2="{x:.1f}" y2="{base + 21}"/>')
    beside = max(end, _place(bound, decades) if bound is not None else end) + 8
    words = f"{format_ratio(ratio)} · {_verdict(holds)}"
    parts.append(f'<text class="ink" x="{beside:.1f}" y="{base + 14}">{escape(words)}</text>')
    return parts


def format_ratio(ratio: float) -> str:
    """Return a ratio as a person reads it: `131 ×`, `5.0 ×`."""
    if ratio < 1:
        return f"{ratio:.2f} ×"
    return f"{ratio:,.0f} ×" if ratio >= 20 else f"{ratio:.1f} ×"


def _place(ratio: float, decades: int) -> float:
    """Return where a ratio stands across the chart; below 1 it stands at the edge."""
    share = min(max(math.log10(max(ratio, 1e-9)), 0.0) / decades, 1.0)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _table_row(finding: Finding) -> str:
    table = finding.table
    unit, ratio = table["unit"], table["ratio"]
    cells = [
        f"[{table['name']}](#{table['name']})",
        finding.title,
        "–" if table["ours"] is None else f"{table['ours']:g} {unit}",
        "–" if table["peer"] is None else f"{table['peer']:g} {unit}",
        "–" if ratio is None else format_ratio(ratio),
        _target_words(table),
        _verdict(table["holds"]),
    ]
    return f"| {' | '.join(cells)} |"


def _target_words(table: Mapping[str, Any]) -> str:
    bound = ratio_wanted(table["target"])
    if bound is not None:
        return f"≥ {bound:g} ×"
    return f"≤ {table['target'].partition('<= ')[2]} {table['unit']}"


def _verdict(holds: bool | None) -> str:
    return {True: "reached", False: "missed", None: "not measured"}[holds]


def _made_by(findings: Sequence[Finding]) -> str:
    """Return in words on which machine and of which commit the findings are; a commit may come in between."""
    machines = dict.fromkeys(str(finding.table["machine"]) for finding in findings)
    commits = dict.fromkeys(finding.table["commit"] or "unknown" for finding in findings)
    return f"On: {', '.join(machines)}. Commit: {', then '.join(commits)}."


_STYLE = """<style>
.paper { fill: #ffffff } .ink { fill: #1c2430 } .faint { fill: #5b6675 } .strong { font-weight: 600 }
.grid { stroke: #dfe4ea } .reached { fill: #2f7d5b } .missed { fill: #c2702d }
.target { stroke: #1c2430; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
.paper { fill: #14181f } .ink { fill: #e8ecf2 } .faint { fill: #9aa6b5 } .grid { stroke: #2b333f }
.reached { fill: #4fb489 } .missed { fill: #e09350 } .target { stroke: #e8ecf2 }
}
</style>"""
