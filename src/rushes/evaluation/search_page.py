"""A search as one self-contained HTML page: every setting with its spread, the effects, optuna's way."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any

from rushes.evaluation.gains import Gain, describe_gain
from rushes.evaluation.markup import breakable, counted, duration, format_toml, text
from rushes.learning.findings import Effect, Estimate, Findings, Tried
from rushes.learning.plateau import UNMEASURED_NOISE, pool_spread
from rushes.learning.search import Setting, describe_setting, describe_value
from rushes.learning.tune import SEARCH_FILE
from rushes.storage.files import write_text

PAGE_FILE = "report.html"
_MEASURES = {"recall": "recall", "false_positive_rate": "false positives", "f1_macro": "macro-F1"}
_LESS_IS_BETTER = ("false_positive_rate",)
_METHODS = {"grid": "grid", "one-at-a-time": "one at a time", "optuna": "optuna"}


def write_search_page(folder: Path, findings: Findings, *, gain: Gain | None = None) -> Path:
    """Write the page of a search into its folder, from its `search.json` and what was found; return its path.

    Args:
        gain: of the best over the recipe as it is, on the groups of validation (`gains.gain_of_best`).
    """
    table = json.loads((folder / SEARCH_FILE).read_text(encoding="utf-8"))
    path = folder / PAGE_FILE
    write_text(path, format_search_page(table, findings, gain=gain))
    return path


def format_search_page(table: Mapping[str, Any], findings: Findings, *, gain: Gain | None = None) -> str:
    """Return the page as HTML; it needs no network and no file beside it.

    Args:
        table: of `search.json`.
        gain: as `write_search_page` takes it.
    """
    search = table["search"]
    verdict = findings.verdict
    return Template(_page("search.html")).substitute(
        title=text(f"{table['name']}: search"),
        style=_page("report.css") + _page("search.css"),
        task=text(table["task"]),
        recipe=text(table["name"]),
        method=text(_METHODS.get(search["method"], search["method"])),
        verdict=text((verdict if "." in verdict.split()[0] else verdict[:1].upper() + verdict[1:]) + "."),
        facts=_facts(table, findings),
        noise_words=text(" ".join([_explain_noise(findings, seeds=search["seeds"]), describe_gain(gain)]).strip()),
        settings_words=text(_explain_settings(search)),
        settings=_settings(table, findings),
        effects=_effects(search, findings),
        history=_history(search, findings) if search["method"] == "optuna" else "",
        making=_making(table),
    )


def _facts(table: Mapping[str, Any], findings: Findings) -> str:
    search = table["search"]
    done = sum(one.state == "done" for one in findings.tried)
    trainings = [trial for one in findings.tried for trial in one.trials]
    best = findings.best
    score = "–" if best is None or best.score is None else f"{best.score.value:.3f}"
    spread = "" if best is None or best.score is None or best.score.spread is None else f" ± {best.score.spread:.3f}"
    others = [
        f"{sum(one.state == state for one in findings.tried)} {words}"
        for state, words in (("pruned", "given up early"), ("failed", "failed"), ("partly", "not finished"))
        if any(one.state == state for one in findings.tried)
    ]
    tiles = (
        (
            "Best setting",
            score + spread,
            f"{search['monitor']} on validation, mean ± standard deviation",
            "" if best is None else _show_setting(best.setting),
        ),
        ("Settings", str(done), f"trained from {counted(search['seeds'], 'seed')} each", ", ".join(others)),
        (
            "Trainings",
            str(len(trainings)),
            duration(sum(trial.seconds for trial in trainings)) + " in all",
            text(f"stopped: {table['stopped']}") if table.get("stopped") else "still going on",
        ),
    )
    return '<dl class="tiles">' + "".join(
        f'<div class="tile"><dt>{text(name)}</dt><dd><b>{text(value)}</b><span>{text(first)}</span>'
        f"<span>{second}</span></dd></div>"
        for name, value, first, second in tiles
    ) + "</dl>"  # fmt: skip


def _explain_noise(findings: Findings, *, seeds: int) -> str:
    if seeds == 1:
        return (
            "Each setting was trained from one seed, so that nobody knows how much of a difference is chance; "
            f"{UNMEASURED_NOISE:g} stands for it. Two runs of such a network may differ by more: take seeds = 3."
        )
    rounds = [one.round for one in findings.tried if one.score is not None]
    if rounds and pool_spread(rounds)[0] is None:
        return (
            f"The {seeds} seeds of each setting gave the same score to the last digit: nothing in this recipe hangs on "
            "the seed, and one would do. How much of a difference is chance, the seeds cannot tell."
        )
    others = sum(one.state == "done" for one in findings.tried) - 1
    noise = "" if findings.noise is None else (
        f" Here the best of {others} may lie {findings.noise:.3f} above the recipe as it is by chance alone."
    )  # fmt: skip
    return (
        f"Trained again from another seed, the same setting scores differently. The spread between the {seeds} seeds "
        "says how large a difference must be to be none of chance: pooled over all settings that the seed moves, or a "
        "setting's own where it is larger. The more settings are compared, the higher the best of them by luck, and "
        "the bound rises with their number (Bonferroni)." + noise
    )


def _explain_settings(search: Mapping[str, Any]) -> str:
    return (
        f"Every setting, the highest mean {search['monitor']} first. Recall and false positives are of the class "
        f"'{search['focus']}': of what is labelled so, the share that is found; of all else, the share taken for it."
    )


def _settings(table: Mapping[str, Any], findings: Findings) -> str:
    focus = text(table["search"]["focus"])
    ranked = sorted(
        findings.tried,
        key=lambda one: (one.state != "done", -(one.score.value if one.score else -math.inf), one.number),
    )
    low, high = _domain([one.score for one in ranked if one.score is not None], [_seeds(one) for one in ranked])
    base = findings.baseline.score if findings.baseline else None
    rows = "\n".join(_setting(one, findings, low=low, high=high, base=base) for one in ranked)
    return (
        '<div class="scroll"><table class="settings"><thead><tr><th>Setting</th>'
        f'<th class="wide">{_ends(low, high)}</th><th>{text(table["search"]["monitor"])}</th><th>± sd</th>'
        f"<th>recall<br>{focus}</th><th>false positives<br>{focus}</th><th>time</th></tr></thead>"
        f"<tbody>\n{rows}\n</tbody></table></div>"
        '<p class="legend"><span><i class="mean"></i>mean</span><span><i class="bar"></i>95 % interval of the mean'
        '</span><span><i class="seed"></i>one seed</span><span><i class="base"></i>the recipe as it is</span></p>'
    )


def _setting(one: Tried, findings: Findings, *, low: float, high: float, base: Estimate | None) -> str:
    tag = "best" if one is findings.best else "as it is" if one is findings.baseline else ""
    if one.state != "done":
        tag = {"pruned": "given up", "partly": "not finished"}.get(one.state, one.state)
    label = f'<span class="tag">{tag}</span>' if tag else ""
    name = f"<th>{_show_setting(one.setting)}{label}</th>"
    style = "best" if one is findings.best else "" if one.state == "done" else "out"
    if one.score is None:
        return f'<tr class="{style}">{name}<td class="words" colspan="6">{text(one.reason)}</td></tr>'
    track = _track(
        one.score,
        low=low,
        high=high,
        seeds=_seeds(one),
        mark=base,
        style="" if one.state == "done" else "open",
        given_up=one.state == "pruned",
    )
    return (
        f'<tr class="{style}">{name}<td class="wide">{track}</td><td><b>{one.score.value:.3f}</b></td>'
        f"<td>{_plain(one.score.spread)}</td><td>{_measure(one, 'recall')}</td>"
        f"<td>{_measure(one, 'false_positive_rate')}</td><td>{duration(one.seconds)}</td></tr>"
    )


def _show_setting(setting: Setting) -> str:
    """Return a setting as HTML that breaks between its keys only."""
    if not setting:
        return text(describe_setting(setting))
    return " ".join(
        f'<span class="change">{breakable(describe_setting({key: value}))}</span>' for key, value in setting.items()
    )


def _measure(one: Tried, name: str) -> str:
    return _plain(one.measures[name].value) if name in one.measures else "–"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _effects(search: Mapping[str, Any], findings: Findings) -> str:
    """Return the section of what each value does alone; "" where nothing was changed alone."""
    if not findings.effects:
        return ""
    reach = {
        name: max(
            (abs(end) for effect in findings.effects for end in _ends_of(effect.differences.get(name))), default=0.01
        ) or 0.01
        for name in _MEASURES
    }  # fmt: skip
    heads = "".join(
        f'<th class="wide">{words}{"" if name == "f1_macro" else " " + text(search["focus"])}'
        f"{_ends(-reach[name], reach[name], signed=True)}</th>"
        for name, words in _MEASURES.items()
    )
    counted = sum(len(effect.differences) for effect in findings.effects)
    rows = []
    for key, effects in groupby(findings.effects, key=lambda effect: effect.key):
        rows.append(f'<tr class="key"><th colspan="4">{breakable(key)}</th></tr>')
        rows += [_effect(effect, reach) for effect in effects]
    return (
        '\n<section class="full" id="effects">\n<div class="margin"><h2>Effects</h2><p>What changing one key alone '
        "does, everything else as in the recipe: the difference of the means, with its interval. The intervals hold "
        f"all {counted} together with 95 % (Bonferroni): a colour is chance on one page of twenty at most. Where an "
        "interval reaches over the upright line, nothing can be said.</p></div>\n"
        f'<div class="body"><div class="scroll"><table class="effects"><thead><tr><th>Value</th>{heads}</tr></thead>'
        "<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
        '<p class="legend"><span><i class="mean"></i>better</span><span><i class="bad"></i>worse</span>'
        '<span><i class="open"></i>within the noise</span><span><i class="bar"></i>interval</span></p>'
        "</div>\n</section>\n"
    )


def _effect(effect: Effect, reach: Mapping[str, float]) -> str:
    cells = []
    for name in _MEASURES:
        found = effect.differences.get(name)
        if found is None:
            cells.append('<td class="wide">–</td>')
            continue
        track = _track(found, low=-reach[name], high=reach[name], style=_leaning(name, found), zero=True)
        said = f'<span class="said"><b>{found.value:+.3f}</b>{_interval(found)}</span>'
        cells.append(f'<td class="wide">{track}{said}</td>')
    return f"<tr><th>{text(describe_value(effect.value))}</th>{''.join(cells)}</tr>"


def _leaning(name: str, found: Estimate) -> str:
    """Return the style of a difference: better, worse, or `open` where that cannot be told."""
    if found.low is None or found.high is None or found.low <= 0 <= found.high:
        return "open"
    return "worse" if (found.value > 0) == (name in _LESS_IS_BETTER) else ""


def _interval(found: Estimate) -> str:
    return "" if found.low is None or found.high is None else f" {found.low:+.3f} to {found.high:+.3f}"


def _track(
    found: Estimate,
    *,
    low: float,
    high: float,
    style: str,
    seeds: Sequence[float] = (),
    mark: Estimate | None = None,
    zero: bool = False,
    given_up: bool = False,
) -> str:
    """Draw a mean with its interval and seeds on a line from `low` to `high`."""

    def at(value: float) -> float:
        return min(max((value - low) / (high - low), 0.0), 1.0) * 100

    parts = ['<i class="zero" style="left:50%"></i>'] if zero else []
    if mark is not None:
        parts.append(f'<i class="base" style="left:{at(mark.value):.2f}%"></i>')
    if found.low is not None and found.high is not None and not given_up:
        left, right = at(found.low), at(found.high)
        parts.append(f'<i class="span" style="left:{left:.2f}%;width:{max(right - left, 0.4):.2f}%"></i>')
    parts.append(f'<i class="dot" style="left:{at(found.value):.2f}%"></i>')
    parts += [f'<i class="seed" style="left:{at(seed):.2f}%"></i>' for seed in seeds if len(seeds) > 1]
    return f'<div class="track {style}">{"".join(parts)}</div>'


def _ends(low: float, high: float, *, signed: bool = False) -> str:
    """Return the numbers at the ends and in the middle of a line."""
    digits = _digits(low, high)
    names = [
        f"{value:{'+' if signed and abs(value) > 1e-9 else ''}.{digits}f}" for value in (low, (low + high) / 2, high)
    ]
    places = "".join(f'<i style="left:{place}%">{name}</i>' for place, name in zip((0, 50, 100), names, strict=True))
    return f'<span class="ends">{places}</span>'


def _digits(low: float, high: float) -> int:
    """Return the decimals with which the ends and the middle of a line read as different numbers."""
    return min(max(2, math.ceil(-math.log10((high - low) / 2))), 6) if high > low else 2


def _seeds(one: Tried) -> list[float]:
    return [trial.score for trial in one.trials if trial.score is not None]


def _ends_of(found: Estimate | None) -> list[float]:
    return [end for end in (found.value, found.low, found.high) if end is not None] if found is not None else []


def _domain(found: Sequence[Estimate], seeds: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return from where to where scores are drawn: all means and seeds, and intervals as far as shares go."""
    means = [one.value for one in found] + [value for group in seeds for value in group]
    if not means:
        return 0.0, 1.0
    ends = [end for one in found for end in (one.low, one.high) if end is not None]
    floor, roof = (0.0, 1.0) if min(means) >= 0 else (-math.inf, 0.0)  # a loss counts from 0 down
    low, high = max(min([*means, *ends]), floor), min(max([*means, *ends]), roof)
    room = (high - low) * 0.03 or 0.05
    return low - room, high + room


