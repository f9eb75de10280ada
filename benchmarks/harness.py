"""Rushes and its peer in turns, their medians, and the line that states the outcome."""

from __future__ import annotations

import gc
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from rushes.cores import count_cores

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "benchmarks"
_WRITTEN = ("benchmarks/RESULTS.md", "benchmarks/results.svg")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Timing:
    """What one call took: time on the wall, and time that all threads of this process spent on processors."""

    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Turns:
    """Calls of ours and of the peer's, taken in turns so that what else the machine does falls on both."""

    ours: tuple[Timing, ...]
    peer: tuple[Timing, ...]

    @property
    def ours_seconds(self) -> float:
        return median(timing.wall_seconds for timing in self.ours)

    @property
    def peer_seconds(self) -> float:
        return median(timing.wall_seconds for timing in self.peer)

    @property
    def ratio(self) -> float:
        """Peer time / our time, of the medians on the wall."""
        return self.peer_seconds / self.ours_seconds

    @property
    def cpu_ratio(self) -> float:
        """Peer time / our time, of the medians of processor time, which other programs disturb less."""
        ours = median(timing.cpu_seconds for timing in self.ours)
        return median(timing.cpu_seconds for timing in self.peer) / max(ours, 1e-9)

    def over(self, count: int) -> Turns:
        """Return what each of `count` equal parts of every call took."""
        return Turns(tuple(_share(one, count) for one in self.ours), tuple(_share(one, count) for one in self.peer))

    def __str__(self) -> str:
        return (
            f"ours {format_seconds(self.ours_seconds)}, peer {format_seconds(self.peer_seconds)}: {self.ratio:.1f} x "
            f"on the wall, {self.cpu_ratio:.1f} x in processor time (medians of {len(self.ours)} and {len(self.peer)})"
        )


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised: a ratio of at least `bound`, or that ours takes at most `bound` of its unit."""

    of: Literal["ratio", "ours"]
    bound: float

    def __str__(self) -> str:
        return f"{self.of} {'>=' if self.of == 'ratio' else '<='} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a benchmark found.

    Attributes:
        ours, peer: in `unit`; None where it was not measured, or where there is no peer.
        condition: what must be true beside the target, such as scores no worse.
    """

    name: str
    ours: float | None
    peer: float | None
    unit: str
    target: Target
    condition: bool = True

    @property
    def ratio(self) -> float | None:
        """Peer / ours: how many times as fast; None without a peer."""
        return self.peer / self.ours if self.peer is not None and self.ours else None

    @property
    def holds(self) -> bool | None:
        """Whether the target is reached; None where nothing was measured."""
        value = self.ratio if self.target.of == "ratio" else self.ours
        if value is None:
            return None
        reached = value >= self.target.bound if self.target.of == "ratio" else value <= self.target.bound
        return reached and self.condition

    def to_table(self, *, machine: str, commit: str | None) -> dict[str, Any]:
        """Return the outcome as the JSON object that a benchmark prints last; figures to four digits."""
        return {
            "name": self.name,
            "ours": _rounded(self.ours),
            "peer": _rounded(self.peer),
            "ratio": _rounded(self.ratio),
            "unit": self.unit,
            "target": str(self.target),
            "holds": self.holds,
            "machine": machine,
            "commit": commit,
        }


def in_turns(ours: Callable[[], object], peer: Callable[[], object], *, rounds: int) -> Turns:
    """Call ours, the peer, ours, the peer …, and return what each call took."""
    taken: list[tuple[Timing, Timing]] = [(time_call(ours), time_call(peer)) for _ in range(rounds)]
    return Turns(tuple(pair[0] for pair in taken), tuple(pair[1] for pair in taken))


def time_call(call: Callable[[], object]) -> Timing:
    """Return what one call takes; garbage of the calls before is not on its bill."""
    gc.collect()
    before, started = time.process_time(), time.perf_counter()
    call()
    return Timing(time.perf_counter() - started, time.process_time() - before)


def calls_within(seconds: float, call: Callable[[], object]) -> int:
    """Return how often a call is made, at least once, so that all calls together take about so many seconds."""
    call()
    one = time_call(call).wall_seconds
    return max(1, round(seconds / max(one, 1e-6)))


def format_seconds(seconds: float) -> str:
    """Return seconds as a person reads them: `12.3 s`, `4.56 ms`."""
    if seconds >= 1:
        return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds:.2f} s"
    return f"{seconds * 1000:.3g} ms"


def describe_machine() -> str:
    """Return the processor's model and how many cores this process may use; nothing that names a host."""
    return f"{_processor()}, {count_cores()} {'core' if count_cores() == 1 else 'cores'}"


def describe_commit() -> str | None:
    """Return the commit that was measured, with `+changes` where the tree differs; None outside a checkout."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    if commit is None:
        return None
    besides = [f":(exclude){path}" for path in _WRITTEN]
    return commit + "+changes" if _git("status", "--porcelain", "--", "src", "benchmarks", *besides) else commit


def find_media() -> Path | None:
    """Return the folder of real footage where it is at hand."""
    folder = Path(os.environ.get("RUSHES_MEDIA", ROOT.parent / "shared" / "media"))
    return folder if (folder / "MANIFEST.csv").is_file() else None


def parse_last_line(lines: Sequence[str]) -> dict[str, Any]:
    """Return the JSON object that a benchmark printed last.

    Raises:
        ValueError: it printed none.
    """
    said = [line for line in lines if line.strip()]
    try:
        table = json.loads(said[-1])
    except (IndexError, ValueError):
        raise ValueError("the last line is not JSON") from None
    if not isinstance(table, dict) or "name" not in table:
        raise ValueError("the last line is no outcome of a benchmark")
    return table


def _share(timing: Timing, count: int) -> Timing:
    return Timing(timing.wall_seconds / count, timing.cpu_seconds / count)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
