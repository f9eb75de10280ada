"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from benchmarks.postgres import PostgresServer, find_binaries, running_postgres, why_no_postgres

_ROOT = Path(__file__).resolve().parents[1]

# No test asserts a time, and a machine may be busy with others.
hypothesis.settings.register_profile("rushes", deadline=None)
hypothesis.settings.load_profile("rushes")
# Nor is any store waited for that a test has fail for good.
os.environ.setdefault("RUSHES_PATIENCE_SECONDS", "0")


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real footage; a test that asks for it skips where it is not at hand."""
    folder = Path(os.environ.get("RUSHES_MEDIA", _ROOT.parent / "shared" / "media"))
    if not (folder / "MANIFEST.csv").is_file():
        pytest.skip(f"no real footage in {folder}; name its folder in RUSHES_MEDIA")
    return folder


def _tool(name: str, *, path: str | None = None, wrong: str = "") -> str:
    """Return the path of a program; without it skip aloud, or fail where RUSHES_MUST_RUN names it.

    Args:
        path: where it is looked for; otherwise in PATH.
        wrong: why it would not run if it were there.
    """
    found = shutil.which(name, path=path)
    if found is None or wrong:
        if name in os.environ.get("RUSHES_MUST_RUN", "").split():
            pytest.fail(f"{wrong or f'{name} is missing'}, and RUSHES_MUST_RUN says that what needs it must run")
        pytest.skip(wrong or f"no {name} on this machine")
    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    return _tool("chromium")


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node."""
    return _tool("node")


@pytest.fixture(scope="session")
def ffprobe() -> str:
    """The path of ffprobe."""
    return _tool("ffprobe")


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The path of ffmpeg."""
    return _tool("ffmpeg")


@pytest.fixture(scope="session")
def exiftool() -> str:
    """The path of exiftool."""
    return _tool("exiftool")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the tests' own."""
    program = _tool("postgres", path=find_binaries(), wrong=why_no_postgres())
    with running_postgres(Path(program).resolve().parent) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty catalog may be, in each kind of database: what uses it holds for both."""
    if request.param == "sqlite":
        return tmp_path / "with a space" / "catalog.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_place()


# Begun last, one of these would run alone for minutes while other processes have nothing left to do.
_LONGEST = ("test_demo.py", "test_real_footage.py", "test_whole_loop.py", "test_shot_training.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the order is otherwise as it was."""
    items.sort(key=lambda item: _LONGEST.index(item.path.name) if item.path.name in _LONGEST else len(_LONGEST))
