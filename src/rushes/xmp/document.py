"""One XMP document: its properties with the bytes they stand in, and changes that leave all other bytes alone.

RDF can say one thing in many ways (ISO 16684-1, 7): a property is an attribute or an element, stands in any of
several descriptions, under any prefix. A library that parses and writes again keeps the meaning and changes the bytes
of the whole file: quotes, breaks of lines, declarations, the padding of a packet. So the document is parsed only to
learn where things stand, and a change is spliced into the text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, count
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from rushes.xmp.names import META, PREFIXES, RDF, Name

MOST_BYTES = 16 << 20
_DEEPEST = 4  # below rdf:RDF: a node, a property, an array, an item
_MOST_NESTED = 500
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CODECS = {"utf-8", "ascii", "iso8859-1", "cp1252", "iso8859-15"}
_ATTRIBUTE = re.compile(rb"""(\s+)([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG_NAME = re.compile(rb"<[^\s/>]+")
_TAG = re.compile(rb"""<[^\s/>]+(?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>""")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_ARRAYS = frozenset({"Alt", "Bag", "Seq"})

Value = str | tuple[str, ...]


def first_of(value: Value) -> str:
    """Return a value as a text: of an array the first item."""
    return value if isinstance(value, str) else (value[0] if value else "")


class NotXmp(ValueError):
    """Bytes that are no XMP; its text says what is wrong, as the end of a sentence that begins with `it`."""


@dataclass(slots=True)
class _Element:
    name: Name
    start: int
    attributes: dict[str, str]  # by names as written, with prefixes
    scope: Mapping[str, str]  # prefix -> URI
    inner_start: int = 0
    inner_stop: int = 0  # where it begins for one that is empty: <a/>
    stop: int = 0
    children: list[_Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    places: dict[bytes, _Attribute] | None = None  # of its attributes, once they were asked for

    def named_attributes(self) -> Iterator[tuple[Name, str]]:
        for written, value in self.attributes.items():
            name = _attribute_name(written, self.scope)
            if name is not None:
                yield name, value

    def qualified(self) -> _Element | None:
        """Return the element that holds the value, where something is said about it (ISO 16684-1, 7.8)."""
        for child in self.children:
            if child.name == Name(RDF, "value"):
                return child
            if child.name == Name(RDF, "Description"):
                return child.qualified()
        return None

    def value(self) -> Value:
        """Return what the element says as a property: a text, or the items of an array."""
        for child in self.children:
            if child.name.uri == RDF and child.name.local in _ARRAYS:
                return tuple("".join(item.text).strip() for item in child.children)
            if child.name == Name(RDF, "value"):
                return "".join(child.text).strip()
            if child.name == Name(RDF, "Description"):  # a value with qualifiers
                return _qualified(child)
        for name, value in self.named_attributes():
            if name in (Name(RDF, "value"), Name(RDF, "resource")):
                return value.strip()
        return "".join(self.text).strip()


def _qualified(description: _Element) -> str:
    for name, value in description.named_attributes():
        if name == Name(RDF, "value"):
            return value.strip()
    inner = next((child for child in description.children if child.name == Name(RDF, "value")), None)
    return "".join(inner.text).strip() if inner else ""


@dataclass(frozen=True, slots=True)
class _Attribute:
    start: int  # of the space before it
    value_start: int  # of its opening quote
    stop: int
    space: bytes


class Document:
    """An XMP document that was read, and what is to change in it.

    Raises:
        NotXmp: the bytes are no XMP, hold a document type (which may define entities), or are more than MOST_BYTES.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > MOST_BYTES:
            raise NotXmp(f"has {len(data):,} bytes, more than the {MOST_BYTES:,} that are read")
        self._data = data
        self._bom, self._codec, text = _decoded(data)
        stripped = text.strip("\0 \t\r\n")
        if not stripped:
            raise NotXmp("is empty")
        head, _, tail = text.partition(stripped)
        self._head, self._tail = head.encode(), tail.encode()
        self._text = stripped.encode()
        self._rdf = _parsed(self._text)
        self._nodes = list(self._rdf.children)
        self._attributes, self._elements = _indexed(self._nodes)
        self._edits: list[tuple[int, int, bytes]] = []
        self._added: list[tuple[Name, str]] = []
        self._added_arrays: list[tuple[Name, tuple[str, ...]]] = []

    def get(self, name: Name) -> Value | None:
        """Return what a property says, an attribute before an element; None where it stands nowhere."""
        return next(self._values(name), None)

    def get_all(self, name: Name) -> tuple[Value, ...]:
        """Return all that a property says: more than one thing where descriptions state it anew, as none should."""
        return tuple(self._values(name))

    def _values(self, name: Name) -> Iterator[Value]:
        yield from (node.attributes[written].strip() for node, written in self._attributes.get(name, ()))
        yield from (element.value() for element in self._elements.get(name, ()))

    def text_of(self, name: Name) -> str | None:
        """Return a property as a text: of an array the first item."""
        value = self.get(name)
        return None if value is None else first_of(value)

    def set(self, name: Name, value: Value | None) -> None:
        """Have a property say something; None takes it away. What says it already stays as it is."""
        stated = self._attributes.get(name, [])
        for node, written in stated:
            self._set_attribute(node, written, value)
        for element in self._elements.get(name, ()):
            self._set_element(element, value)
        if isinstance(value, str) and not stated and name not in self._elements:
            self._added.append((name, value))
        elif isinstance(value, tuple) and name not in self._elements:  # an array is no attribute
            self._added_arrays.append((name, value))

    def to_bytes(self) -> bytes:
        """Return the document with its changes, in the encoding it came in; the same bytes where nothing changed."""
        self._insert()
        if not self._edits:
            return self._data
        pieces, at = [], 0
        for start, stop, new in sorted(self._edits):
            pieces += [self._text[at:start], new]
            at = stop
        pieces.append(self._text[at:])
        whole = self._head + b"".join(pieces) + self._tail
        return self._bom + whole.decode().encode(self._codec, "xmlcharrefreplace")

    def _set_attribute(self, node: _Element, written: str, value: Value | None) -> None:
        place = self._places(node)[written.encode()]
        if not isinstance(value, str):
            self._edits.append((place.start, place.stop, b""))
        elif node.attributes[written].strip() != value:
            self._edits.append((place.value_start, place.stop, _quoted(value)))

    def _places(self, node: _Element) -> dict[bytes, _Attribute]:
        """Return the attributes of a node by their written names, with their places."""
        if node.places is None:
            node.places = _attributes(self._text, node.start)
        return node.places

    def _set_element(self, child: _Element, value: Value | None) -> None:
        if value is not None and child.value() == value:
            return
        if value is None:  # with the line that it stands on
            before = self._before(child.start)
            self._edits.append((child.start - len(before) + len(before.rstrip()), child.stop, b""))
            return
        if isinstance(value, str) and (qualified := child.qualified()) is not None:
            self._set_element(qualified, value)  # what is said about the value stays
            return
        inner = _inner(value, _prefix(child.scope, RDF) or "rdf")
        opening = self._text[child.start : child.inner_start]
        for written, place in _attributes(self._text, child.start).items():  # what would say another value
            prefix, _, local = written.decode().partition(":")
            if child.scope.get(prefix) == RDF and local in ("value", "resource", "parseType"):
                self._edits.append((place.start, place.stop, b""))
        if opening.endswith(b"/>"):
            tag = _TAG_NAME.match(opening)
            assert tag is not None  # expat saw an element there
            self._edits.append((child.stop - 2, child.stop, b">" + inner + b"</" + tag[0][1:] + b">"))
        else:
            self._edits.append((child.inner_start, child.inner_stop, inner))

    def _insert(self) -> None:
        """Turn what was added into text that is spliced into the first description."""
        added, arrays = self._added, self._added_arrays
        if not added and not arrays:
            return
        self._added, self._added_arrays = [], []
        target = next((node for node in self._nodes if node.name == Name(RDF, "Description")), None)
        if target is None:
            self._insert_description(added, arrays)
            return
        places = self._places(target)
        last = max(places.values(), key=lambda place: place.stop, default=None)
        space = last.space if last else b" "
        tag = _TAG_NAME.match(self._text, target.start)
        assert tag is not None  # expat saw an element there
        at = last.stop if last else tag.end()
        attributes, elements = _rendered(added, arrays, dict(target.scope), space, self._line_before(target.start))
        if not elements:
            self._edits.append((at, at, attributes))
            return
        closing = re.compile(rb"\s*/>").match(self._text, at)
        indent = self._line_before(target.start)
        if closing:
            name = tag[0][1:]
            self._edits.append((at, closing.end(), attributes + b">" + elements + indent + b"</" + name + b">"))
        else:
            inside = self._text.index(b">", at) + 1
            self._edits += [(at, at, attributes), (inside, inside, elements)]

    def _insert_description(self, added: list[tuple[Name, str]], arrays: list[tuple[Name, tuple[str, ...]]]) -> None:
        rdf = _prefix(self._rdf.scope, RDF) or "rdf"
        outer = self._line_before(self._rdf.start)
        indent = outer + b" "
        attributes, elements = _rendered(added, arrays, dict(self._rdf.scope), indent + b"  ", indent)
        written = f"{rdf}:Description".encode()
        about = _quoted(self._about())
        body = b"<" + written + b" " + rdf.encode() + b":about=" + about + attributes
        body += b">" + elements + indent + b"</" + written + b">" if elements else b"/>"
        places = _attributes(self._text, self._rdf.start)
        tag = _TAG_NAME.match(self._text, self._rdf.start)
        assert tag is not None  # expat saw an element there
        at = max((place.stop for place in places.values()), default=tag.end())
        closing = re.compile(rb"\s*/>").match(self._text, at)
        if closing:
            new = b">" + indent + body + outer + b"</" + tag[0][1:] + b">"
            self._edits.append((at, closing.end(), new))
        else:
            inside = self._text.index(b">", at) + 1
            self._edits.append((inside, inside, indent + body))

    def _about(self) -> str:
        """Return what the nodes are about; all of a document are about one thing."""
        for node in self._nodes:
            for name, value in node.named_attributes():
                if name == Name(RDF, "about"):
                    return value
        return ""

    def _line_before(self, at: int) -> bytes:
        """Return the break and the spaces that a tag stands behind; nothing where it does not begin a line."""
        found = re.search(rb"\r?\n[ \t]*\Z", self._before(at))
        return found[0] if found else b""

    def _before(self, at: int) -> bytes:
        """Return a stretch of what stands before a tag, long enough for the spaces that it is set in by."""
        return self._text[max(0, at - 200) : at]


def _decoded(data: bytes) -> tuple[bytes, str, str]:
    """Return the mark at the front, the name of the codec and the text of a document."""
    bom, codec = next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), (b"", ""))
    if not codec and data[:2] in (b"<\0", b"\0<"):
        codec = "utf-16-le" if data[:1] == b"<" else "utf-16-be"
    if not codec:
        declared = _DECLARED.match(data)
        codec = declared[1].decode().lower() if declared else "utf-8"
        try:
            codec = codecs.lookup(codec).name
        except LookupError:
            raise NotXmp(f"is written in '{codec}', which is not known here") from None
        if codec not in _CODECS:
            raise NotXmp(f"is written in '{codec}', and XMP is UTF-8 or UTF-16")
    body = data[len(bom) :]
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        raise NotXmp(f"is not text in {codec.upper()} (byte {error.start + len(bom):,})") from None
    return bom, codec, text


def _indexed(
    nodes: list[_Element],
) -> tuple[dict[Name, list[tuple[_Element, str]]], dict[Name, list[_Element]]]:
    """Return where each property stands: the attributes, with the node and the written name, and the elements."""
    attributes: dict[Name, list[tuple[_Element, str]]] = {}
    elements: dict[Name, list[_Element]] = {}
    for node in nodes:
        for written in node.attributes:
            name = _attribute_name(written, node.scope)
            if name is not None:
                attributes.setdefault(name, []).append((node, written))
        for child in node.children:
            elements.setdefault(child.name, []).append(child)
    return attributes, elements


class _Reader:
    """What expat tells of one document."""

    def __init__(self, text: bytes) -> None:
        self.rdf: _Element | None = None
        self.root = ""
        self._text = text
        self._open: list[_Element] = []  # from rdf:RDF down to the deepest that is kept
        self._depth = 0
        self._below = 0  # depth of rdf:RDF
        self._scopes: list[dict[str, str]] = [{"xml": "http://www.w3.org/XML/1998/namespace"}]
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def read(self) -> None:
        self._parser.Parse(self._text, True)

    def _doctype(self, *_: object) -> None:
        raise NotXmp("holds a document type, which XMP never does")

    def _start(self, written: str, attributes: list[str]) -> None:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise NotXmp(f"nests more than {_MOST_NESTED} elements")
        inside = self._depth - self._below if self._below else 0
        if inside > _DEEPEST or (self.rdf is not None and not self._below):
            return
        pairs = dict(zip(attributes[::2], attributes[1::2], strict=True))
        scope = self._scopes[-1]
        declared = {name[6:]: uri for name, uri in pairs.items() if name == "xmlns" or name[:6] == "xmlns:"}
        if declared:
            scope = scope | declared
        self._scopes.append(scope)
        name = _resolved(written, scope)
        if self._depth == 1:
            self.root = written
        if self._below:
            element = _Element(name, self._parser.CurrentByteIndex, pairs, scope)
            self._open[-1].children.append(element)
            self._open.append(element)
        elif name == Name(RDF, "RDF") and self._depth <= 2:
            self.rdf = _Element(name, self._parser.CurrentByteIndex, pairs, scope)
            self._below = self._depth
            self._open = [self.rdf]

    def _end(self, _: str) -> None:
        inside = self._depth - self._below if self._below else 0
        self._depth -= 1
        if inside > _DEEPEST or (self.rdf is not None and not self._below):
            return
        self._scopes.pop()
        if self._open:
            element = self._open.pop()
            opening = _TAG.match(self._text, element.start)
            assert opening is not None  # expat saw an element there
            element.inner_start = element.inner_stop = element.stop = opening.end()
            if not opening[0].endswith(b"/>"):
                element.inner_stop = self._parser.CurrentByteIndex
                element.stop = self._text.index(b">", element.inner_stop) + 1
            if not self._open:
                self._below = 0

    def _characters(self, text: str) -> None:
        if self._open and self._depth - self._below <= _DEEPEST and self._below:
            self._open[-1].text.append(text)


def _parsed(text: bytes) -> _Element:
    reader = _Reader(text)
    try:
        reader.read()
    except expat.ExpatError as error:
        said = expat.errors.messages.get(error.code, str(error.code))
        raise NotXmp(f"is not XML (line {error.lineno}, column {error.offset + 1}: {said})") from None
    if reader.rdf is None:
        raise NotXmp(f"is XML, but not XMP: it begins with <{reader.root[:60]}> and holds no rdf:RDF")
    return reader.rdf


def _attribute_name(written: str, scope: Mapping[str, str]) -> Name | None:
    """Return the name of an attribute; None for a declaration, and for what is in no namespace."""
    prefix, colon, local = written.partition(":")
    return Name(scope.get(prefix, ""), local) if colon and prefix != "xmlns" else None


def _resolved(written: str, scope: Mapping[str, str]) -> Name:
    prefix, colon, local = written.partition(":")
    return Name(scope.get(prefix, ""), local) if colon else Name(scope.get("", ""), written)


def _attributes(text: bytes, start: int) -> dict[bytes, _Attribute]:
    """Return the attributes of the tag at `start` by their written names, declarations of namespaces included."""
    found: dict[bytes, _Attribute] = {}
    tag = _TAG_NAME.match(text, start)
    assert tag is not None  # expat saw an element there
    at = tag.end()
    while match := _ATTRIBUTE.match(text, at):
        found[match[2]] = _Attribute(match.start(), match.start(3), match.end(), match[1])
        at = match.end()
    return found


def _rendered(
    added: list[tuple[Name, str]],
    arrays: list[tuple[Name, tuple[str, ...]]],
    scope: dict[str, str],
    space: bytes,
    indent: bytes,
) -> tuple[bytes, bytes]:
    """Return the attributes, with the declarations that they need, and the elements to put into a description."""
    declarations, attributes, elements = [], [], []

    def prefix_of(uri: str) -> str:
        known = _prefix(scope, uri)
        if known:
            return known
        wanted = PREFIXES[uri]
        further = (f"{wanted}{number}" for number in count(1))
        prefix = next(name for name in chain([wanted], further) if name not in scope)
        scope[prefix] = uri
        declarations.append(space + f"xmlns:{prefix}=".encode() + _quoted(uri))
        return prefix

    for name, text in added:
        attributes.append(space + f"{prefix_of(name.uri)}:{name.local}=".encode() + _quoted(text))
    for name, items in arrays:
        written = f"{prefix_of(name.uri)}:{name.local}"
        elements.append((indent + b" " if indent else b"") + _element(written, items, prefix_of(RDF)))
    return b"".join(declarations + attributes), b"".join(elements)


def _element(written: str, value: Value, rdf: str) -> bytes:
    return f"<{written}>".encode() + _inner(value, rdf) + f"</{written}>".encode()


def _inner(value: Value, rdf: str) -> bytes:
    if isinstance(value, str):
        return escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", value)).encode()
    items = "".join(f"<{rdf}:li>{_inner(item, rdf).decode()}</{rdf}:li>" for item in value)
    return f"<{rdf}:Seq>{items}</{rdf}:Seq>".encode()


def _prefix(scope: Mapping[str, str], uri: str) -> str | None:
    """Return a prefix for a namespace; the default namespace does not count, as attributes are never in it."""
    return next((prefix for prefix, other in scope.items() if other == uri and prefix), None)


def _quoted(text: str) -> bytes:
    return quoteattr(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)).encode()


def new_document() -> bytes:
    """Return a sidecar that says nothing yet."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<x:xmpmeta xmlns:x="{META}" x:xmptk="rushes">\n'
        f' <rdf:RDF xmlns:rdf="{RDF}">\n'
        '  <rdf:Description\n    rdf:about=""/>\n'
        " </rdf:RDF>\n"
        "</x:xmpmeta>\n"
    ).encode()
