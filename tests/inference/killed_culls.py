"""Carries culls out, or undoes them, in processes that die at a chosen step.

Reads a line of JSON for each from stdin, `{"act", "cull", "folder", "outputs", "at", "signal"}`, and answers with a
line: `killed`, `interrupted`, or `ended STEPS`, the number of steps that it took. A step is a call that changes the
file system below the folder that is named on the command line, or opens a file there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from rushes.inference.cull_apply import apply_cull
from rushes.inference.cull_outputs import Outputs
from rushes.inference.cull_undo import undo_cull
from rushes.inference.verdicts import Cull

_STEPS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.utime", "os.truncate"}


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os._exit(_carry_out(order, writer))
        os.close(writer)
        with os.fdopen(reader) as said:
            steps = said.read()
        status = os.waitpid(child, 0)[1]
        killed = os.WIFSIGNALED(status)
        print("killed" if killed else ("interrupted" if os.WEXITSTATUS(status) == 3 else f"ended {steps}"), flush=True)


def _carry_out(order: dict[str, Any], writer: int) -> int:
    steps = 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal steps
        if (
            event in _STEPS
            and isinstance(arguments[0], str | os.PathLike)
            and str(arguments[0]).startswith(sys.argv[1])
        ):
            steps += 1
            if steps == order["at"]:
                os.kill(os.getpid(), signal.SIGKILL if order["signal"] == "kill" else signal.SIGINT)

    sys.addaudithook(count)
    try:
        if order["act"] == "undo":
            undo_cull(Path(order["folder"]))
        else:
            outputs = Outputs(
                **{key: Path(value) if key != "profile" else value for key, value in order["outputs"].items()}
            )
            apply_cull(Cull.from_table(order["cull"]), outputs, folder=Path(order["folder"]))
    except KeyboardInterrupt:
        return 3
    os.write(writer, str(steps).encode())
    return 0


if __name__ == "__main__":
    main()
