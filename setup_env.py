"""Make `.venv` from the locked requirements, with nothing but the standard library.

`python3 setup_env.py` is safe to run at any time: where the lock files, the project file and
the interpreter are those of the last run it returns at once, and needs no network.
`python3 setup_env.py litert` makes `.venv-litert`, whose Python converts to LiteRT for
`rushes export --litert`: the converter takes an older torch, and so cannot stand in `.venv`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
UV_LOCK = ROOT / "requirements" / "uv.txt"
UV_HOME = ROOT / ".venv-uv"  # a venv of its own, so that uv never stands among the project's packages
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Environment:
    """A virtual environment of the checkout, with rushes in it."""

    folder: Path
    lock: Path
    says: str


ENVIRONMENTS = {
    "": Environment(ROOT / ".venv", ROOT / "requirements" / "all.txt", "once; about a minute, and 6 GB for torch"),
    "litert": Environment(
        ROOT / ".venv-litert",
        ROOT / "requirements" / "litert.txt",
        "once; some minutes, and 7 GB for the converter to LiteRT and its own torch",
    ),
}


def wanted_stamp(lock: Path) -> str:
    """Return what an environment depends on: locks, project file, interpreter and place."""
    digest = hashlib.sha256()
    for path in (lock, UV_LOCK, ROOT / "pyproject.toml", Path(__file__)):
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


def main(words: list[str]) -> None:
    """Bring `.venv`, or the environment that is named, up to date."""
    name = " ".join(words)
    if name not in ENVIRONMENTS:
        sys.exit(f"setup_env.py: there is no environment '{name}'. Give none, or: litert")
    environment = ENVIRONMENTS[name]
    stamp = environment.folder / "rushes-setup.txt"
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(f"rushes needs Python 3.11 or newer; {sys.executable} is {found}. Try: make PYTHON=python3.12 …")
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            "This Python can make no virtual environment (no ensurepip). On Debian and Ubuntu:\n"
            f"    sudo apt-get install python{version}-venv"
        )
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted_stamp(environment.lock):
        return
    print(f"setting up {environment.folder.name} ({environment.says})", file=sys.stderr)
    uv = install_uv()
    run(uv, "venv", "--quiet", "--allow-existing", "--no-project", "--python", sys.executable, environment.folder)
    python = environment.folder / SCRIPTS / "python"
    run(uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python", python, environment.lock)
    run(
        uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--offline",
        "--python", python, "--editable", ROOT,
    )  # fmt: skip
    stamp.write_text(wanted_stamp(environment.lock), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
