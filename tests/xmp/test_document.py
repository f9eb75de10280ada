"""What is no XMP is told apart, and a change touches nothing else."""

from __future__ import annotations

import pytest

from rushes.xmp.document import MOST_BYTES, Document, NotXmp
from rushes.xmp.names import COLOR_LABELS, LABEL, RATING
from xmp.sidecars import ALL, LIGHTROOM, sidecar

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>"""
OUTSIDE = b"""<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x:xmpmeta xmlns:x="adobe:ns:meta/"/>"""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n \0\0", "is empty"),
        (b"Rating: 3", r"is not XML \(line 1"),
        (LAUGHS, "document type"),
        (OUTSIDE, "document type"),
        (b"<html><body>404</body></html>", "is XML, but not XMP: it begins with <html>"),
        (b"<!doctype html><html>", "document type|is not XML"),
        (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", "holds no rdf:RDF"),
        (LIGHTROOM[:1000], r"is not XML \(line"),
        (LIGHTROOM.replace(b"0.35", b"\xff\xfe"), "is not text in UTF-8"),
        (b"\xff\xd8\xff\xe1" + b"\0" * 99, "is not text in UTF-8"),
        (b" " * (20 << 20), "more than the 16,777,216 that are read"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "not known here"),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "XMP is UTF-8 or UTF-16"),
        (b"<a>" * 600, "nests more than 500"),
        (b"<x>&undefined;</x>", "is not XML"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_xmp_is_refused_in_words(data: bytes, reason: str) -> None:
    assert MOST_BYTES < 20 << 20
    with pytest.raises(NotXmp, match=reason):
        Document(data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_document_keeps_its_encoding(encoding: str) -> None:
    text = ALL["captureone"].decode().replace("Bergen", "Ålesund").replace('encoding="UTF-8"', "")
    data = text.encode(encoding)
    document = Document(data)
    assert document.get(LABEL) == "Yellow"
    document.set(LABEL, "Rød")
    assert document.to_bytes() == text.replace("Yellow", "Rød").encode(encoding)


def test_latin_1_takes_in_what_it_has_no_letter_for() -> None:
    data = b"<?xml version='1.0' encoding='ISO-8859-1'?>" + sidecar('xmp:Label="Gr\xfcn"').replace(b"\xc3\xbc", b"\xfc")
    document = Document(data)
    assert document.get(LABEL) == "Grün"
    document.set(LABEL, "緑")
    assert Document(document.to_bytes()).get(LABEL) == "緑"


@pytest.mark.parametrize("name", ALL)
def test_a_document_that_is_not_changed_is_the_same_bytes(name: str) -> None:
    document = Document(ALL[name])
    document.set(RATING, document.text_of(RATING))
    assert document.to_bytes() == ALL[name]


def test_only_the_value_of_an_attribute_changes() -> None:
    document = Document(LIGHTROOM)
    document.set(RATING, "5")
    assert document.to_bytes() == LIGHTROOM.replace(b'xmp:Rating="3"', b'xmp:Rating="5"')


def test_only_the_value_of_an_element_changes() -> None:
    document = Document(ALL["photomechanic"])
    document.set(RATING, "5")
    assert document.to_bytes() == ALL["photomechanic"].replace(b"Rating>2<", b"Rating>5<")


def test_a_property_that_is_taken_away_takes_its_line_along() -> None:
    document = Document(ALL["captureone"])
    document.set(LABEL, None)
    assert document.to_bytes() == ALL["captureone"].replace(b"\n         <xmp:Label>Yellow</xmp:Label>", b"")
    document = Document(LIGHTROOM)
    document.set(RATING, None)
    assert document.to_bytes() == LIGHTROOM.replace(b'\n   xmp:Rating="3"', b"")


def test_a_property_that_is_added_stands_behind_the_last_attribute() -> None:
    document = Document(LIGHTROOM)
    document.set(LABEL, 'A & "B" <c>')
    expected = LIGHTROOM.replace(b'HasSettings="True"', b'HasSettings="True"\n   xmp:Label=\'A &amp; "B" &lt;c&gt;\'')
    assert document.to_bytes() == expected
    assert Document(expected).get(LABEL) == 'A & "B" <c>'


def test_a_qualified_value_and_a_default_namespace_can_be_written_over() -> None:
    document = Document(ALL["odd"])
    document.set(LABEL, "Red")
    document.set(RATING, "3")  # xmp: is somebody else's there, and so is rushes:
    changed = document.to_bytes()
    assert b"<rdf:value>Red</rdf:value>" in changed  # what is said about the value stays
    assert b'xmlns:xmp1="http://ns.adobe.com/xap/1.0/" xmp1:Rating="3"' in changed
    assert (Document(changed).get(LABEL), Document(changed).get(RATING)) == ("Red", "3")


@pytest.mark.parametrize("written", ["<xmp:Rating/>", "<xmp:Rating></xmp:Rating>", "<xmp:Rating rdf:value='1'/>"])
def test_an_empty_element_can_be_written_into(written: str) -> None:
    document = Document(sidecar("", written))
    document.set(RATING, "4")
    assert Document(document.to_bytes()).get(RATING) == "4"


@pytest.mark.parametrize(
    "rdf",
    [
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>",
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'></rdf:RDF>",
        "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><r:Description/></r:RDF>",
        "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\n <t:T xmlns:t='urn:t:' r:about='x'/>\n</r:RDF>",
    ],
)
def test_a_document_without_a_description_gets_one(rdf: str) -> None:
    document = Document(rdf.encode())
    document.set(RATING, "4")
    document.set(COLOR_LABELS, ("2",))
    changed = Document(document.to_bytes())
    assert (changed.get(RATING), changed.get(COLOR_LABELS)) == ("4", ("2",))


def test_what_xml_cannot_hold_is_replaced() -> None:
    document = Document(sidecar())
    document.set(LABEL, "a\0b\ud800c")
    assert Document(document.to_bytes()).get(LABEL) == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
