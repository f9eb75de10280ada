"""The report of a run with ten classes and real pictures: its size, and how long Chromium takes to show it."""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.browser import open_browser
from benchmarks.evaluate_speed import fabricate
from benchmarks.harness import Outcome, Say, Target, find_media
from rushes.evaluation.evaluate import evaluate_run
from rushes.learning.predictions import write_predictions

TARGET = Target("ours", 1.0)
_SAMPLES, _GROUPS = 5_000, 40
_ROUNDS = 5
_BLANK = "<!doctype html><title>blank</title><p>blank"


def measure(say: Say) -> Outcome:
    say("The report of a run: how large the file is, and how long Chromium takes until it is loaded with its pictures, "
        "beside a blank page.")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        media = find_media()
        if media is None:
            raise FileNotFoundError("it needs the pictures of shared/media (or RUSHES_MEDIA)")
        pictures = sorted((media / "images").rglob("*.jpg"))[:400]
        report = _report(root, pictures)
        megabytes = report.stat().st_size / 1e6
        say(f"Input: {_SAMPLES:,} predictions of 10 classes in {_GROUPS} groups, generated; pictures from "
            f"{len(pictures)} real photographs. The page has {megabytes:.2f} MB")  # fmt: skip
        blank = root / "blank.html"
        blank.write_text(_BLANK, encoding="utf-8")
        with open_browser() as browser:
            browser.load(report)
            wide = [browser.load(report) for _ in range(_ROUNDS)]
            narrow = [browser.load(report, width=390) for _ in range(_ROUNDS)]
            nothing = [browser.load(blank) for _ in range(_ROUNDS)]
    seconds = [statistics.median(one.seconds for one in loads) for loads in (wide, narrow, nothing)]
    say(f"  1280 pixels wide: {seconds[0]:.2f} s, {wide[0].elements:,} elements, {wide[0].height_pixels:,} pixels high")
    say(f"  390 pixels wide: {seconds[1]:.2f} s; a blank page: {seconds[2]:.2f} s")
    return Outcome("report_load", max(seconds[:2]), None, "s", TARGET)


def _report(root: Path, pictures: list[Path]) -> Path:
    run = root / "runs" / "2026-11-20-101500-ten"
    (root / "frames").mkdir()
    for number, picture in enumerate(pictures):
        shutil.copyfile(picture, root / "frames" / f"{number}.jpg")
    predictions = replace(
        fabricate(_SAMPLES, _GROUPS),
        images=tuple(f"frames/{row % len(pictures)}.jpg" for row in range(_SAMPLES)),
        names=tuple(f"TT_S01_E01_FRM-00-{row // 60 % 60:02d}-{row % 60:02d}-00" for row in range(_SAMPLES)),
        timecodes=tuple(f"00:{row // 60 % 60:02d}:{row % 60:02d}:00" for row in range(_SAMPLES)),
        origins=("jonny",) * _SAMPLES,
    )
    for part in ("test", "validation"):
        write_predictions(predictions, run / "predictions" / f"{part}.parquet")
    classes = predictions.classes
    table = {
        "schema": "run/1", "name": run.name, "task": "ten", "classes": list(classes),
        "recipe": {"name": "ten", "split": "grouped", "model": {"kind": "cnn"}, "training": {"epochs": 3}},
        "architecture": {"kind": "cnn"},
        "preprocessing": {"width": 224, "height": 224, "color": "rgb", "fit": "squeeze", "mean": [0.5] * 3,
                          "std": [0.5] * 3},
        "manifest": {"path": "manifests/ten.jl", "sha256": "ab" * 32},
        "split": {"path": "splits/ten.json", "sha256": "cd" * 32, "kind": "grouped"},
        "weights": {}, "working_size": "640", "leaks": [], "commit": None, "machine": {"cores": 2},
        "created_at": "2026-11-20T10:15:00Z", "elapsed_seconds": 60.0, "parameters": 1_000_000,
        "trained_parameters": 1_000_000, "epochs": 3, "best_epoch": 2,
        "counts": {"train": dict.fromkeys(classes, 500)}, "class_weights": {}, "warnings": [],
    }  # fmt: skip
    (run / "run.json").write_text(json.dumps(table), encoding="utf-8")
    (run / "history.jsonl").write_text("", encoding="utf-8")
    return evaluate_run(run, project_root=root).report
