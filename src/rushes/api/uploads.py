"""The body of a request as fields and files, taken in while it streams and within limits."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import aclosing, suppress
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.requests import ClientDisconnect

from rushes.api.refusals import Refused
from rushes.api.spooling import WRITTEN_AT_ONCE, Incoming, Upload, UploadLimits, refuse_without_room
from rushes.footage.sniffing import HEAD_BYTES, sniff

__all__ = ["Form", "Upload", "UploadLimits", "take_in"]

_FORM, _LINES = "multipart/form-data", "application/x-www-form-urlencoded"
_BARE = re.compile(r"(?:image|video)/[\w.+*-]+|application/(?:octet-stream|mxf|mp4|ogg)")
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046, 5.1.1
_HEADER_BYTES = 8192  # of all headers of one part
_NAME_BYTES = 100  # of a field's name
_LINES_BYTES = 64 << 10  # of fields as an HTML form writes them
_FILE_FIELD = b"file"  # a part of this name is a file, also where the client gives no file name
_BESIDE_FILES = 1 << 20  # bytes of a body that boundaries and what the server reads at once may take
_OF_ONE_FILE = frozenset((HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                          HTTPStatus.UNPROCESSABLE_ENTITY))  # fmt: skip
_AS_THEY_ARE = frozenset((b"", b"binary", b"8bit", b"7bit"))  # transfer encodings that change nothing
_T = TypeVar("_T")


class Form:
    """What a request holds; the files are removed when it is closed, or at the end of its `with` block.

    Attributes:
        items: its files in their order; in the place of one that is not taken, why.
        files: those that were taken in.
    """

    def __init__(self, fields: Mapping[str, str], items: Sequence[Upload | Refused]) -> None:
        """Hold fields and files."""
        self.fields, self.items = fields, tuple(items)
        self.files = tuple(item for item in self.items if isinstance(item, Upload))
        self._kept = set(self.files)

    def detach(self, upload: Upload) -> None:
        """Leave a file to someone who closes it after the form."""
        self._kept.discard(upload)

    def close(self) -> None:
        """Remove the files that were not detached."""
        while self._kept:
            self._kept.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


async def take_in(
    request: Request, limits: UploadLimits, folder: Path, *, each: bool = False, threads: Executor | None = None
) -> Form:
    """Take in the body of a request as it streams; the caller closes what is returned.

    A body is `multipart/form-data`, with files in parts that have a file name or are called `file`; or one file alone,
    as `image/…`, `video/…` or `application/octet-stream`; or fields as an HTML form writes them. A file that is said
    to be such fields, as `curl --data-binary` says, is taken for the file that it is.

    Nothing is believed of what the client says of a file: neither its name nor its type. While a body comes in, about
    2 MiB of it at most are in memory.

    Args:
        folder: for this server alone, into which files are written; see `spool_folder`.
        each: whether one file that is not taken leaves the others be: its bytes are read past, and the form says why in
            its place. Otherwise all is refused at once, before the rest of it has come.
        threads: that write files; None takes the event loop's, which a slow disk may then keep from everything else.

    Raises:
        Refused: what is sent is malformed (400), too slow (408), too large (413), nothing that is taken (415), or does
            not fit together (422), or there is no room for it (507). All of it has been removed.
    """
    announced = _announced(request, limits)
    files = _Files(folder, limits, announced, each=each)
    body = _body(request, limits, files)
    if announced > WRITTEN_AT_ONCE:
        refuse_without_room(folder, announced)
    try:
        async with aclosing(request.stream()) as stream, aclosing(_within_time(stream, limits)) as pieces:
            async for data in pieces:
                files.received += len(data)
                if files.received > limits.body_bytes:
                    raise _too_large(limits)
                body.take(data)
                if files.waiting >= WRITTEN_AT_ONCE:
                    await _in_thread(threads, files.write)
        fields = body.end()
        items = await _in_thread(threads, files.settle) if files.any else ()
    except ClientDisconnect as error:
        files.drop()
        raise Refused(HTTPStatus.BAD_REQUEST, "the connection ended before the body did") from error
    except BaseException:
        files.drop()
        raise
    return Form(fields, items)


async def _within_time(stream: AsyncIterator[bytes], limits: UploadLimits) -> AsyncGenerator[bytes]:
    """Yield what a stream yields, unless it is too slow."""
    began, received = time.monotonic(), 0
    while True:
        left = began + limits.seconds_of(received) - time.monotonic()
        try:
            async with asyncio.timeout(min(left, limits.idle_seconds)):
                data = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the body comes too slowly. Send it again") from error
        received += len(data)
        if data:
            yield data


async def _in_thread(threads: Executor | None, act: Callable[[], _T]) -> _T:
    """Do something in a thread, and wait for its end also where the request is given up meanwhile."""
    going = asyncio.get_running_loop().run_in_executor(threads, act)
    try:
        return await asyncio.shield(going)
    except asyncio.CancelledError:
        with suppress(Exception):
            await asyncio.wait([going])
        raise


def _too_large(limits: UploadLimits) -> Refused:
    said = (
        f"the body is larger than {limits.body_bytes:,} bytes. A film may have {limits.file_bytes:,}, a picture or "
        f"camera raw {limits.bytes_of('photo'):,}. Send a smaller one, or less at once"
    )
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)


def _malformed(what: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, f"the form is malformed: {what}")


def _announced(request: Request, limits: UploadLimits) -> int:
    """Return the bytes that the body is said to have; 0 where that is not said."""
    if request.headers.get("content-encoding", "").strip().lower() not in ("identity", ""):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body is compressed. Send it as it is")
    stated = request.headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,18}", stated):
        raise Refused(HTTPStatus.BAD_REQUEST, "Content-Length is no number of bytes")
    if int(stated) > limits.body_bytes:
        raise _too_large(limits)
    return int(stated)


class _Body(Protocol):
    """A body of one type."""

    def take(self, data: bytes) -> None:
        """Take the next bytes."""

    def end(self) -> Mapping[str, str]:
        """Return the fields, once all has come."""


def _body(request: Request, limits: UploadLimits, files: _Files) -> _Body:
    stated = request.headers.get("content-type", "application/octet-stream")
    kind = stated.split(";")[0].strip().lower()
    if kind == _FORM:
        return _Parts(stated, files, limits)
    if kind == _LINES:
        return _Lines(files, limits)
    if _BARE.fullmatch(kind):
        return _Bare(files)
    said = f"the body is no form and no file. Send {_FORM}, or one file as application/octet-stream"
    raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, said)


class _Files:
    """The files of a body so far; the last may still be coming in."""

    def __init__(self, folder: Path, limits: UploadLimits, announced: int, *, each: bool) -> None:
        self._folder, self._limits, self._announced, self._each = folder, limits, announced, each
        self.received = 0  # bytes of the body
        self.waiting = 0  # bytes in memory
        self._begun: list[Incoming] = []
        self._complete: list[Incoming] = []  # and not yet settled
        self._coming: Incoming | None = None  # also where nothing more of it is taken
        self._least = 0  # bytes that the one coming in must have, for the body to be as long as announced
        self._found: dict[Incoming, Upload | Refused] = {}

    @property
    def any(self) -> bool:
        return bool(self._begun)

    def begin(self, *, beside: int, is_last: bool = False) -> None:
        """Begin the next file.

        Args:
            beside: how many more bytes the body may hold at most that are of no file.
            is_last: whether no other can follow, also where more are allowed.
        """
        most = self._limits.files
        if len(self._begun) >= most:
            if most == 1:
                said = "there are several files. Send one; /predict/batch takes several"
                raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, said)
            said = f"there are more than {most} files. Send them in several requests"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)
        what = "the file" if most == 1 else f"file {len(self._begun) + 1}"
        self._coming = Incoming(self._folder, self._limits, what=what)
        self._begun.append(self._coming)
        is_last = is_last or len(self._begun) == most
        self._least = self._announced - self.received - beside if is_last else 0

    def add(self, data: bytes | memoryview) -> None:
        assert self._coming is not None  # begun
        if self._coming in self._found:
            return
        try:
            self._coming.add(data, announced=self._least)
        except Refused as refused:
            self._refuse(self._coming, refused)
        self.waiting += len(data)

    def complete(self, *, may_be_none: bool = False) -> None:
        """End the file that comes in; without any bytes it may be none, where a form was sent without choosing one."""
        assert self._coming is not None
        if may_be_none and self._coming.is_empty:
            self._begun.remove(self._coming)
        elif self._coming not in self._found:
            self._complete.append(self._coming)
        self._coming = None

    def write(self) -> None:
        """Write what waits; to be called in a thread."""
        for incoming in self._complete:
            try:
                self._found[incoming] = incoming.settle()
            except Refused as refused:
                self._refuse(incoming, refused)
        self._complete.clear()
        if self._coming is not None and self._coming not in self._found:
            self._coming.write()
        for incoming, found in self._found.items():
            if isinstance(found, Refused):
                incoming.drop()
        self.waiting = 0

    def settle(self) -> Sequence[Upload | Refused]:
        """Return all files, whole, and why those are not there that are not; to be called in a thread."""
        self.write()
        return [self._found[incoming] for incoming in self._begun]

    def _refuse(self, incoming: Incoming, refused: Refused) -> None:
        """Leave out one file, or give up all of the body."""
        if not self._each or refused.status not in _OF_ONE_FILE:
            raise refused
        self._found[incoming] = refused

    def drop(self) -> None:
        """Remove all files."""
        for incoming in self._begun:
            incoming.drop()


class _Bare:
    """A body that is one file."""

    def __init__(self, files: _Files) -> None:
        self._files = files

    def take(self, data: bytes) -> None:
        if not self._files.any:
            self._files.begin(beside=-len(data), is_last=True)  # they count as received already
        self._files.add(data)

    def end(self) -> Mapping[str, str]:
        if self._files.any:
            self._files.complete()
        return {}


class _Fields:
    """Fields, each once."""

    def __init__(self, limits: UploadLimits) -> None:
        self._limits = limits
        self.values: dict[str, str] = {}

    def add(self, name: bytes, value: bytes) -> None:
        try:
            key, text = name.decode(), value.decode()
        except UnicodeDecodeError as error:
            raise _malformed("a field is not written in UTF-8") from error
        if len(self.values) >= self._limits.fields:
            raise _malformed(f"it has more than {self._limits.fields} fields")
        if not 0 < len(name) <= _NAME_BYTES or "\0" in key + text:
            raise _malformed("a field has no name or a long one, or holds a zero byte")
        self.check_length(len(value))
        if key in self.values:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "a field is given twice. Give each once")
        self.values[key] = text

    def check_length(self, length: int) -> None:
        if length > self._limits.field_bytes:
            said = f"a field is longer than {self._limits.field_bytes:,} bytes. Send a file in a part called 'file'"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)


class _Lines:
    """Fields as an HTML form writes them, `a=1&b=2`; or a file that is said to be such."""

    def __init__(self, files: _Files, limits: UploadLimits) -> None:
        self._files, self._limits = files, limits
        self._text = bytearray()
        self._bare: _Bare | None = None

    def take(self, data: bytes) -> None:
        if self._bare is not None:
            self._bare.take(data)
            return
        begins = len(self._text) < HEAD_BYTES
        self._text += data
        if begins and len(self._text) >= HEAD_BYTES:
            self._look()
        if len(self._text) > _LINES_BYTES:
            said = f"the fields are larger than {_LINES_BYTES:,} bytes. Send a file as application/octet-stream"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)

    def end(self) -> Mapping[str, str]:
        if self._bare is None and len(self._text) < HEAD_BYTES:
            self._look()
        if self._bare is not None:
            return self._bare.end()
        fields = _Fields(self._limits)
        try:
            pairs = parse_qsl(bytes(self._text), keep_blank_values=True, max_num_fields=self._limits.fields + 1)
        except ValueError as error:
            raise _malformed(f"it has more than {self._limits.fields} fields") from error
        for name, value in pairs:
            fields.add(name, value)
        return fields.values

    def _look(self) -> None:
        if sniff(bytes(self._text[:HEAD_BYTES])) is not None:
            self._bare = _Bare(self._files)
            self._bare.take(bytes(self._text))
            self._text = bytearray()


class _Parts:
    """A body of parts (RFC 7578), read as it comes."""

    def __init__(self, stated: str, files: _Files, limits: UploadLimits) -> None:
        from python_multipart.multipart import MultipartParser, parse_options_header

        boundary = parse_options_header(stated)[1].get(b"boundary", b"")
        if not _BOUNDARY.fullmatch(boundary):
            raise _malformed(
                "its boundary is missing, longer than 70 characters, or of characters that are not allowed"
            )
        self._files, self._limits, self._fields = files, limits, _Fields(limits)
        self._options_of = parse_options_header
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._over,
            },
        )
        # What is wrong with a form is said to who sent it. The parser's own words would fill the log of the server.
        self._parser.logger = logging.Logger("python_multipart", logging.CRITICAL)
        self._delimiter = b"\r\n--" + boundary
        self._delimiters = self._parts = 0
        self._most_parts = limits.files + limits.fields + 1
        self._is_over = False
        self._begin_headers()

    def take(self, data: bytes) -> None:
        from python_multipart.exceptions import FormParserError

        # Within a part no delimiter stands. The parser is slow at one that leads nowhere, so that they are counted.
        self._delimiters += data.count(self._delimiter)
        if self._delimiters > self._most_parts:
            raise _malformed("it has more parts than files and fields are taken, or its boundary stands within a file")
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _malformed("its parts are not written as RFC 7578 says") from error

    def end(self) -> Mapping[str, str]:
        if not self._is_over:
            raise _malformed("it ends before its last boundary. Send it again")
        return self._fields.values

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > self._most_parts:
            raise _malformed("it has more parts than files and fields are taken")
        self._begin_headers()

    def _begin_headers(self) -> None:
        self._name, self._value, self._headers = bytearray(), bytearray(), dict[bytes, bytes]()
        self._header_bytes = 0
        self._field: bytearray | None = None  # where the part is a field
        self._field_name = b""
        self._may_be_none = False

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def _count_header(self, length: int) -> None:
        self._header_bytes += length
        if self._header_bytes > _HEADER_BYTES:
            raise _malformed(f"the headers of a part are longer than {_HEADER_BYTES:,} bytes")

    def _header_end(self) -> None:
        name = bytes(self._name).lower()
        if name in self._headers:
            raise _malformed("a part has a header twice")
        self._headers[name] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _headers_end(self) -> None:
        disposition, options = self._options_of(self._headers.get(b"content-disposition", b""))
        if disposition != b"form-data" or b"name" not in options:
            raise _malformed("a part does not say which field it is (Content-Disposition: form-data; name=…)")
        if self._headers.get(b"content-transfer-encoding", b"").strip().lower() not in _AS_THEY_ARE:
            raise _malformed("a part is encoded. Send the bytes as they are")
        self._field_name = options[b"name"]
        if b"filename" not in options and self._field_name != _FILE_FIELD:
            self._field = bytearray()
            return
        self._may_be_none = options.get(b"filename") == b""
        self._files.begin(beside=_BESIDE_FILES + self._limits.fields * (self._limits.field_bytes + _HEADER_BYTES))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self._files.add(memoryview(data)[start:end])
            return
        self._fields.check_length(len(self._field) + end - start)
        self._field += data[start:end]

    def _end(self) -> None:
        if self._field is None:
            self._files.complete(may_be_none=self._may_be_none)
        else:
            self._fields.add(self._field_name, bytes(self._field))

    def _over(self) -> None:
        self._is_over = True
