"""The nine baselines of the MCU project: three designs, each with three shares of the majority left out.

    python -m benchmarks baselines                          small, on this machine
    python -m benchmarks.baselines --prepare FOLDER         the pictures of both sets, manifests and splits
    python -m benchmarks.baselines --folder FOLDER --device cuda --seeds 3 --json OUT

What `--folder` does needs neither footage nor PyAV, so that it can run on a machine with a GPU and little else.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness import Outcome, Say, Target, describe_commit, describe_machine, find_media, format_seconds
from rushes.datasets.split import PARTS, format_split, plan_split, read_split
from rushes.footage.picture import PictureSize, encode_picture, resize
from rushes.footage.signature import signature_of
from rushes.labels.manifest import ManifestRow, read_manifest
from rushes.labels.manifest_table import format_manifest
from rushes.progress import Progress
from rushes.project import SplitSettings, Task
from rushes.storage.files import digest_of_bytes, write_bytes, write_json, write_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from rushes.learning.findings import Tried
    from rushes.learning.ground import Ground
    from rushes.learning.tune import Plan

TARGET = Target("ours", 600)
DESIGNS = ("cnn-4x4", "cnn-5x5", "cnn-6x6")
REMOVED = (0.2, 0.4, 0.6)
CLASSES = ("other", "mcu")
_LONG_SIDE = 160
_QUALITY = 88
_FILMS = 40
_SHARES = SplitSettings(train=0.6, validation=0.2, test=0.2, seed=0)
_STILLS = "images/shotscale_cinemanet"
_SMALL = {"films": 6, "epochs": 2, "seeds": 3}  # such that two cores are done within ten minutes
SCORES = ("accuracy", "f1_macro", "recall", "false_positive_rate")

# set -> which question is asked of which pictures.
WORDS = {
    "generated": "frames of generated films, two of each shot; medium shots (people from the waist up) stand for "
    "medium close-ups, all other sizes and titles are other; grouped by film",
    "stills": "film stills by shot scale (CinemaNet); its class M (medium) stands for medium close-ups, CU, ECU, L and "
    "EL are other; films are not named, so grouped by likeness only",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A labelled picture of a set, with what must not be divided."""

    pixels: npt.NDArray[np.uint8]
    class_name: str
    group: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """One setting on the test part: score -> (mean, spread over the seeds)."""

    design: str
    removed: float
    scores: Mapping[str, tuple[float, float | None]]
    seconds: float
    seeds: int


