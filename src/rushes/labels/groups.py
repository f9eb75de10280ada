"""Which sources a sheet puts in another group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rushes.footage.source import Source


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A source that leaves one group for another."""

    digest: str
    source_name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.source_name}: group {self.before} -> {self.after}"


def plan_groups(sources: Iterable[Source], wanted: Mapping[str, str]) -> list[GroupChange]:
    """Return the sources whose group is not the wanted one, in their order.

    Args:
        wanted: first 16 hex digits of a source's digest -> group, as in `Parsed.groups`; sources that are not in
            it stay where they are.
    """
    return [
        GroupChange(source.digest, source.name, source.group, wanted[source.digest[:16]])
        for source in sources
        if wanted.get(source.digest[:16], source.group) != source.group
    ]
