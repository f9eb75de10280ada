"""Make `.venv` from the locked requirements, with nothing but the standard library.

`python3 setup_env.py` is safe to run at any time: where the lock files, the project file and
the interpreter are those of the last run it returns at once, and needs no network.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements" / "all.txt"
UV_LOCK = ROOT / "requirements" / "uv.txt"
VENV = ROOT / ".venv"
UV_HOME = ROOT / ".venv-uv"  # a venv of its own, so that uv never stands among the project's packages
STAMP = VENV / "rushes-setup.txt"
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
OLDEST_PYTHON = (3, 11)


def wanted_stamp() -> str:
    """Return what the environment depends on: locks, project file, interpreter and place."""
    digest = hashlib.sha256()
    for path in (LOCK, UV_LOCK, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return f"{digest.hexdigest()}\n{sys.version}\n{ROOT}\n"


def run(*command: str | Path) -> None:
    """Run a command; end this program with its exit status where it fails."""
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env=environment)
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        sys.exit(
            f"setup_env.py: this command failed ({done.returncode}): {words}\nRun it again once its cause is mended."
        )


def install_uv() -> Path:
    """Return the path of uv, installing it in a private environment where it is not there yet."""
    uv = UV_HOME / SCRIPTS / ("uv.exe" if os.name == "nt" else "uv")
    if not uv.exists():
        run(sys.executable, "-m", "venv", "--clear", UV_HOME)
        python = UV_HOME / SCRIPTS / "python"
        run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", UV_LOCK)
    return uv


def main() -> None:
    """Bring `.venv` up to date."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(f"rushes needs Python 3.11 or newer; {sys.executable} is {found}. Try: make PYTHON=python3.12 …")
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            "This Python can make no virtual environment (no ensurepip). On Debian and Ubuntu:\n"
            f"    sudo apt-get install python{version}-venv"
        )
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted_stamp():
        return
    print("setting up .venv (once; about a minute, and 6 GB for torch)", file=sys.stderr)
    uv = install_uv()
    run(uv, "venv", "--quiet", "--allow-existing", "--no-project", "--python", sys.executable, VENV)
    python = VENV / SCRIPTS / "python"
    run(uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python", python, LOCK)
    run(
        uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--offline",
        "--python", python, "--editable", ROOT,
    )  # fmt: skip
    STAMP.write_text(wanted_stamp(), encoding="utf-8")


if __name__ == "__main__":
    main()