def _history(search: Mapping[str, Any], findings: Findings) -> str:
    """Return the section of the way that optuna took, and of what it tried of each key."""
    tried = [one for one in findings.tried if one.score is not None]
    if len(tried) < 2:
        return ""
    monitor = str(search["monitor"])
    charts = [_figure("Settings in the order in which they were tried", _draw_way(tried, monitor))]
    for key, of_key in search["space"].items():
        charts.append(_figure(key, _draw_key(key, of_key, tried, monitor)))
    return (
        '\n<section class="full" id="way">\n<div class="margin"><h2>The way</h2><p>Each dot is a setting, a ring one '
        "that was given up early with the best it had reached; the bars run over its seeds. The line is the best mean "
        'so far.</p></div>\n<div class="body"><div class="charts">' + charts[0] + '</div><div class="charts">'
        + "".join(charts[1:]) + "</div></div>\n</section>\n"
    )  # fmt: skip


def _figure(title: str, drawn: str) -> str:
    return f"<figure><figcaption><b>{breakable(title)}</b></figcaption>{drawn}</figure>"


def _draw_way(tried: Sequence[Tried], monitor: str) -> str:
    last = max(one.number for one in tried) or 1
    width = 1080.0
    spots = [(one.number / last, one) for one in tried]
    low, high = _domain([one.score for one in tried if one.score], [_seeds(one) for one in tried])
    so_far: list[tuple[float, float]] = []
    points, best = "", -math.inf
    for share, one in spots:
        if one.state == "done" and one.score is not None and one.score.value > best:
            if so_far:
                so_far.append((share, best))
            best = one.score.value
            so_far.append((share, best))
    if so_far:
        so_far.append((1.0, best))
        points = " ".join(f"{_x(share, width):.1f},{_y(value, low, high):.1f}" for share, value in so_far)
    ticks = [(0.0, "0"), (1.0, str(last))]
    line = f'<polyline class="so-far" points="{points}"/>' if points else ""
    return _draw(spots, ticks, low, high, width=width, axis="setting", extra=line, label=f"{monitor} of each setting")


