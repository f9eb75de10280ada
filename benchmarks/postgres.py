"""A private PostgreSQL server on a socket in a folder of its own, for tests and benchmarks; gone when they end."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg

USER = "rushes"
# Nothing of a test outlasts the test, so that no byte need reach the disk.
NOTHING_LASTS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
}


@dataclass
class PostgresServer:
    """A server that runs; every catalog in it has a schema of its own, unless it asks for a database."""

    binaries: Path
    folder: Path
    settings: Mapping[str, str]
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _process: subprocess.Popen[bytes] | None = None

    def new_place(self) -> str:
        """Return the URL of an empty schema."""
        name = f"place_{next(self._numbers)}"
        self.execute(f"CREATE SCHEMA {name}")
        return self.url(options=f"-csearch_path%3D{name}")

    def new_database(self, *words: str) -> str:
        """Return the name of an empty database, made with further words of CREATE DATABASE."""
        name = f"database_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0 {' '.join(words)}")
        return name

    def url(self, database: str = "postgres", *, user: str = USER, password: str = "", **query: str) -> str:
        who = f"{user}:{password}" if password else user
        rest = "&".join(f"{key}={value}" for key, value in {"host": str(self.folder), **query}.items())
        return f"postgresql+psycopg://{who}@/{database}?{rest}"

    def execute(self, statement: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the owner of the server; return its rows."""
        with psycopg.connect(host=str(self.folder), user=USER, dbname=database, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        chosen = {"listen_addresses": "", **self.settings}
        settings = [word for key, value in chosen.items() for word in ("-c", f"{key}={value}")]
        data, log = self.folder / "data", self.folder / "log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*_as_postgres(), self.binaries / "postgres", "-D", data, "-k", self.folder, *settings],
                stdout=out,
                stderr=out,
                cwd=self.folder,
            )
        give_up = time.monotonic() + 60
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError(f"PostgreSQL does not start: {log.read_text()}") from None
                time.sleep(0.02)

    def stop(self) -> None:
        """End the server as its owner would, without waiting for those who are connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)
            self._process = None


def _as_postgres() -> list[str]:
    """Return the words before a command that PostgreSQL does not run as root."""
    if os.getuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def why_no_postgres() -> str:
    """Return why PostgreSQL cannot run as this user; "" where it can."""
    if os.getuid() != 0:
        return ""
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return "PostgreSQL does not run as root, and there is no user 'postgres'"
    return "" if shutil.which("setpriv") else "PostgreSQL does not run as root, and there is no setpriv"


def find_binaries() -> str:
    """Return folders in which PostgreSQL's programs may be, as PATH lists them: Debian keeps them out of it."""
    return os.pathsep.join([os.environ.get("PATH", ""), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin")))])


@contextmanager
def running_postgres(
    binaries: Path, *, settings: Mapping[str, str] = MappingProxyType(NOTHING_LASTS)
) -> Iterator[PostgresServer]:
    """Give a fresh server, with settings in place of PostgreSQL's own."""
    folder = Path(tempfile.mkdtemp(prefix="rushes-pg-", dir="/tmp"))  # a socket's path may have 107 bytes
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        made = [binaries / "initdb", "-D", folder / "data", "-A", "trust", "-U", USER, "-E", "UTF8", "--no-sync"]
        # Its locale sorts as a language does: what must sort by bytes has to say so itself.
        language = ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"]
        subprocess.run([*_as_postgres(), *made, *language], check=True, capture_output=True, cwd=folder)
        server = PostgresServer(binaries, folder, settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
