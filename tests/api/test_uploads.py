from __future__ import annotations

import asyncio
import hashlib
import resource
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.sent import BOUNDARY, LIMITS, film, form_of, jpeg, part, request, taken
from rushes.api.refusals import Refused
from rushes.api.uploads import Form, UploadLimits, take_in

PLAIN = "application/octet-stream"


def refusal(*arguments: object, **named: object) -> Refused:
    with pytest.raises(Refused) as refused:
        taken(*arguments, **named)  # type: ignore[arg-type]
    return refused.value


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path) -> Iterator[None]:
    yield
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_form_gives_its_fields_and_its_files_under_names_of_ours(tmp_path: Path) -> None:
    picture, other = jpeg(), film(5000)
    body = form_of(
        part("bundle", "größe".encode()),
        part("file", picture, filename="../../etc/passwd", more=b"Content-Type: text/html\r\n"),
        part("extra", other, filename="C:\\a.jpg"),
    )
    with taken(request([body], length=len(body)), tmp_path) as form:
        assert form.fields == {"bundle": "größe"}
        first, second = form.files
        assert (first.kind, first.path.suffix, first.bytes) == ("photo", ".jpg", len(picture))
        assert (second.kind, second.path.suffix) == ("video", ".mp4")
        for upload, data in ((first, picture), (second, other)):
            assert upload.path.parent == tmp_path
            assert upload.path.read_bytes() == data
            assert upload.digest == hashlib.sha256(data).hexdigest()
            assert upload.path.stat().st_mode & 0o777 == 0o600
            assert len(upload.path.stem) == 32
        assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("kind", ["image/jpeg", "video/mp4", PLAIN, "application/x-www-form-urlencoded", None])
@pytest.mark.parametrize("size_bytes", [0, 100_000])
def test_a_body_may_be_one_file_whatever_the_client_calls_it(tmp_path: Path, kind: str | None, size_bytes: int) -> None:
    picture = jpeg(size_bytes)
    pieces = [picture[:10], picture[10:9000], picture[9000:]]
    with taken(request(pieces, kind=kind, length=len(picture)), tmp_path) as form:
        (upload,) = form.files
        assert (upload.kind, upload.path.read_bytes()) == ("photo", picture)
        assert form.fields == {}


def test_a_part_called_file_is_one_without_a_file_name(tmp_path: Path) -> None:
    with taken(request([form_of(part("file", jpeg()))]), tmp_path) as form:
        assert [upload.kind for upload in form.files] == ["photo"]


def test_a_form_sent_without_choosing_a_file_has_none(tmp_path: Path) -> None:
    body = form_of(part("file", b"", filename=""), part("bundle", b"scale"))
    assert taken(request([body]), tmp_path).files == ()
    assert taken(request([], kind=None), tmp_path).files == ()


def test_fields_alone_come_as_a_page_writes_them(tmp_path: Path) -> None:
    kind = "application/x-www-form-urlencoded"
    form = taken(request([b"bundle=sc", b"ale&url=https%3A%2F%2Fexample.com%2Fa.jpg&empty="], kind=kind), tmp_path)
    assert form.fields == {"bundle": "scale", "url": "https://example.com/a.jpg", "empty": ""}


def test_a_file_that_was_detached_outlives_its_form(tmp_path: Path) -> None:
    body = form_of(part("file", jpeg(), filename="a"), part("file", film(5000), filename="b"))
    with taken(request([body]), tmp_path) as form:
        kept, other = form.files[1], form.files[0]
        form.detach(kept)
    assert (kept.path.exists(), other.path.exists()) == (True, False)
    kept.close()
    kept.close()


def test_a_picture_of_which_much_comes_is_written_as_it_comes(tmp_path: Path) -> None:
    data = film(3 << 20)
    pieces = [data[at : at + 60_000] for at in range(0, len(data), 60_000)]
    with taken(request(pieces, kind=PLAIN), tmp_path) as form:
        assert form.files[0].path.read_bytes() == data
        assert form.files[0].digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("begun", [1, 100, 4000])
def test_a_file_of_which_little_has_come_when_those_before_it_are_written_is_told(tmp_path: Path, begun: int) -> None:
    first, second = film((1 << 20) + 5000), jpeg(20_000)
    body = form_of(part("file", first, filename="a"), part("file", second, filename="b"))
    place = body.rindex(second) + begun
    with taken(request([body[:place], body[place:]]), tmp_path) as form:
        assert [one.path.suffix for one in form.files] == [".mp4", ".jpg"]
        assert [one.digest for one in form.files] == [hashlib.sha256(data).hexdigest() for data in (first, second)]