def _draw_key(key: str, of_key: Any, tried: Sequence[Tried], monitor: str) -> str:
    low, high = _domain([one.score for one in tried if one.score], [_seeds(one) for one in tried])
    known = [one for one in tried if key in one.setting]
    if isinstance(of_key, Mapping):
        bottom, top, log = float(of_key["low"]), float(of_key["high"]), bool(of_key.get("log"))

        def share(value: float) -> float:
            if log:
                return math.log(value / bottom) / math.log(top / bottom)
            return (value - bottom) / (top - bottom)

        spots = [(share(float(one.setting[key])), one) for one in known]
        ticks = [(0.0, f"{bottom:g}"), (1.0, f"{top:g}")]
    else:
        places = {json.dumps(value): index for index, value in enumerate(of_key)}
        count = len(places)
        spots = [((places[json.dumps(one.setting[key])] + 0.5) / count, one) for one in known]
        ticks = [((index + 0.5) / count, describe_value(value)) for index, value in enumerate(of_key)]
    return _draw(spots, ticks, low, high, width=330.0, axis="", label=f"{monitor} over {key}")


_LEFT, _TOP, _HEIGHT = 38.0, 8.0, 150.0


def _x(share: float, width: float) -> float:
    return _LEFT + 8 + share * (width - _LEFT - 24)


def _y(value: float, low: float, high: float) -> float:
    return _TOP + (1 - (value - low) / (high - low)) * _HEIGHT


def _draw(
    spots: Sequence[tuple[float, Tried]],
    ticks: Sequence[tuple[float, str]],
    low: float,
    high: float,
    *,
    width: float,
    axis: str,
    label: str,
    extra: str = "",
) -> str:
    """Draw settings as dots: where along the width, and as high as their score."""
    digits = _digits(low, high)
    parts = [
        f'<path class="grid" d="M{_LEFT:.0f},{_y(value, low, high):.1f}H{width - 8:.0f}"/><text class="tick" '
        f'x="{_LEFT - 6:.0f}" y="{_y(value, low, high) + 3.5:.1f}" text-anchor="end">{value:.{digits}f}</text>'
        for value in (low, (low + high) / 2, high)
    ]
    parts += [
        f'<text class="tick" x="{_x(share, width):.1f}" y="{_TOP + _HEIGHT + 16:.0f}" text-anchor="middle">{text(name)}'
        "</text>"
        for share, name in ticks
    ]
    parts.append(extra)
    for share, one in spots:
        assert one.score is not None
        seeds, x = _seeds(one), _x(share, width)
        if len(seeds) > 1:
            parts.append(
                f'<path class="whisker" d="M{x:.1f},{_y(max(seeds), low, high):.1f}V{_y(min(seeds), low, high):.1f}"/>'
            )
        style = "tried" if one.state == "done" else "given"
        name = f"{one.number}: {describe_setting(one.setting)}: {one.score.value:.3f}"
        parts.append(
            f'<circle class="{style}" cx="{x:.1f}" cy="{_y(one.score.value, low, high):.1f}" r="4">'
            f"<title>{text(name)}</title></circle>"
        )
    if axis:
        parts.append(f'<text class="axis" x="{width / 2:.0f}" y="{_TOP + _HEIGHT + 30:.0f}" text-anchor="middle">{axis}'
                     "</text>")  # fmt: skip
    height = _TOP + _HEIGHT + (36 if axis else 24)
    # No wider than it was drawn, nor much narrower: its words are as large as those of the next one.
    size = f"max-width:{width:.0f}px;min-width:{min(width, 640) * 0.9:.0f}px"
    return (
        f'<svg class="chart" style="{size}" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{text(label)}">' + "".join(parts) + "</svg>"
    )


