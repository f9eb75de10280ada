"""A cull's mark, and a person's decision, merged into sidecars of every editor: what is foreign stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from rushes.errors import XmpError
from rushes.xmp import names
from rushes.xmp.marks import CullMark, Flag, Marks
from rushes.xmp.merge import Merged, marked_by_us, merge_mark, merge_marks
from rushes.xmp.names import Name
from rushes.xmp.packet import GROUPS, read_packet
from rushes.xmp.profiles import PROFILES, Profile
from xmp.sidecars import ALL, CAPTURE_ONE, DARKTABLE, LIGHTROOM, PHOTO_MECHANIC, sidecar

PICK = CullMark("pick", 0.9731, "b-12", 0.9)
REJECT = CullMark("reject", 0.25, "b-12", 0.9)
RDF = f"{{{names.RDF}}}"
MANAGED = {
    name
    for profile in PROFILES.values()
    for verdict in ("pick", "reject")
    for name in profile.says[verdict]  # type: ignore[index]
} | {names.PREFS, names.LABEL, names.LABEL_COLOR, names.COLOR_LABEL, names.PERCENT}

profiles = pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)


def merged(existing: bytes | None, mark: CullMark, profile: Profile) -> Merged:
    return merge_mark(existing, mark, profile, photograph_name="DSC_0012.NEF")


def foreign(data: bytes) -> list[bytes]:
    """Return all of a document but what rushes may write, as lxml reads it."""
    data = data.decode("utf-16-be").encode() if data.startswith(b"\0<") else data  # lxml wants a mark in front
    document = etree.fromstring(data, etree.XMLParser(resolve_entities=False, remove_blank_text=True))
    for rdf in document.iter(f"{RDF}RDF"):
        for node in list(rdf):
            for written in list(node.attrib):
                if is_ours(written):
                    del node.attrib[written]
            for child in list(node):
                if isinstance(child.tag, str) and is_ours(child.tag):
                    node.remove(child)
            if node.tag == f"{RDF}Description" and not len(node) and set(node.attrib) <= {f"{RDF}about"}:
                rdf.remove(node)
            elif not len(node):
                node.text = None
    before = [etree.tostring(one) for one in document.itersiblings(preceding=True)]
    after = [etree.tostring(one) for one in document.itersiblings()]
    for element in document.iter():
        element.text, element.tail = (element.text or "").strip(), (element.tail or "").strip()
    return [*before, etree.tostring(document, method="c14n", exclusive=True), *after]


def is_ours(written: str) -> bool:
    qualified = etree.QName(written)
    return qualified.namespace == names.CULL or Name(qualified.namespace or "", qualified.localname) in MANAGED


# Every profile.


@profiles
@pytest.mark.parametrize("mark", [PICK, REJECT], ids=lambda mark: mark.verdict)
def test_a_new_sidecar_is_read_back_as_it_was_written(profile: Profile, mark: CullMark) -> None:
    packet = read_packet(merged(None, mark, profile).data)
    assert packet.shown == profile.shows[mark.verdict]
    assert packet.own == Marks()
    assert packet.cull == mark == marked_by_us(merged(None, mark, profile).data)


@profiles
@pytest.mark.parametrize("name", ALL)
def test_a_second_merge_of_the_same_mark_changes_no_byte(profile: Profile, name: str) -> None:
    once = merged(ALL[name], PICK, profile)
    assert once.changed
    assert merged(once.data, PICK, profile) == Merged(once.data, once.kept, changed=False)


@profiles
@pytest.mark.parametrize("name", ALL)
def test_nothing_foreign_is_lost_or_changed(profile: Profile, name: str) -> None:
    data = merged(merged(ALL[name], PICK, profile).data, REJECT, profile).data
    assert foreign(data) == foreign(ALL[name])
    assert read_packet(data).own == read_packet(ALL[name]).own or name in ("darktable", "photomechanic")
    # What a rating of 0, or an absent flag, is replaced with is ours, and no statement of the photographer's.
    assert read_packet(data).own.rating in (read_packet(ALL[name]).own.rating, None)


@profiles
def test_a_second_cull_replaces_what_the_first_wrote_and_nothing_is_left_of_it(profile: Profile) -> None:
    twice = merged(merged(None, PICK, profile).data, REJECT, profile).data
    assert read_packet(twice).shown == profile.shows["reject"]
    assert marked_by_us(twice) == REJECT
    assert read_packet(merged(twice, PICK, profile).data).shown == profile.shows["pick"]


@profiles
def test_a_second_cull_by_another_profile_replaces_what_the_first_wrote(profile: Profile) -> None:
    for other in PROFILES.values():
        data = merged(merged(None, REJECT, other).data, PICK, profile).data
        assert read_packet(data).shown == profile.shows["pick"], other.name


@profiles
@pytest.mark.parametrize("mark", [PICK, REJECT], ids=lambda mark: mark.verdict)
@pytest.mark.parametrize(
    "stated",
    [
        'xmpDM:pick="1"',
        'xmpDM:good="False"',
        'digiKam:PickLabel="1"',
        'photomechanic:Tagged="True"',
        'xmp:Rating="-1"',
        'photomechanic:ColorClass="8"',
    ],
)
def test_a_photograph_that_the_photographer_flagged_gets_no_mark(profile: Profile, mark: CullMark, stated: str) -> None:
    existing = sidecar(stated)
    done = merged(existing, mark, profile)
    assert read_packet(done.data).shown == read_packet(existing).shown == read_packet(done.data).own
    assert marked_by_us(done.data) == mark
    assert len(done.kept) == 1
    assert foreign(done.data) == foreign(existing)


@profiles
def test_what_is_no_xmp_is_refused_in_one_line_that_names_the_sidecar(profile: Profile) -> None:
    for data in (b"", b"<html/>", LIGHTROOM[:-40], b"\x89PNG"):
        with pytest.raises(XmpError) as caught:
            merged(data, PICK, profile)
        assert str(caught.value).startswith(f"{profile.name_beside('DSC_0012.NEF')}: the sidecar ")
        assert "It was left as it is" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert marked_by_us(data) is None


# Particular ones.


def test_stars_and_labels_that_the_photographer_gave_stay() -> None:
    assert merged(CAPTURE_ONE, REJECT, PROFILES["bridge"]).kept == ("rating 4",)
    assert merged(CAPTURE_ONE, PICK, PROFILES["bridge"]).kept == ("label Yellow",)
    assert merged(CAPTURE_ONE, PICK, PROFILES["darktable"]).kept == ("label Yellow",)
    assert merged(CAPTURE_ONE, PICK, PROFILES["adobe"]).kept == ()
    for name in ("adobe", "bridge", "darktable"):
        for mark in (PICK, REJECT):
            own = read_packet(merged(CAPTURE_ONE, mark, PROFILES[name]).data).own
            assert own == Marks(rating=4, label="Yellow")


@profiles
@pytest.mark.parametrize("mark", [PICK, REJECT], ids=lambda mark: mark.verdict)
def test_what_stands_inside_the_photograph_is_not_hidden_by_a_new_sidecar(profile: Profile, mark: CullMark) -> None:
    def with_marks(marks: Marks) -> Merged:
        return merge_mark(None, mark, profile, photograph_name="DSC_0012.NEF", elsewhere=marks)

    for marks, words in (
        (Marks(flag="pick"), "flag pick"),
        (Marks(flag="reject"), "flag reject"),
        (Marks(rating=-1), "rating -1"),
    ):
        assert read_packet(with_marks(marks).data).shown == Marks()
        assert with_marks(marks).kept == (words,)
    starred = with_marks(Marks(rating=4, label="Red"))
    shown = read_packet(starred.data).shown
    assert (shown.rating, shown.label) == (None, profile.shows[mark.verdict].label if not starred.kept else None)
    assert with_marks(Marks(rating=0)) == merged(None, mark, profile)


def test_pending_in_digikam_is_kept_and_decides_nothing() -> None:
    existing = sidecar('digiKam:PickLabel="2"')
    assert merged(existing, PICK, PROFILES["digikam"]).kept == ("pick label pending",)
    assert merged(existing, PICK, PROFILES["adobe"]).kept == ()


def test_the_change_is_as_small_as_can_be() -> None:
    once = merged(LIGHTROOM, PICK, PROFILES["adobe"]).data
    declaration = f'\n   xmlns:rushes="{names.CULL}"'.encode()
    ours = (
        b'\n   rushes:verdict="pick"\n   rushes:score="0.9731"\n   rushes:bundle="b-12"\n   rushes:threshold="0.9"'
        b'\n   rushes:wrote="xmpDM:pick=1 xmpDM:good=True"'
    )
    expected = LIGHTROOM.replace(b'xmpDM:pick="0"', b'xmpDM:pick="1"').replace(
        b'crs:HasSettings="True"', b'crs:HasSettings="True"' + declaration + b'\n   xmpDM:good="True"' + ours
    )
    assert once == expected


def test_what_the_photographer_changed_since_is_theirs() -> None:
    culled = merged(None, PICK, PROFILES["adobe"]).data
    changed = culled.replace(b'pick="1"', b'pick="-1"').replace(b'good="True"', b'good="False"')
    assert read_packet(changed).own == Marks(flag="reject")
    again = merged(changed, PICK, PROFILES["adobe"])
    assert read_packet(again.data).shown == Marks(flag="reject")
    assert again.kept == ("flag reject",)


def test_the_summary_of_photo_mechanic_agrees_with_its_tag_and_class() -> None:
    picked = merged(PHOTO_MECHANIC, PICK, PROFILES["photomechanic"]).data
    assert b"<photomechanic:Prefs>1:0:2:008771<" in picked
    assert b"<photomechanic:Tagged>True<" in picked
    rejected = merged(picked, REJECT, PROFILES["photomechanic"]).data
    assert b"<photomechanic:Prefs>0:8:2:008771<" in rejected
    assert read_packet(rejected).own == Marks(rating=2)


def test_a_green_dot_of_darktable_is_one_of_its_own_arrays() -> None:
    data = merged(DARKTABLE, PICK, PROFILES["darktable"]).data
    assert b"\n   <darktable:colorlabels><rdf:Seq><rdf:li>2</rdf:li></rdf:Seq></darktable:colorlabels>\n" in data
    colored = data.replace(
        b"<rdf:li>2</rdf:li></rdf:Seq></darktable:color", b"<rdf:li>0</rdf:li></rdf:Seq></darktable:color"
    )
    assert merged(colored, PICK, PROFILES["darktable"]).kept == ("colour label Red",)


# A person's decision.


def decided(existing: bytes | None, marks: Marks, profile: Profile, **options: object) -> Merged:
    return merge_marks(existing, marks, profile, photograph_name="DSC_0012.NEF", **options)  # type: ignore[arg-type]


@profiles
@pytest.mark.parametrize("flag", ["pick", "reject"])
def test_a_person_overrules_the_cull(profile: Profile, flag: Flag) -> None:
    for mark in (PICK, REJECT):
        done = decided(merged(None, mark, profile).data, Marks(flag=flag), profile)
        packet = read_packet(done.data)
        assert packet.own == packet.shown == profile.shows[flag]
        assert packet.cull == mark
        assert not decided(done.data, Marks(flag=flag), profile).changed


@profiles
@pytest.mark.parametrize("flag", ["pick", "reject"])
@pytest.mark.parametrize("other", PROFILES.values(), ids=lambda profile: profile.name)
def test_a_person_changes_their_mind(profile: Profile, flag: Flag, other: Profile) -> None:
    opposite: Flag = "reject" if flag == "pick" else "pick"
    before = decided(None, Marks(flag=opposite), other).data
    shown = read_packet(decided(before, Marks(flag=flag), profile).data).shown
    assert shown.flag == profile.shows[flag].flag
    assert (shown.rating == -1) == (profile.shows[flag].rating == -1)


@profiles
@pytest.mark.parametrize("name", ALL)
def test_stars_and_labels_of_a_person_overwrite_and_nothing_else_changes(profile: Profile, name: str) -> None:
    done = decided(ALL[name], Marks(rating=5, label="Green"), profile)
    assert read_packet(done.data).shown == Marks(rating=5, label="Green")
    assert foreign(done.data) == foreign(ALL[name])
    cleared = decided(done.data, Marks(), profile, cleared=("rating", "label", "flag"))
    assert read_packet(cleared.data).shown == Marks()
    assert foreign(cleared.data) == foreign(ALL[name])


def test_what_an_editor_has_no_place_for_is_said() -> None:
    done = decided(CAPTURE_ONE, Marks(flag="pick"), PROFILES["bridge"])
    assert done.kept == ("flag pick, as Bridge would show it by a label, and there is one",)
    assert read_packet(done.data).shown == Marks(rating=4, label="Yellow")
    rejected = decided(CAPTURE_ONE, Marks(rating=4, flag="reject"), PROFILES["bridge"])
    assert rejected.kept == ("rating 4, as Bridge shows a reject in its place",)
    assert read_packet(rejected.data).shown.rating == -1


# Laws.

PROPERTIES = st.dictionaries(
    st.sampled_from(["xmp:Rating", "xmp:Label", "xmpDM:pick", "digiKam:PickLabel", "photomechanic:Tagged"]),
    st.sampled_from(["0", "3", "-1", "1", "True", "Red", "", "a &amp; b"]),
    max_size=4,
)
FOREIGN = st.lists(
    st.sampled_from(
        [
            "<!-- a comment -->",
            "<dc:title xmlns:dc='http://purl.org/dc/elements/1.1/'><rdf:Alt><rdf:li xml:lang='x-default'>T</rdf:li>"
            "</rdf:Alt></dc:title>",
            "<a:b xmlns:a='urn:a:' rdf:parseType='Resource'><a:c>1</a:c></a:b>",
            "<a:seq xmlns:a='urn:a:'>\r\n<rdf:Seq><rdf:li a:x=\"'\"/></rdf:Seq></a:seq>",
            "<q:empty xmlns:q='urn:q:'/>",
        ]
    ),
    max_size=3,
)
MARKS = st.builds(
    CullMark,
    st.sampled_from(["pick", "reject"]),
    st.floats(0, 1),
    st.text(st.characters(exclude_categories=["C", "Z"]), max_size=12),
    st.floats(0, 1),
)


@st.composite
def sidecars(draw: st.DrawFn) -> bytes:
    properties, elements = draw(PROPERTIES), draw(FOREIGN)
    as_elements = draw(st.booleans())
    attributes = "" if as_elements else " ".join(f"{name}='{value}'" for name, value in properties.items())
    if as_elements:
        elements += [f"\n  <{name}>{value}</{name}>" for name, value in properties.items()]
    data = sidecar(attributes, "".join(draw(st.permutations(elements)))).decode()
    if draw(st.booleans()):
        data = data.replace("\n", "\r\n")
    if draw(st.booleans()):
        data = data.replace("xmpDM", "dm").replace("xmlns:xmp=", "xmlns:xap=").replace("xmp:", "xap:")
    if draw(st.booleans()):
        data = f"<?xpacket begin='\N{BYTE ORDER MARK}' id='W5M0MpCehiHzreSzNTczkc9d'?>{data}   \n<?xpacket end='w'?>"
    return data.encode(draw(st.sampled_from(["utf-8", "utf-16", "utf-16-be"])))


@given(existing=sidecars(), mark=MARKS, name=st.sampled_from(sorted(PROFILES)))
def test_whatever_is_there_a_mark_is_merged_once_and_foreign_nodes_stay(
    existing: bytes, mark: CullMark, name: str
) -> None:
    profile = PROFILES[name]
    once = merged(existing, mark, profile)
    assert merged(once.data, mark, profile) == Merged(once.data, once.kept, changed=False)
    assert foreign(once.data) == foreign(existing)
    before, after = read_packet(existing), read_packet(once.data)
    assert after.cull == mark
    assert (after.own.label, after.own.flag) == (before.own.label, before.own.flag)
    assert (after.own.rating or 0) == (before.own.rating or 0)
    if not once.kept:
        expected = profile.shows[mark.verdict]
        assert after.shown.flag == (expected.flag or before.shown.flag)


STATED = st.dictionaries(
    st.sampled_from(
        [str(name) for group in GROUPS for name in group if name not in (names.COLOR_LABELS, names.OLD_PERCENT)]
        + ["photomechanic:Prefs", "darktable:xmp_version"]
    ),
    st.sampled_from(["0", "1", "3", "5", "8", "25", "99", "-1", "True", "False", "no", "Red", "", "1:2:0:-1", "0.0"]),
    max_size=4,
)


@given(first=STATED, second=STATED, mark=MARKS, again=MARKS, profile=st.sampled_from(list(PROFILES.values())))
def test_no_cull_takes_away_or_adds_to_what_a_photographer_states_however_and_how_often_they_do(
    first: dict[str, str], second: dict[str, str], mark: CullMark, again: CullMark, profile: Profile
) -> None:
    words = [" ".join(f"{name}='{value}'" for name, value in each.items()) for each in (first, second)]
    spaces = " ".join(f"xmlns:{prefix}='{uri}'" for uri, prefix in names.PREFIXES.items() if prefix not in ("rdf", "x"))
    second_node = f"<rdf:Description rdf:about='' {spaces} {words[1]}/></rdf:RDF>"
    existing = sidecar(words[0]).decode().replace("</rdf:RDF>", second_node).encode()
    own = read_packet(existing).own
    for once in (merged(existing, mark, profile), merged(merged(existing, mark, profile).data, again, profile)):
        after = read_packet(once.data).own
        assert (after.label, after.flag, after.rating or 0) == (own.label, own.flag, own.rating or 0)


@pytest.mark.parametrize("stars", ["MicrosoftPhoto:Rating='99'", "xmp:Rating='5' MicrosoftPhoto:Rating='99'"])
def test_stars_that_windows_gave_are_stars(stars: str) -> None:
    there = sidecar(stars)
    done = merged(there, REJECT, PROFILES["bridge"])
    assert done.kept == ("rating 5",)
    assert read_packet(done.data).own == read_packet(done.data).shown == Marks(rating=5)


def test_of_what_is_stated_twice_what_says_something_counts_and_both_stay() -> None:
    spaces = 'rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    second = f"<rdf:Description {spaces}><xmp:Rating>5</xmp:Rating></rdf:Description></rdf:RDF>".encode()
    there = sidecar("xmp:Rating='0'").replace(b"</rdf:RDF>", second)
    done = merged(there, REJECT, PROFILES["bridge"])
    assert done.kept == ("rating 5",)
    assert b"xmp:Rating='0'" in done.data
    assert b"<xmp:Rating>5</xmp:Rating>" in done.data
    assert read_packet(done.data).own == Marks(rating=5)


UNSEEN = "xmp:Rating='1' darktable:xmp_version='5' darktable:change_timestamp='-1'"


def test_the_star_that_darktable_gives_at_import_is_nobodys() -> None:
    there = sidecar(UNSEEN)
    packet = read_packet(there)
    assert (packet.own, packet.shown, packet.is_initial) == (Marks(), Marks(rating=1), True)
    done = merged(there, REJECT, PROFILES["darktable"])
    assert not done.kept
    after = read_packet(done.data)
    assert (after.own, after.shown) == (Marks(), Marks(rating=-1))
    picked = read_packet(merged(there, PICK, PROFILES["darktable"]).data)
    assert (picked.own, picked.shown) == (Marks(), Marks(rating=1, label="Green"))


@pytest.mark.parametrize(
    "looked_at",
    [
        UNSEEN.replace("'-1'", "'63848515852593962'"),  # developed
        UNSEEN.replace("Rating='1'", "Rating='2'"),
        UNSEEN + " xmp:Label='Red'",
        "xmp:Rating='1'",  # of another editor
    ],
)
def test_a_star_beside_anything_that_a_person_did_in_darktable_is_theirs(looked_at: str) -> None:
    done = merged(sidecar(looked_at), REJECT, PROFILES["darktable"])
    assert done.kept[0].startswith("rating ")
    assert read_packet(done.data).own.rating == read_packet(sidecar(looked_at)).own.rating != -1


@given(
    existing=sidecars(),
    mark=MARKS,
    marks=st.builds(
        Marks,
        st.none() | st.integers(0, 5),
        st.none() | st.sampled_from(["Red", "Grün", "Magenta"]),
        st.none() | st.sampled_from(["pick", "reject"]),
    ),
    name=st.sampled_from(sorted(PROFILES)),
)
def test_whatever_is_there_a_decision_is_read_back(existing: bytes, mark: CullMark, marks: Marks, name: str) -> None:
    profile = PROFILES[name]
    done = decided(merged(existing, mark, profile).data, marks, profile)
    assert foreign(done.data) == foreign(existing)
    assert not decided(done.data, marks, profile).changed
    own = read_packet(done.data).own
    if marks.label:
        assert own.label == marks.label
    if marks.rating is not None and not (marks.flag == "reject" and profile.shows["reject"].rating):
        assert own.rating == marks.rating
    if marks.flag and profile.shows[marks.flag].flag:
        assert own.flag == marks.flag
