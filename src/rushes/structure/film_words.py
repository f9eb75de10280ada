"""A film in words: its facts in sentences, where things begin and end, and how a dialogue goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from rushes.evaluation.markup import counted, duration
from rushes.structure.facts import FilmFacts, PictureArea
from rushes.structure.film import Film
from rushes.structure.parts import Dialogue, Scene, Structure
from rushes.structure.subtitle import FilmSubtitles, Subtitle
from rushes.timelines.contact_sheet import format_seconds
from rushes.timelines.markup import text

NO_FACES = "Faces were not looked for: they are off unless a project asks for them."


def summarise(film: Film) -> str:
    """Return the film's length and rhythm as a sentence."""
    facts = film.facts
    length = duration(float(film.timeline.duration_seconds))
    if not facts.shot_count:
        light = f" Light is {describe_light(facts)}." if facts.tones else ""
        return f"{length} of nothing but one even colour at a time: there is no shot to count.{light}"
    if len(film.timeline.shots) == 1:
        return f"{length} in a single shot."
    told = f"{count_shots(film)}{',' if facts.shot_count < len(film.timeline.shots) else ''} in {length}"
    if facts.shot_count == 1:
        return f"{told}."
    return (
        f"{told}: {seconds(facts.average_shot_seconds)} on average, half of "
        f"them shorter than {seconds(facts.median_shot_seconds)}."
    )


def count_shots(film: Film) -> str:
    """Return how many shots there are, as they are numbered, and how many of them are blank, which facts leave out."""
    count = len(film.timeline.shots)
    blank = count - film.facts.shot_count
    said = counted(count, "shot")
    if not blank:
        return said
    return f"{said}, {'all' if blank == count else 'one' if blank == 1 else f'{blank:,}'} of them blank"


def describe_finds(film: Film) -> str:
    """Return how many scenes, set-ups, dialogues and characters were found, as a sentence."""
    found = film.structure
    setups = len({setup for setup in found.setups if setup >= 0})
    words = [
        counted(len(found.scenes), "scene"),
        counted(setups, "set-up") if setups else "no set-up",
        counted(len(found.dialogues), "dialogue") if found.dialogues else "no dialogue",
    ]
    if film.characters is not None:
        words.append(counted(len(film.characters), "character") if film.characters else "no face")
    return f"{', '.join(words[:-1])} and {words[-1]} were found."


def list_facts(film: Film) -> list[tuple[str, str]]:
    """Return what stands at the head of a film's page: (word, what is said)."""
    timeline, facts = film.timeline, film.facts
    rate = f"{float(timeline.rate):.5g} frames a second" + ("" if timeline.constant_rate else " on average")
    said = [
        (
            "Picture",
            f"{describe_area(facts.area, width=timeline.width_pixels, height=timeline.height_pixels)} "
            f"Stored as {timeline.width_pixels} × {timeline.height_pixels}, {rate}.",
        ),
        ("Cuts", _describe_cuts(facts)),
        ("Compared by", _describe_looks(film)),
    ]
    if facts.shot_count > 1:
        longest = f"from {seconds(facts.shortest_shot_seconds)} to {seconds(facts.longest_shot_seconds)}"
        takes = counted(len(facts.long_takes), "long take") if facts.long_takes else "no long take"
        threshold = f" (from {seconds(facts.long_take_seconds)})" if facts.long_take_seconds else ""
        said.insert(0, ("Shots", f"{longest}; {takes}{threshold}."))
    return said


def describe_area(area: PictureArea | None, *, width: int, height: int) -> str:
    """Return the picture's shape as a sentence.

    Args:
        width, height: of the frame as it is shown, in pixels.
    """
    if area is None:
        return "No frame shows where the picture ends, so its shape is that of the file."
    named = f", nearest to {area.name}" if area.name and area.name != f"{area.aspect:.2f}:1" else ""
    bars = describe_bars(area, width=width, height=height)
    varies = "; bars come and go, this is the commonest shape" if area.varies else ""
    return f"{area.aspect:.2f}:1{named}, {bars}{varies}."


def describe_bars(area: PictureArea, *, width: int, height: int) -> str:
    """Return which black bars were taken away, `black bars taken away: 60 px left and right`; or that there are none.

    Args:
        width, height: of the frame as it is shown, in pixels.
    """
    pairs = (
        (("left", area.left), ("right", width - area.right)),
        (("above", area.top), ("below", height - area.bottom)),
    )
    said = []
    for (one, first), (other, second) in pairs:
        if first == second > 0:
            said.append(f"{first} px {one} and {other}")
        else:
            said += [f"{size} px {side}" for side, size in ((one, first), (other, second)) if size > 0]
    return f"black bars taken away: {', '.join(said)}" if said else "no black bars"


def describe_light(facts: FilmFacts) -> str:
    """Return from how dark to how bright a film is, of 255."""
    levels = [round(one.brightness) for one in facts.tones]
    if not levels:
        return "which is not known"
    low, high = min(levels), max(levels)
    return f"{low} of 255 throughout" if low == high else f"from {low} to {high} of 255"


