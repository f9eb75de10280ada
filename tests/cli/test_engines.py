"""Who works: what `--engine` and `--workers` say."""

from __future__ import annotations

import pytest

from rushes.cli.engines import engine_of, is_engine_asked
from rushes.errors import UsageError


@pytest.mark.parametrize(
    ("engine", "workers", "asked"),
    [(None, None, False), ("here", None, False), ("here", 1, False), (None, 2, True), ("ray", None, True)],
)
def test_other_processes_are_asked_for_by_a_number_of_workers_or_a_cluster(
    engine: str | None, workers: int | None, asked: bool
) -> None:
    assert is_engine_asked(None, engine, workers) is asked


def test_an_engine_without_a_name_is_no_default() -> None:
    with pytest.raises(UsageError, match="--engine is ''"), engine_of(None, "", None):
        pass