def _making(table: Mapping[str, Any]) -> str:
    search, split = table["search"], table["split"]
    rows = {
        "Stopped": table.get("stopped") or "not yet",
        "Method": f"{search['method']}, {counted(search['seeds'], 'seed')} each"
        + (f", at most {counted(search['trials'], 'setting')}, patience {search['patience']}"
           if search["method"] == "optuna" else ""),
        "Compared by": f"{search['monitor']} on validation",
        "Manifest": f"{table['manifest']['path']} ({table['manifest']['sha256'][:12]})",
        "Split": f"{split['path'] or 'in no file'}, {split['kind']} ({split['sha256'][:12]})",
    }  # fmt: skip
    facts = "".join(f"<dt>{text(name)}</dt><dd>{breakable(str(value))}</dd>" for name, value in rows.items())
    command = f"<pre>{text(table['command'])}</pre>" if table.get("command") else ""
    recipe = format_toml({**table["recipe"], "search": {key: value for key, value in search.items() if value != ""}})
    return (
        f'<dl class="made">{facts}</dl>{command}<details><summary>The recipe and what was searched</summary>'
        f"<pre>{text(recipe)}</pre></details>"
    )


def _page(name: str) -> str:
    return (resources.files("rushes.evaluation") / "page" / name).read_text(encoding="utf-8")
