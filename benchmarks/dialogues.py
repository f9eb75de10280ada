"""Two-character dialogues found in films whose dialogues are known, beside the first algorithm with its faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.agreement import counts_of_talks, f1_of_talks, score_talks, with_interval
from benchmarks.harness import Outcome, Say, Target, find_media
from benchmarks.scene_peers import SETTINGS, Places, dialogues_of_first_algorithm
from benchmarks.stories import Story, painted_stories, spliced_stories, with_closeness
from rushes.datasets.synthetic.story_plan import DEVELOPMENT_SEEDS, TEST_SEEDS
from rushes.structure.evidence import Evidence
from rushes.structure.find import find_structure
from rushes.structure.scores import DialogueScore, score_dialogues

TARGET = Target("ratio", 1)
_BY = {"the scan alone": lambda story: story.evidence, "medium close-ups told, one in ten wrong": with_closeness}
Way = Callable[[Evidence], Places]


@dataclass(frozen=True, slots=True)
class _Found:
    rushes: list[DialogueScore]
    peer: list[DialogueScore]


def measure(say: Say) -> Outcome:
    say("Dialogues: a found one counts where it shares half of the time of both together with a known one, each once.")
    say(
        "The peer is the first algorithm: fixed windows of shots, clusters in each, two that alternate A B A B; its "
        "window and threshold are those that do best on the stories for development, chosen for each kind of evidence."
    )
    development = painted_stories(DEVELOPMENT_SEEDS, say=say)
    sets: dict[str, Sequence[Story]] = {
        "painted, for development": development,
        "painted, for the test": painted_stories(TEST_SEEDS, say=say),
    }
    media = find_media()
    if media is not None:
        sets["spliced of real footage"] = spliced_stories(media, say=say)
    lacking: dict[str, list[tuple[float, float]]] = {}
    for said, evidence_of in _BY.items():
        peer = _set_peer(development, evidence_of)
        say(f"By {said}:")
        for words, stories in sets.items():
            evidence = [evidence_of(story) for story in stories]
            found = _Found(
                [score_talks(story, _ours(one)) for story, one in zip(stories, evidence, strict=True)],
                [score_talks(story, peer(one)) for story, one in zip(stories, evidence, strict=True)],
            )
            known = counts_of_talks(found.rushes)
            say(f"  films {words}: {len(stories)}, {known.hits + known.missed} dialogues")
            say(f"    rushes: {_describe(found.rushes)}")
            say(f"      {_by_closeness(stories, [_ours(one) for one in evidence])}")
            say(f"    first algorithm: {_describe(found.peer)}")
            if words != "painted, for development":
                lacking.setdefault(said, []).append((1 - f1_of_talks(found.rushes), 1 - f1_of_talks(found.peer)))
    ours, theirs = (float(np.mean([pair[side] for pairs in lacking.values() for pair in pairs])) for side in (0, 1))
    say(
        "The line below is what F1 lacks of 1, the mean over the films that are not for development and both evidences."
    )
    return Outcome("dialogues", ours, theirs, "missing of dialogue F1", TARGET)


def _ours(evidence: Evidence) -> Places:
    return [(one.first, one.stop) for one in find_structure(evidence).dialogues]


def _by_closeness(stories: Sequence[Story], found: Sequence[Places]) -> str:
    """Return how many dialogues are found of those that are mostly medium close-ups, and of those filmed wider."""
    counts = {True: [0, 0], False: [0, 0]}
    for story, places in zip(stories, found, strict=True):
        middles = (story.evidence.start_seconds + story.evidence.stop_seconds) / 2
        for start, stop in story.known.dialogues or ():
            of = counts[bool(story.close[(middles >= start) & (middles < stop)].mean() >= 0.5)]
            of[0] += score_dialogues(story.spans(places), [(start, stop)]).counts.hits
            of[1] += 1
    (close, of_close), (wide, of_wide) = counts[True], counts[False]
    return f"{close} of {of_close} that are mostly medium close-ups, and {wide} of {of_wide} that are filmed wider"


def _set_peer(stories: Sequence[Story], evidence_of: Callable[[Story], Evidence]) -> Way:
    """Return the first algorithm as it does best on some films."""
    evidence = [evidence_of(story) for story in stories]

    def f1(place: int) -> float:
        return f1_of_talks([
            score_talks(story, dialogues_of_first_algorithm(one, SETTINGS[place]))
            for story, one in zip(stories, evidence, strict=True)
        ])  # fmt: skip

    best = max(range(len(SETTINGS)), key=f1)
    return lambda one: dialogues_of_first_algorithm(one, SETTINGS[best])


def _describe(films: Sequence[DialogueScore]) -> str:
    counts = counts_of_talks(films)
    shares = np.mean([[film.found_share, film.true_share] for film in films], axis=0)
    return (
        f"F1 {with_interval(films, f1_of_talks)}, precision {counts.precision:.3f}, recall {counts.recall:.3f} "
        f"({counts.hits} found, {counts.false} false, {counts.missed} missed); {shares[0]:.0%} of dialogue time found, "
        f"{shares[1]:.0%} of what was found is dialogue"
    )
