"""What a run ran on: the machine, the versions, the commit."""

from __future__ import annotations

import platform
import subprocess
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.cores import count_cores

if TYPE_CHECKING:
    import torch

_PACKAGES = ("rushes", "torch", "timm", "scikit-learn", "numpy", "opencv-python-headless")


def describe_machine(*, threads: int, device: torch.device) -> dict[str, Any]:
    """Return the machine and the versions that a run's numbers depend on; nothing that names a person or a host."""
    import torch

    on_gpu = device.type == "cuda"
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": count_cores(),
        "threads": threads,
        "device": torch.cuda.get_device_name(device) if on_gpu else "cpu",
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def choose_device() -> torch.device:
    """Return the first CUDA device where there is one that works, and otherwise the CPU."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a driver that is too old: then there is no device
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def commit_of_rushes() -> str | None:
    """Return the commit of the checkout that this package runs from; None for an installed package."""
    here = Path(__file__).resolve()
    tracked = _git("ls-files", "--error-unmatch", here.name, folder=here.parent)
    return _git("rev-parse", "HEAD", folder=here.parent) if tracked is not None else None


def _git(*words: str, folder: Path) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
