"""Memory of a scan of two hours of film, beside that of ten minutes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.films import make_films
from benchmarks.harness import ROOT, Outcome, Say, Target
from benchmarks.transcoded import repeat, transcode

TARGET = Target("ours", 600)
_UNIT_SECONDS = 45
_SCAN = """
import json, resource, sys
from pathlib import Path
from rushes.footage.found_shots import find_shots
found = find_shots(Path(sys.argv[1]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024 ** 2)
print(json.dumps({"frames": found.signals.frame_count, "shots": len(found.shots), "peak_mb": peak}))
"""


def measure(say: Say) -> Outcome:
    say("The largest memory of a process that finds the shots of a film: two hours, and ten minutes of the same.")
    unit = transcode(make_films([48], say=say)[0], codec="libx264", height=480, seconds=_UNIT_SECONDS, say=say)
    peaks = {}
    for minutes in (10, 120):
        found = _scan(repeat(unit, times=minutes * 60 // _UNIT_SECONDS))
        peaks[minutes] = float(found["peak_mb"])
        say(f"  {minutes} min, 480p: {found['frames']:,} frames, {found['shots']:,} shots, {peaks[minutes]:.0f} MB")
    say("Signals are kept whole, some 330 bytes a frame; pictures are not.")
    return Outcome("scan_memory", peaks[120], None, "MB", TARGET)


def _scan(film: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _SCAN, str(film)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer
