"""What every verb shares: messages, exit status, JSON, progress on stderr."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from rushes.errors import RushesError, remedy_of
from rushes.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

DONE, SOME_FAILED, WRONG_INPUT, OUR_FAULT, INTERRUPTED, TERMINATED = 0, 1, 2, 70, 130, 143
_LINE_EVERY_SECONDS = 5.0
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass
class Door:
    """Where a verb speaks: results on stdout, everything else on stderr.

    Attributes:
        as_json: print one JSON value on stdout instead of text for people.
        debug: show tracebacks.
    """

    as_json: bool = False
    debug: bool = False
    failed: list[str] = field(default_factory=list)
    _err: Console | None = None
    _out: Console | None = None

    @property
    def out(self) -> Console:
        """The console of results."""
        if self._out is None:
            # A pipe or a file has no width; eighty columns would cut tables that a program or a person reads later.
            self._out = _console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
        return self._out

    @property
    def err(self) -> Console:
        """The console of messages and progress."""
        if self._err is None:
            self._err = _console(stderr=True, highlight=False, soft_wrap=True)
        return self._err

    def say(self, text: str) -> None:
        """Print a line for people; nothing in JSON mode."""
        if not self.as_json:
            self.out.print(text, markup=False)

    def show(self, renderable: Any) -> None:
        """Print a table or other rich value for people; nothing in JSON mode."""
        if not self.as_json:
            self.out.print(renderable)

    def warn(self, text: str) -> None:
        """Print a warning on stderr, in both modes."""
        self.err.print(text, style="yellow", markup=False)

    def alarm(self, text: str) -> None:
        """Print on stderr what nobody should overlook, in both modes; the exit status stays as it is."""
        self.err.print(text, style="bold red", markup=False)

    def fail_item(self, text: str) -> None:
        """Take note of one thing that failed while the rest went on, and print it on stderr."""
        self.failed.append(text)
        self.err.print(text, style="red", markup=False)

    def finish(self, result: Any) -> NoReturn:
        """Print the result in JSON mode, and end with 0, or with 1 where an item failed."""
        if self.as_json:
            sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False, default=str) + "\n")
        if self.failed and not self.as_json:
            self.err.print(f"{len(self.failed)} failed; they are listed above", style="red")
        raise SystemExit(SOME_FAILED if self.failed else DONE)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """Give a Progress shown as a bar on a terminal, as a line now and then elsewhere."""
        if self.err.is_terminal:
            with self._bar(title) as progress:
                yield progress
        else:
            yield _line_progress(title, lambda text: self.err.print(text, markup=False))

    @contextmanager
    def _bar(self, title: str) -> Iterator[Progress]:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[note]}"),
        )
        with Bars(*columns, console=self.err) as bars:
            bar = bars.add_task(title, total=None, note="")

            def progress(done: int, total: int | None, note: str = "") -> None:
                bars.update(bar, completed=done, total=total, note=note.replace("[", "\\[")[-60:])

            yield progress


def _console(**options: Any) -> Console:
    """Return a console on which what is printed moves no cursor and sets no title: control characters are shown."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class Shown(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
            for segment in super().render(renderable, options):
                is_ours = segment.control or not _CONTROL.search(segment.text)
                yield segment if is_ours else Segment(escape_controls(segment.text), segment.style)

    return Shown(**options)


def escape_controls(text: str) -> str:
    """Return a text in which control characters are written as `\\x1b`; line ends and tabs stay."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _line_progress(title: str, print_line: Callable[[str], None]) -> Progress:
    """Return a Progress that prints a line at the end and at most every few seconds before."""
    last = time.monotonic()

    def progress(done: int, total: int | None, note: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _LINE_EVERY_SECONDS and done != total:
            return
        last = now
        of = f" of {total}" if total is not None else ""
        print_line(f"{title}: {done}{of}{'  ' + note if note else ''}")

    return progress


class _TerminatedError(KeyboardInterrupt):
    """SIGTERM: what a machine that shuts down, a job queue or `kill` sends."""


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM stop what runs inside as Ctrl-C does; where someone else handles it, it stays theirs."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def stop(*_: object) -> None:
        raise _TerminatedError

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def opened(*, as_json: bool = False, debug: bool = False) -> Iterator[Door]:
    """Give a Door, and turn what goes wrong inside into one message and the right exit status."""
    door = Door(as_json=as_json, debug=debug or bool(os.environ.get("RUSHES_DEBUG")))
    try:
        with _stopped_by_sigterm():
            yield door
    except KeyboardInterrupt as stop:
        door.err.print("\nstopped; run the same command again to go on from here", style="yellow")
        raise SystemExit(TERMINATED if isinstance(stop, _TerminatedError) else INTERRUPTED) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(DONE) from None
    except Exception as error:
        if door.debug:
            raise
        status, message = _judge(error)
        if as_json:
            sys.stdout.write(json.dumps({"error": type(error).__name__, "message": message}) + "\n")
        door.err.print(f"rushes: {message}", style="red", markup=False)
        raise SystemExit(status) from None


def _judge(error: Exception) -> tuple[int, str]:
    """Return the exit status that an error ends with, and what to say of it."""
    if isinstance(error, RushesError):
        return WRONG_INPUT, str(error)
    if isinstance(error, OSError):
        return WRONG_INPUT, _name_of(error)
    if "no space left" in str(error).casefold():  # libraries wrap what the system says
        return WRONG_INPUT, f"the disk is full ({type(error).__name__}). {remedy_of(errno.ENOSPC)}"
    return OUR_FAULT, (
        f"a fault of rushes itself, not of your input: {type(error).__name__}: {error}\n"
        "Run it again with --debug and report what it prints"
    )


def _name_of(error: OSError) -> str:
    """Return what the system refused, and what to do about it."""
    where = f"{error.filename}: " if error.filename else ""
    remedy = remedy_of(error.errno) or "Check the place, then run this again"
    return f"{where}{error.strerror or error}. {remedy}"


def plural(count: int, word: str, words: str | None = None) -> str:
    """Return `1 frame`, `2 frames`."""
    return f"{count:,} {word if count == 1 else words or word + 's'}"


def table_of(
    title: str | None, columns: Sequence[str], rows: Sequence[Sequence[object]], *, whole: Sequence[str] = ()
) -> Any:
    """Return a rich table; columns whose cells are all numbers are set to the right.

    Args:
        whole: columns that are never folded, such as of names that people copy.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        numbers = rows and all(isinstance(row[index], int | float) or row[index] is None for row in rows)
        justify: Literal["left", "right"] = "right" if numbers else "left"
        table.add_column(Text(column), justify=justify, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(
            *(Text("–" if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row)
        )
    return table


def with_lines_below(console: Console, table: Any, lines: Sequence[str], *, indent: int) -> Any:
    """Return a table of `table_of`, all of whose columns are whole, with a line of its own under each of its rows.

    Args:
        lines: one for each row, folded where it is longer than the terminal is wide; "" for none.
    """
    from rich.console import Group
    from rich.padding import Padding
    from rich.segment import Segment, Segments
    from rich.text import Text

    drawn = console.render_lines(table, pad=False)
    above = len(drawn) - len(lines) - 1  # an empty line, the names of columns and a rule; the last is empty again
    parts: list[Any] = []
    for number, segments in enumerate(drawn):
        parts.append(Segments([*segments, Segment.line()]))
        below = lines[number - above] if 0 <= number - above < len(lines) else ""
        if below:
            parts.append(Padding(Text(below, style="dim"), (0, 0, 0, indent)))
    return Group(*parts)
