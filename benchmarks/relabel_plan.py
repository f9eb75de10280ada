"""The plan of a sync at five million frames: read, laid out and compared, beside a pandas merge of the same files.

`python -m benchmarks.relabel_plan make FOLDER COUNT` writes the files, `python -m benchmarks.relabel_plan plan FOLDER`
plans on them; each does so in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.harness import CACHE, ROOT, Outcome, Say, Target, Timing, Turns, format_seconds
from benchmarks.peers import ask_peer, peer_python
from rushes.datasets.layout import LAYOUT_COLUMNS, lay_out
from rushes.datasets.sync_plan import SyncPlan, plan_sync
from rushes.labels.manifest import newest_manifest
from rushes.labels.manifest_table import KEYS, manifest_schema, read_manifest_table, write_manifest_table

TARGET = Target("ratio", 3)
MOST_SECONDS, MOST_GIB = 15.0, 3.0
_FRAMES, _ROUNDS = 5_000_000, 3
_SEASONS, _EPISODES = 40, 26
_RELABELLED, _NEW, _GONE = 0.007, 0.002, 0.001
# The rarity of the classes is skewed: most frames are common.
_CLASSES = {"Junk": 0.18, "Common": 0.62, "Uncommon": 0.14, "Rare": 0.05, "Legendary": 0.01}
_RECORD = "record.parquet"


def measure(say: Say, *, count: int = _FRAMES, rounds: int = _ROUNDS) -> Outcome:
    say(f"The plan after a relabel: {count:,} frames in the record of the last sync, and a new manifest in which 1 % "
        "is changed (0.7 % relabelled, 0.2 % new, 0.1 % gone). Timed: reading both files, checking that the Parquet "
        "is of the manifest (by the SHA-256 of both), laying the manifest out, and planning.")  # fmt: skip
    say("Peer: pandas, which reads the same Parquet files (the columns it needs), makes the same keys, and finds the "
        "same sets by an outer merge on the file's name with an indicator. It checks nothing.")  # fmt: skip
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        _in_a_process("make", folder, str(count))
        sizes = {path.suffix: path.stat().st_size / 1e6 for path in Path(folder).iterdir() if path.name != _RECORD}
        say(f"Input: {_SEASONS} seasons, generated; manifest of {sizes['.jl']:,.0f} MB with {sizes['.parquet']:,.0f} "
            f"MB of Parquet beside it, record of {Path(folder, _RECORD).stat().st_size / 1e6:,.0f} MB")  # fmt: skip
        python = peer_python(say)
        ours: list[dict[str, Any]] = []
        peers: list[dict[str, Any]] = []
        for _ in range(rounds):
            ours.append(_in_a_process("plan", folder))
            if python is not None:
                peers.append(ask_peer(python, folder, script="pandas_merge.py"))
    seconds = {step: sorted(one["steps"][step] for one in ours)[rounds // 2] for step in ours[0]["steps"]}
    say(f"  ours: {', '.join(f'{step} {format_seconds(taken)}' for step, taken in seconds.items())}")
    say(f"  found: {', '.join(f'{name} {found:,}' for name, found in ours[0]['counts'].items())}")
    peak = max(one["peak_gib"] for one in ours)
    say(f"  peak memory: {peak:.2f} GiB, target {MOST_GIB:g} GiB; time: target {MOST_SECONDS:g} s")
    for one in peers[:1]:
        say(f"  peer: pandas {one['pandas']}, peak memory {max(one['peak_gib'] for one in peers):.2f} GiB")
    if any(one["counts"] != ours[0]["counts"] for one in [*ours, *peers]):
        raise ValueError(f"pandas finds other sets: {peers[0]['counts']}")
    turns = Turns(tuple(map(_timing, ours)), tuple(map(_timing, peers)))
    if peers:
        say(f"  {turns}")
    else:
        say(f"  ours {format_seconds(turns.ours_seconds)}")
    kept = turns.ours_seconds <= MOST_SECONDS and peak <= MOST_GIB
    peer_seconds = turns.peer_seconds if peers else None
    return Outcome("relabel_plan", turns.ours_seconds, peer_seconds, "s", TARGET, condition=kept)


def make_files(folder: Path, count: int) -> None:
    """Write the manifest after a relabel, and the record of a dataset that followed the one before it."""
    dice = np.random.default_rng(4)
    before = _frames(count, dice)
    wanted = lay_out(before)
    sizes = dice.integers(20_000, 90_000, count)
    etags = pl.Series(_hex(count, 16, dice))
    record = wanted.select(
        "key", "content", size_bytes=pl.Series(sizes), etag=pl.concat_str(pl.lit('"'), etags, pl.lit('"'))
    )
    record.sort("key").write_parquet(folder / _RECORD, compression="zstd")
    del wanted, record
    write_manifest_table(_relabel(before, dice), folder, "rarity", datetime(2026, 11, 20, tzinfo=UTC), parquet_above=0)


def plan_files(folder: Path) -> dict[str, Any]:
    """Read what `make_files` wrote, plan, and return what it took and found."""
    taken: dict[str, float] = {}
    manifest = newest_manifest(folder, "rarity")
    assert manifest is not None
    started, worked = last, _ = time.perf_counter(), time.process_time()

    def note(step: str) -> None:
        nonlocal last
        taken[step], last = time.perf_counter() - last, time.perf_counter()

    table = read_manifest_table(manifest, columns=LAYOUT_COLUMNS)
    note("manifest read")
    wanted = lay_out(table)
    del table
    note("laid out")
    built = pl.read_parquet(folder / _RECORD)
    note("record read")
    plan = plan_sync(built, wanted)
    note("planned")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform != "darwin" else 1024**3)
    return {
        "steps": taken,
        "counts": _counts(plan),
        "peak_gib": peak,
        "wall_seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - worked,
    }


def _counts(plan: SyncPlan) -> dict[str, int]:
    return {"keep": plan.keep_count, "move": plan.move.height, "copy": plan.copy.height, "delete": plan.delete.height}


def _frames(count: int, dice: np.random.Generator) -> pl.DataFrame:
    """Return a manifest of so many frames, four a second of episodes at 24 per second."""
    episodes = [f"TT_S{season + 1:02d}_E{number + 1:02d}" for season in range(_SEASONS) for number in range(_EPISODES)]
    each = -(-count // len(episodes))
    number = pl.int_range(count, eager=True)
    episode, quarter = number // each, number % each
    parts = dice.choice(["train", "validation", "test"], len(episodes), p=[0.7, 0.15, 0.15])
    about = pl.DataFrame(
        {
            "group": episodes,
            "source": [hashlib.sha256(name.encode()).hexdigest() for name in episodes],
            "split": parts.tolist(),
        }
    )[episode]
    classes = pl.Series(list(_CLASSES)).gather(dice.choice(len(_CLASSES), count, p=list(_CLASSES.values())))
    return _named(about.with_columns(classes.alias("class"), ordinal=quarter * 6), dice)


def _named(frames: pl.DataFrame, dice: np.random.Generator) -> pl.DataFrame:
    """Return frames with all the columns of a manifest, from group, source, split, class and ordinal."""
    second, frame = pl.col("ordinal") // 24, pl.col("ordinal") % 24
    clock = [whole.cast(pl.String).str.zfill(2) for whole in (second // 3600, second // 60 % 60, second % 60, frame)]
    named = frames.with_columns(
        timecode=pl.concat_str(clock, separator=":"),
        name=pl.concat_str(pl.col("group"), pl.lit("_FRM-"), pl.concat_str(clock, separator="-")),
    )
    return named.with_columns(
        pl.format("frames/{}/{}.jpg", "group", "name").alias("img-ref"),
        pl.format("{}:{}", pl.col("source").str.head(16), pl.col("ordinal") * 512).alias("frame_id"),
        pl.Series("sha256", _hex(frames.height, 32, dice)),
        pts=pl.col("ordinal") * 512,
        time_base=pl.lit("1/12288"),
        origin=pl.lit("supervised"),
        subjects=pl.lit([], pl.List(pl.String)),
        stop=pl.lit(0, pl.Int64),
    ).select(*(pl.col(name).cast(kind) for name, kind in manifest_schema().items()), "frame_id")


def _relabel(before: pl.DataFrame, dice: np.random.Generator) -> pl.DataFrame:
    """Return a manifest in which some frames have another class, some are gone and some are new."""
    count = before.height
    relabelled, new, gone = (round(count * share) for share in (_RELABELLED, _NEW, _GONE))
    chosen = dice.permutation(count)
    others = dict(zip(_CLASSES, [*list(_CLASSES)[1:], "Junk"], strict=True))
    changed = pl.zeros(count, dtype=pl.Boolean, eager=True).scatter(chosen[:relabelled], True)
    stays = pl.zeros(count, dtype=pl.Boolean, eager=True).scatter(chosen[relabelled : relabelled + gone], True)
    now = pl.when(changed).then(pl.col("class").replace_strict(others)).otherwise(pl.col("class"))
    after = before.with_columns(now).filter(~stays)
    # New frames stand a frame behind known ones, so that their names are new.
    behind = before[chosen[-new:].tolist()].with_columns(ordinal=pl.col("ordinal") + 1) if new else before.clear()
    return pl.concat([after, _named(behind, dice).select(after.columns)]).select(*KEYS, "frame_id")


def _hex(count: int, size_bytes: int, dice: np.random.Generator) -> pl.Series:
    """Return random numbers of so many bytes in hex."""
    text = dice.bytes(count * size_bytes).hex()
    return pl.Series([text[at : at + 2 * size_bytes] for at in range(0, len(text), 2 * size_bytes)], dtype=pl.String)


def _timing(found: dict[str, Any]) -> Timing:
    return Timing(found["wall_seconds"], found["cpu_seconds"])


def _in_a_process(*words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.relabel_plan", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _main(words: list[str]) -> None:
    if words[0] == "make":
        make_files(Path(words[1]), int(words[2]))
        print("{}")
    else:
        print(json.dumps(plan_files(Path(words[1]))))


if __name__ == "__main__":
    _main(sys.argv[1:])
