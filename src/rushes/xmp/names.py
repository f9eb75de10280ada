"""The properties of XMP that a photographer's choice is written in: their namespaces and names."""

from __future__ import annotations

from typing import NamedTuple

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
# Nobody's leave is needed for a URN of a random number. exiv2 and Adobe's toolkit want a slash or hash at the end.
CULL = "urn:uuid:8d9a4c1e-57f3-4b0a-9a56-2f0c7e1b6d43#"

PREFIXES = {
    RDF: "rdf",
    META: "x",
    CULL: "rushes",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia/": "xmpDM",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://ns.camerabits.com/photomechanic/1.0/": "photomechanic",
    "http://darktable.sf.net/": "darktable",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
}
_SPACES = {prefix: uri for uri, prefix in PREFIXES.items()}


class Name(NamedTuple):
    """A name of XML: the namespace's URI, and the name in it."""

    uri: str
    local: str

    def __str__(self) -> str:
        return f"{PREFIXES.get(self.uri, self.uri)}:{self.local}"


def named(text: str) -> Name:
    """Return the name that `xmp:Rating` stands for, by the prefixes of PREFIXES."""
    prefix, _, local = text.partition(":")
    return Name(_SPACES[prefix], local)


RATING = named("xmp:Rating")
LABEL = named("xmp:Label")
METADATA_DATE = named("xmp:MetadataDate")
LABEL_COLOR = named("photoshop:LabelColor")
FLAG_NUMBER = named("xmpDM:pick")
FLAG_WORD = named("xmpDM:good")
PICK_LABEL = named("digiKam:PickLabel")
COLOR_LABEL = named("digiKam:ColorLabel")
TAGGED = named("photomechanic:Tagged")
COLOR_CLASS = named("photomechanic:ColorClass")
PREFS = named("photomechanic:Prefs")
COLOR_LABELS = named("darktable:colorlabels")
# What darktable writes into every sidecar of its own, and the time of the last change to a development, -1 for none.
OF_DARKTABLE = (
    named("darktable:xmp_version"),
    named("darktable:auto_presets_applied"),
    named("darktable:import_timestamp"),
)
DEVELOPED_AT = named("darktable:change_timestamp")
PERCENT = named("MicrosoftPhoto:Rating")
# As exiftool writes it; Windows and exiv2 have the slash.
OLD_PERCENT = Name("http://ns.microsoft.com/photo/1.0", "Rating")

VERDICT = Name(CULL, "verdict")
SCORE = Name(CULL, "score")
BUNDLE = Name(CULL, "bundle")
THRESHOLD = Name(CULL, "threshold")
WROTE = Name(CULL, "wrote")
