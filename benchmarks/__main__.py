"""`python -m benchmarks [NAME]`: one benchmark, or all of them and the table of their results."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.harness import ROOT, Outcome, describe_commit, describe_machine, parse_last_line
from benchmarks.results import Finding, draw_chart, format_findings, format_results, parse_findings
from rushes.errors import did_you_mean
from rushes.storage.files import write_text

_KEPT = ROOT / "benchmarks" / "results.json"  # what the table and the chart are made of

# Name -> what is compared, for the chart.
BENCHMARKS = {
    "scan": "one pass over a film, beside a bare decode",
    "scan_vs_tools": "one pass, beside PySceneDetect and an OpenCV loop",
    "scan_memory": "memory of a scan of two hours",
    "cuts": "errors in finding cuts, beside PySceneDetect",
    "movement": "macro-F1 missed in movement of shots, beside a backbone and a GRU",
    "movement_cost": "the movement branch, as a share of the decode of 1080p H.264",
    "sparse": "a frame every 8 s of a film, beside an OpenCV loop",
    "raw_preview": "first look at a raw, beside a full development",
    "cull_speed": "a folder of raws to verdicts, beside a full development and the same model",
    "cull_recall": "average precision missed on shoots never seen, beside the best baseline",
    "photo_measures": "the measures of a photograph of 1,024 pixels, one core",
    "features_first": "a head on cached features, beside fine-tuning",
    "loader": "share of training in which the network waits, beside torchvision's loader",
    "baselines": "the nine MCU baselines, small: three designs, three removals, three seeds",
    "evaluate_speed": "scores with intervals, beside a scikit-learn loop",
    "report_load": "a report of ten classes with its pictures, until Chromium has loaded it",
    "review_latency": "95 % of keys to the next photograph on the screen, beside a page that sets img.src",
    "runtime": "an exported bundle, beside eager torch",
    "serve_load": "requests a second of `rushes serve` at 1, 8 and 64 clients, beside FastAPI and eager torch",
    "hour_film": "an hour of film by `rushes serve`, beside the decode of every frame",
    "hostile_uploads": "memory of `rushes serve` after rounds of hostile files, beside that after two",
    "suggest": "errors of suggested classes, beside near-duplicate counts",
    "relabel_plan": "the plan of a sync of five million frames, beside a pandas merge",
    "relabel_kill": "objects lost or doubled by kill -9 during a sync",
    "relabel_apply": "moves in a bucket, beside a boto3 loop",
    "structure": "a film of two hours understood and written, once its scan and features are kept",
    "scenes": "boundaries of scenes missed, beside simpler ways",
    "dialogues": "two-character dialogues missed, beside the first algorithm",
    "characters": "people told apart in real footage",
    "pool_overhead": "files and pictures in the pool of this machine, beside a bare ProcessPoolExecutor",
    "scale_kill": "rows lost or doubled by kill -9 of workers, of a node, of the driver",
    "scale_rates": "ten million frames sought, measured and seen, in core-hours, from the rates of one core",
    "catalog_million": "a million frames and three million labels to a manifest",
    "catalog": "100,000 frames and 300,000 labels to a manifest",
}


def main() -> int:
    """Run what is asked for; 0 when all was measured, 1 when one failed, 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure rushes beside its peers.")
    parser.add_argument("name", nargs="?", metavar="NAME", help=f"one of: {', '.join(BENCHMARKS)}; all where none is")
    parser.add_argument("--record", action="store_true", help="put what NAME found into the table; the others stay")
    words = parser.parse_args()
    name = words.name
    if name is None:
        return run_all()
    if name not in BENCHMARKS:
        print(f"benchmarks: there is no benchmark '{name}'. {did_you_mean(name, list(BENCHMARKS))}", file=sys.stderr)
        return 2
    if words.record:
        return record(name)
    print(json.dumps(run_one(name)))
    return 0


def run_one(name: str) -> dict[str, Any]:
    """Run a benchmark, which prints what it does, and return what it found."""

    def say(text: str) -> None:
        print(text, flush=True)

    outcome: Outcome = importlib.import_module(f"benchmarks.{name}").measure(say)
    return outcome.to_table(machine=describe_machine(), commit=describe_commit())


def run_all() -> int:
    """Run every benchmark in a process of its own, and rewrite the results."""
    findings = [_find(name) for name in BENCHMARKS]
    failed = [finding for finding in findings if isinstance(finding, str)]
    if failed:
        # A table with a gap would be read as complete.
        print("\n".join([*failed, "benchmarks/RESULTS.md was left as it is"]), file=sys.stderr)
        return 1
    _write([finding for finding in findings if isinstance(finding, Finding)])
    return 0


def record(name: str) -> int:
    """Run one benchmark in a process of its own, and put what it found in the place of what it found before."""
    finding = _find(name)
    if isinstance(finding, str):
        print(f"{finding}\nbenchmarks/RESULTS.md was left as it is", file=sys.stderr)
        return 1
    known = {one.table["name"]: one for one in parse_findings(_KEPT.read_text(encoding="utf-8"))} | {name: finding}
    _write([known[one] for one in BENCHMARKS if one in known])
    return 0


def _find(name: str) -> Finding | str:
    """Return what a benchmark found, or why it found nothing."""
    print(f"--- {name}", flush=True)
    lines, status = _run_apart(name)
    try:
        return Finding(BENCHMARKS[name], tuple(lines[:-1]), parse_last_line(lines))
    except ValueError as error:
        return f"{name}: ended with {status}, {error}"


def _write(findings: Sequence[Finding]) -> None:
    write_text(_KEPT, format_findings(findings))
    write_text(ROOT / "benchmarks" / "results.svg", draw_chart(findings))
    write_text(ROOT / "benchmarks" / "RESULTS.md", format_results(findings))
    print("written: benchmarks/RESULTS.md, results.json and results.svg")


def _run_apart(name: str) -> tuple[list[str], int]:
    """Run a benchmark in its own process; print its lines as they come, and return them with its exit status."""
    lines = []
    command = [sys.executable, "-m", "benchmarks", name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip("\n"))
    return lines, process.returncode


if __name__ == "__main__":
    raise SystemExit(main())
