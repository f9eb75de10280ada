"""A million frames and three million labels in SQLite and in PostgreSQL: taken in, resolved, written as a manifest."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text, create_engine, insert

from benchmarks.catalog import NOW, Steps, go_through, make_footage, write_sheet
from benchmarks.harness import Outcome, Say, Target, format_seconds, time_call
from rushes.catalog.catalog import StoredFrame, open_catalog
from rushes.errors import RushesError

_FRAMES = int(os.environ.get("RUSHES_BENCHMARK_FRAMES", "1000000"))
_EPISODES = 50
_POSTGRESQL = "RUSHES_BENCHMARK_POSTGRESQL"  # the URL of an empty database
TARGET = Target("ours", 60)


def measure(say: Say) -> Outcome:
    say("A project's memory at size: frames into the catalog, a sheet's labels read, checked and appended, all labels "
        "resolved by trust, a manifest written.")  # fmt: skip
    say(f"Input: {_FRAMES:,} frames of {_EPISODES} episodes, {3 * _FRAMES:,} labels in a CSV with three columns of "
        "different trust; generated")  # fmt: skip
    say("The peer keeps as many rows of frames and labels, and does nothing else: dictionaries of text by SQLAlchemy's "
        "insert, 1,000 a statement, into a fresh SQLite file. It is beside the two steps that do that.")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder)
        sources, stored = make_footage(_FRAMES, _EPISODES)
        sheet = write_sheet(root / "season.csv", stored)
        places: dict[str, Path | str] = {"SQLite": root / "catalog.db"}
        server = _postgresql(say, stack)
        if server:
            places["PostgreSQL"] = server
        total: dict[str, float] = {}
        for kind, place in places.items():
            say(f"{kind}:")
            steps = Steps()
            with open_catalog(place) as catalog:
                if catalog.sources():
                    raise RushesError(f"the database that {_POSTGRESQL} names is not empty: name another")
                go_through(steps, catalog, sources, stored, sheet, _fresh(root / kind))
            steps.tell(say)
            total[kind] = steps.wall_seconds
            kept = steps.wall_seconds_of("frames added", "labels appended")
            if kind == "SQLite":
                peer = time_call(lambda: _keep_plainly(root / "peer.db", stored)).wall_seconds
                say(f"  frames and labels kept: ours {format_seconds(kept)}, peer {format_seconds(peer)}: "
                    f"{peer / kept:.1f} x")  # fmt: skip
    is_whole = _FRAMES >= 1_000_000 and len(total) == 2  # of less, nothing is promised
    return Outcome("catalog_million", max(total.values()), None, "s", TARGET, is_whole)


def _postgresql(say: Say, stack: ExitStack) -> str:
    """Return the URL of an empty database: the one named, or one in a server of our own; "" where there is none."""
    named = os.environ.get(_POSTGRESQL)
    if named:
        return named
    try:
        from benchmarks.postgres import find_binaries, running_postgres, why_no_postgres
    except ImportError:
        why = "its driver is not installed"
    else:
        why = why_no_postgres()
        program = shutil.which("initdb", path=find_binaries())
        if program and not why:
            # With PostgreSQL's own settings: what is committed outlasts the power.
            server = stack.enter_context(running_postgres(Path(program).resolve().parent, settings={}))
            return server.url()
    say(f"PostgreSQL was not measured: {why or 'it is not installed'}, and {_POSTGRESQL} names no empty database")
    return ""


def _fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _keep_plainly(place: Path, stored: list[StoredFrame]) -> None:
    """Keep as much as the catalog does, in the way that comes to mind first."""
    tables = MetaData()
    names = ("id", "source", "pts", "time_base", "ordinal", "timecode", "name", "image", "sha256", "signature", "size")
    frames = Table("frames", tables, *(Column(name, Text, primary_key=name == "id") for name in names))
    answers = ("frame", "task", "class_name", "origin", "stated_at", "place", "sheet")
    labels = Table("labels", tables, *(Column(name, Text, index=name == "frame") for name in answers))
    engine = create_engine(f"sqlite:///{place}")
    tables.create_all(engine)
    with engine.begin() as connection:
        for table, rows in ((frames, _frame_rows(stored, names)), (labels, _label_rows(stored))):
            batch: list[dict[str, Any]] = []
            for row in rows:
                batch.append(row)
                if len(batch) == 1000:
                    connection.execute(insert(table), batch)
                    batch = []
            if batch:
                connection.execute(insert(table), batch)
    engine.dispose()


def _frame_rows(stored: list[StoredFrame], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for item in stored:
        frame = item.frame
        values = (frame.id, frame.source, str(frame.pts), str(frame.time_base), str(frame.ordinal), frame.timecode,
                  frame.name, item.image, item.sha256, f"{item.signature:016x}", item.size)  # fmt: skip
        yield dict(zip(names, values, strict=True))


def _label_rows(stored: list[StoredFrame]) -> Iterator[dict[str, Any]]:
    for number, item in enumerate(stored, start=2):
        for origin in ("unsupervised", "supervised", "jonny"):
            yield {"frame": item.frame.id, "task": "rarity", "class_name": "Rare", "origin": origin,
                   "stated_at": NOW, "place": f"season.csv, row {number}", "sheet": "season.csv"}  # fmt: skip
