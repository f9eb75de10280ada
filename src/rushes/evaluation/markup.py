"""Numbers and words as a page shows them: escaped, rounded without claiming too much."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rushes.evaluation.interval import Interval
from rushes.evaluation.scores import Score
from rushes.timelines.markup import breakable as breakable
from rushes.timelines.markup import text as text


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Return for each path as few of its last parts as no other of them ends in: `films/a` is `a`."""
    parts = {path: [part for part in re.split(r"[/\\]", path) if part] for path in paths}
    endings = {path: ["/".join(words[-depth:]) for depth in range(1, len(words) + 1)] for path, words in parts.items()}
    found = Counter(ending for some in endings.values() for ending in some)
    return {path: next((one for one in some if found[one] == 1), path) for path, some in endings.items()}


def named(path: str, called: Mapping[str, str]) -> str:
    """Return the short name of a path as HTML that may be broken, the whole of it at hand where it is longer."""
    short = called.get(path, path)
    return breakable(short) if short == path else f'<span title="{text(path)}">{breakable(short)}</span>'


def number(value: float) -> str:
    """Return a number of [0, 1] with two digits: `0.62`; what is not quite 1 or 0 does not round to it."""
    if 0.995 <= value < 1:
        return ">0.99"
    if 0 < value < 0.005:
        return "<0.01"
    return f"{value:.2f}"


def percent(share: float) -> str:
    """Return a share as whole percent, `31 %`; what is not quite all or nothing does not round to it."""
    if 0.995 <= share < 1:
        return ">99 %"
    if 0 < share < 0.005:
        return "<1 %"
    return f"{share * 100:.0f} %"


def count(value: int) -> str:
    """Return a count with commas between thousands."""
    return f"{value:,}"


def counted(value: int, noun: str, nouns: str | None = None) -> str:
    """Return `1 group`, `5 groups`; of a noun that takes no s, with its plural."""
    return f"{value:,} {noun if value == 1 else nouns or noun + 's'}"


def amount(share: float) -> str:
    """Return a bar as long as a share of what it stands in."""
    return f'<i class="amount" style="width:{share * 100:.1f}%"></i>'


def span(interval: Interval) -> str:
    """Return the ends of an interval, `0.55–0.69`, or nothing where it has none."""
    if interval.low is None or interval.high is None:
        return ""
    return f"{number(interval.low)}–{number(interval.high)}"


def within(interval: Interval) -> str:
    """Return an interval with its name, `95 % interval 0.55–0.69` or `range over 3 groups 0.55–0.69`, or nothing."""
    return f"{interval_name(interval)} {span(interval)}" if interval.low is not None else ""


def interval_name(interval: Interval) -> str:
    """Return what an interval with ends may be called: `95 % interval`, or `range over 3 groups`."""
    if interval.level is None:
        return f"range over {counted(interval.group_count, 'group')}"
    return f"{interval.level * 100:.0f} % interval"


def score_cell(score: Score) -> str:
    """Return a score as HTML, or the word `undefined` with its reason at hand."""
    if score.value is None:
        return f'<abbr class="undefined" title="{text(score.reason)}">undefined</abbr>'
    return number(score.value)


def duration(seconds: float) -> str:
    """Return a time as a person says it: `48 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def format_toml(table: Mapping[str, Any]) -> str:
    """Write a resolved recipe as the TOML that it could be read from; empty (None) values are left out."""
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping) and value is not None}
    lines = [f"{toml_key(key)} = {toml_value(value)}" for key, value in plain.items()]
    for name, section in table.items():
        if isinstance(section, Mapping):
            lines += ["", f"[{toml_key(name)}]"]
            lines += [f"{toml_key(key)} = {toml_value(value)}" for key, value in section.items() if value is not None]
    return "\n".join(lines).strip() + "\n"


def toml_key(key: str) -> str:
    """Return a key as TOML, quoted where it has to be."""
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else toml_value(key)


def toml_value(value: Any) -> str:
    """Return a plain value as TOML on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
            if value
            else "{}"
        )
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"' + "".join(f"\\u{ord(mark):04x}" if ord(mark) < 32 or ord(mark) == 127 else mark for mark in escaped) + '"'
    )
