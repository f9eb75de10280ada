"""Which sources a sheet puts in another group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rushes.footage.source import Source, episode_of


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

    Where frames of an episode are referred to, all its sources are in one group: one for which nothing is wanted goes
    where another of the episode goes.

    Args:
        wanted: first 16 hex digits of a source's digest -> group, as in `Parsed.groups`; sources that are not in
            it stay where they are.
    """
    every = list(sources)
    referred = {episode_of(source) for source in every if source.is_referenced}
    of_episode: dict[str, str] = {}
    for source in every:
        if source.digest[:16] in wanted and episode_of(source) in referred:
            of_episode.setdefault(episode_of(source), wanted[source.digest[:16]])
    changes = []
    for source in every:
        after = wanted.get(source.digest[:16]) or of_episode.get(episode_of(source), source.group)
        if after != source.group:
            changes.append(GroupChange(source.digest, source.name, source.group, after))
    return changes
