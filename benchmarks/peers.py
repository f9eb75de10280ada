"""The environment of peers that cannot share ours, and how to ask it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, Say

_LOCK = ROOT / "requirements" / "peers.txt"
_VENV = ROOT / ".venv-peers"
_STAMP = _VENV / "rushes-setup.txt"
_UV = ROOT / ".venv-uv" / "bin" / "uv"


def peer_python(say: Say) -> Path | None:
    """Return the Python that has PySceneDetect, setting it up where it is not there; None where that cannot be done."""
    python = _VENV / "bin" / "python"
    lock = _LOCK.read_text(encoding="utf-8")
    if _STAMP.is_file() and _STAMP.read_text(encoding="utf-8") == lock:
        return python
    if not _UV.is_file():
        say("No peer: uv is missing; `make setup` installs it.")
        return None
    say("Setting up the peers' environment, once (PySceneDetect brings an OpenCV that cannot stand beside ours).")
    for command in (
        [_UV, "venv", "--quiet", "--allow-existing", "--no-project", "--python", sys.executable, _VENV],
        [_UV, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python", python, _LOCK],
    ):
        done = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            say(f"No peer: its environment cannot be set up ({done.stderr.strip().splitlines()[-1:]}).")
            return None
    _STAMP.write_text(lock, encoding="utf-8")
    return python


def ask_peer(python: Path, *words: str | Path, script: str = "peer.py") -> dict[str, Any]:
    """Run a script of `benchmarks/` in the peers' environment and return what it found."""
    command = [str(python), str(ROOT / "benchmarks" / script), *(str(word) for word in words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
