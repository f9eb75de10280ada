"""What `--engine` and `--workers` say, and what rushes.toml says where they say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from rushes.project import Project

if TYPE_CHECKING:
    from rushes.scale.engine import Engine


@contextmanager
def engine_of(
    project: Project | None, engine: str | None, workers: int | None, *, threads: int | None = None
) -> Iterator[Engine]:
    """Give the engine that a command works with, and end it behind the block.

    Args:
        project: None for a command that needs none: what it names is then what there is.
    """
    from rushes.scale.choose import open_engine

    name = engine or (project.engine if project is not None else "here")
    store = project.store if project is not None else ""
    with closing(open_engine(name, workers=workers or 0, threads=threads or 0, store=store)) as opened:
        yield opened


def is_engine_asked(project: Project | None, engine: str | None, workers: int | None) -> bool:
    """Return whether somebody wants work in other processes that by itself is best done in this one."""
    name = engine or (project.engine if project is not None else "here")
    return name != "here" or (workers or 1) > 1
