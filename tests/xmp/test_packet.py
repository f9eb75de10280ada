"""What one packet says, in each of the ways in which editors say it."""

from __future__ import annotations

import pytest

from rushes.xmp.marks import Marks
from rushes.xmp.packet import read_packet
from xmp.sidecars import ALL, sidecar


@pytest.mark.parametrize(
    ("properties", "elements", "marks"),
    [
        ('xmp:Rating="3"', "", Marks(rating=3)),
        ("", "<xmp:Rating>3</xmp:Rating>", Marks(rating=3)),
        ('xmp:Rating="3.0"', "", Marks(rating=3)),
        ('xmp:Rating=" -1 "', "", Marks(rating=-1)),
        ('xmp:Rating="0"', "", Marks(rating=0)),
        ('xmp:Rating="99"', "", Marks()),
        ('xmp:Rating="nan"', "", Marks()),
        ('xmp:Rating=""', "", Marks()),
        ('MicrosoftPhoto:Rating="75"', "", Marks(rating=4)),
        ('MicrosoftPhoto:Rating="1"', "", Marks(rating=1)),
        ('MicrosoftPhoto:Rating="99" xmp:Rating="2"', "", Marks(rating=2)),
        ('photoshop:Urgency="1"', "", Marks()),
        ('xmp:Label="Grün"', "", Marks(label="Grün")),
        ('xmp:Label="None"', "", Marks()),
        ('photoshop:LabelColor="purple"', "", Marks(label="Purple")),
        ('xmp:Label="パープル" photoshop:LabelColor="purple"', "", Marks(label="パープル")),
        ('digiKam:ColorLabel="4"', "", Marks(label="Green")),
        ('digiKam:ColorLabel="0" digiKam:PickLabel="0"', "", Marks()),
        ('digiKam:PickLabel="3"', "", Marks(flag="pick")),
        ('digiKam:PickLabel="2"', "", Marks()),
        ("", "<digiKam:PickLabel>1</digiKam:PickLabel>", Marks(flag="reject")),
        ('xmpDM:pick="1"', "", Marks(flag="pick")),
        ('xmpDM:pick="-1" xmpDM:good="False"', "", Marks(flag="reject")),
        ('xmpDM:pick="0"', "", Marks()),
        ('xmpDM:good="True"', "", Marks(flag="pick")),
        ('xmpDM:good="false" digiKam:PickLabel="3"', "", Marks(flag="reject")),
        ('photomechanic:Tagged="True"', "", Marks(flag="pick")),
        ('photomechanic:Tagged="False"', "", Marks()),
        ('photomechanic:ColorClass="2"', "", Marks(label="Winner alt")),
        ('photomechanic:ColorClass="8"', "", Marks(label="Trash", flag="reject")),
        ('photomechanic:Prefs="1:3:0:008771"', "", Marks(label="Superior", flag="pick")),
        (
            "",
            "<darktable:colorlabels><rdf:Seq><rdf:li>3</rdf:li></rdf:Seq></darktable:colorlabels>",
            Marks(label="Blue"),
        ),
        ("", "<darktable:colorlabels><rdf:Bag/></darktable:colorlabels>", Marks()),
        ("", "<xmp:Rating rdf:parseType='Resource'><rdf:value>5</rdf:value></xmp:Rating>", Marks(rating=5)),
        ("", "<xmp:Rating rdf:value='5'/>", Marks(rating=5)),
        ("", "<x:deep xmlns:x='urn:x:'><rdf:Description xmp:Rating='5'/></x:deep>", Marks()),
    ],
)
def test_a_mark_is_read_as_the_editor_meant_it(properties: str, elements: str, marks: Marks) -> None:
    packet = read_packet(sidecar(properties, elements))
    assert packet.own == packet.shown == marks
    assert packet.cull is None


def test_the_sidecars_of_editors_are_read() -> None:
    assert {name: read_packet(data).own for name, data in ALL.items()} == {
        "darktable": Marks(rating=0),
        "digikam": Marks(rating=4),
        "lightroom": Marks(rating=3),
        "photomechanic": Marks(rating=2),
        "captureone": Marks(rating=4, label="Yellow"),
        "odd": Marks(label="Blue"),
    }


def test_a_property_of_another_namespace_with_the_usual_prefix_is_none() -> None:
    assert read_packet(sidecar('xmp:Rating="3"').replace(b"ns.adobe.com/xap", b"example.org")).own == Marks()


def test_the_time_of_the_last_change_is_read() -> None:
    assert read_packet(ALL["lightroom"]).changed_at is not None
    assert read_packet(sidecar('xmp:MetadataDate="yesterday"')).changed_at is None
