"""A run as a LiteRT graph, made by another Python: the converter cannot stand beside the torch that trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rushes.bundles.litert_writing import MODULE
from rushes.errors import BundleError, MissingExtraError, is_installed

_CHECKOUT = Path(__file__).resolve().parents[3]
_VENV = _CHECKOUT / ".venv-litert"  # made by `setup_env.py litert`
_LONGEST_REASON = 300  # characters of what the converter says


@dataclass(frozen=True, slots=True)
class Converted:
    """A LiteRT graph.

    Attributes:
        made: the converter and its torch with their versions, and `batch`, how many pictures it takes at a time.
    """

    graph: bytes
    made: Mapping[str, Any]


class MissingConverterError(MissingExtraError):
    """No environment with the converter to LiteRT."""

    def __init__(self) -> None:
        super().__init__("litert-export", "converting to LiteRT")
        self.args = (
            "converting to LiteRT needs the extra 'litert-export' in an environment of its own, as its converter "
            "takes an older torch. In a checkout of rushes: make litert. Otherwise: python -m venv litert && "
            "litert/bin/pip install 'rushes[train,litert,litert-export]', then export with --litert-python "
            "litert/bin/python",
        )


def find_converter(given: Path | None = None, *, venv: Path = _VENV) -> Path:
    """Return the Python that has the converter: the one that is given, this one, or that of `make litert`.

    Raises:
        BundleError: what is given is no program.
        MissingConverterError: there is none.
    """
    if given is not None:
        if not given.is_file() or not os.access(given, os.X_OK):
            raise BundleError(f"--litert-python {given} is not a Python: there is no such program. "
                              "Give the python of an environment that has rushes[train,litert-export]")  # fmt: skip
        return given.absolute()  # not resolved: the link into an environment is what makes it that environment's
    if is_installed(MODULE):
        return Path(sys.executable)
    for made in (venv / "bin" / "python", venv / "Scripts" / "python.exe"):
        if made.is_file():
            return made
    raise MissingConverterError


def convert_run(run_folder: Path, python: Path) -> Converted:
    """Return the LiteRT graph of a run, of one picture at a time; takes a minute or more.

    Args:
        python: as `find_converter` gives it.

    Raises:
        BundleError: the converter cannot follow the network, or there is none.
    """
    # What this process imports by PYTHONPATH is not what that Python was set up with.
    environment = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "model.tflite"
        words = [python, "-m", "rushes.bundles.litert_writing", run_folder.absolute(), file, version("rushes")]
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, errors="replace", env=environment, cwd=name
        )
        if done.returncode or not file.is_file():
            said = (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]
            raise BundleError(f"the run cannot be converted to LiteRT by {python}: {said[:_LONGEST_REASON]}. "
                              "Nothing was written. Export without --litert")  # fmt: skip
        return Converted(file.read_bytes(), json.loads(done.stdout.strip().splitlines()[-1]))
