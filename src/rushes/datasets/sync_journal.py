"""Journal: which steps of a sync are done, in a file that a kill leaves readable."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rushes.storage.stores import State

if TYPE_CHECKING:
    import polars as pl

_LINE = r"^(?<step>\d{1,18})\t(?<size_bytes>\d{1,18})\t(?<etag>[^\t]*)\t\.$"
_FLUSH_SECONDS = 1.0  # a power cut may take this much; what it takes is done again


class Journal:
    """Steps that are done and verified, with the state of what they made.

    One line per step: its number, the size and the mark of the object, and an end mark, so that a line which a kill
    cut short is known for what it is. One Journal is used by one thread.
    """

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path, self._file = path, file
        self._synced_at = time.monotonic()

    def done(self, step: int, state: State) -> None:
        """Note that a step is done; its object is in this state."""
        self._file.write(f"{step}\t{state.size_bytes}\t{state.mark}\t.\n")

    def flush(self, *, to_disk: bool = False) -> None:
        """Hand what was noted to the system, which keeps it when this process dies; to the disk now and then."""
        self._file.flush()
        if to_disk or time.monotonic() - self._synced_at > _FLUSH_SECONDS:
            os.fsync(self._file.fileno())
            self._synced_at = time.monotonic()

    def keep(self, noted: pl.DataFrame) -> None:
        """Forget all but these steps, given as `table` gives them."""
        self._file.flush()
        self._file.truncate(0)
        for step, size_bytes, etag in noted.select("step", "size_bytes", "etag").iter_rows():
            self._file.write(f"{step}\t{size_bytes}\t{etag}\t.\n")
        self.flush(to_disk=True)

    def table(self) -> pl.DataFrame:
        """Return what was noted: step (Int64), size_bytes (Int64), etag (String); each step once."""
        self.flush()
        return read_journal(self._path)


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """Open a journal to go on with, or begin one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _mend_end(path)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        journal = Journal(path, file)
        try:
            yield journal
        finally:
            journal.flush(to_disk=True)


def read_journal(path: Path) -> pl.DataFrame:
    """Read the steps that a journal holds; lines that were cut short are passed over.

    Returns:
        columns step (Int64), size_bytes (Int64), etag (String); each step once.
    """
    import polars as pl

    if not path.is_file() or path.stat().st_size == 0:
        lines = pl.DataFrame(schema={"line": pl.String})
    else:
        # One column: the separator is a letter that no line holds.
        lines = pl.read_csv(path, has_header=False, schema={"line": pl.String}, separator="\x01", quote_char=None)
    fields = pl.col("line").str.extract_groups(_LINE)
    return (
        lines.filter(pl.col("line").str.contains(_LINE))
        .select(
            fields.struct.field("step").cast(pl.Int64),
            fields.struct.field("size_bytes").cast(pl.Int64),
            fields.struct.field("etag"),
        )
        .unique("step", keep="last", maintain_order=True)
    )


def _mend_end(path: Path) -> None:
    """End a last line that was cut short, so that the next one begins on its own."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    with path.open("rb+") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
