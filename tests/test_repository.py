"""What is kept: the project, and nothing that a trial left behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KEPT = {
    ".ci", ".dockerignore", ".gitignore", "CHANGELOG.md", "Dockerfile", "LICENSE", "Makefile", "README.md",
    "benchmarks", "compose.cluster.yaml", "compose.yaml", "docs", "pyproject.toml", "requirements", "setup_env.py",
    "src", "tests",
}  # fmt: skip
PICTURES_OF = ("docs/", "benchmarks/")  # what the documentation shows
MEDIA = {".jpg", ".jpeg", ".png", ".webp", ".mp4", ".mkv", ".mov", ".nef", ".dng", ".db", ".parquet"}


def kept() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: what it keeps cannot be asked")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.split("\0") if path]


def test_the_root_holds_only_the_project() -> None:
    assert {path.split("/")[0] for path in kept()} <= KEPT


def test_no_footage_is_kept_beside_the_pictures_of_the_documentation() -> None:
    assert [path for path in kept() if Path(path).suffix.lower() in MEDIA and not path.startswith(PICTURES_OF)] == []