@given(st.data())
@settings(max_examples=40)
def test_a_body_gives_the_same_form_wherever_it_is_split(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("split")
    picture = jpeg() + b"\r\n--" + BOUNDARY[:-1] + b"\r\n\r\n--\r"
    body = form_of(
        part("file", picture, filename="a.jpg"), part("every", b"0.5s"), part("file", film(4500), filename="")
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    pieces = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    with taken(request(pieces), folder) as form:
        assert form.fields == {"every": "0.5s"}
        assert [upload.digest for upload in form.files] == [
            hashlib.sha256(one).hexdigest() for one in (picture, film(4500))
        ]


def test_a_body_may_come_byte_by_byte(tmp_path: Path) -> None:
    body = form_of(part("bundle", b"scale"), part("file", b"GIF89a" + bytes(30), filename="a"))
    with taken(request(body[at : at + 1] for at in range(len(body))), tmp_path) as form:
        assert (form.fields, form.files[0].path.suffix) == ({"bundle": "scale"}, ".gif")


@given(st.data())
@settings(max_examples=30)
def test_a_file_that_is_not_taken_leaves_the_others_be_where_each_stands_for_itself(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("each")
    picture = jpeg()
    files = [b"PK\3\4" + bytes(9000), picture, jpeg(LIMITS.still_bytes + 1), b"", film(5000)]
    order = data.draw(st.permutations(range(len(files))))
    body = form_of(*(part("file", files[number], filename="a") for number in order), part("bundle", b"scale"))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    pieces = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    with taken(request(pieces, length=len(body)), folder, replace(LIMITS, files=5), each=True) as form:
        assert form.fields == {"bundle": "scale"}
        found = [int(item.status) if isinstance(item, Refused) else item.kind for item in form.items]
        assert found == [{0: 415, 1: "photo", 2: 413, 3: 422, 4: "video"}[number] for number in order]
        assert [upload.path.stat().st_size for upload in form.files] == [
            len(files[number]) for number in order if number in (1, 4)
        ]
        assert len(list(folder.iterdir())) == 2
    assert list(folder.iterdir()) == []


def test_what_is_wrong_with_a_whole_form_is_so_for_each_of_its_files(tmp_path: Path) -> None:
    many = form_of(*(part("file", b"nothing" * 1000, filename="a") for _ in range(5)))
    assert refusal(request([many]), tmp_path, each=True).status == 413
    cut_off = form_of(part("file", b"nothing" * 1000), part("file", jpeg()))[:-4]
    assert refusal(request([cut_off]), tmp_path, each=True).status == 400
    large = form_of(part("file", b"nothing" * 1_000_000))
    assert refusal(request([large]), tmp_path, each=True).status == 413


def test_of_two_files_where_one_is_taken_the_second_is_refused(tmp_path: Path) -> None:
    body = form_of(part("file", jpeg()), part("file", jpeg()))
    refused = refusal(request([body]), tmp_path, replace(LIMITS, files=1))
    assert (refused.status, "/predict/batch" in refused.detail) == (422, True)


MALFORMED = {
    "no boundary": ("multipart/form-data", form_of()),
    "a boundary too long": (f"multipart/form-data; boundary={'b' * 71}", b""),
    "a boundary of odd letters": ('multipart/form-data; boundary="a\tb"', b""),
    "an empty boundary": ("multipart/form-data; boundary=", b""),
    "another boundary": ("multipart/form-data; boundary=other", form_of(part("file", jpeg()))),
    "no end": (None, form_of(part("file", jpeg()))[:-4]),
    "nothing": (None, b""),
    "no disposition": (None, form_of(b"Content-Type: image/jpeg\r\n\r\n" + jpeg())),
    "no name": (None, form_of(b"Content-Disposition: form-data\r\n\r\n" + jpeg())),
    "another disposition": (None, form_of(b'Content-Disposition: attachment; name="file"\r\n\r\n' + jpeg())),
    "a header twice": (None, form_of(part("a", b"", more=b"X: 1\r\nx: 2\r\n"))),
    "a long header": (None, form_of(part("a", b"", more=b"X: " + b"y" * 9000 + b"\r\n"))),
    "many headers": (None, form_of(part("a", b"", more=b"".join(b"X%d: 1\r\n" % n for n in range(3000))))),
    "a header that is none": (None, form_of(part("a", b"", more=b"no header\r\n"))),
    "base64": (None, form_of(part("file", jpeg(), more=b"Content-Transfer-Encoding: base64\r\n"))),
    "a field that is no UTF-8": (None, form_of(part("a", b"\xff\xfe"))),
    "a name that is no UTF-8": (None, form_of(b'Content-Disposition: form-data; name="\xff"\r\n\r\n')),
    "a zero byte": (None, form_of(part("a", b"x\0y"))),
    "no field's name": (None, form_of(part("", b"x"))),
    "a long field's name": (None, form_of(part("a" * 101, b"x"))),
    "many fields": (None, form_of(*(part(f"f{n}", b"") for n in range(LIMITS.fields + 1)))),
    "many parts": (None, form_of(*(part("file", b"", filename="") for _ in range(60)))),
    "delimiters within a file": (None, form_of(part("file", jpeg() + (b"\r\n--" + BOUNDARY + b"x") * 100))),
    "many written fields": ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(40))),
    "written fields that are no UTF-8": ("application/x-www-form-urlencoded", b"a=%ff"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_body_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    kind, body = MALFORMED[name]
    asked = request([body]) if kind is None else request([body], kind=kind)
    refused = refusal(asked, tmp_path)
    assert refused.status == HTTPStatus.BAD_REQUEST
    assert len(refused.detail.splitlines()) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (form_of(part("a", b"1"), part("a", b"2")), 422),
        (form_of(part("file", b"", filename="a.jpg")), 422),
        (form_of(part("a", b"x" * (LIMITS.field_bytes + 1))), 413),
        (form_of(*(part("file", jpeg(), filename="a") for _ in range(5))), 413),
        (form_of(part("file", jpeg(LIMITS.still_bytes + 1))), 413),
        (form_of(part("file", film(LIMITS.file_bytes + 1))), 413),
        (form_of(part("file", b"plain words", filename="a.jpg")), 415),
        (form_of(part("file", b"#EXTM3U\nother.ts\n", filename="a.mp4")), 415),
        (form_of(part("file", b"<svg xmlns='x'></svg>", filename="a.jpg")), 415),
        (form_of(part("file", bytes(10_000), filename="a.jpg")), 415),
    ],
)
def test_what_is_not_taken_is_refused_with_its_status(tmp_path: Path, body: bytes, status: int) -> None:
    assert refusal(request([body[at : at + 5000] for at in range(0, len(body), 5000)]), tmp_path).status == status


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/mixed; boundary=b", ";", "é"])
def test_a_body_of_another_type_is_refused_unread(tmp_path: Path, kind: str) -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    assert refusal(request(unread(), kind=kind), tmp_path).status == 415
    assert refusal(request(unread(), headers=[("content-encoding", "gzip")]), tmp_path).status == 415


@pytest.mark.parametrize(
    ("length", "status"), [(LIMITS.body_bytes + 1, 413), ("-1", 400), ("1e3", 400), ("9" * 40, 400)]
)
def test_the_announced_length_is_looked_at_before_the_body(tmp_path: Path, length: int | str, status: int) -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    assert refusal(request(unread(), length=length), tmp_path).status == status


def endless(start: bytes, counted: list[int]) -> Iterator[bytes]:
    yield start
    while True:
        counted.append(60_000)
        yield bytes(60_000)


@pytest.mark.parametrize(
    ("start", "kind", "status", "most"),
    [
        (jpeg(), PLAIN, 413, LIMITS.still_bytes),
        (film(100), PLAIN, 413, LIMITS.file_bytes),
        (form_of(part("file", jpeg()))[:-60], None, 413, LIMITS.still_bytes),
        (b"words", PLAIN, 415, 0),
        (b"\r\n", None, 400, 60_000),
        (form_of(part("file", jpeg())), None, 413, LIMITS.body_bytes),
        (b"a=", "application/x-www-form-urlencoded", 413, 1 << 17),
    ],
)
def test_a_body_that_never_ends_is_refused_as_soon_as_it_is_too_large(
    tmp_path: Path, start: bytes, kind: str | None, status: int, most: int
) -> None:
    counted: list[int] = []
    pieces = endless(start, counted)
    asked = request(pieces) if kind is None else request(pieces, kind=kind)
    assert refusal(asked, tmp_path).status == status
    assert sum(counted) <= most + 120_000


def test_a_large_picture_is_refused_at_its_first_bytes(tmp_path: Path) -> None:
    counted: list[int] = []
    limits = UploadLimits()
    for several in (limits, replace(limits, files=64)):
        asked = request(endless(jpeg(5000), counted), kind="image/jpeg", length=4 << 30)
        assert "a picture or camera raw" in refusal(asked, tmp_path, several).detail
    head = form_of(part("file", jpeg(5000), filename="a.jpg"))[:-60]
    assert refusal(request(endless(head, counted), length=4 << 30), tmp_path, limits).status == 413
    assert counted == []


def test_a_body_that_comes_too_slowly_is_given_up(tmp_path: Path) -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield film(5000)
        await asyncio.sleep(60)

    async def dripping() -> AsyncIterator[bytes]:
        yield film(5000)
        while True:
            await asyncio.sleep(0.01)
            yield b"."

    assert refusal(request(stalling(), kind=PLAIN), tmp_path, replace(LIMITS, idle_seconds=0.05)).status == 408
    assert refusal(request(dripping(), kind=PLAIN), tmp_path, replace(LIMITS, seconds=0.1)).status == 408


def test_the_files_of_a_client_that_hangs_up_are_removed(tmp_path: Path) -> None:
    refused = refusal(request([film(2 << 20)], kind=PLAIN, leaves=True), tmp_path)
    assert refused.status == HTTPStatus.BAD_REQUEST


def test_the_files_of_a_request_that_is_given_up_are_removed(tmp_path: Path) -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield film(2 << 20)
        await asyncio.sleep(60)

    async def given_up() -> None:
        going = asyncio.create_task(take_in(request(stalling(), kind=PLAIN), LIMITS, tmp_path))
        while not list(tmp_path.iterdir()):
            await asyncio.sleep(0.005)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    asyncio.run(given_up())


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_without_room_is_told_as_that(tmp_path: Path) -> None:
    with files_of_at_most(100_000):
        refused = refusal(request([film(1 << 20), film(1 << 20)], kind=PLAIN), tmp_path)
    assert refused.status == HTTPStatus.INSUFFICIENT_STORAGE
    huge = UploadLimits(file_bytes=1 << 58, body_bytes=1 << 58)
    refused = refusal(request([], kind=PLAIN, length=1 << 57), tmp_path, huge)
    assert refused.status == HTTPStatus.INSUFFICIENT_STORAGE
    assert str(tmp_path) not in refused.detail


def test_a_folder_that_is_gone_is_told_without_its_name(tmp_path: Path) -> None:
    refused = refusal(request([jpeg()], kind=PLAIN), tmp_path / "gone")
    assert refused.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "gone" not in refused.detail


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([
        b"\r\n--" + BOUNDARY, b"--" + BOUNDARY, b"--", b"\r\n", b"\r\n\r\n", b" ", b":", part("file", b""),
        part("a", b"x"), b"Content-Disposition: form-data; ", b'name="a"', b"filename=", jpeg(), b"\0",
    ]), max_size=14)
)  # fmt: skip
@settings(max_examples=100)
def test_no_body_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    for begin in (b"", b"--" + BOUNDARY + b"\r\n"):
        try:
            with taken(request([begin, *pieces]), folder) as form:
                assert isinstance(form, Form)
        except Refused as refused:
            assert refused.status in (400, 413, 415, 422)  # noqa: PT017
    assert list(folder.iterdir()) == []


@given(st.text(max_size=80), st.binary(max_size=40))
@settings(max_examples=40)
def test_no_stated_type_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, more: str, body: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    said = more.encode("latin-1", "replace").decode("latin-1")
    for kind in (f"multipart/form-data; {said}", f"multipart/form-data; boundary={said}", said):
        try:
            taken(request([body], kind=kind), folder).close()
        except Refused as refused:
            assert refused.status in (400, 413, 415, 422)  # noqa: PT017


def test_a_body_of_200_megabytes_takes_little_memory(tmp_path: Path) -> None:
    piece = bytes(1 << 16)
    limits = UploadLimits()

    def body() -> Iterator[bytes]:
        yield form_of(part("file", film(5000)))[: -len(BOUNDARY) - 8]
        yield from (piece for _ in range(200 << 4))
        yield b"\r\n--" + BOUNDARY + b"--\r\n"

    tracemalloc.start()
    try:
        with taken(request(body()), tmp_path, limits) as form:
            assert form.files[0].bytes == 5000 + (200 << 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