def measure(say: Say) -> Outcome:
    say("Nine small CNNs from scratch (3 designs x 3 shares of the majority left out) on generated films, small.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare_set("generated", folder, _generated(folder / "films", films=_SMALL["films"]))
        started = time.perf_counter()
        lines, always = run_set(folder / "generated", seeds=_SMALL["seeds"], epochs=_SMALL["epochs"], say=say)
        seconds = time.perf_counter() - started
        for line in format_table(lines, always).splitlines():
            say(line)
    say(f"{_SMALL['epochs']} epochs on {_SMALL['films']} films show that all of it runs, not how good the designs "
        "are: docs/baselines.md has the table of the whole runs.")  # fmt: skip
    return Outcome("baselines", seconds, None, "s", TARGET)


def main() -> int:
    """Prepare the sets, or train on prepared ones and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baselines", description="The nine MCU baselines.")
    parser.add_argument("--prepare", type=Path, metavar="FOLDER", help="write pictures, manifests and splits there")
    parser.add_argument("--films", type=int, default=_FILMS, help="of --prepare: how many films to generate")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="train on what --prepare wrote there")
    parser.add_argument("--set", dest="sets", action="append", choices=list(WORDS), help="only this set; repeatable")
    parser.add_argument("--device", help="cpu, cuda, cuda:1; otherwise the best that is there")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--workers", type=int, default=1, help="trainings at a time")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", type=Path, metavar="OUT", help="where all numbers go")
    asked = parser.parse_args()
    if (asked.prepare is None) == (asked.folder is None):
        parser.error("give either --prepare FOLDER or --folder FOLDER")
    if asked.prepare is not None:
        prepare(asked.prepare, films=asked.films, say=_say)
        return 0
    there = [name for name in asked.sets or WORDS if (asked.folder / name / "about.json").is_file()]
    if not there:
        print(f"baselines: {asked.folder} holds no set. Write them: --prepare {asked.folder}", file=sys.stderr)
        return 2
    tables: dict[str, Any] = {"machine": describe_machine(), "commit": describe_commit(), "sets": {}}
    for name in there:
        _say(f"\n{name}: {WORDS[name]}")
        lines, always = run_set(
            asked.folder / name,
            seeds=asked.seeds,
            epochs=asked.epochs,
            device=asked.device,
            workers=asked.workers,
            threads=asked.threads,
            say=_say,
        )
        _say(format_table(lines, always))
        tables["sets"][name] = _table_of(lines, always, epochs=asked.epochs)
        if asked.json is not None:
            write_json(asked.json, tables)
    return 0


def prepare(folder: Path, *, films: int, say: Say) -> None:
    """Write both sets as small pictures; the stills only where the real media are at hand."""
    with tempfile.TemporaryDirectory() as name:
        say(prepare_set("generated", folder, _generated(Path(name), films=films)))
    media = find_media()
    if media is None or not (media / _STILLS).is_dir():
        say("stills: not written, it needs shared/media (or RUSHES_MEDIA)")
        return
    say(prepare_set("stills", folder, _stills(media / _STILLS)))


def prepare_set(name: str, folder: Path, pictures: Sequence[Picture]) -> str:
    """Write the pictures of a set, its manifest and its grouped split; return a line on them."""
    root = folder / name
    rows, signatures, size = [], {}, 0
    for picture in pictures:
        data = encode_picture(resize(picture.pixels, PictureSize(long_side=_LONG_SIDE)), "jpeg", _QUALITY)
        path = f"frames/{picture.class_name}/{picture.name}.jpg"
        write_bytes(root / path, data)
        size += len(data)
        row = ManifestRow(path, picture.class_name, group=picture.group, origin="benchmark",
                          sha256=digest_of_bytes(data), name=picture.name)  # fmt: skip
        rows.append(row)
        signatures[row.frame_id] = signature_of(picture.pixels)
    write_text(root / "manifest.jl", format_manifest(rows))
    rows = read_manifest(root / "manifest.jl")
    # Shots of one film resemble each other and stand together anyway: only stills are joined by likeness.
    likeness = signatures if name == "stills" else {}
    split = plan_split(rows, task="mcu", kind="grouped", settings=_SHARES, signatures=likeness)
    write_text(root / "split.json", format_split(split))
    counts = {
        part: {one: sum(split.parts.get(row.frame_id) == part and row.class_name == one for row in rows)
               for one in CLASSES}
        for part in PARTS
    }  # fmt: skip
    write_json(root / "about.json", {"schema": "baselines/1", "set": name, "words": WORDS[name], "counts": counts,
                                     "left_out": len(split.left_out)})  # fmt: skip
    shown = ", ".join(f"{part} {of['mcu']} of {sum(of.values())} mcu" for part, of in counts.items())
    return f"{name}: {len(rows)} pictures, {size / 1e6:.1f} MB; {shown}; {len(split.left_out)} left out as look-alikes"


def run_set(
    root: Path,
    *,
    seeds: int,
    epochs: int,
    say: Say,
    device: str | None = None,
    workers: int = 1,
    threads: int | None = None,
) -> tuple[list[Line], dict[str, float]]:
    """Train the grid as `rushes tune` does, then score the test part once; return a line each, and of saying `other`.

    Whatever was trained in an earlier call is not trained again.
    """
    from rushes.learning.ground import Ground
    from rushes.learning.search import parse_search
    from rushes.learning.tune import devices_for, plan_search, run_search

    table = {
        "schema": "recipe/2",
        "name": "mcu",
        "model": {"kind": "cnn", "design": DESIGNS[-1]},
        "training": {"epochs": epochs},
        "balance": {"loss": "plain", "remove": REMOVED[0]},
    }
    space = {"model.design": list(DESIGNS), "balance.remove": list(REMOVED)}
    search = parse_search({"method": "grid", "seeds": seeds, "focus": "mcu", "space": space}, "baselines")
    ground: Ground = Ground(
        task=Task("mcu", CLASSES),
        manifest=root / "manifest.jl",
        rows=tuple(read_manifest(root / "manifest.jl")),
        split=read_split(root / "split.json"),
        split_path=root / "split.json",
        project_root=root,
        runs_folder=root / "runs",
        cache_folder=root / "cache",
        threads=threads,
    )
    plan = plan_search(search, table, where="baselines", ground=ground, searches_folder=root / "searches")
    searched = run_search(plan, devices=devices_for(device, workers), workers=workers, progress=_progress(say))
    say(f"on validation: {searched.findings.verdict}")
    for one in searched.findings.tried:
        if one.state == "failed":
            say(f"failed: {one.setting}: {one.reason}")
    lines = [_line_of(one, plan) for one in searched.findings.tried if one.state == "done"]
    return lines, _always(ground)


def format_table(lines: Sequence[Line], always: Mapping[str, float]) -> str:
    """Return the lines as a Markdown table."""
    seeds = lines[0].seeds if lines else 0
    rows = [
        "| design | removed | accuracy | macro-F1 | recall of mcu | false-positive rate of mcu "
        f"| seconds, of {seeds} seeds each |",
        "|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        cells = " | ".join(_shown(*line.scores[name]) for name in SCORES)
        rows.append(f"| {line.design} | {line.removed:.0%} | {cells} | {line.seconds:.0f} |")
    rows.append("| always `other` | | " + " | ".join(f"{always[name]:.3f}" for name in SCORES) + " | |")
    return "\n".join(rows)


def _line_of(one: Tried, plan: Plan) -> Line:
    from rushes.learning.predictions import read_predictions

    found: dict[str, list[float]] = {name: [] for name in SCORES}
    for trial in one.trials:
        test = read_predictions(plan.ground.runs_folder / trial.run / "predictions" / "test.parquet")
        for name, value in _scores(test.truth == 1, test.predicted == 1).items():
            found[name].append(value)
    return Line(
        design=str(one.setting["model.design"]),
        removed=float(one.setting["balance.remove"]),
        scores={
            name: (mean(values), stdev(values) if len(values) > 1 else None) for name, values in found.items()
        },
        seconds=one.seconds,
        seeds=len(one.trials),
    )  # fmt: skip


def _scores(truth: npt.NDArray[np.bool_], predicted: npt.NDArray[np.bool_]) -> dict[str, float]:
    hit, wrong = int((truth & predicted).sum()), int((~truth & predicted).sum())
    missed, right = int((truth & ~predicted).sum()), int((~truth & ~predicted).sum())
    f1s = [2 * found / max(2 * found + wrong + missed, 1) for found in (hit, right)]
    return {
        "accuracy": (hit + right) / len(truth),
        "f1_macro": mean(f1s),
        "recall": hit / max(hit + missed, 1),
        "false_positive_rate": wrong / max(wrong + right, 1),
    }


def _always(ground: Ground) -> dict[str, float]:
    """Return the scores on test of whoever says `other` of everything."""
    truth = np.array([row.class_name == "mcu" for row in ground.rows if ground.split.parts.get(row.frame_id) == "test"])
    return _scores(truth, np.zeros_like(truth))


def _generated(folder: Path, *, films: int) -> list[Picture]:
    """Return two frames of each shot of films that are rendered into a folder."""
    import av

    from rushes.datasets.synthetic.films import render_films

    pictures = []
    for film in render_films(folder, films=films, size=(320, 180)):
        wanted = {
            shot.start + round((shot.stop - shot.start) * share): shot for shot in film.shots for share in (0.3, 0.7)
        }
        with av.open(str(film.path)) as container:
            for ordinal, frame in enumerate(container.decode(video=0)):
                if (shot := wanted.get(ordinal)) is not None:
                    class_name = "mcu" if shot.scale == "MS" else "other"
                    pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
                    pictures.append(Picture(pixels, class_name, film.name, f"{film.name}_{ordinal:05d}"))
    return pictures


def _stills(folder: Path) -> list[Picture]:
    from rushes.footage.pictures import read_picture

    pictures = []
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            name = f"{path.parent.name}_{path.stem}"
            class_name = "mcu" if path.parent.name == "M" else "other"
            pictures.append(Picture(read_picture(path), class_name, name, name))
    return pictures


def _progress(say: Say) -> Progress:
    """Return a Progress that says each training once it is done."""
    said = -1
    started = time.perf_counter()

    def progress(done: int, total: int | None, note: str = "") -> None:
        nonlocal said
        if done != said and done:
            say(f"  {done} of {total} trainings, {format_seconds(time.perf_counter() - started)}")
        said = done

    return progress


def _shown(middle: float, spread: float | None) -> str:
    return f"{middle:.3f}" if spread is None or math.isnan(spread) else f"{middle:.3f} ± {spread:.3f}"


def _table_of(lines: Sequence[Line], always: Mapping[str, float], *, epochs: int) -> dict[str, Any]:
    return {
        "epochs": epochs,
        "lines": [
            {"design": line.design, "removed": line.removed, "seeds": line.seeds, "seconds": line.seconds,
             "scores": {name: {"mean": found[0], "sd": found[1]} for name, found in line.scores.items()}}
            for line in lines
        ],
        "always_other": dict(always),
        "table": format_table(lines, always),
    }  # fmt: skip


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
