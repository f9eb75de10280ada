from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from benchmarks.results import (
    Finding,
    draw_chart,
    format_findings,
    format_ratio,
    format_results,
    parse_findings,
    ratio_wanted,
)


def finding(name: str, *, ratio: float | None = 12.0, holds: bool | None = True, **changes) -> Finding:
    table = {
        "name": name,
        "ours": 1.0,
        "peer": None if ratio is None else ratio,
        "ratio": ratio,
        "unit": "s",
        "target": "ratio >= 10" if ratio is not None else "ours <= 6",
        "holds": holds,
        "machine": "a processor, 2 cores",
        "commit": "abc",
    }
    return Finding(f"{name} & its peer", ("what was measured",), table | changes)


FINDINGS = [
    finding("fast", ratio=250.0),
    finding("slow", ratio=0.5, holds=False),
    finding("alone", ratio=None),
    finding("absent", ratio=None, holds=None, ours=None, target="ratio >= 50"),
]


def test_the_page_states_every_benchmark_whether_its_target_was_reached_or_not():
    page = format_results(FINDINGS)
    assert "| [fast](#fast) | fast & its peer | 1 s | 250 s | 250 × | ≥ 10 × | reached |" in page
    assert "| [slow](#slow) | slow & its peer | 1 s | 0.5 s | 0.50 × | ≥ 10 × | missed |" in page
    assert "| [alone](#alone) | alone & its peer | 1 s | – | – | ≤ 6 s | reached |" in page
    assert "| [absent](#absent) | absent & its peer | – | – | – | ≥ 50 × | not measured |" in page
    assert "On: a processor, 2 cores. Commit: abc." in page


def test_a_commit_made_while_the_benchmarks_ran_is_named_beside_the_first():
    page = format_results([finding("one"), finding("two", commit="def"), finding("three", commit="def")])
    assert "Commit: abc, then def." in page


def test_the_chart_has_a_bar_for_every_ratio_and_a_line_for_those_without():
    chart = ElementTree.fromstring(draw_chart(FINDINGS))
    bars = [shape.get("class") for shape in chart.findall(".//{*}rect")]
    assert bars == ["paper", "reached", "missed"]
    words = [" ".join(text.itertext()) for text in chart.findall(".//{*}text")]
    assert "no peer: 1 s, target ≤ 6 s, reached" in words
    assert "not measured, target ≥ 50 ×" in words


def test_a_longer_bar_is_a_higher_ratio_and_none_leaves_the_chart():
    ratios = (1.2, 8.0, 90.0, 4000.0)
    chart = ElementTree.fromstring(draw_chart([finding(f"f{ratio}", ratio=ratio) for ratio in ratios]))
    paper, *bars = chart.findall(".//{*}rect")
    widths = [float(bar.get("width", "0")) for bar in bars]
    assert widths == sorted(widths)
    assert all(float(bar.get("x", "0")) + float(bar.get("width", "0")) < float(paper.get("width", "0")) for bar in bars)


@pytest.mark.parametrize(("target", "wanted"), [("ratio >= 2.5", 2.5), ("ours <= 6", None)])
def test_a_target_says_which_ratio_it_wants(target, wanted):
    assert ratio_wanted(target) == wanted


@pytest.mark.parametrize(("ratio", "shown"), [(130.8, "131 ×"), (1300.0, "1,300 ×"), (4.96, "5.0 ×")])
def test_small_ratios_keep_a_decimal(ratio, shown):
    assert format_ratio(ratio) == shown


def test_findings_are_read_as_they_were_written() -> None:
    found = [Finding("a, beside b", ("one", "two"), {"name": "a", "ours": 1.5, "ratio": None, "holds": True})]
    assert parse_findings(format_findings(found)) == found
