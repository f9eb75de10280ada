"""A hundred thousand frames and their labels: taken in, resolved, and written as a manifest."""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from benchmarks.harness import Outcome, Say, Target, Timing, format_seconds, time_call
from rushes.catalog.catalog import Catalog, StoredFrame, open_catalog
from rushes.catalog.frame_refs import frame_refs
from rushes.catalog.samples import manifest_rows
from rushes.footage.source import Frame, Source
from rushes.labels.columns import plan_sheets
from rushes.labels.frame_index import FrameIndex
from rushes.labels.manifest_table import write_manifest
from rushes.labels.parse import parse_labels
from rushes.labels.plan import plan_import
from rushes.labels.sheets.files import read_sheets
from rushes.labels.trust import resolve
from rushes.project import Task
from rushes.storage.files import digest_of_bytes
from rushes.timecode import Timecode, format_frame_name

_FRAMES, _EPISODES = 100_000, 50
TARGET = Target("ours", 6)  # a tenth of what is promised for ten times as many: 60 s
_TASK = Task("rarity", ("Junk", "Common", "Uncommon", "Rare", "Legendary"))
_COLUMNS = ("UNSUPERVISED CLASSIFICATION", "SUPERVISED CLASSIFICATION", "JONNY's RECLASSIFICATION")
_TRUST = ("jonny", "supervised", "unsupervised")
NOW = "2026-11-20T12:00:00Z"

_T = TypeVar("_T")


def measure(say: Say) -> Outcome:
    say("A project's memory at size: frames into the catalog, a sheet's labels read, checked and appended, all labels "
        "resolved by trust, a manifest written.")  # fmt: skip
    say(f"Input: {_FRAMES:,} frames of {_EPISODES} episodes, {3 * _FRAMES:,} labels in a CSV with three columns of "
        "different trust; SQLite on this machine's disk, generated")  # fmt: skip
    say("There is no peer: what else does all of this is not at hand. The target is a tenth of that for a million.")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        sources, stored = make_footage(_FRAMES, _EPISODES)
        sheet = write_sheet(root / "season.csv", stored)
        steps = Steps()
        with open_catalog(f"sqlite:///{root / 'catalog.db'}") as catalog:
            go_through(steps, catalog, sources, stored, sheet, root)
        steps.tell(say)
    return Outcome("catalog", steps.wall_seconds, None, "s", TARGET)


class Steps:
    """The steps in their order, with what each took."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Timing]] = []

    def take(self, name: str, step: Callable[[], _T]) -> _T:
        """Run a step, take note of its time, and return its value."""
        kept: list[_T] = []
        self.taken.append((name, time_call(lambda: kept.append(step()))))
        return kept[0]

    @property
    def wall_seconds(self) -> float:
        return sum(timing.wall_seconds for _, timing in self.taken)

    def wall_seconds_of(self, *names: str) -> float:
        """Return what the steps of these names took together."""
        return sum(timing.wall_seconds for name, timing in self.taken if name in names)

    def tell(self, say: Say) -> None:
        """Say what each step took, and all of them together."""
        for name, timing in self.taken:
            say(f"  {name}: {format_seconds(timing.wall_seconds)}, processor {format_seconds(timing.cpu_seconds)}")
        spent = sum(timing.cpu_seconds for _, timing in self.taken)
        say(f"  all of it: {format_seconds(self.wall_seconds)}, processor {format_seconds(spent)}")


def go_through(
    steps: Steps, catalog: Catalog, sources: list[Source], stored: list[StoredFrame], sheet: Path, root: Path
) -> None:
    def add_frames() -> None:
        for source in sources:
            catalog.add_source(source, now=NOW)
        catalog.add_frames(stored, now=NOW)

    steps.take("frames added", add_frames)
    there = steps.take("frames and sources read back", lambda: (catalog.frames(), catalog.sources()))
    index = steps.take("frames indexed by name, path and time", lambda: FrameIndex(frame_refs(*there)))
    ((table, columns),) = steps.take("sheet read", lambda: plan_sheets(read_sheets(sheet), {}, task_name=_TASK.name))
    parsed = steps.take(
        "rows checked", lambda: parse_labels(table, _TASK, columns, index, default_origin="sheet", now=NOW)
    )
    if parsed.faults or parsed.unmatched or len(parsed.labels) != 3 * len(stored):
        raise ValueError(f"of {3 * len(stored):,} labels {len(parsed.labels):,} were taken in")
    new = steps.take("import planned", lambda: plan_import(catalog.labels(task=_TASK.name), parsed, now=NOW))
    steps.take("labels appended", lambda: catalog.append_labels(new))
    labels = steps.take("labels read back", lambda: catalog.labels(task=_TASK.name))
    resolved = steps.take("labels resolved", lambda: resolve(labels, _TRUST))
    rows = steps.take("rows made", lambda: manifest_rows(*there, resolved, lambda frame, group: None))
    steps.take("manifest written", lambda: write_manifest(rows, root, _TASK.name, datetime(2026, 11, 20, tzinfo=UTC)))


def make_footage(frames: int, episodes: int) -> tuple[list[Source], list[StoredFrame]]:
    """Return episodes and their frames, one every second at 24 per second."""
    sources, stored = [], []
    each = frames // episodes
    for episode in range(episodes):
        name = f"TT_S01_E{episode + 1:02d}"
        digest = digest_of_bytes(name.encode())
        sources.append(
            Source(
                digest=digest,
                path=f"/footage/{name}.mp4",
                name=name,
                group=name,
                kind="video",
                width_pixels=1920,
                height_pixels=1080,
                codec="h264",
                rate=Fraction(24),
                frame_count=24 * each,
                duration_seconds=Fraction(each),
            )
        )
        for second in range(each):
            timecode = Timecode(second // 3600, second // 60 % 60, second % 60, 0)
            frame_name = format_frame_name(name, timecode)
            frame = Frame(digest, second * 12288, Fraction(1, 12288), 24 * second, str(timecode), frame_name)
            picture = digest_of_bytes(frame_name.encode())
            image = f"frames/{name}/{frame_name}.jpg"
            stored.append(StoredFrame(frame, image, picture, int(picture[:16], 16)))
    return sources, stored


def write_sheet(path: Path, stored: list[StoredFrame]) -> Path:
    dice = random.Random(0)
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["ROW_INDEX", "FRAME NUMBER", *_COLUMNS, "METADATA"])
        for number, item in enumerate(stored, start=1):
            sheet.writerow([number, f"{item.frame.name}.jpg", *dice.choices(_TASK.classes, k=3), ""])
    return path
