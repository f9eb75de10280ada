"""What `--engine` and `--workers` say, and what rushes.toml says where they say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from rushes.errors import UsageError, require_extra
from rushes.project import Project, why_no_engine

if TYPE_CHECKING:
    from rushes.scale.engine import Engine
    from rushes.scale.room import OnCluster


@contextmanager
def engine_of(
    project: Project | None, engine: str | None, workers: int | None, *, threads: int | None = None
) -> Iterator[Engine]:
    """Give the engine that a command works with, and end it behind the block.

    Args:
        project: None for a command that needs none: what it names is then what there is.
    """
    from rushes.scale.choose import open_engine

    name = _name_of(project, engine)
    store = project.store if project is not None else ""
    with closing(open_engine(name, workers=workers or 0, threads=threads or 0, store=store)) as opened:
        yield opened


def is_engine_asked(project: Project | None, engine: str | None, workers: int | None) -> bool:
    """Return whether somebody wants work in other processes that by itself is best done in this one."""
    name = _name_of(project, engine)
    return name != "here" or (workers or 1) > 1


def cluster_of(project: Project, engine: str | None, workers: int | None, device: str | None) -> OnCluster | None:
    """Return the cluster that trainings are sent to; None where they are done here.

    Raises:
        UsageError: no engine is called so, or a cluster is given a device that is this machine's to choose.
        MissingExtraError: the extra `ray` is not installed.
    """
    from rushes.scale.room import OnCluster

    name = _name_of(project, engine)
    wrong = why_no_engine(name)
    if wrong:
        raise UsageError(f"--engine {wrong}")
    if name == "here":
        return None
    if device not in (None, "cpu", "cuda"):
        raise UsageError(
            f"--device {device}: with --engine {name} each worker gets a device of its own. Say --device cpu or cuda, "
            "and how many: --workers N"
        )
    require_extra("ray", "ray", purpose="working on a cluster")
    return OnCluster("" if name == "ray" else name, workers or 0, device)


def _name_of(project: Project | None, engine: str | None) -> str:
    if engine is not None:
        return engine
    return project.engine if project is not None else "here"
