"""Scenes found in films whose scenes are known, beside simpler ways that are given the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmarks.agreement import OfFilm, f1_exact, f1_near, mean_iou, score_story, with_interval
from benchmarks.harness import Outcome, Say, Target, find_media
from benchmarks.scene_peers import SETTINGS, Places, scenes_of_equal_length, scenes_of_first_algorithm
from benchmarks.stories import Story, painted_stories, spliced_stories
from rushes.datasets.synthetic.story_plan import DEVELOPMENT_SEEDS, TEST_SEEDS
from rushes.structure.find import find_structure
from rushes.structure.scores import ClusterScore, score_clusters

TARGET = Target("ratio", 1)
_LENGTHS = range(3, 25)
Way = Callable[[Story], Places]


def measure(say: Say) -> Outcome:
    say("Scenes: find_structure on looks and tones of the scan, no model; every way is given the same shots and looks.")
    say(
        "A boundary counts within one shot, each once; 'exact' is at the very shot. "
        "In brackets: 95 % of the values with the films drawn anew."
    )
    say(
        f"Painted stories of seeds {DEVELOPMENT_SEEDS[0]} to {DEVELOPMENT_SEEDS[-1]} chose how peers are set; those "
        f"of seeds {TEST_SEEDS[0]} to {TEST_SEEDS[-1]} were never looked at before."
    )
    development = painted_stories(DEVELOPMENT_SEEDS, say=say)
    ways = _ways(development, say)
    sets: dict[str, Sequence[Story]] = {
        "painted, for development": development,
        "painted, for the test": painted_stories(TEST_SEEDS, say=say),
    }
    media = find_media()
    if media is not None:
        sets["spliced of real footage"] = spliced_stories(media, say=say)
    else:
        say("No real footage at hand; name its folder in RUSHES_MEDIA.")
    outcomes = {words: _compare(stories, ways, say, words) for words, stories in sets.items()}
    judged = [name for name in outcomes if name != "painted, for development"]
    missing = {
        way: 1 - float(np.mean([f1_near(outcomes[name][way]) for name in judged])) for way in outcomes[judged[0]]
    }
    best = min((way for way in missing if way != "rushes"), key=missing.__getitem__)
    iou_holds = all(mean_iou(outcomes[name]["rushes"]) >= mean_iou(outcomes[name][best]) for name in judged)
    say(
        f"The line below is what F1 lacks of 1, the mean over {' and '.join(judged)}; the peer is the best one, {best}."
    )
    say("The target is to lack no more than it, at a mean IoU that is no lower on either.")
    return Outcome("scenes", missing["rushes"], missing[best], "missing of boundary F1", TARGET, iou_holds)


def _ways(development: Sequence[Story], say: Say) -> dict[str, Way]:
    """Return rushes and its peers, these set by what is best on the stories for development."""

    def lacks(way: Way) -> float:
        return -f1_near([score_story(story, way(story)) for story in development])

    lengths = [_equal(length) for length in _LENGTHS]
    best_length = min(range(len(lengths)), key=lambda place: lacks(lengths[place]))
    firsts = [_first(place) for place in range(len(SETTINGS))]
    best_first = min(range(len(firsts)), key=lambda place: lacks(firsts[place]))
    say(f"Set so: {_LENGTHS[best_length]} shots of equal scenes; the first algorithm with {SETTINGS[best_first]}")
    return {
        "rushes": lambda story: [(one.first, one.stop) for one in find_structure(story.evidence).scenes],
        "equal scenes": lengths[best_length],
        "every shot a scene": _equal(1),
        "one scene": lambda story: [(0, story.evidence.shot_count)],
        "first algorithm": firsts[best_first],
    }


def _equal(length: int) -> Way:
    return lambda story: scenes_of_equal_length(story.evidence.shot_count, length)


def _first(place: int) -> Way:
    return lambda story: scenes_of_first_algorithm(story.evidence, SETTINGS[place])


def _compare(stories: Sequence[Story], ways: Mapping[str, Way], say: Say, words: str) -> dict[str, list[OfFilm]]:
    """Print how every way does on films, and return it by film."""
    scenes = sum(len(story.known.scenes or ()) for story in stories)
    shots = sum(story.evidence.shot_count for story in stories)
    say(f"Films {words}: {len(stories)}, {shots:,} shots found, {scenes} scenes")
    found: dict[str, list[OfFilm]] = {}
    for name, way in ways.items():
        films = found[name] = [score_story(story, way(story)) for story in stories]
        covers = np.mean([[film.scenes.coverage, film.scenes.overflow] for film in films], axis=0)
        say(
            f"  {name}: F1 {with_interval(films, f1_near)}, exact {f1_exact(films):.3f}; "
            f"mean IoU {with_interval(films, mean_iou)}; coverage {covers[0]:.2f}, overflow {covers[1]:.2f}"
        )
    say(f"  rushes finds {_near_long_takes(stories, ways['rushes'])}")
    say(f"  set-ups of rushes: {_setups(stories)}")
    return found


def _near_long_takes(stories: Sequence[Story], way: Way) -> str:
    """Return how many boundaries are found to the very shot beside a scene that is one shot, and how many elsewhere.

    With a tolerance one that is found would count for both sides of such a scene.
    """
    counts = {True: [0, 0], False: [0, 0]}
    for story in stories:
        edges, scenes = story.edges, story.known.scenes or ()
        known = [int(np.abs(edges - start).argmin()) for start, _ in scenes] + [len(edges) - 1]
        found = {first for first, _ in way(story)}
        for before, place, after in zip(known[:-2], known[1:-1], known[2:], strict=True):
            of = counts[place - before == 1 or after - place == 1]
            of[0] += place in found
            of[1] += 1
    (alone, of_alone), (other, of_other) = counts[True], counts[False]
    return f"exactly {alone} of {of_alone} boundaries beside a scene of one shot, and {other} of {of_other} others"


def _setups(stories: Sequence[Story]) -> str:
    scores: list[ClusterScore] = []
    for story in stories:
        starts = np.array([shot[0] for shot in story.known.shots])
        middles = (story.evidence.start_seconds + story.evidence.stop_seconds) / 2
        true = [story.known.shots[place][2] for place in np.searchsorted(starts, middles, side="right") - 1]
        scores.append(score_clusters(find_structure(story.evidence).setups, true))
    means = np.mean([[one.purity, one.inverse_purity, one.v_measure, one.adjusted_rand] for one in scores], axis=0)
    return "purity {:.3f}, inverse purity {:.3f}, V {:.3f}, adjusted Rand {:.3f} (means over films)".format(*means)
