"""The command line as a person meets it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Rushes = Callable[..., Said]


def run_rushes(
    *words: object, folder: Path | None = None, status: int | None = 0, python: str = sys.executable
) -> Said:
    """Run `rushes` with some words in a folder; fail unless it ends with `status` (None: any)."""
    command = [python, "-m", "rushes.cli.main", *(str(word) for word in words)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "120"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=600)
    said = Said(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in said.err, said.err
    if status is not None:
        assert said.status == status, f"{' '.join(command)}\nended with {said.status}\n{said.out}\n{said.err}"
    return said


def run_rushes_here(*words: object, status: int | None = 0) -> Said:
    """Run `rushes` with some words in this process, for stories of many words; fail unless it ends with `status`."""
    from rushes.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    said = Said(int(end.value.code or 0), out.getvalue(), err.getvalue())
    assert status in (None, said.status), f"{words}\nended with {said.status}\n{said.out}\n{said.err}"
    return said


@pytest.fixture(scope="session")
def rushes() -> Rushes:
    """The command `rushes`, run in a process of its own."""
    return run_rushes
