"""What a run ran on: the machine, the versions, the commit."""

from __future__ import annotations

import platform
import subprocess
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.cores import count_cores
from rushes.errors import RunError

if TYPE_CHECKING:
    import torch

_PACKAGES = ("rushes", "torch", "timm", "scikit-learn", "numpy", "opencv-python-headless")


def describe_machine(*, threads: int, device: torch.device) -> dict[str, Any]:
    """Return the machine and the versions that a run's numbers depend on; nothing that names a person or a host."""
    import torch

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": count_cores(),
        "threads": threads,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def choose_device(name: str | None = None) -> torch.device:
    """Return the device of a name, or the best that is there: CUDA, then Apple's (MPS), then the processor.

    Raises:
        RunError: there is no such device.
    """
    return choose_devices(name)[0]


def choose_devices(names: str | None = None) -> tuple[torch.device, ...]:
    """Return the devices of names with commas between, or the one that is best.

    Raises:
        RunError: there is no such device.
    """
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a driver that is too old: then there is no device
        there = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
        there += ["mps"] if torch.backends.mps.is_available() else []
    there.append("cpu")
    if names is None:
        return (torch.device(there[0]),)
    asked = [name.strip() for name in names.split(",")]
    for name in asked:
        if name not in (*there, *(["cuda"] if there[0].startswith("cuda") else [])):
            raise RunError(f"this machine has no device '{name}'. It has: {', '.join(there)}")
    return tuple(torch.device(name) for name in asked)


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
