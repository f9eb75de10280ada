"""Timelines as annotation documents of ELAN."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given, settings

from rushes.timelines.formats.eaf import format_eaf
from rushes.timelines.marker import Marker
from rushes.timelines.timeline import Timeline
from timelines.markers_by_hand import marked_timelines
from timelines.shots_by_hand import DIGEST, answered_timeline, small_timeline

# What the schema allows for the elements that are written: attributes (those with a mark are required), and children
# in order.
ALLOWED = {
    "ANNOTATION_DOCUMENT": (
        {"AUTHOR!", "DATE!", "VERSION!", "FORMAT", "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"},
        ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "CONSTRAINT"],
    ),
    "HEADER": ({"MEDIA_FILE", "TIME_UNITS"}, ["MEDIA_DESCRIPTOR", "PROPERTY"]),
    "MEDIA_DESCRIPTOR": ({"MEDIA_URL!", "MIME_TYPE!", "RELATIVE_MEDIA_URL"}, []),
    "PROPERTY": ({"NAME"}, []),
    "TIME_ORDER": (set(), ["TIME_SLOT"]),
    "TIME_SLOT": ({"TIME_SLOT_ID!", "TIME_VALUE"}, []),
    "TIER": ({"TIER_ID!", "LINGUISTIC_TYPE_REF!", "PARTICIPANT", "PARENT_REF"}, ["ANNOTATION"]),
    "ANNOTATION": (set(), ["ALIGNABLE_ANNOTATION", "REF_ANNOTATION"]),
    "ALIGNABLE_ANNOTATION": ({"ANNOTATION_ID!", "TIME_SLOT_REF1!", "TIME_SLOT_REF2!"}, ["ANNOTATION_VALUE"]),
    "REF_ANNOTATION": ({"ANNOTATION_ID!", "ANNOTATION_REF!"}, ["ANNOTATION_VALUE"]),
    "ANNOTATION_VALUE": (set(), []),
    "LINGUISTIC_TYPE": ({"LINGUISTIC_TYPE_ID!", "TIME_ALIGNABLE", "CONSTRAINTS", "GRAPHIC_REFERENCES"}, []),
    "CONSTRAINT": ({"STEREOTYPE!", "DESCRIPTION"}, []),
}  # fmt: skip


def read(timeline: Timeline, *markers: Marker) -> dict[str, list[tuple[int, int, str]]]:
    """Return the tiers with times of their own: start, stop and value of each annotation."""
    return tiers_of(ElementTree.fromstring(format_eaf(timeline, markers)))


def tiers_of(root: ElementTree.Element) -> dict[str, list[tuple[int, int, str]]]:
    times = {slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"]) for slot in root.iter("TIME_SLOT")}
    return {
        tier.attrib["TIER_ID"]: [
            (times[one.attrib["TIME_SLOT_REF1"]], times[one.attrib["TIME_SLOT_REF2"]], one[0].text or "")
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in root.iter("TIER")
        if "PARENT_REF" not in tier.attrib
    }


@settings(max_examples=40, deadline=None)
@given(marked_timelines())
def test_a_document_keeps_the_rules_of_the_schema(marked: tuple[Timeline, list[Marker]]) -> None:
    root = ElementTree.fromstring(format_eaf(*marked))
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.attrib) <= {name.rstrip("!") for name in attributes}
        assert {name[:-1] for name in attributes if name.endswith("!")} <= set(element.attrib)
        places = [children.index(child.tag) for child in element]
        assert places == sorted(places)
    ids = [
        value for one in root.iter() for key, value in one.attrib.items() if key in ("TIME_SLOT_ID", "ANNOTATION_ID")
    ]
    tiers = [tier.attrib for tier in root.iter("TIER")]
    types = {one.attrib["LINGUISTIC_TYPE_ID"] for one in root.iter("LINGUISTIC_TYPE")}
    assert len(set(ids)) == len(ids)
    assert len({tier["TIER_ID"] for tier in tiers}) == len(tiers)
    assert {tier["LINGUISTIC_TYPE_REF"] for tier in tiers} <= types
    assert {tier["PARENT_REF"] for tier in tiers if "PARENT_REF" in tier} <= {tier["TIER_ID"] for tier in tiers}
    assert {one.attrib["ANNOTATION_REF"] for one in root.iter("REF_ANNOTATION")} <= set(ids)


@settings(max_examples=40, deadline=None)
@given(marked_timelines())
def test_no_tier_holds_two_annotations_at_once_and_none_is_lost(marked: tuple[Timeline, list[Marker]]) -> None:
    timeline, markers = marked
    tiers = read(timeline, *markers)
    for tier in tiers.values():
        assert all(start < stop for start, stop, _ in tier)
        assert all(before[1] <= after[0] for before, after in pairwise(tier))
    told = sum(map(len, tiers.values()))
    assert told == len(timeline.shots) + sum(one.start < timeline.duration_seconds for one in markers)


def test_shots_are_numbered_in_milliseconds_and_models_answer_on_tiers_below() -> None:
    root = ElementTree.fromstring(format_eaf(answered_timeline()))
    assert tiers_of(root) == {"Shots": [(0, 1600, "1"), (1600, 2800, "2"), (2800, 4000, "3")]}
    below = {tier.attrib["TIER_ID"]: tier for tier in root.findall("./TIER[@PARENT_REF='Shots']")}
    assert {name: [one.text for one in tier.iter("ANNOTATION_VALUE")] for name, tier in below.items()} == {
        "Shots: Scale": ["MS"],
        "Shots: Movement": ["push", "static"],
    }


def test_characters_have_tiers_of_their_own_and_what_overlaps_a_further_one() -> None:
    second = Fraction(1)
    markers = [
        Marker("character", "Ada", 0 * second, 2 * second),
        Marker("character", "Grace", 1 * second, 2 * second),
        Marker("subtitle", "one\ntwo", 0 * second, 2 * second),
        Marker("subtitle", "", 1 * second, 3 * second),
    ]
    tiers = read(small_timeline(), *markers)
    assert tiers["Character: Ada"] == [(0, 2000, "Ada")]
    assert tiers["Character: Grace"] == [(1000, 2000, "Grace")]
    assert (tiers["Subtitles"], tiers["Subtitles 2"]) == ([(0, 2000, "one\ntwo")], [(1000, 3000, "")])


def test_what_is_noted_stands_one_to_one_below() -> None:
    root = ElementTree.fromstring(
        format_eaf(small_timeline(), [Marker("scene", "Scene 1", Fraction(0), Fraction(4), "shots 1 to 3", 0.75)])
    )
    (note,) = root.findall("./TIER[@PARENT_REF='Scenes']/ANNOTATION/REF_ANNOTATION")
    assert note.findtext("ANNOTATION_VALUE") == "shots 1 to 3; confidence 0.75"


def test_the_film_is_named_where_it_is_and_from_where_the_file_stands(tmp_path: Path) -> None:
    film = tmp_path / "film & Ночь" / "a b.mov"
    timeline = small_timeline(str(film))
    for folder, way in (
        (None, "./a%20b.mov"),
        (film.parent, "./a%20b.mov"),
        (tmp_path / "out", "../film%20%26%20%D0%9D%D0%BE%D1%87%D1%8C/a%20b.mov"),
    ):
        media = ElementTree.fromstring(format_eaf(timeline, folder=folder)).find("./HEADER/MEDIA_DESCRIPTOR")
        assert media is not None
        assert media.attrib == {
            "MEDIA_URL": film.as_uri(), "MIME_TYPE": "video/quicktime", "RELATIVE_MEDIA_URL": way,
        }  # fmt: skip


def test_a_film_of_a_bucket_is_looked_for_beside_the_file(tmp_path: Path) -> None:
    root = ElementTree.fromstring(format_eaf(small_timeline("s3://films/a b.xyz"), folder=tmp_path))
    media = root.find("./HEADER/MEDIA_DESCRIPTOR")
    assert media is not None
    assert (media.attrib["RELATIVE_MEDIA_URL"], media.attrib["MIME_TYPE"]) == ("./a%20b.xyz", "unknown")
    assert root.findtext("./HEADER/PROPERTY[@NAME='source']") == DIGEST


def test_it_states_when_it_was_written() -> None:
    written = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
    root = ElementTree.fromstring(format_eaf(small_timeline(), written=written))
    assert root.attrib["DATE"] == "2026-11-26T09:30:00+00:00"