def count_subjects(film: Film, scene: Scene) -> list[tuple[str, int]]:
    """Return the subjects of a scene and in how many of its shots each is, the commonest first, case aside."""
    spelt: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for words in (film.subjects or ())[scene.first : scene.stop]:
        counts.update({word.casefold() for word in words})
        for word in words:
            spelt.setdefault(word.casefold(), word)
    return [(spelt[word], shots) for word, shots in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]


def _describe_cuts(facts: FilmFacts) -> str:
    plural = {"hard": "hard cuts", "fade": "fades", "dissolve": "dissolves"}
    single = {"hard": "hard cut", "fade": "fade", "dissolve": "dissolve"}
    words = [f"{count:,} {(single if count == 1 else plural)[kind]}" for kind, count in facts.cuts.items() if count]
    return f"{', '.join(words)}." if words else "None."


def _describe_looks(film: Film) -> str:
    looks = "what the scan keeps of each frame" if film.looks_by == "scan" else film.looks_by
    said = [f"looks: {looks}"]
    said += [f"medium close-ups: {film.closeness_by}"] if film.closeness_by else []
    said += [f"faces: {film.faces_by}"] if film.faces_by else []
    said += [f"things: {film.subjects_by}"] if film.subjects_by else []
    return f"{'; '.join(said)}."


def seconds(value: float) -> str:
    """Return a length of time as the contact sheet does: `0.48 s`, `4.8 s`; from two minutes on `2 min 05 s`."""
    return duration(value) if value >= 120 else format_seconds(Fraction(value))


def span_of(film: Film, first: int, stop: int) -> str:
    """Return where shots `[first, stop)` begin and end, as timecode."""
    timeline = film.timeline
    start, end = timeline.shots[first].start_slot, timeline.shots[stop - 1].stop_slot
    return f"{timeline.timecode_at(start)} – {timeline.timecode_at(end)}"


def seconds_of(film: Film, first: int, stop: int) -> float:
    """Return how long shots `[first, stop)` last."""
    return float(film.timeline.shots[stop - 1].stop_seconds - film.timeline.shots[first].start_seconds)


def side_of(structure: Structure, dialogue: Dialogue, shot: int) -> int | None:
    """Return the side of a dialogue that a shot is of, 0 or 1; None of a cutaway and of shots outside."""
    if not dialogue.first <= shot < dialogue.stop or shot in dialogue.cutaways:
        return None
    for side, (setup, more) in enumerate(zip(dialogue.sides, dialogue.more, strict=True)):
        if structure.setups[shot] in (setup, *more):
            return side
    return None


def count_changes(structure: Structure, dialogue: Dialogue) -> int:
    """Return how often a dialogue goes from one side to the other, cutaways left out."""
    sides = [side_of(structure, dialogue, shot) for shot in range(dialogue.first, dialogue.stop)]
    seen = [side for side in sides if side is not None]
    return sum(before != after for before, after in pairwise(seen))


def cast_of(film: Film, first: int, stop: int) -> list[int]:
    """Return the characters that are seen in shots `[first, stop)`, by number, the one seen longest first."""
    return sorted({number for shot in range(first, stop) for number in (film.cast[shot] if film.cast else ())})


def name_of(film: Film, number: int) -> str:
    """Return what to call a character."""
    found = next((one for one in film.characters or () if one.number == number), None)
    return found.title if found else f"character {number + 1}"


def title_of(film: Film, number: int) -> str:
    """Return what to call a character, as HTML that keeps the direction of its own script."""
    return own_way(name_of(film, number))


def own_way(word: str) -> str:
    """Return words as HTML in which a script that goes from right to left does not turn what stands beside it."""
    return text(word) if word.isascii() else f"<bdi>{text(word)}</bdi>"


def usable_subtitles(film: Film) -> Sequence[Subtitle]:
    """Return the subtitles that lie over shots of this film; none of another film's."""
    if film.subtitles is None or film.subtitles.fit == "other film":
        return ()
    return [one for one in film.subtitles.entries if one.stop > one.first]


def describe_subtitles(found: FilmSubtitles) -> str:
    """Return how well subtitles go with the film, as a sentence."""
    said = {
        "fits": "fit as they are",
        "moved": f"fit when moved by {found.offset_seconds:+.1f} s, which was done",
        "other film": "do not go with what is heard: they seem to be of another film or cut, and are left out here",
        "not known": "were taken as they are: there is too little to compare them with",
    }[found.fit]
    return f"{counted(len(found.entries), 'subtitle')} of {found.name} {said} ({found.reason})."


def tell_personal(film: Film, portraits: Sequence[bytes | None]) -> str:
    """Return as HTML what a page carries about persons, for whoever passes it on; "" where it carries nothing."""
    faces = sum(one is not None for one in portraits)
    names = sum(one.name is not None for one in film.characters or ())
    held = [*([counted(faces, "face")] if faces else []), *([counted(names, "name")] if names else [])]
    if not held:
        return ""
    return (
        f'<p class="personal">This page carries {" and ".join(held)} of persons. Whoever has the page has them too, '
        "and wiping the project's face data does not reach it.</p>"
    )
